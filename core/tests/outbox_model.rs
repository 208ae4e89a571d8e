//! The outbox against the simplest thing that could be right: the same
//! operations, one by one, in the order in which they were handed in.
//!
//! `XG_SEEDS=N` runs that many seeds in place of 2,000; `XG_SEED=S` runs
//! that one alone.

#![expect(clippy::print_stdout, reason = "how many seeds ran")]

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use common::model::{Op, check_order, random_fault, run_seeds};
use xgpush::outbox::Report;
use xgpush::{Client, Config, Operation, Outbox, State};
use xgpush_emulator::{Clears, Config as Service, Emulator};

fn submit(op: &Op, outbox: &Outbox, tag: u64) {
    let accounts: Vec<_> = op.accounts.iter().map(|(n, t)| (n.as_str(), *t)).collect();
    let operation = Operation::new(op.operator, &op.token, &accounts);
    outbox.submit(&operation, tag).unwrap();
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
            assert!(!superseded || report.attempts() == 0, "{report:?}");
            let accepted = report.state() == Some(State::Accepted);
            assert!(accepted || superseded, "seed {}: {report:?}", self.seed);
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
            submit(&op, &outbox, this.ops.len() as u64);
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
    check_order(seed, &this.ops, emulator);
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
fn outbox_ends_as_its_operations_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let (count, _) = run_seeds(2000, |seed, emulator, reference| {
        run(seed, emulator, reference, folder.path());
        0
    });
    println!("{count} seeds");
}
