//! What the tests share that compare with the simplest thing that could be right:
//! the same operations, one by one, in the order in which they were handed in.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use xgpush::bulk::{Bulk, BulkOptions};
use xgpush::{
    Account, AccountType, Binding, Client, ItemOutcome, Operation, Operator, Request, State, Token,
};
use xgpush_emulator::{Config as Service, Emulator, Fault, FaultKind};

/// One operation, for a model that applies them one by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Op {
    pub(crate) operator: Operator,
    pub(crate) token: String,
    pub(crate) accounts: Vec<(String, Option<AccountType>)>,
}

impl Op {
    pub(crate) fn random(rng: &mut fastrand::Rng) -> Self {
        let operator = match rng.u8(0..10) {
            0..=5 => Operator::Bind,
            6..=7 => Operator::Unbind,
            8 => Operator::ClearToken,
            _ => Operator::ClearAccount,
        };
        let account = |rng: &mut fastrand::Rng| {
            let account_type = [None, None, Some(AccountType(3))][rng.usize(0..3)];
            (format!("account{}", rng.u8(0..3)), account_type)
        };
        let count = match operator {
            Operator::ClearToken => 0,
            Operator::ClearAccount => 1,
            _ => [1, 1, 1, 2][rng.usize(0..4)],
        };
        let token = match operator {
            Operator::ClearAccount => String::new(),
            _ => format!("token{}", rng.u8(0..4)),
        };
        Self {
            operator,
            token,
            accounts: (0..count).map(|_| account(rng)).collect(),
        }
    }

    pub(crate) fn request(&self) -> Request {
        Self::request_of(std::slice::from_ref(self))
    }

    /// Operations of one operator as one request.
    pub(crate) fn request_of(ops: &[Self]) -> Request {
        let account = |(name, t): &(String, Option<AccountType>)| {
            Account::with_optional_type(name.as_str(), *t).unwrap()
        };
        let token = |op: &Self| Token::new(op.token.as_str()).unwrap();
        let binding = |op: &Self| {
            let accounts: Vec<Account> = op.accounts.iter().map(account).collect();
            Binding::new(token(op), accounts).unwrap()
        };
        let ops = ops.iter();
        match ops.as_slice()[0].operator {
            Operator::Bind => Request::bind(ops.map(binding)),
            Operator::Unbind => Request::unbind(ops.map(binding)),
            Operator::ClearToken => Request::clear_tokens(ops.map(token)),
            Operator::ClearAccount => {
                Request::clear_accounts(ops.flat_map(|op| op.accounts.iter().map(account)))
            }
            other => unreachable!("{other} is never made here"),
        }
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        let token = Some(format!("token {}", self.token)).filter(|_| !self.token.is_empty());
        let accounts = self.accounts.iter();
        let accounts = accounts.map(|(n, t)| format!("account {n} {}", t.unwrap_or_default().0));
        token.into_iter().chain(accounts).collect()
    }

    /// The operations in a body that reached the service.
    pub(crate) fn of_body(body: &str) -> Vec<Self> {
        let body: Value = serde_json::from_str(body).unwrap();
        let operator = Operator::try_from(body["operator_type"].as_i64().unwrap()).unwrap();
        let accounts = |list: &Value| -> Vec<(String, Option<AccountType>)> {
            let account = |a: &Value| {
                let account_type = a["account_type"].as_i64();
                let account_type = account_type.map(|t| AccountType(i32::try_from(t).unwrap()));
                (a["account"].as_str().unwrap().to_owned(), account_type)
            };
            list.as_array().unwrap().iter().map(account).collect()
        };
        let op = |token: &Value, accounts| Self {
            operator,
            token: token.as_str().unwrap_or_default().to_owned(),
            accounts,
        };
        match operator {
            Operator::ClearToken => {
                let list = body["token_list"].as_array().unwrap();
                list.iter().map(|token| op(token, Vec::new())).collect()
            }
            Operator::ClearAccount => {
                let list = accounts(&body["account_list"]);
                list.into_iter()
                    .map(|a| op(&Value::Null, vec![a]))
                    .collect()
            }
            _ => {
                let list = body["token_accounts"].as_array().unwrap();
                list.iter()
                    .map(|b| op(&b["token"], accounts(&b["account_list"])))
                    .collect()
            }
        }
    }
}

/// One of the ways in which a request goes wrong.
pub(crate) fn random_fault(rng: &mut fastrand::Rng) -> Fault {
    let kind = match rng.u8(0..10) {
        0 => FaultKind::status(503),
        1 => FaultKind::status(429),
        2 => FaultKind::ResetBefore,
        3 => FaultKind::ResetAfter,
        4 => FaultKind::CloseAfter,
        5 => FaultKind::Hang,
        6 => FaultKind::HangAfterApply,
        7 => FaultKind::ShortResult { missing: 1 },
        8 => FaultKind::NoResult,
        _ => FaultKind::Truncate { at: 7 },
    };
    Fault::new(kind).times(rng.u32(1..3)).skip(rng.u32(0..3))
}

/// On each key, what was applied follows the order of handing in; the same
/// operation may be applied twice in a row.
pub(crate) fn check_order(seed: u64, ops: &[Op], emulator: &Emulator) {
    let mut at: BTreeMap<String, usize> = BTreeMap::new();
    for entry in emulator.log().iter().filter(|entry| entry.applied) {
        for op in Op::of_body(&entry.body) {
            for key in op.keys() {
                let from = at.get(&key).copied().unwrap_or(0);
                let next = (from..ops.len()).find(|n| ops[*n] == op);
                let Some(next) = next else {
                    panic!("seed {seed}: {op:?} after a later one on {key}");
                };
                at.insert(key, next);
            }
        }
    }
}

fn push(bulk: &mut Bulk, op: &Op) {
    let accounts: Vec<_> = op.accounts.iter().map(|(n, t)| (n.as_str(), *t)).collect();
    let operation = Operation::new(op.operator, &op.token, &accounts);
    bulk.push(&operation).unwrap();
}

/// Runs operations through a stream; one outcome per row, in their order.
pub(crate) fn stream(client: &Client, ops: &[Op], options: &BulkOptions) -> Vec<ItemOutcome> {
    let mut bulk = Bulk::new(client, options).unwrap();
    let mut rows = ops.iter();
    let mut outcomes = Vec::new();
    loop {
        if let Some(outcome) = bulk.poll() {
            outcomes.push(outcome);
        } else if bulk.wants_row() {
            match rows.next() {
                Some(op) => push(&mut bulk, op),
                None => bulk.end(),
            }
        } else if bulk.is_finished() {
            return outcomes;
        } else {
            bulk.wait(Duration::from_secs(60));
        }
    }
}

/// Behind what ended retryable nothing on its keys was sent.
pub(crate) fn check_held_back(seed: u64, ops: &[Op], outcomes: &[ItemOutcome]) {
    for (n, outcome) in outcomes
        .iter()
        .enumerate()
        .filter(|(_, o)| o.is_retryable())
    {
        let keys = ops[n].keys();
        let later = (n + 1..ops.len()).filter(|m| ops[*m].keys().iter().any(|k| keys.contains(k)));
        for m in later {
            let state = outcomes[m].state();
            let reason = outcomes[m].reason();
            let sent = state != State::NotSent;
            assert!(
                !sent,
                "seed {seed}: {m} ({reason:?}) overtook {n} ({outcome:?})"
            );
        }
    }
}

/// Runs a model with many seeds, each over an emulator and one for the reference: `usual`
/// of them, or as `XG_SEEDS=N` or `XG_SEED=S` says. Returns how many, and the sum of what
/// the runs return.
pub(crate) fn run_seeds(
    usual: u64,
    run: impl Fn(u64, &Emulator, &Emulator) -> usize + Sync,
) -> (u64, usize) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().unwrap());
    let (first, count) = match number("XG_SEED") {
        Some(seed) => (seed, 1),
        None => (0, number("XG_SEEDS").unwrap_or(usual)),
    };
    let next = AtomicU64::new(first);
    let sum = AtomicUsize::new(0);
    // Mostly waiting: more threads than processors.
    std::thread::scope(|scope| {
        for _ in 0..16.min(count) {
            scope.spawn(|| {
                let emulator = super::emulator(Service::default());
                let reference = super::emulator(Service::default());
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        return;
                    }
                    let found = run(seed, &emulator, &reference);
                    sum.fetch_add(found, Ordering::Relaxed);
                }
            });
        }
    });
    (count, sum.into_inner())
}
