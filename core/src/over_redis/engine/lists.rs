//! Lists of reports: who may read one, and what nobody comes for.

use super::{RedisEngine, name_of};
use crate::fleet::engine::{Position, READS_ALONE, ReportList, Result, SenderId, StoredReport};
use crate::over_redis::entry;
use crate::over_redis::link::Commands;
use crate::over_redis::resp::Reply;

impl RedisEngine {
    pub(super) fn read_reports(
        &mut self,
        reader: &SenderId,
        from: &ReportList,
        taken: &[Position],
        after: Position,
        most: usize,
    ) -> Result<Vec<StoredReport>> {
        let own = matches!(from, ReportList::Sender(sender) if sender == reader);
        let touch = self.touches(reader);
        // An idle process asks often: then it is one command.
        if (touch || !own || !taken.is_empty()) && !self.take_reports(reader, from, taken, touch)? {
            return Ok(Vec::new());
        }
        if most == 0 {
            return Ok(Vec::new());
        }
        let list = self.settings.keys.list(from);
        let begin = format!("({}", entry::id(after));
        let most = most.to_string();
        let entries = self.link.command(&[
            b"XRANGE",
            list.as_bytes(),
            begin.as_bytes(),
            b"+",
            b"COUNT",
            most.as_bytes(),
        ])?;
        let reports = entries
            .list()
            .and_then(|list| list.iter().map(stored).collect::<Option<Vec<_>>>());
        let reports = reports.ok_or_else(|| self.strange("XRANGE"))?;
        let positions = reports.iter().map(|stored| stored.position);
        self.shown
            .entry(from.clone())
            .or_default()
            .read(after, positions);
        Ok(reports)
    }

    /// Whether this process may read the list.
    fn take_reports(
        &mut self,
        reader: &SenderId,
        from: &ReportList,
        taken: &[Position],
        touch: bool,
    ) -> Result<bool> {
        let keys = &self.settings.keys;
        let name = name_of(reader);
        let own = matches!(from, ReportList::Sender(sender) if sender == reader);
        let (owner, field) = match from {
            ReportList::Sender(sender) => (&*sender.0, format!("rep:{sender}")),
            ReportList::Group(group) => ("", format!("group:{group}")),
        };
        let open = match from {
            ReportList::Sender(sender) => keys.open(name_of(sender)),
            ReportList::Group(_) => keys.open(name),
        };
        let field = if own { String::new() } else { field };
        let alone = READS_ALONE.as_millis().to_string();
        // Known here only while the answers come: after a failure each goes by its position.
        let (up_to, beyond) = match self.shown.get_mut(from) {
            Some(shown) => shown.take(taken),
            None => (None, taken.to_vec()),
        };
        let ids: Vec<String> = beyond.into_iter().map(entry::id).collect();
        let (up_to, behind) = match up_to {
            Some(up_to) => (entry::id(up_to), entry::id(next(up_to))),
            None => (String::new(), String::new()),
        };
        let mut arguments: Vec<&[u8]> = vec![
            reader.0.as_bytes(),
            name.as_bytes(),
            owner.as_bytes(),
            field.as_bytes(),
            alone.as_bytes(),
            if touch { b"1" } else { b"0" },
            up_to.as_bytes(),
            behind.as_bytes(),
        ];
        arguments.extend(ids.iter().map(String::as_bytes));
        let reply = self.link.script(
            &mut self.scripts.reports,
            &[
                keys.list(from).as_bytes(),
                open.as_bytes(),
                keys.readers.as_bytes(),
                keys.runs(name).as_bytes(),
                keys.names.as_bytes(),
            ],
            &arguments,
        )?;
        Ok(reply.number() == Some(1))
    }
}

/// The smallest position behind this one.
fn next(position: Position) -> Position {
    match position.minor.checked_add(1) {
        Some(minor) => Position { minor, ..position },
        None => Position {
            major: position.major + 1,
            minor: 0,
        },
    }
}

fn stored(entry: &Reply) -> Option<StoredReport> {
    let [id, fields] = entry.list()? else {
        return None;
    };
    let [_, report] = fields.list()? else {
        return None;
    };
    Some(StoredReport {
        position: entry::position(id)?,
        report: report.bytes()?.into(),
    })
}
