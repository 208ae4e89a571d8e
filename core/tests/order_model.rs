//! Order, the same in a call, in a stream and in an outbox: random histories run through
//! each of them, over a service that fails at random, and end as the operations do one by
//! one.
//!
//! What ended retryable is submitted again, in its order, until nothing is left. Until
//! then nothing behind it on one of its keys was sent, and the message says behind what.

#![expect(clippy::print_stdout, reason = "how many seeds ran")]

mod common;

use std::time::Duration;

use common::model::{Op, check_held_back, check_order, random_fault, run_seeds, stream};
use xgpush::bulk::BulkOptions;
use xgpush::{Client, ItemOutcome, Operation, Outbox, Reason, State};
use xgpush_emulator::{Clears, Config as Service, Emulator};

const OPTIONS: [(&str, &str); 4] = [
    ("request_timeout_ms", "40"),
    ("retry_base_ms", "1"),
    ("throttle_base_ms", "1"),
    ("max_backoff_ms", "4"),
];

/// A history and where it is run.
struct History<'a> {
    seed: u64,
    rng: fastrand::Rng,
    ops: Vec<Op>,
    emulator: &'a Emulator,
    held_back: usize,
}

impl History<'_> {
    fn push_faults(&mut self) {
        for _ in 0..self.rng.usize(0..5) {
            self.emulator.push_fault(random_fault(&mut self.rng));
        }
    }

    fn client(&mut self) -> Client {
        let (attempts, parallel) = (self.rng.u8(1..4), self.rng.u8(1..5));
        let (attempts, parallel) = (attempts.to_string(), parallel.to_string());
        let own = [("max_attempts", &*attempts), ("parallel", &*parallel)];
        common::client(self.emulator, &[&OPTIONS[..], &own].concat())
    }

    /// Submits operations until none is left, checking what was held back.
    fn submit(
        &mut self,
        ops: &[Op],
        mut send: impl FnMut(&[Op]) -> Vec<ItemOutcome>,
        first: usize,
    ) {
        let mut open = ops.to_vec();
        while !open.is_empty() {
            self.push_faults();
            let outcomes = send(&open);
            assert_eq!(outcomes.len(), open.len(), "seed {}", self.seed);
            check_held_back(self.seed, &open, &outcomes);
            check_messages(self.seed, &open, &outcomes, first);
            let held_back = outcomes.iter().filter(|o| o.reason() == Reason::HeldBack);
            self.held_back += held_back.count();
            let left = open.into_iter().zip(&outcomes);
            let left = left.filter(|(_, outcome)| outcome.state() != State::Accepted);
            open = left.map(|(op, _)| op).collect();
            let retryable = |o: &ItemOutcome| o.state() == State::Accepted || o.is_retryable();
            assert!(
                outcomes.iter().all(retryable),
                "seed {}: {outcomes:?}",
                self.seed
            );
            self.emulator.clear_faults();
        }
    }

    /// One call for each run of operations of one operator: a request has one.
    fn through_calls(&mut self) {
        let client = self.client();
        for run in self.ops.clone().chunk_by(|a, b| a.operator == b.operator) {
            let call = |ops: &[Op]| {
                let outcome = client.batch_operate(&Op::request_of(ops)).unwrap();
                outcome.items().to_vec()
            };
            self.submit(run, call, 0);
        }
    }

    fn through_bulk(&mut self) {
        let client = self.client();
        let options = BulkOptions::new()
            .with_outage_timeout(Duration::from_millis([0, 5, 60_000][self.rng.usize(0..3)]));
        let ops = self.ops.clone();
        self.submit(&ops, |ops| stream(&client, ops, &options), 1);
    }

    /// An outbox sends again by itself.
    fn through_outbox(&mut self) {
        let own = [("outbox_linger_ms", "1"), ("outbox_deadline_ms", "3600000")];
        let config = common::config(self.emulator, &[&OPTIONS[..], &own].concat());
        let outbox = Outbox::open(&config).unwrap();
        self.push_faults();
        for (tag, op) in (0..).zip(&self.ops) {
            let accounts: Vec<_> = op.accounts.iter().map(|(n, t)| (n.as_str(), *t)).collect();
            let operation = Operation::new(op.operator, &op.token, &accounts);
            outbox.submit(&operation, tag).unwrap();
        }
        assert_eq!(
            outbox.flush(Duration::from_secs(60)).unwrap(),
            0,
            "seed {}",
            self.seed
        );
        let reports = outbox.reports(usize::MAX, Duration::ZERO);
        assert_eq!(reports.len(), self.ops.len(), "seed {}", self.seed);
        check_order(self.seed, &self.ops, self.emulator);
    }
}

/// The message of what was held back names the first operation on the shared key that
/// ended retryable.
fn check_messages(seed: u64, ops: &[Op], outcomes: &[ItemOutcome], first: usize) {
    for (n, outcome) in outcomes.iter().enumerate() {
        if outcome.reason() != Reason::HeldBack {
            continue;
        }
        let is_blocker =
            |m: &usize, key: &String| outcomes[*m].is_retryable() && ops[*m].keys().contains(key);
        let blockers = ops[n].keys().into_iter().filter_map(|key| {
            let blocker = (0..n).find(|m| is_blocker(m, &key))?;
            let state = outcomes[blocker].state().name();
            let unit = ["item", "row"][first];
            let kind = key.split(' ').next().unwrap();
            Some((
                format!(
                    "held back: {unit} {} on the same {kind} (\"",
                    blocker + first
                ),
                format!(") ended {state}; submit both again, in order"),
            ))
        });
        let message = outcome.message();
        let named = blockers.into_iter().next();
        let (begins, ends) = named.unwrap_or_else(|| panic!("seed {seed}: {n} waits for nothing"));
        assert!(
            message.starts_with(&begins) && message.ends_with(&ends),
            "seed {seed}: operation {n}: {message}, expected {begins}…{ends}"
        );
    }
}

fn run(seed: u64, emulator: &Emulator, reference: &Emulator) -> usize {
    let mut rng = fastrand::Rng::with_seed(seed);
    let service = Service {
        overwrite_clears: [Clears::AllTypes, Clears::SameType][rng.usize(0..2)],
        ..Service::default()
    };
    reference.reconfigure(service.clone());
    // Runs of one operator, so that a call has more than one item.
    let mut ops: Vec<Op> = (0..rng.usize(1..50))
        .map(|_| Op::random(&mut rng))
        .collect();
    if rng.bool() {
        ops.sort_by_key(|op| op.operator.number());
    }
    let one_by_one = common::client(reference, &[]);
    for op in &ops {
        assert!(
            one_by_one
                .batch_operate(&op.request())
                .unwrap()
                .all_accepted()
        );
    }
    let mut history = History {
        seed,
        rng,
        ops,
        emulator,
        held_back: 0,
    };
    let ways: [(&str, fn(&mut History<'_>)); 3] = [
        ("call", |history| history.through_calls()),
        ("bulk", |history| history.through_bulk()),
        ("outbox", |history| history.through_outbox()),
    ];
    for (name, through) in ways {
        emulator.reconfigure(service.clone());
        through(&mut history);
        let ops = &history.ops;
        assert_eq!(
            emulator.state(),
            reference.state(),
            "seed {seed}, {name}: {ops:#?}"
        );
    }
    history.held_back
}

#[test]
fn random_history_ends_the_same_through_call_bulk_and_outbox() {
    let (count, held_back) = run_seeds(100, run);
    println!("{count} seeds, {held_back} operations held back");
    assert!(held_back > 0 || count < 50, "nothing was held back");
}
