//! The queue against naive models: of order, and of what the service makes of a
//! sequence of operations under every reading of the documents.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::model::account::AccountType;
use crate::model::operation::Operation;
use crate::model::operator::Operator;

type Op = (u8, u8, Vec<(u8, u8)>);

/// An operation on few tokens and accounts: (operator, token, accounts).
fn op() -> impl Strategy<Value = Op> {
    let accounts = prop::collection::vec((0_u8..3, 0_u8..2), 1..4);
    (2_u8..6, 0_u8..3, accounts)
}

fn encoded((operator, token, accounts): &Op) -> Box<[u8]> {
    let token = format!("t{token}");
    let names: Vec<String> = accounts
        .iter()
        .map(|(name, _)| format!("a{name}"))
        .collect();
    let accounts: Vec<(&str, Option<AccountType>)> = names
        .iter()
        .zip(accounts)
        .map(|(name, (_, t))| {
            (
                name.as_str(),
                (*t > 0).then_some(AccountType(i32::from(*t))),
            )
        })
        .collect();
    match operator {
        2 => Operation::bind(&token, &accounts).encode(),
        3 => Operation::unbind(&token, &accounts).encode(),
        4 => Operation::clear_token(&token).encode(),
        _ => Operation::clear_account(&[accounts[0]]).encode(),
    }
}

fn entry(n: usize, op: &Op) -> Entry {
    Entry {
        id: n as u64 + 1,
        tag: n as u64,
        at: n as u64,
        attempts: 0,
        body: encoded(op),
    }
}

fn keys_of(body: &[u8]) -> Vec<Key<'_>> {
    all_keys(EncodedOperation(body)).collect()
}

fn tag(queue: &Queue, slot: Slot) -> u64 {
    queue.slots[slot as usize].tag
}

#[derive(Debug, Clone)]
enum Step {
    Push(Op),
    Take,
    /// Completes the n-th taken one, or puts it back.
    Finish(prop::sample::Index, bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => op().prop_map(Step::Push),
        2 => Just(Step::Take),
        3 => (any::<prop::sample::Index>(), any::<bool>()).prop_map(|(n, again)| Step::Finish(n, again)),
    ];
    prop::collection::vec(step, 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// What may be sent is what a look at the whole list says: nothing older on
    /// any of its keys is there.
    #[test]
    fn next_batch_is_of_operations_with_nothing_older_on_their_keys(steps in steps(), prioritising in any::<bool>()) {
        let mut queue = Queue::new(0);
        if prioritising {
            queue = queue.prioritising_removals();
        }
        let mut pushed = 0;
        // (tag, body, taken), in the order of submission.
        let mut model: Vec<(u64, Box<[u8]>, bool)> = Vec::new();
        let mut flying: Vec<Slot> = Vec::new();
        for step in steps {
            match step {
                Step::Push(op) => {
                    let mut gone = Vec::new();
                    queue.push(entry(pushed, &op), &mut gone);
                    for gone in gone {
                        prop_assert_eq!(gone.attempts, 0);
                        let at = model.iter().position(|m| m.0 == gone.tag).unwrap();
                        prop_assert!(!model.remove(at).2, "it was in flight");
                    }
                    model.push((pushed as u64, encoded(&op), false));
                    pushed += 1;
                }
                Step::Take => {
                    let free = |n: usize| {
                        let keys = keys_of(&model[n].1);
                        !model[n].2 && model[..n].iter().all(|m| {
                            keys_of(&m.1).iter().all(|key| !keys.contains(key))
                        })
                    };
                    let wanted: Vec<u64> = (0..model.len()).filter(|n| free(*n)).map(|n| model[n].0).collect();
                    let batch = queue.next_batch(Millis::MAX, false, false);
                    prop_assert_eq!(batch.is_empty(), wanted.is_empty());
                    prop_assert!(batch.len() <= MAX_ITEMS_PER_REQUEST);
                    let kinds: Vec<u8> = batch.iter().map(|slot| queue.body(*slot)[0]).collect();
                    prop_assert!(kinds.windows(2).all(|w| w[0] == w[1]));
                    for slot in batch {
                        let tag = tag(&queue, slot);
                        prop_assert!(wanted.contains(&tag), "{tag} is not of {wanted:?}");
                        queue.count_attempt(slot);
                        model.iter_mut().find(|m| m.0 == tag).unwrap().2 = true;
                        flying.push(slot);
                    }
                }
                Step::Finish(n, again) => {
                    if flying.is_empty() {
                        continue;
                    }
                    let slot = flying.remove(n.index(flying.len()));
                    let tag = tag(&queue, slot);
                    let at = model.iter().position(|m| m.0 == tag).unwrap();
                    if again {
                        queue.retry(slot, 0, false);
                        model[at].2 = false;
                    } else {
                        prop_assert_eq!(queue.complete(slot).tag, tag);
                        model.remove(at);
                    }
                }
            }
            prop_assert_eq!(queue.len(), model.len());
            prop_assert!(queue.ready.is_consistent());
        }
        // Everything comes out in the end, and nothing is left behind.
        for slot in flying {
            queue.complete(slot);
        }
        loop {
            let batch = queue.next_batch(Millis::MAX, true, false);
            if batch.is_empty() {
                break;
            }
            for slot in batch {
                queue.complete(slot);
            }
        }
        prop_assert_eq!(queue.len(), 0);
        prop_assert!(queue.chains.is_empty());
        prop_assert_eq!(queue.ready.count(), (queue.slots.len(), queue.slots.len()));
        prop_assert_eq!(queue.next_due(), None);
    }

    /// Leaving out what is superseded changes the end under no reading, whatever was
    /// there before; and what an earlier run may have sent is not left out.
    #[test]
    fn superseded_operation_makes_no_difference_under_any_reading(
        before in prop::collection::vec(op(), 0..10),
        ops in prop::collection::vec(op(), 1..25),
        sent in prop::collection::vec(prop::bool::weighted(0.2), 25),
    ) {
        let mut queue = Queue::new(0);
        let mut gone = Vec::new();
        for (n, op) in ops.iter().enumerate() {
            let attempts = u16::from(sent[n]);
            queue.push(Entry { attempts, ..entry(n, op) }, &mut gone);
        }
        prop_assert!(gone.iter().all(|gone| gone.attempts == 0));
        let kept: Vec<&Op> = ops.iter().enumerate()
            .filter(|(n, _)| gone.iter().all(|g| g.tag != *n as u64))
            .map(|(_, op)| op)
            .collect();
        for overwrite_clears_all in [false, true] {
            let reading = |ops: &[&Op]| {
                let mut service = Service { overwrite_clears_all, ..Service::default() };
                for op in before.iter().chain(ops.iter().copied()) {
                    service.apply(op);
                }
                service.bound
            };
            prop_assert_eq!(reading(&ops.iter().collect::<Vec<_>>()), reading(&kept));
        }
    }
}

/// A service without batches: of each account the tokens, the newest last. Who
/// binds again what is bound is the newest then.
#[derive(Default)]
struct Service {
    overwrite_clears_all: bool,
    bound: BTreeMap<(u8, u8), Vec<u8>>,
}

impl Service {
    fn apply(&mut self, (operator, token, accounts): &Op) {
        match operator {
            2 => {
                let types: Vec<u8> = accounts.iter().map(|(_, t)| *t).collect();
                for (account, tokens) in &mut self.bound {
                    if self.overwrite_clears_all || types.contains(&account.1) {
                        tokens.retain(|t| t != token);
                    }
                }
                for (n, account) in accounts.iter().enumerate() {
                    // Of two accounts of one type the later one wins.
                    if accounts[n + 1..].iter().all(|(_, t)| *t != account.1) {
                        self.bound.entry(*account).or_default().push(*token);
                    }
                }
            }
            3 => {
                for account in accounts {
                    if let Some(tokens) = self.bound.get_mut(account) {
                        tokens.retain(|t| t != token);
                    }
                }
            }
            4 => self
                .bound
                .values_mut()
                .for_each(|tokens| tokens.retain(|t| t != token)),
            _ => drop(self.bound.remove(&accounts[0])),
        }
        self.bound.retain(|_, tokens| !tokens.is_empty());
    }
}

fn bind(token: &str, account: &str) -> Box<[u8]> {
    Operation::bind(token, &[(account, None)]).encode()
}

fn push(queue: &mut Queue, at: Millis, body: Box<[u8]>) -> Vec<u64> {
    let mut gone = Vec::new();
    let entry = Entry {
        id: 1,
        tag: at,
        at,
        attempts: 0,
        body,
    };
    queue.push(entry, &mut gone);
    gone.into_iter().map(|gone| gone.tag).collect()
}

#[test]
fn batch_is_sent_when_it_is_full_or_has_lingered() {
    let mut queue = Queue::new(20);
    for n in 0..19 {
        push(&mut queue, n, bind(&format!("t{n}"), &format!("a{n}x")));
    }
    assert!(queue.next_batch(19, false, false).is_empty());
    assert_eq!(queue.next_due(), Some(20));
    assert_eq!(queue.next_batch(20, false, false).len(), 19);
    for n in 100..125 {
        push(&mut queue, n, bind(&format!("t{n}"), &format!("a{n}x")));
    }
    assert_eq!(
        queue.next_batch(101, false, false).len(),
        20,
        "full: nothing to wait for"
    );
    assert!(queue.next_batch(101, false, false).is_empty());
    assert_eq!(
        queue.next_batch(101, true, false).len(),
        5,
        "a flush does not linger"
    );
}

#[test]
fn login_storm_leaves_the_last_login() {
    let mut queue = Queue::new(0);
    assert!(push(&mut queue, 0, bind("phone", "alice")).is_empty());
    let first = queue.next_batch(0, true, false);
    queue.count_attempt(first[0]);
    let bob = push(&mut queue, 1, bind("phone", "bob"));
    assert!(bob.is_empty(), "alice is in flight");
    assert_eq!(push(&mut queue, 2, bind("phone", "carol")), [1]);
    let clear = Operation::clear_token("phone").encode();
    assert_eq!(push(&mut queue, 3, clear), [2]);
    let dave = push(&mut queue, 4, bind("phone", "dave"));
    assert!(dave.is_empty(), "a clear is more than an overwrite");
    assert!(queue.next_batch(9, true, false).is_empty());
    queue.complete(first[0]);
    let clear = queue.next_batch(9, true, false);
    assert_eq!(tag(&queue, clear[0]), 3);
}

#[test]
fn durable_operation_is_not_superseded_by_a_volatile_one() {
    let mut queue = Queue::new(0);
    push(&mut queue, 0, bind("phone", "alice"));
    let mut gone = Vec::new();
    let volatile = Entry {
        id: 0,
        tag: 1,
        at: 1,
        attempts: 0,
        body: bind("phone", "bob"),
    };
    queue.push(volatile, &mut gone);
    assert!(gone.is_empty());
}

#[test]
fn operation_that_may_have_been_sent_is_not_superseded() {
    let mut queue = Queue::new(0);
    let mut gone = Vec::new();
    let entry = |id, account, attempts| Entry {
        id,
        tag: id,
        at: 0,
        attempts,
        body: bind("phone", account),
    };
    queue.push(entry(1, "alice", 1), &mut gone);
    queue.push(entry(2, "alice", 0), &mut gone);
    queue.push(entry(3, "alice", 0), &mut gone);
    assert_eq!(gone.iter().map(|gone| gone.id).collect::<Vec<_>>(), [2]);
    assert_eq!(queue.last_sent(), 1);
}

#[test]
fn retried_operation_keeps_its_place_and_waits_until_it_is_due() {
    let mut queue = Queue::new(0);
    push(&mut queue, 0, bind("t1", "alice"));
    push(&mut queue, 1, bind("t2", "alice"));
    push(&mut queue, 2, bind("t3", "carol"));
    let batch = queue.next_batch(2, true, false);
    assert_eq!(batch.len(), 2);
    for slot in &batch {
        queue.count_attempt(*slot);
    }
    queue.retry(batch[0], 50, true);
    queue.complete(batch[1]);
    assert!(queue.next_batch(49, true, false).is_empty());
    assert_eq!(queue.next_due(), Some(50));
    let alone = queue.next_batch(50, true, false);
    assert_eq!(alone.len(), 1);
    assert_eq!((tag(&queue, alone[0]), queue.attempts(alone[0])), (0, 1));
    queue.complete(alone[0]);
    assert_eq!(tag(&queue, queue.ready.heads().next().unwrap().first), 1);
}

#[test]
fn withdrawn_batch_returns_in_its_order() {
    let mut queue = Queue::new(0);
    for n in 0..4 {
        push(&mut queue, n, bind(&format!("t{n}"), &format!("a{n}")));
    }
    let first = queue.next_batch(0, true, false);
    assert_eq!(first, [0, 1, 2, 3]);
    // Their numbers are used again, in another order than that of the operations.
    for slot in first {
        queue.complete(slot);
    }
    for n in 4..8 {
        push(&mut queue, n, bind(&format!("t{n}"), &format!("a{n}")));
    }
    let again = queue.next_batch(8, true, false);
    assert!(!again.is_sorted());
    for slot in &again {
        queue.retry(*slot, 9, false);
    }
    push(&mut queue, 9, bind("t9", "a9"));
    let last = queue.next_batch(9, true, false);
    assert_eq!(last[..4], again);
    assert_eq!(last.len(), 5);
}

#[test]
fn expired_operation_stays_first_until_it_is_completed() {
    let mut queue = Queue::new(1000);
    push(&mut queue, 0, bind("t1", "alice"));
    push(&mut queue, 500, bind("t2", "alice"));
    let expired = queue.expire(400);
    assert_eq!(expired.len(), 1);
    assert!(queue.next_batch(9999, true, false).is_empty());
    queue.complete(expired[0]);
    assert_eq!(queue.next_batch(9999, true, false).len(), 1);
}

#[test]
fn slots_do_not_pile_up_while_nothing_is_taken() {
    let mut queue = Queue::new(0);
    for round in 0..50_000 {
        let body = bind(&format!("t{}", round % 10), &format!("a{round}x"));
        push(&mut queue, round, body);
    }
    assert_eq!(queue.len(), 10);
    assert!(queue.slots.len() < 3000, "{}", queue.slots.len());
    assert_eq!(queue.next_batch(Millis::MAX, true, false).len(), 10);
}

#[test]
fn probe_tries_first_what_never_failed() {
    let mut queue = Queue::new(0);
    push(&mut queue, 0, bind("poison", "poison"));
    let poison = queue.next_batch(0, true, false);
    queue.count_attempt(poison[0]);
    queue.retry(poison[0], 0, true);
    push(&mut queue, 1, bind("sound", "sound"));
    let probe = queue.next_batch(5, true, true);
    assert_eq!(tag(&queue, probe[0]), 1);
    assert_eq!(queue.next_batch(5, true, true), poison);
}

fn operators(queue: &mut Queue, probe: bool) -> Vec<Operator> {
    let batches = std::iter::from_fn(|| {
        let batch = queue.next_batch(Millis::MAX, true, probe);
        let first = *batch.first()?;
        Some(EncodedOperation(queue.body(first)).operator())
    });
    batches.collect()
}

/// A phone's clearing overtakes other players' logins, and a login of its own goes with it;
/// the logins get every fourth request.
#[test]
fn removals_have_priority_and_starve_no_other() {
    let mut queue = Queue::new(0).prioritising_removals();
    for n in 0..1000 {
        push(&mut queue, n, bind(&format!("t{n}"), &format!("a{n}x")));
    }
    let stolen = [("a777x", None)];
    push(
        &mut queue,
        1000,
        Operation::unbind("t777", &stolen).encode(),
    );
    let first = queue.next_batch(Millis::MAX, false, false);
    assert_eq!(
        first.iter().map(|s| tag(&queue, *s)).collect::<Vec<_>>(),
        [777]
    );
    queue.complete(first[0]);
    let second = queue.next_batch(Millis::MAX, false, false);
    assert_eq!(
        second.iter().map(|s| tag(&queue, *s)).collect::<Vec<_>>(),
        [1000]
    );
    queue.complete(second[0]);
    for n in 1001..1201 {
        push(
            &mut queue,
            n,
            Operation::clear_token(&format!("c{n}")).encode(),
        );
    }
    use Operator::{Bind, ClearToken};
    let all = operators(&mut queue, false);
    assert_eq!(
        all[..9],
        [
            ClearToken, Bind, ClearToken, ClearToken, ClearToken, Bind, ClearToken, ClearToken,
            ClearToken
        ]
    );
    let cleared = all.iter().rposition(|o| *o == ClearToken).unwrap();
    assert!(cleared < 14, "{all:?}");
    assert_eq!(
        all.len(),
        50 + 10,
        "999 logins and 200 clearings in full requests"
    );
}

/// Whether the service answers is found out with all that waits in turn.
#[test]
fn probes_take_turns_among_kinds() {
    let mut queue = Queue::new(0).prioritising_removals();
    push(&mut queue, 0, Operation::clear_token("poison").encode());
    push(&mut queue, 1, bind("t1", "alice"));
    let mut sent = Vec::new();
    for now in 0..6 {
        let batch = queue.next_batch(now, true, true);
        for slot in batch {
            sent.push(tag(&queue, slot));
            queue.count_attempt(slot);
            queue.retry(slot, now, false);
        }
    }
    assert_eq!(sent, [0, 1, 0, 1, 0, 1]);
}
