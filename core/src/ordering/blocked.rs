//! Which items are held back: [`blocks`] says whether an outcome holds back what follows,
//! [`BlockedKeys`] on which keys. An item must not overtake an earlier one that the caller
//! submits again.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::model::account::AccountType;
use crate::model::key::{Key, KeyHasher};
use crate::model::outcome::{ItemOutcome, Reason, State};
use crate::model::text::shortened;

/// Whether an item with this outcome holds back what waits behind it: sending that now
/// would reverse the order when the caller submits the item again.
pub(crate) fn blocks(outcome: &ItemOutcome) -> bool {
    outcome.is_retryable()
}

/// What a blocking item is called in messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ItemKind {
    /// Of a call, counted from 0.
    Item,
    /// Of a stream, counted from 1.
    Row,
}

/// The keys of items that ended retryable, each with the first such item.
///
/// By hash: two keys of one hash hold each other's items back, which harms nobody.
#[derive(Debug)]
pub(crate) struct BlockedKeys {
    kind: ItemKind,
    limit: usize,
    keys: HashMap<u64, Blocker, KeyHasher>,
    hasher: KeyHasher,
    /// A key was dropped: the limit is reached.
    is_full: bool,
}

/// The number of an item and its state, in one word: there may be a million.
#[derive(Debug, Clone, Copy)]
struct Blocker(u64);

impl Blocker {
    fn new(number: u64, state: State) -> Self {
        let state = State::ALL.iter().position(|known| *known == state);
        Self(number << 2 | state.unwrap_or_default() as u64)
    }

    fn number(self) -> u64 {
        self.0 >> 2
    }

    fn state(self) -> State {
        State::ALL[(self.0 & 3) as usize]
    }
}

impl BlockedKeys {
    /// Beyond `limit` keys every later item is held back: memory stays bounded.
    pub(crate) fn new(kind: ItemKind, limit: usize) -> Self {
        Self {
            kind,
            limit,
            keys: HashMap::default(),
            hasher: KeyHasher::default(),
            is_full: false,
        }
    }

    /// Notes the keys of an item that [blocks](blocks).
    pub(crate) fn block<'k>(
        &mut self,
        keys: impl Iterator<Item = Key<'k>>,
        number: u64,
        state: State,
    ) {
        for key in keys {
            let has_room = self.keys.len() < self.limit;
            if let Entry::Vacant(place) = self.keys.entry(key.hash_by(&self.hasher)) {
                if has_room {
                    place.insert(Blocker::new(number, state));
                } else {
                    self.is_full = true;
                }
            }
        }
    }

    /// Whether nothing is held back.
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty() && !self.is_full
    }

    /// Whether the limit is reached, so that every item is held back.
    pub(crate) fn is_full(&self) -> bool {
        self.is_full
    }

    /// The outcome of an item that was never sent, if it is held back.
    pub(crate) fn held_back<'k>(&self, keys: impl Iterator<Item = Key<'k>>) -> Option<ItemOutcome> {
        let mut blockers = keys.filter_map(|key| {
            let blocker = self.keys.get(&key.hash_by(&self.hasher))?;
            Some((key, *blocker))
        });
        let message = match blockers.next() {
            Some((key, blocker)) => self.behind(key, blocker),
            None if self.is_full => self.behind_too_many(),
            None => return None,
        };
        Some(ItemOutcome::new(Reason::HeldBack, Some(message.into())))
    }

    fn behind(&self, key: Key<'_>, blocker: Blocker) -> String {
        format!(
            "held back: {} {} on the same {} ended {}; submit both again, in order",
            self.kind.name(),
            blocker.number(),
            describe_key(key),
            blocker.state().name(),
        )
    }

    /// The message of every item once the table is full.
    pub(crate) fn behind_too_many(&self) -> String {
        format!(
            "held back: more than {} tokens and accounts have a {unit} that ended retryable (a \
             limit of xgpush), so any later {unit} may have to wait for one; submit all that is \
             retryable again, in order",
            self.limit,
            unit = self.kind.name(),
        )
    }
}

impl ItemKind {
    fn name(self) -> &'static str {
        match self {
            Self::Item => "item",
            Self::Row => "row",
        }
    }
}

fn describe_key(key: Key<'_>) -> String {
    let name = |bytes| shortened(&String::from_utf8_lossy(bytes));
    match key {
        Key::Token(token) => format!("token ({})", name(token)),
        Key::Account(account, AccountType::DEFAULT) => format!("account ({})", name(account)),
        Key::Account(account, AccountType(number)) => {
            format!("account ({}, type {number})", name(account))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(blocked: &BlockedKeys, keys: &[Key<'_>]) -> Option<String> {
        let outcome = blocked.held_back(keys.iter().copied())?;
        assert!(outcome.reason() == Reason::HeldBack && blocks(&outcome));
        Some(outcome.message().to_owned())
    }

    #[test]
    fn held_back_message_names_the_first_blocker_and_the_shared_key() {
        let mut blocked = BlockedKeys::new(ItemKind::Item, 10);
        let long = "t".repeat(64);
        let token = Key::Token(long.as_bytes());
        let alice = Key::Account(b"alice", AccountType::DEFAULT);
        let mail = Key::Account(b"alice", AccountType(2));
        assert!(blocked.is_empty());
        blocked.block([token, alice].into_iter(), 3, State::Unknown);
        blocked.block([alice, mail].into_iter(), 5, State::NotSent);
        assert_eq!(message(&blocked, &[Key::Token(b"alice")]), None);
        for (keys, expected) in [
            (
                vec![mail],
                "held back: item 5 on the same account (\"alice\", type 2) ended not_sent; submit \
                 both again, in order"
                    .to_owned(),
            ),
            (
                vec![Key::Token(b"t2"), alice],
                "held back: item 3 on the same account (\"alice\") ended unknown; submit both \
                 again, in order"
                    .to_owned(),
            ),
            (
                vec![token, mail],
                format!(
                    "held back: item 3 on the same token (\"{}\"…) ended unknown; submit both \
                     again, in order",
                    &long[..40]
                ),
            ),
        ] {
            assert_eq!(message(&blocked, &keys), Some(expected));
        }
    }

    #[test]
    fn full_table_holds_everything_back_and_says_why() {
        let mut blocked = BlockedKeys::new(ItemKind::Row, 1);
        let free = [Key::Token(b"free")];
        blocked.block([Key::Token(b"t1")].into_iter(), 1, State::Rejected);
        blocked.block([Key::Token(b"t1")].into_iter(), 2, State::NotSent);
        assert!(!blocked.is_full());
        assert_eq!(message(&blocked, &free), None);
        blocked.block([Key::Token(b"t2")].into_iter(), 3, State::Unknown);
        assert!(blocked.is_full());
        let full = message(&blocked, &free).unwrap();
        assert!(
            full.starts_with("held back: more than 1 tokens and accounts"),
            "{full}"
        );
        let known = message(&blocked, &[Key::Token(b"t1")]).unwrap();
        assert!(known.contains("row 1 on the same token"), "{known}");
    }
}
