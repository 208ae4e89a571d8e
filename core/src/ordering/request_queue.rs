//! What of one request may be sent now, and its split into HTTP requests.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::MAX_ITEMS_PER_REQUEST;
use super::chains::Chains;
use super::key_index::{KeyNumber, Keys, Slot};
use crate::model::key::Key;
use crate::model::request::{Items, Request};

/// The items of a request that are not completed.
///
/// Two items on one token, or on one account (an account's pushes go to the device that
/// was bound last), must reach the service in the order of the list, retries included. So
/// an item waits until each earlier one that shares a key with it is completed. Items of a
/// query have no order.
#[derive(Debug)]
pub(crate) struct RequestQueue {
    chains: Option<Chains>,
    /// The items that never waited for any other, and were not taken.
    first: std::vec::IntoIter<u32>,
    /// Those that wait for nothing any more.
    freed: BinaryHeap<Reverse<u32>>,
}

impl RequestQueue {
    pub(crate) fn new(request: &Request) -> Self {
        let items = 0..u32::try_from(request.len()).unwrap_or(u32::MAX);
        if request.is_query() {
            return Self {
                chains: None,
                first: items.collect::<Vec<_>>().into_iter(),
                freed: BinaryHeap::new(),
            };
        }
        let mut chains = Chains::with_capacity(request.len());
        let mut first = Vec::with_capacity(request.len());
        for item in items {
            chains.append(&request.items, item);
            if !chains.waits(item) {
                first.push(item);
            }
        }
        chains.seal();
        Self {
            chains: Some(chains),
            first: first.into_iter(),
            freed: BinaryHeap::new(),
        }
    }

    /// The next items to send together: the first ones that wait for nothing.
    pub(crate) fn next_batch(&mut self) -> Option<Vec<u32>> {
        let mut batch = Vec::with_capacity(MAX_ITEMS_PER_REQUEST);
        batch.extend(std::iter::from_fn(|| self.next()).take(MAX_ITEMS_PER_REQUEST));
        (!batch.is_empty()).then_some(batch)
    }

    fn next(&mut self) -> Option<u32> {
        let first = self.first.as_slice().first();
        let freed = self.freed.peek().map(|Reverse(item)| item);
        match (first, freed) {
            (Some(first), Some(freed)) if freed > first => self.first.next(),
            (Some(_), None) => self.first.next(),
            _ => self.freed.pop().map(|Reverse(item)| item),
        }
    }

    /// Whether there is such an item.
    pub(crate) fn has_ready(&self) -> bool {
        !self.first.as_slice().is_empty() || !self.freed.is_empty()
    }

    /// Whether an earlier item on one of its keys is not completed.
    pub(crate) fn waits(&self, item: u32) -> bool {
        self.chains
            .as_ref()
            .is_some_and(|chains| chains.waits(item))
    }

    /// An item is done with: what waited for it alone may be sent. Once for each.
    pub(crate) fn complete(&mut self, request: &Request, item: u32) {
        if let Some(chains) = &mut self.chains {
            let freed = chains.remove(&request.items, item);
            self.freed.extend(freed.into_iter().map(Reverse));
        }
    }
}

/// The items of one HTTP request, as indices into the caller's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// Every item that an item of this part waits for is in a part of an earlier wave.
    pub(crate) wave: u32,
    pub(crate) items: Vec<u32>,
}

/// The split of a request whose HTTP requests are known before the first one is sent,
/// ordered by wave: what may be sent, then what may be sent once all of that is completed,
/// and so on.
pub(crate) fn split(request: &Request) -> Vec<Part> {
    let mut queue = RequestQueue::new(request);
    let mut parts = Vec::with_capacity(request.len().div_ceil(MAX_ITEMS_PER_REQUEST));
    let mut wave = 0;
    loop {
        let first = parts.len();
        let batches = std::iter::from_fn(|| queue.next_batch());
        parts.extend(batches.map(|items| Part { wave, items }));
        if parts.len() == first {
            return parts;
        }
        for item in parts[first..].iter().flat_map(|part| &part.items) {
            queue.complete(request, *item);
        }
        wave += 1;
    }
}

/// The keys of an item.
pub(crate) fn keys_of(items: &Items, item: u32) -> impl Iterator<Item = Key<'_>> {
    items.keys(item)
}

impl Keys for Items {
    /// Of a binding the token is number 0.
    fn keys(&self, item: Slot) -> impl Iterator<Item = Key<'_>> {
        let count = match self {
            Self::Bindings(list) => 1 + list[item as usize].accounts().len(),
            Self::Tokens(_) | Self::Accounts(_) => 1,
        };
        let numbers = 0..KeyNumber::try_from(count).unwrap_or(KeyNumber::MAX);
        numbers.map(move |number| self.key(item, number))
    }

    fn key(&self, item: Slot, number: KeyNumber) -> Key<'_> {
        let item = item as usize;
        match (self, usize::from(number)) {
            (Self::Bindings(list), 0) => Key::Token(list[item].token().as_str().as_bytes()),
            (Self::Bindings(list), number) => Key::of(&list[item].accounts()[number - 1]),
            (Self::Tokens(list), _) => Key::Token(list[item].as_str().as_bytes()),
            (Self::Accounts(list), _) => Key::of(&list[item]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::account::{Account, AccountType};
    use crate::model::request::{Binding, MAX_ACCOUNTS_PER_BINDING};
    use crate::model::token::Token;
    use proptest::prelude::*;

    fn binding(token: u8, account: u8) -> Binding {
        Binding::one(
            Token::new(format!("token{token}")).unwrap(),
            Account::new(format!("account{account}")).unwrap(),
        )
    }

    /// The wave of each item.
    fn waves(request: &Request) -> Vec<u32> {
        let mut waves = vec![u32::MAX; request.len()];
        for part in split(request) {
            for item in part.items {
                waves[item as usize] = part.wave;
            }
        }
        waves
    }

    #[test]
    fn split_of_45_items_is_three_parts_of_one_wave() {
        let request = Request::bind((0..45).map(|n| binding(n, n)));
        let sizes: Vec<_> = split(&request)
            .iter()
            .map(|p| (p.wave, p.items.len()))
            .collect();
        assert_eq!(sizes, [(0, 20), (0, 20), (0, 5)]);
    }

    #[test]
    fn account_without_type_has_the_key_of_type_zero() {
        let zero = Account::with_type("alice", AccountType(0)).unwrap();
        let one = Account::with_type("alice", AccountType(1)).unwrap();
        let request = Request::clear_accounts(vec![Account::new("alice").unwrap(), zero, one]);
        assert_eq!(waves(&request), [0, 1, 0]);
    }

    #[test]
    fn split_of_query_has_one_wave() {
        let token = Token::new("token1").unwrap();
        let request = Request::query_by_token(vec![token.clone(), token]);
        assert_eq!(waves(&request), [0, 0]);
    }

    #[test]
    fn completed_item_frees_its_followers_while_others_are_under_way() {
        let mut bindings: Vec<_> = (0..40).map(|n| binding(n, n)).collect();
        bindings.push(binding(30, 100));
        let request = Request::bind(bindings);
        let mut queue = RequestQueue::new(&request);
        let first = queue.next_batch().unwrap();
        let second = queue.next_batch().unwrap();
        assert!(first.contains(&0) && second.contains(&30));
        assert_eq!(queue.next_batch(), None, "item 40 waits for item 30");
        for item in second {
            queue.complete(&request, item);
        }
        assert_eq!(queue.next_batch(), Some(vec![40]));
    }

    #[test]
    fn binding_with_most_accounts_waits_for_each_of_them() {
        let accounts = |range: std::ops::Range<u32>| {
            range
                .map(|n| Account::new(format!("account{n}")).unwrap())
                .collect::<Vec<_>>()
        };
        let token = |n| Token::new(format!("token{n}")).unwrap();
        let last = u32::try_from(MAX_ACCOUNTS_PER_BINDING).unwrap();
        let request = Request::bind(vec![
            Binding::new(token(1), accounts(0..last)).unwrap(),
            Binding::new(token(2), accounts(last - 1..last)).unwrap(),
            Binding::new(token(3), accounts(0..last)).unwrap(),
        ]);
        assert_eq!(waves(&request), [0, 1, 2]);
    }

    proptest! {
        /// Against the rule itself: every item once; at most 20 a part; of two items that
        /// share a key the later one is in a later wave, and there is a reason for every
        /// wave that an item waits.
        #[test]
        fn split_puts_each_item_behind_the_earlier_ones_on_its_keys(pairs in prop::collection::vec((0u8..30, 0u8..30), 0..200)) {
            let request = Request::bind(pairs.iter().map(|(t, a)| binding(*t, *a)));
            let parts = split(&request);
            let mut wave_of = vec![None; pairs.len()];
            let mut last = 0;
            for part in &parts {
                prop_assert!((1..=MAX_ITEMS_PER_REQUEST).contains(&part.items.len()));
                prop_assert!(part.items.is_sorted());
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

        /// Batches that are completed, or not, in any order: what is taken is the oldest of
        /// what waits for nothing, against a look at the whole list.
        #[test]
        fn next_batch_is_the_oldest_items_that_wait_for_nothing(
            pairs in prop::collection::vec((0u8..12, 0u8..12), 0..80),
            picks in prop::collection::vec((any::<prop::sample::Index>(), 0u8..4), 0..120),
        ) {
            let request = Request::bind(pairs.iter().map(|(t, a)| binding(*t, *a)));
            let mut queue = RequestQueue::new(&request);
            let mut taken = vec![false; pairs.len()];
            let mut completed = vec![false; pairs.len()];
            for (pick, kind) in picks {
                if kind == 0 {
                    let waits = |n: usize| (0..n).any(|e| {
                        !completed[e] && (pairs[e].0 == pairs[n].0 || pairs[e].1 == pairs[n].1)
                    });
                    let free = (0..pairs.len()).filter(|n| !taken[*n] && !waits(*n));
                    let wanted: Vec<usize> = free.take(MAX_ITEMS_PER_REQUEST).collect();
                    let batch = queue.next_batch().unwrap_or_default();
                    let batch: Vec<usize> = batch.into_iter().map(|n| n as usize).collect();
                    prop_assert_eq!(&batch, &wanted);
                    for item in batch {
                        taken[item] = true;
                    }
                } else {
                    let open: Vec<usize> = (0..pairs.len()).filter(|n| taken[*n] && !completed[*n]).collect();
                    if !open.is_empty() {
                        let item = open[pick.index(open.len())];
                        completed[item] = true;
                        queue.complete(&request, u32::try_from(item).unwrap());
                    }
                }
            }
        }
    }
}
