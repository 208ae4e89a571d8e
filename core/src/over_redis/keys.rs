//! [`Keys`]: the names of all that a fleet keeps in Redis.

use crate::fleet::engine::{ReportList, SenderId};

/// The names of the keys, all of them behind one root in braces: a cluster keeps them in one
/// slot, and one rule of an access list covers them (`~{xg:1500001048}:*`).
///
/// | key | type | holds |
/// |---|---|---|
/// | `meta` | hash | `schema`, `application`, `confirmed` |
/// | `ops` | stream | the operations in their order: a field with the sender's name, its value as [`super::entry`] says |
/// | `seen` | hash | sender → the largest number that it appended |
/// | `lease` | hash | `epoch`, `holder`, `until`, `beat`, `top`, `next`, `next_until` |
/// | `names` | sorted set | `outbox_name` → when one of its runs was last heard of, in milliseconds |
/// | `runs:<name>` | sorted set | sender → the same |
/// | `open:<name>` | hash | sender → operations without a report that was taken |
/// | `rep:<sender>` | stream | reports for that process: one field `r` |
/// | `groups` | sorted set | group → when somebody last appended for it |
/// | `group:<group>` | stream | reports for any member |
/// | `readers` | hash | a list that is not the reader's own → when, and who read it |
/// | `quota` | hash | of `quota_url`: the clock of the rate |
/// | `quota:processes` | sorted set | a random number of each process → when it asked last |
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    root: String,
    pub(crate) meta: String,
    pub(crate) ops: String,
    pub(crate) seen: String,
    pub(crate) lease: String,
    pub(crate) names: String,
    pub(crate) groups: String,
    pub(crate) readers: String,
    pub(crate) quota: String,
}

impl Keys {
    /// Under a prefix, which is put in braces.
    pub(crate) fn new(prefix: &str) -> Self {
        Self::under(format!("{{{prefix}}}"))
    }

    /// Under a root that is taken as it is.
    pub(crate) fn under(root: String) -> Self {
        let key = |name: &str| format!("{root}:{name}");
        Self {
            meta: key("meta"),
            ops: key("ops"),
            seen: key("seen"),
            lease: key("lease"),
            names: key("names"),
            groups: key("groups"),
            readers: key("readers"),
            quota: key("quota"),
            root,
        }
    }

    /// What all names begin with.
    pub(crate) fn root(&self) -> &str {
        &self.root
    }

    /// The names without a variable part, with the type of each.
    pub(crate) fn fixed(&self) -> [(&str, &'static str); 8] {
        [
            (&self.meta, "hash"),
            (&self.ops, "stream"),
            (&self.seen, "hash"),
            (&self.lease, "hash"),
            (&self.names, "zset"),
            (&self.groups, "zset"),
            (&self.readers, "hash"),
            (&self.quota, "hash"),
        ]
    }

    pub(crate) fn runs(&self, name: &str) -> String {
        format!("{}:runs:{name}", self.root)
    }

    pub(crate) fn open(&self, name: &str) -> String {
        format!("{}:open:{name}", self.root)
    }

    /// Who takes from the quota.
    pub(crate) fn quota_processes(&self) -> String {
        format!("{}:processes", self.quota)
    }

    pub(crate) fn list(&self, list: &ReportList) -> String {
        match list {
            ReportList::Sender(sender) => self.reports_of(sender),
            ReportList::Group(group) => self.group(group),
        }
    }

    pub(crate) fn reports_of(&self, sender: &SenderId) -> String {
        format!("{}:rep:{sender}", self.root)
    }

    pub(crate) fn group(&self, group: &str) -> String {
        format!("{}:group:{group}", self.root)
    }
}

/// `outbox_name` of a run: what is before its random part.
pub(crate) fn name_of(sender: &SenderId) -> &str {
    let name = sender.0.rsplit_once('.');
    name.map_or(&sender.0, |(name, _)| name)
}
