//! [`Application`]: all that the service knows of one access id.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::ops::Bound;

use super::delayed::DelayedBindings;
use super::pushes::Pushes;
use super::tags::Tags;
use crate::config::{Config, Platform};
use crate::protocol::request::Rules;

/// Bytes of uploaded lists that are kept; the oldest go first.
const MAX_UPLOADED: usize = 256 << 20;
/// The first id of an upload.
const FIRST_UPLOAD: i64 = 11_231;
/// Push plans that are kept; the oldest go first.
const MAX_PLANS: usize = 10_000;

/// One application, with bindings, tags, pushes and the rest of its own.
pub(crate) struct Application {
    pub(crate) access_id: String,
    pub(crate) name: String,
    pub(crate) platform: Option<Platform>,
    pub(crate) bindings: DelayedBindings,
    pub(crate) tags: Tags,
    pub(crate) pushes: Pushes,
    pub(crate) uploads: Uploads,
    pub(crate) plans: Plans,
    /// By token, then by key.
    pub(crate) attributes: HashMap<String, BTreeMap<String, String>>,
    /// When the last push to all, to tags or to an account package came, by the clock
    /// that never goes back.
    pub(crate) last_task_ms: Option<u64>,
}

impl Application {
    /// One for each access id of the configuration, the first one first. Those that were
    /// there keep their state, the first one also under another id.
    pub(crate) fn all(config: &Config, rules: Rules, before: Vec<Self>) -> Vec<Self> {
        let mut before = before.into_iter();
        let first = before.next();
        let mut others: Vec<Self> = before.collect();
        let mut apps = vec![Self::one(
            config,
            rules,
            (&config.access_id, "", config.platform),
            first,
        )];
        for app in &config.apps {
            let held = others.iter().position(|o| o.access_id == app.access_id);
            let held = held.map(|at| others.swap_remove(at));
            let named = (&*app.access_id, &*app.name, app.platform);
            apps.push(Self::one(config, rules, named, held));
        }
        apps
    }

    fn one(
        config: &Config,
        rules: Rules,
        (access_id, name, platform): (&str, &str, Option<Platform>),
        before: Option<Self>,
    ) -> Self {
        let mut app = before.unwrap_or_else(|| Self {
            access_id: String::new(),
            name: String::new(),
            platform: None,
            bindings: DelayedBindings::new(config, rules),
            tags: Tags::new(config),
            pushes: Pushes::new(config.max_pushes, access_id),
            uploads: Uploads::default(),
            plans: Plans::default(),
            attributes: HashMap::new(),
            last_task_ms: None,
        });
        access_id.clone_into(&mut app.access_id);
        name.clone_into(&mut app.name);
        app.platform = platform;
        app.bindings.follow(config, rules);
        app.tags.follow(config);
        app.pushes.follow(config.max_pushes);
        app
    }

    /// The devices that the emulator has heard of: nobody registers at it.
    pub(crate) fn devices(&self) -> HashSet<&str> {
        let bound = self.bindings.visible.tokens_from(Bound::Unbounded);
        let bound = bound.map(|token| &**token);
        bound.chain(self.unbound_devices()).collect()
    }

    /// How many there are, and some of them: the first so many in order are among them.
    pub(crate) fn some_devices(&self, count: usize) -> (usize, Vec<&str>) {
        let bound = self.bindings.visible.tokens_from(Bound::Unbounded);
        let mut some: Vec<&str> = bound.take(count).map(|token| &**token).collect();
        some.extend(self.unbound_devices());
        (self.device_count(), some)
    }

    pub(crate) fn device_count(&self) -> usize {
        self.bindings.visible.counts().0 + self.unbound_devices().count()
    }

    /// Those with a tag or an attribute and no account; each once.
    fn unbound_devices(&self) -> impl Iterator<Item = &str> {
        let tagged = self.tags.tokens().map(|token| &**token);
        let described = self.attributes.keys().map(String::as_str);
        let described = described.filter(|token| self.tags.of_token(token).is_empty());
        let is_bound = |token: &&str| self.bindings.visible.accounts_of(token).len() > 0;
        tagged
            .chain(described)
            .filter(move |token| !is_bound(token))
    }

    pub(crate) fn next_due(&self) -> Option<u64> {
        let due = [self.bindings.next_due(), self.tags.next_due()];
        due.into_iter().flatten().min()
    }

    pub(crate) fn apply_due(&mut self, now_ms: u64) {
        self.bindings.apply_due(now_ms);
        self.tags.apply_due(now_ms);
    }

    /// Applies everything accepted, due or not.
    pub(crate) fn apply_all(&mut self) {
        self.bindings.apply_all();
        self.tags.apply_all();
    }
}

/// One uploaded list.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) id: i64,
    /// One account or token a line.
    pub(crate) text: String,
}

/// The lists that were uploaded.
#[derive(Debug, Default)]
pub(crate) struct Uploads {
    kept: VecDeque<Upload>,
    bytes: usize,
    last: i64,
}

impl Uploads {
    /// Keeps a list, and gives its id.
    pub(crate) fn add(&mut self, text: String) -> i64 {
        self.last += 1;
        let id = FIRST_UPLOAD + self.last - 1;
        self.bytes += text.len();
        self.kept.push_back(Upload { id, text });
        while self.bytes > MAX_UPLOADED
            && let Some(oldest) = self.kept.pop_front()
        {
            self.bytes -= oldest.text.len();
        }
        id
    }

    /// The lines of a list; empty ones are none.
    pub(crate) fn lines(&self, id: i64) -> Option<impl Iterator<Item = &str>> {
        let upload = self.kept.iter().find(|upload| upload.id == id)?;
        let lines = upload.text.lines().map(str::trim);
        Some(lines.filter(|line| !line.is_empty()))
    }
}

/// When the push plans were made, in Unix seconds.
#[derive(Debug, Default)]
pub(crate) struct Plans {
    created: VecDeque<i64>,
    last: u64,
}

impl Plans {
    /// Adds a plan, and gives its id. An equal name makes another plan.
    pub(crate) fn add(&mut self, created_s: i64) -> u64 {
        self.last += 1;
        self.created.push_back(created_s);
        if self.created.len() > MAX_PLANS {
            self.created.pop_front();
        }
        self.last
    }

    /// How many were made since a moment.
    pub(crate) fn since(&self, moment_s: i64) -> usize {
        let newest = self.created.iter().rev();
        newest.take_while(|created| **created > moment_s).count()
    }
}
