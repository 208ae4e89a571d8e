//! The outbox against the simplest thing that could be right: the same
//! operations, one by one, in the order in which they were handed in.
//!
//! `XGPUSH_SEEDS=N` runs that many seeds in place of 2,000; `XGPUSH_SEED=S` runs
//! that one alone.

#![expect(clippy::print_stdout, reason = "how many seeds ran")]

mod common;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use xgpush::{
    Account, AccountType, Binding, Client, Config, Operation, Operator, Outbox, Report, Request,
    State, Token,
};
use xgpush_emulator::{Clears, Config as Service, Emulator, Fault, FaultKind};

#[derive(Debug, Clone, PartialEq, Eq)]
struct Op {
    operator: Operator,
    token: String,
    accounts: Vec<(String, Option<AccountType>)>,
}

impl Op {
    fn random(rng: &mut fastrand::Rng) -> Self {
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

    fn submit(&self, outbox: &Outbox, tag: u64) {
        let accounts: Vec<_> = self
            .accounts
            .iter()
            .map(|(n, t)| (n.as_str(), *t))
            .collect();
        let operation = Operation::new(self.operator, &self.token, &accounts);
        outbox.submit(&operation, tag).unwrap();
    }

    fn request(&self) -> Request {
        let account = |(name, t): &(String, Option<AccountType>)| {
            Account::with_optional_type(name.as_str(), *t).unwrap()
        };
        let token = || Token::new(self.token.as_str()).unwrap();
        let accounts: Vec<Account> = self.accounts.iter().map(account).collect();
        let binding = |accounts| vec![Binding::new(token(), accounts).unwrap()];
        match self.operator {
            Operator::Bind => Request::bind(binding(accounts)),
            Operator::Unbind => Request::unbind(binding(accounts)),
            Operator::ClearToken => Request::clear_tokens(vec![token()]),
            Operator::ClearAccount => Request::clear_accounts(accounts),
            Operator::Append => unreachable!("never made here"),
        }
    }

    fn keys(&self) -> Vec<String> {
        let token = Some(format!("token {}", self.token)).filter(|_| !self.token.is_empty());
        let accounts = self.accounts.iter();
        let accounts = accounts.map(|(n, t)| format!("account {n} {}", t.unwrap_or_default().0));
        token.into_iter().chain(accounts).collect()
    }

    /// The operations in a body that reached the service.
    fn of_body(body: &str) -> Vec<Self> {
        let body: Value = serde_json::from_str(body).unwrap();
        let operator = Operator::from_number(body["operator_type"].as_i64().unwrap()).unwrap();
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

fn random_fault(rng: &mut fastrand::Rng) -> Fault {
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

struct Run {
    seed: u64,
    ops: Vec<Op>,
    reports: BTreeMap<u64, Vec<Report>>,
}

impl Run {
    fn take(&mut self, outbox: &Outbox) {
        loop {
            let reports = outbox.reports(64, Duration::ZERO);
            if reports.is_empty() {
                return;
            }
            for report in reports {
                self.reports.entry(report.tag()).or_default().push(report);
            }
        }
    }

    /// Every operation has exactly one final report, and it is a good one.
    fn check_reports(&self) {
        for tag in 0..self.ops.len() as u64 {
            let reports = self.reports.get(&tag).map_or(&[][..], Vec::as_slice);
            assert_eq!(
                reports.len(),
                1,
                "seed {}: operation {tag}: {reports:?}",
                self.seed
            );
            let report = &reports[0];
            assert!(report.is_final());
            let superseded = report.reason().unwrap().name() == "superseded";
            let accepted = report.state() == Some(State::Accepted);
            assert!(accepted || superseded, "seed {}: {report:?}", self.seed);
        }
    }

    /// On each key, what was applied follows the order of handing in; the same
    /// operation may be applied twice in a row.
    fn check_order(&self, emulator: &Emulator) {
        let mut at: BTreeMap<String, usize> = BTreeMap::new();
        for entry in emulator.log().iter().filter(|entry| entry.applied) {
            for op in Op::of_body(&entry.body) {
                for key in op.keys() {
                    let from = at.get(&key).copied().unwrap_or(0);
                    let next = (from..self.ops.len()).find(|n| self.ops[*n] == op);
                    let Some(next) = next else {
                        panic!("seed {}: {op:?} after a later one on {key}", self.seed);
                    };
                    at.insert(key, next);
                }
            }
        }
    }
}

fn options(rng: &mut fastrand::Rng, file: &str) -> Vec<(&'static str, String)> {
    let parallel = rng.u8(1..5).to_string();
    let linger = rng.u8(0..3).to_string();
    vec![
        ("outbox_file", file.to_owned()),
        ("outbox_parallel", parallel),
        ("outbox_linger_ms", linger),
        ("outbox_deadline_ms", "3600000".to_owned()),
        ("request_timeout_ms", "40".to_owned()),
        ("retry_base_ms", "1".to_owned()),
        ("throttle_base_ms", "1".to_owned()),
        ("max_backoff_ms", "4".to_owned()),
    ]
}

fn configured(emulator: &Emulator, options: &[(&'static str, String)]) -> Config {
    let options: Vec<_> = options.iter().map(|(n, v)| (*n, v.as_str())).collect();
    common::config(emulator, &options)
}

fn run(seed: u64, emulator: &Emulator, reference: &Emulator, folder: &std::path::Path) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let service = Service {
        overwrite_clears: if rng.bool() {
            Clears::AllTypes
        } else {
            Clears::SameType
        },
        ..Service::default()
    };
    for emulator in [emulator, reference] {
        emulator.reconfigure(service.clone());
    }
    let file = folder.join(format!("{seed}.outbox"));
    let options = options(&mut rng, file.to_str().unwrap());
    let mut this = Run {
        seed,
        ops: Vec::new(),
        reports: BTreeMap::new(),
    };
    let mut outbox = Outbox::open(&configured(emulator, &options)).unwrap();
    for _ in 0..rng.usize(1..6) {
        for _ in 0..rng.usize(0..3) {
            emulator.push_fault(random_fault(&mut rng));
        }
        for _ in 0..rng.usize(1..12) {
            let op = Op::random(&mut rng);
            op.submit(&outbox, this.ops.len() as u64);
            this.ops.push(op);
        }
        match rng.u8(0..4) {
            0 => {
                outbox.close(Duration::from_millis(rng.u64(0..8)));
                this.take(&outbox);
                assert!(outbox.is_drained());
                outbox = Outbox::open(&configured(emulator, &options)).unwrap();
            }
            1 => drop(outbox.flush(Duration::from_millis(rng.u64(0..20)))),
            _ => this.take(&outbox),
        }
    }
    let left = outbox.flush(Duration::from_secs(60)).unwrap();
    assert_eq!(left, 0, "seed {seed}: {:?}", outbox.stats());
    this.take(&outbox);
    assert_eq!(outbox.close(Duration::from_secs(10)), 0);
    this.check_reports();
    this.check_order(emulator);
    let one_by_one = Client::new(&common::config(reference, &[])).unwrap();
    for op in &this.ops {
        assert!(
            one_by_one
                .batch_operate(&op.request())
                .unwrap()
                .all_accepted()
        );
    }
    assert_eq!(
        emulator.state(),
        reference.state(),
        "seed {seed}: {:#?}",
        this.ops
    );
    std::fs::remove_file(&file).unwrap();
    std::fs::remove_file(file.with_extension("outbox.lock")).unwrap();
}

#[test]
fn the_end_is_that_of_the_operations_one_by_one() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().unwrap());
    let one: Option<u64> = number("XGPUSH_SEED");
    let (first, count) = match one {
        Some(seed) => (seed, 1),
        None => (0, number("XGPUSH_SEEDS").unwrap_or(2000)),
    };
    let next = AtomicU64::new(first);
    let folder = tempfile::tempdir().unwrap();
    // Mostly waiting: more threads than processors.
    std::thread::scope(|scope| {
        for _ in 0..16.min(count) {
            scope.spawn(|| {
                let emulator = common::emulator(Service::default());
                let reference = common::emulator(Service::default());
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        return;
                    }
                    run(seed, &emulator, &reference, folder.path());
                }
            });
        }
    });
    println!("{count} seeds");
}
