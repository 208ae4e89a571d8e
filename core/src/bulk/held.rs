//! The keys whose order would break if a later row on them were sent.

use std::collections::HashSet;

use crate::model::key::KeyHasher;
use crate::model::operation::single::Body;
use crate::ordering::queue::all_keys;

/// Beyond so many keys every later row is held back: memory stays bounded.
const MOST: usize = 1_000_000;

/// The keys of rows that ended retryable, by hash: two keys of one hash hold each
/// other's rows back, which harms nobody.
#[derive(Debug, Default)]
pub(super) struct Held {
    keys: HashSet<u64>,
    hasher: KeyHasher,
}

impl Held {
    pub(super) fn add(&mut self, body: Body<'_>) {
        if self.keys.len() < MOST {
            let hashes = all_keys(body).map(|key| key.hash_by(&self.hasher));
            self.keys.extend(hashes);
        }
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether an operation would overtake one that is not settled.
    pub(super) fn holds(&self, body: Body<'_>) -> bool {
        let held = |hash| self.keys.contains(&hash);
        self.keys.len() >= MOST || all_keys(body).any(|key| held(key.hash_by(&self.hasher)))
    }
}
