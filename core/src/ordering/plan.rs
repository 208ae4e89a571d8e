//! Splitting a request: at most 20 items an HTTP request, and two items that
//! share a key neither in one request nor in two at once.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::model::key::{Key, KeyHasher};
use crate::model::operation::{Action, Items, Request};

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

/// How a request is sent.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Ordered by wave.
    pub(crate) parts: Vec<Part>,
    pub(crate) order: Order,
}

/// Which item must wait for which: pairs of an item and the last earlier one on
/// one of its keys, ordered by item. What is before that one, it waits for
/// itself.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Order(Vec<(u32, u32)>);

impl Order {
    /// The earlier items that `item` waits for.
    pub(crate) fn before(&self, item: u32) -> impl Iterator<Item = u32> {
        let from = self.0.partition_point(|(waits, _)| *waits < item);
        let own = self.0[from..].iter();
        own.take_while(move |(waits, _)| *waits == item)
            .map(|(_, earlier)| *earlier)
    }
}

/// Splits a request.
///
/// Two items on one token, or on one account (an account's pushes go to the
/// device that was bound last), must reach the service in the order of the
/// list, retries included. So each item goes into the first wave after those of
/// all earlier items that share a key with it.
pub(crate) fn plan(request: &Request) -> Plan {
    let (waves, order) = waves(request);
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
    Plan { parts, order }
}

/// The wave of each item, and the order behind it.
fn waves(request: &Request) -> (Vec<u32>, Order) {
    if matches!(request.action, Action::Query(_)) {
        return (vec![0; request.len()], Order::default());
    }
    let mut queue = Queue {
        items: &request.items,
        hasher: KeyHasher::default(),
        last: HashTable::with_capacity(2 * request.len()),
        waves: Vec::with_capacity(request.len()),
        order: Order::default(),
    };
    for item in 0..u32::try_from(request.len()).unwrap_or(u32::MAX) {
        queue.push(item);
    }
    (queue.waves, queue.order)
}

struct Queue<'a> {
    items: &'a Items,
    hasher: KeyHasher,
    /// For each key the last item that has it so far, and which of its keys it
    /// is. The key itself is read from there: a table of a hundred thousand keys
    /// stays in the cache.
    last: HashTable<(u32, u32)>,
    waves: Vec<u32>,
    order: Order,
}

impl Queue<'_> {
    /// Places the next item.
    fn push(&mut self, item: u32) {
        let mut wave = 0;
        for number in 0..keys(self.items, item) {
            // A binding may name one account twice.
            let earlier = self.replace(item, number).filter(|other| *other != item);
            if let Some(earlier) = earlier {
                wave = wave.max(self.waves[earlier as usize] + 1);
                self.order.0.push((item, earlier));
            }
        }
        self.waves.push(wave);
    }

    /// Makes an item the last one of one of its keys; answers the one that was.
    fn replace(&mut self, item: u32, number: u32) -> Option<u32> {
        let (items, hasher) = (self.items, &self.hasher);
        let mine = key(items, item, number);
        let entry = self.last.entry(
            mine.hash_by(hasher),
            |(item, number)| key(items, *item, *number) == mine,
            |(item, number)| key(items, *item, *number).hash_by(hasher),
        );
        match entry {
            Entry::Occupied(mut known) => {
                Some(std::mem::replace(known.get_mut(), (item, number)).0)
            }
            Entry::Vacant(place) => {
                place.insert((item, number));
                None
            }
        }
    }
}

/// How many keys an item has.
fn keys(items: &Items, item: u32) -> u32 {
    match items {
        Items::Bindings(list) => {
            let accounts = list[item as usize].accounts().len();
            u32::try_from(1 + accounts).unwrap_or(u32::MAX)
        }
        Items::Tokens(_) | Items::Accounts(_) => 1,
    }
}

/// One of an item's keys: its token is number 0.
fn key(items: &Items, item: u32, number: u32) -> Key<'_> {
    let item = item as usize;
    match (items, number) {
        (Items::Bindings(list), 0) => Key::Token(list[item].token().as_str().as_bytes()),
        (Items::Bindings(list), _) => Key::of(&list[item].accounts()[number as usize - 1]),
        (Items::Tokens(list), _) => Key::Token(list[item].as_str().as_bytes()),
        (Items::Accounts(list), _) => Key::of(&list[item]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::account::{Account, AccountType, Token};
    use crate::model::operation::Binding;
    use proptest::prelude::*;

    fn binding(token: u8, account: u8) -> Binding {
        Binding::one(
            Token::new(format!("token{token}")).unwrap(),
            Account::new(format!("account{account}")).unwrap(),
        )
    }

    #[test]
    fn forty_five_items_are_three_parts_of_one_wave() {
        let request = Request::bind((0..45).map(|n| binding(n, n)));
        let sizes: Vec<_> = plan(&request)
            .parts
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
        assert_eq!(waves(&request).0, [0, 1, 0]);
    }

    #[test]
    fn queries_have_no_order() {
        let token = Token::new("token1").unwrap();
        let request = Request::query_by_token(vec![token.clone(), token]);
        assert_eq!(waves(&request).0, [0, 0]);
    }

    proptest! {
        /// Against the rule itself: every item once; at most 20 a part; of two
        /// items that share a key the later one is in a later wave, and there
        /// is a reason for every wave that an item waits; on each key an item
        /// waits for the last one before it.
        #[test]
        fn parts_keep_the_order_of_every_key(pairs in prop::collection::vec((0u8..30, 0u8..30), 0..200)) {
            let request = Request::bind(pairs.iter().map(|(t, a)| binding(*t, *a)));
            let Plan { parts, order } = plan(&request);
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
                let last = |same: &dyn Fn(usize) -> bool| (0..late).rev().find(|e| same(*e));
                let mut waits: Vec<_> = [last(&|e| pairs[e].0 == *token), last(&|e| pairs[e].1 == *account)]
                    .into_iter().flatten().collect();
                let mut found: Vec<_> = order.before(u32::try_from(late).unwrap()).map(|e| e as usize).collect();
                waits.sort_unstable();
                found.sort_unstable();
                prop_assert_eq!(found, waits);
            }
        }
    }
}
