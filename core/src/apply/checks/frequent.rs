//! Which token or account is in very many rows, in bounded memory.

use std::collections::HashMap;
use std::hash::BuildHasher;

use crate::model::key::{Key, KeyHasher};

/// An account has up to 100 tokens; a person has a handful.
const MANY: u32 = 100;

/// How many keys are counted at once.
const KEYS: usize = 1 << 17;

/// Counts of keys. When there are too many of them the rarest are forgotten, so a
/// count may be too low, and never is too high.
#[derive(Debug, Default)]
pub(super) struct FrequentKeys {
    counts: HashMap<u64, u32, KeyHasher>,
}

impl FrequentKeys {
    /// Whether this is one more row than many.
    pub(super) fn is_many(&mut self, key: Key<'_>) -> bool {
        let hash = self.counts.hasher().hash_one(key);
        if self.counts.len() >= KEYS && !self.counts.contains_key(&hash) {
            self.forget();
        }
        let count = self.counts.entry(hash).or_default();
        *count += 1;
        *count > MANY
    }

    /// Forgets those that are in the fewest rows, until half of the places are free.
    fn forget(&mut self) {
        let mut few = 1;
        while self.counts.len() > KEYS / 2 {
            self.counts.retain(|_, count| *count > few);
            few *= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frequent_key_is_found_among_many_rare_ones() {
        let mut keys = FrequentKeys::default();
        let mut found = 0;
        for n in 0..(4 * KEYS) {
            assert!(!keys.is_many(Key::Token(&n.to_le_bytes())));
            if n % 1000 == 0 {
                found += u32::from(keys.is_many(Key::Token(b"frequent")));
            }
            assert!(keys.counts.len() <= KEYS);
        }
        assert!(found > 300, "{found}");
    }
}
