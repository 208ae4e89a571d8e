//! A stream of rows against the same rows, one by one. What ended retryable is
//! handed in again, in its order, until nothing is left: that is what is promised
//! to end right.
//!
//! `XG_SEEDS=N` runs that many seeds in place of 500; `XG_SEED=S` runs
//! that one alone.

#![expect(clippy::print_stdout, reason = "how many seeds ran")]

mod common;

use std::time::Duration;

use common::model::{Op, check_held_back, check_order, random_fault, run_seeds, stream};
use xgpush::bulk::BulkOptions;
use xgpush::{Reason, State};
use xgpush_emulator::{Clears, Config as Service, Emulator};

fn run(seed: u64, emulator: &Emulator, reference: &Emulator) -> usize {
    let mut rng = fastrand::Rng::with_seed(seed);
    let service = Service {
        overwrite_clears: [Clears::AllTypes, Clears::SameType][rng.usize(0..2)],
        ..Service::default()
    };
    for emulator in [emulator, reference] {
        emulator.reconfigure(service.clone());
    }
    let attempts = rng.u8(1..4).to_string();
    let client = common::client(
        emulator,
        &[
            ("max_attempts", &attempts),
            ("request_timeout_ms", "40"),
            ("retry_base_ms", "1"),
            ("throttle_base_ms", "1"),
            ("max_backoff_ms", "4"),
        ],
    );
    let options = BulkOptions::new()
        .with_parallel(rng.u32(1..5))
        .with_outage_timeout(Duration::from_millis([0, 5, 60_000][rng.usize(0..3)]));
    let ops: Vec<Op> = (0..rng.usize(1..80))
        .map(|_| Op::random(&mut rng))
        .collect();
    let mut open = ops.clone();
    let mut held = 0;
    while !open.is_empty() {
        for _ in 0..rng.usize(0..6) {
            emulator.push_fault(random_fault(&mut rng));
        }
        let outcomes = stream(&client, &open, &options);
        assert_eq!(outcomes.len(), open.len(), "seed {seed}");
        check_held_back(seed, &open, &outcomes);
        held += outcomes
            .iter()
            .filter(|o| o.reason() == Reason::HeldBack)
            .count();
        let mut left = Vec::new();
        for (op, outcome) in open.into_iter().zip(outcomes) {
            let done = outcome.state() == State::Accepted;
            assert!(done || outcome.is_retryable(), "seed {seed}: {outcome:?}");
            assert!(outcome.state() == State::NotSent || outcome.attempts() > 0);
            if !done {
                left.push(op);
            }
        }
        open = left;
        if !open.is_empty() && rng.bool() {
            emulator.clear_faults();
        }
    }
    // A second run begins in the middle: order is that of one run only.
    if held == 0 {
        check_order(seed, &ops, emulator);
    }
    let one_by_one = common::client(reference, &[]);
    for op in &ops {
        let outcome = one_by_one.batch_operate(&op.request()).unwrap();
        assert!(outcome.all_accepted());
    }
    assert_eq!(emulator.state(), reference.state(), "seed {seed}: {ops:#?}");
    held
}

#[test]
fn stream_ends_as_its_rows_one_by_one() {
    let (count, held) = run_seeds(500, run);
    println!("{count} seeds, {held} rows held back");
    assert!(held > 0 || count < 100, "no run has held a row back");
}
