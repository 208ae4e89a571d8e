//! The last slot on each key.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::model::key::{Key, KeyHasher};

/// The number of something that waits in order: a queued operation, or an item of a request.
pub(crate) type Slot = u32;

/// Which of a slot's keys, from 0. A binding has a token and at most
/// [`MAX_ACCOUNTS_PER_BINDING`](crate::model::request::MAX_ACCOUNTS_PER_BINDING) accounts.
pub(super) type KeyNumber = u16;

/// Where the keys of each slot are read from.
pub(super) trait Keys {
    /// The keys of a slot, always in the same order; one that is named twice comes twice.
    fn keys(&self, slot: Slot) -> impl Iterator<Item = Key<'_>>;

    /// One of them.
    fn key(&self, slot: Slot, number: KeyNumber) -> Key<'_> {
        let mut keys = self.keys(slot);
        let key = keys.nth(usize::from(number));
        key.expect("a slot has a key of each of its numbers")
    }
}

/// One key of one slot. Packed, because there is one for each key, and a quarter of it
/// would be padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(Rust, packed)]
pub(super) struct Tail {
    pub(super) slot: Slot,
    pub(super) number: KeyNumber,
}

/// For each key the last slot on it. The key itself is not kept: it is read from that
/// slot, so that a table of a hundred thousand keys stays in the cache.
#[derive(Debug, Default)]
pub(super) struct KeyIndex {
    tails: HashTable<Tail>,
    hasher: KeyHasher,
}

impl KeyIndex {
    pub(super) fn with_capacity(keys: usize) -> Self {
        Self {
            tails: HashTable::with_capacity(keys),
            hasher: KeyHasher::default(),
        }
    }

    /// The last slot on a key.
    pub(super) fn tail(&self, keys: &impl Keys, key: Key<'_>) -> Option<Slot> {
        let same = |tail: &Tail| keys.key(tail.slot, tail.number) == key;
        let tail = self.tails.find(key.hash_by(&self.hasher), same);
        tail.map(|tail| tail.slot)
    }

    /// Makes `new` the last on its key; answers the one that was. A slot that is there
    /// already, because it names the key twice, stays as it is.
    pub(super) fn push(&mut self, keys: &impl Keys, new: Tail, key: Key<'_>) -> Option<Tail> {
        let hasher = &self.hasher;
        let entry = self.tails.entry(
            key.hash_by(hasher),
            |tail| keys.key(tail.slot, tail.number) == key,
            |tail| keys.key(tail.slot, tail.number).hash_by(hasher),
        );
        match entry {
            Entry::Occupied(known) if known.get().slot == new.slot => None,
            Entry::Occupied(mut known) => Some(std::mem::replace(known.get_mut(), new)),
            Entry::Vacant(place) => {
                place.insert(new);
                None
            }
        }
    }

    /// Removes the last on a key, if `tail` is that: `before` is the last then.
    pub(super) fn pop(&mut self, tail: Tail, key: Key<'_>, before: Option<Tail>) {
        let hash = key.hash_by(&self.hasher);
        if let Ok(mut entry) = self.tails.find_entry(hash, |known| *known == tail) {
            match before {
                Some(before) => *entry.get_mut() = before,
                None => drop(entry.remove()),
            }
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.tails.is_empty()
    }
}
