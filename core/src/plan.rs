//! Splitting a request: at most 20 items an HTTP request, and two items that
//! share a key neither in one request nor in two at once.

use std::collections::HashMap;

use crate::account::{Account, AccountType};
use crate::operation::{Action, Items, Request};

/// The most items in one HTTP request ("Up to 20 tokens can be set in each
/// call", parameter `token_accounts`). No limit is documented for the other
/// lists; the same one is safe for them.
pub const MAX_ITEMS_PER_REQUEST: usize = 20;

/// The items of one HTTP request, as indices into the caller's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// A part may be sent when every part of the earlier waves is settled.
    pub(crate) wave: u32,
    pub(crate) items: Vec<u32>,
}

/// The parts of a request, ordered by wave.
///
/// Two items on one token, or on one account (an account's pushes go to the
/// device that was bound last), must reach the service in the order of the
/// list, retries included. So each item goes into the first wave after those of
/// all earlier items that share a key with it.
pub(crate) fn parts(request: &Request) -> Vec<Part> {
    let waves = waves(request);
    let count = waves.iter().max().map_or(0, |most| *most as usize + 1);
    let mut by_wave = vec![Vec::new(); count];
    for (item, wave) in (0..).zip(&waves) {
        by_wave[*wave as usize].push(item);
    }
    let mut parts = Vec::with_capacity(waves.len().div_ceil(MAX_ITEMS_PER_REQUEST));
    for (wave, items) in (0..).zip(by_wave) {
        for chunk in items.chunks(MAX_ITEMS_PER_REQUEST) {
            parts.push(Part {
                wave,
                items: chunk.to_vec(),
            });
        }
    }
    parts
}

/// What order is kept by: a token, or an account with its type.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Key<'a> {
    Token(&'a str),
    Account(&'a str, AccountType),
}

/// For each key the first wave after its items.
type Next<'a> = HashMap<Key<'a>, u32, foldhash::fast::RandomState>;

impl<'a> Key<'a> {
    fn of(account: &'a Account) -> Self {
        Self::Account(account.name(), account.effective_type())
    }
}

fn waves(request: &Request) -> Vec<u32> {
    if matches!(request.action, Action::Query(_)) {
        return vec![0; request.len()];
    }
    // Players choose account names: a hash with a seed, but a cheap one.
    let state = foldhash::fast::RandomState::default();
    let mut next = Next::with_capacity_and_hasher(2 * request.len(), state);
    match &request.items {
        Items::Bindings(bindings) => bindings
            .iter()
            .map(|binding| {
                let accounts = binding.accounts().iter().map(Key::of);
                let token = std::iter::once(Key::Token(binding.token().as_str()));
                place(&mut next, token.chain(accounts))
            })
            .collect(),
        Items::Tokens(tokens) => tokens
            .iter()
            .map(|token| place(&mut next, std::iter::once(Key::Token(token.as_str()))))
            .collect(),
        Items::Accounts(accounts) => accounts
            .iter()
            .map(|account| place(&mut next, std::iter::once(Key::of(account))))
            .collect(),
    }
}

/// The wave of an item with these keys; afterwards they are free one later.
fn place<'a>(next: &mut Next<'a>, keys: impl Iterator<Item = Key<'a>> + Clone) -> u32 {
    let free = |key: Key<'a>| next.get(&key).copied().unwrap_or(0);
    let wave = keys.clone().map(free).max().unwrap_or(0);
    for key in keys {
        next.insert(key, wave + 1);
    }
    wave
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Token;
    use crate::operation::Binding;
    use proptest::prelude::*;

    fn binding(token: u8, account: u8) -> Binding {
        Binding::one(
            Token::new(format!("token{token}")).unwrap(),
            Account::new(format!("account{account}")).unwrap(),
        )
    }

    #[test]
    fn forty_five_items_are_three_parts_of_one_wave() {
        let request = Request::bind((0..45).map(|n| binding(n, n)).collect());
        let sizes: Vec<_> = parts(&request)
            .iter()
            .map(|p| (p.wave, p.items.len()))
            .collect();
        assert_eq!(sizes, [(0, 20), (0, 20), (0, 5)]);
    }

    #[test]
    fn a_missing_type_and_type_zero_are_one_key() {
        let zero = Account::with_type("alice", AccountType(0)).unwrap();
        let one = Account::with_type("alice", AccountType(1)).unwrap();
        let request = Request::clear_accounts(vec![Account::new("alice").unwrap(), zero, one]);
        assert_eq!(waves(&request), [0, 1, 0]);
    }

    #[test]
    fn queries_have_no_order() {
        let token = Token::new("token1").unwrap();
        let request = Request::query_by_token(vec![token.clone(), token]);
        assert_eq!(waves(&request), [0, 0]);
    }

    proptest! {
        /// Against the rule itself: every item once; at most 20 a part; of two
        /// items that share a key the later one is in a later wave, and there
        /// is a reason for every wave that an item waits.
        #[test]
        fn parts_keep_the_order_of_every_key(pairs in prop::collection::vec((0u8..30, 0u8..30), 0..200)) {
            let request = Request::bind(pairs.iter().map(|(t, a)| binding(*t, *a)).collect());
            let parts = parts(&request);
            let mut wave_of = vec![None; pairs.len()];
            let mut last = 0;
            for part in &parts {
                prop_assert!((1..=MAX_ITEMS_PER_REQUEST).contains(&part.items.len()));
                prop_assert!(part.wave >= last);
                last = part.wave;
                for item in &part.items {
                    prop_assert_eq!(wave_of[*item as usize].replace(part.wave), None);
                }
            }
            for (late, (token, account)) in pairs.iter().enumerate() {
                let wave = wave_of[late].unwrap();
                let earlier = (0..late).filter(|e| pairs[*e].0 == *token || pairs[*e].1 == *account);
                let needed = earlier.map(|e| wave_of[e].unwrap() + 1).max().unwrap_or(0);
                prop_assert_eq!(wave, needed);
            }
        }
    }
}
