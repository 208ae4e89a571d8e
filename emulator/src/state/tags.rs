//! [`Tags`]: which tokens have which tags.
//!
//! * At most so many tags an application and a token (`max_tags`, `max_tags_per_token`);
//!   a request that would go beyond leaves nothing changed.
//! * An overwrite whose tags all have a colon replaces the tags of their classes
//!   (`level:3` replaces `level:*`); any other replaces all tags of the token.
//! * Clearing, overwriting and deleting are asynchronous: they show with `apply_delay_ms`.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use crate::config::Config;
use crate::protocol::tag::TagChange;

/// The application or a token has all the tags that it may have.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooManyTags;

/// The tags of one application, and the changes that do not show yet.
#[derive(Debug)]
pub(crate) struct Tags {
    of_token: HashMap<Arc<str>, Vec<Arc<str>>>,
    of_tag: HashMap<Arc<str>, HashSet<Arc<str>>>,
    pending: VecDeque<(u64, TagChange)>,
    delay_ms: u64,
    most: usize,
    most_per_token: usize,
    /// Grows with every change.
    pub(crate) generation: u64,
}

impl Tags {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            of_token: HashMap::new(),
            of_tag: HashMap::new(),
            pending: VecDeque::new(),
            delay_ms: config.apply_delay_ms,
            most: config.max_tags,
            most_per_token: config.max_tags_per_token,
            generation: 0,
        }
    }

    /// Follows other rules from now on; what waits keeps its time.
    pub(crate) fn follow(&mut self, config: &Config) {
        self.delay_ms = config.apply_delay_ms;
        self.most = config.max_tags;
        self.most_per_token = config.max_tags_per_token;
    }

    /// Carries a change out, or queues it; wholly or not at all.
    pub(crate) fn take(&mut self, change: TagChange, now_ms: u64) -> Result<(), TooManyTags> {
        if let TagChange::Add(pairs) = &change {
            self.would_take(pairs.iter().map(|(token, tag)| (&**token, &**tag)))?;
        }
        if let TagChange::Overwrite { token, tags } = &change {
            self.would_overwrite(token, tags)?;
        }
        if change.is_async() && self.delay_ms > 0 {
            let due_ms = now_ms.saturating_add(self.delay_ms);
            self.pending.push_back((due_ms, change));
        } else {
            self.apply(&change);
        }
        Ok(())
    }

    pub(crate) fn next_due(&self) -> Option<u64> {
        self.pending.front().map(|(due_ms, _)| *due_ms)
    }

    pub(crate) fn apply_due(&mut self, now_ms: u64) {
        while self.next_due().is_some_and(|due| due <= now_ms) {
            self.apply_first();
        }
    }

    pub(crate) fn apply_all(&mut self) {
        while !self.pending.is_empty() {
            self.apply_first();
        }
    }

    /// The tags of a token, oldest first.
    pub(crate) fn of_token(&self, token: &str) -> &[Arc<str>] {
        self.of_token.get(token).map_or(&[], Vec::as_slice)
    }

    /// The tokens that have a tag, in no order.
    pub(crate) fn tokens_of(&self, tag: &str) -> impl ExactSizeIterator<Item = &Arc<str>> {
        static NONE: std::sync::LazyLock<HashSet<Arc<str>>> =
            std::sync::LazyLock::new(HashSet::new);
        self.of_tag.get(tag).unwrap_or(&NONE).iter()
    }

    /// Every token that has a tag.
    pub(crate) fn tokens(&self) -> impl Iterator<Item = &Arc<str>> {
        self.of_token.keys()
    }

    /// Gives a token a tag as a snapshot says it, whatever the rules.
    pub(crate) fn restore(&mut self, token: &str, tag: &str) {
        self.generation += 1;
        self.add(token, tag);
    }

    /// All tags, by token.
    pub(crate) fn snapshot(&self) -> BTreeMap<String, Vec<String>> {
        let texts = |tags: &Vec<Arc<str>>| tags.iter().map(ToString::to_string).collect();
        self.of_token
            .iter()
            .map(|(token, tags)| (token.to_string(), texts(tags)))
            .collect()
    }

    fn would_take<'a>(
        &self,
        pairs: impl Iterator<Item = (&'a str, &'a str)> + Clone,
    ) -> Result<(), TooManyTags> {
        let mut new: HashMap<&str, HashSet<&str>> = HashMap::new();
        for (token, tag) in pairs.clone() {
            if !self.of_token(token).iter().any(|has| **has == *tag) {
                new.entry(token).or_default().insert(tag);
            }
        }
        let full = |(token, tags): (&&str, &HashSet<&str>)| {
            self.of_token(token).len() + tags.len() > self.most_per_token
        };
        if new.iter().any(full) {
            return Err(TooManyTags);
        }
        self.app_has_room(&pairs.map(|(_, tag)| tag).collect(), 0)
    }

    fn would_overwrite(&self, token: &str, tags: &[String]) -> Result<(), TooManyTags> {
        let given: HashSet<&str> = tags.iter().map(String::as_str).collect();
        let (replaced, kept): (Vec<&str>, Vec<&str>) = self
            .of_token(token)
            .iter()
            .map(|tag| &**tag)
            .partition(|tag| is_replaced(tag, tags));
        if kept.len() + given.len() > self.most_per_token {
            return Err(TooManyTags);
        }
        let vanish = |tag: &&&str| self.tokens_of(tag).len() == 1 && !given.contains(**tag);
        self.app_has_room(&given, replaced.iter().filter(vanish).count())
    }

    fn app_has_room(&self, given: &HashSet<&str>, vanishing: usize) -> Result<(), TooManyTags> {
        let is_new = |tag: &&&str| !self.of_tag.contains_key(**tag);
        let new = given.iter().filter(is_new).count();
        if new > 0 && self.of_tag.len() + new - vanishing > self.most {
            return Err(TooManyTags);
        }
        Ok(())
    }

    fn apply_first(&mut self) {
        if let Some((_, change)) = self.pending.pop_front() {
            self.apply(&change);
        }
    }

    fn apply(&mut self, change: &TagChange) {
        self.generation += 1;
        match change {
            TagChange::Add(pairs) => {
                for (token, tag) in pairs {
                    self.add(token, tag);
                }
            }
            TagChange::Remove(pairs) => {
                for (token, tag) in pairs {
                    self.remove(token, tag);
                }
            }
            TagChange::Clear { token } => self.remove_where(token, |_| true),
            TagChange::Overwrite { token, tags } => {
                self.remove_where(token, |tag| is_replaced(tag, tags));
                for tag in tags {
                    self.add(token, tag);
                }
            }
            TagChange::Delete { tags } => {
                for tag in tags {
                    for token in self.of_tag.get(&**tag).cloned().unwrap_or_default() {
                        self.remove(&token, tag);
                    }
                }
            }
        }
    }

    fn add(&mut self, token: &str, tag: &str) {
        let token = shared_key(&self.of_token, token);
        let tag = shared_key(&self.of_tag, tag);
        let tags = self.of_token.entry(token.clone()).or_default();
        if !tags.contains(&tag) {
            tags.push(tag.clone());
            self.of_tag.entry(tag).or_default().insert(token);
        }
    }

    fn remove(&mut self, token: &str, tag: &str) {
        self.remove_where(token, |other| other == tag);
    }

    fn remove_where(&mut self, token: &str, goes: impl Fn(&str) -> bool) {
        let Some(tags) = self.of_token.get_mut(token) else {
            return;
        };
        let gone: Vec<Arc<str>> = tags.extract_if(.., |tag| goes(tag)).collect();
        if tags.is_empty() {
            self.of_token.remove(token);
        }
        for tag in gone {
            if let Some(tokens) = self.of_tag.get_mut(&tag) {
                tokens.remove(token);
                if tokens.is_empty() {
                    self.of_tag.remove(&tag);
                }
            }
        }
    }
}

/// Whether an overwrite with these tags takes this one away.
fn is_replaced(tag: &str, by: &[String]) -> bool {
    let class = |tag: &str| tag.split_once(':').map(|(class, _)| class.to_owned());
    let classes: Option<Vec<String>> = by.iter().map(|tag| class(tag)).collect();
    match classes {
        Some(classes) => class(tag).is_some_and(|class| classes.contains(&class)),
        None => true,
    }
}

/// The key as it is already held, or a new one.
fn shared_key<V>(map: &HashMap<Arc<str>, V>, key: &str) -> Arc<str> {
    map.get_key_value(key)
        .map_or_else(|| Arc::from(key), |(held, _)| held.clone())
}
