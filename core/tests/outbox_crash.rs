//! A process that hands operations in is killed again and again, at any moment.
//!
//! The test starts itself again as the process that it kills.

#![cfg(unix)]
#![expect(clippy::print_stdout, reason = "the child tells what is durable")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::time::Duration;

use common::child;
use serde_json::Value;
use xgpush::{Config, Operation, Outbox, State};
use xgpush_emulator::{Config as Service, Emulator, Fault, FaultKind};

const ROUNDS: u64 = 200;
const TOKENS: u64 = 20;
const LONG: Duration = Duration::from_secs(60);

/// Each operation is on its own account, so the log tells which it is; none
/// supersedes another.
fn submit(outbox: &Outbox, n: u64) -> xgpush::Result<()> {
    let (token, account) = (format!("token{}", n % TOKENS), format!("player{n}"));
    outbox.submit(&Operation::unbind(&token, &account), n)
}

fn options(file: &str) -> [(&str, &str); 7] {
    [
        ("outbox_file", file),
        ("outbox_max_operations", "1000"),
        ("outbox_linger_ms", "1"),
        ("outbox_durable_notices", "true"),
        ("outbox_deadline_ms", "0"),
        ("retry_base_ms", "1"),
        ("throttle_base_ms", "5"),
    ]
}

/// Hands operations in until it is killed. Tells `h N` before it hands in up to N,
/// and `d N` when N is durable.
fn run_until_killed(told: &str) -> ! {
    let told: Value = serde_json::from_str(told).unwrap();
    let service = Service::default();
    let mut config = Config::new();
    config.set("access_id", &service.access_id).unwrap();
    config.set("secret_key", &service.secret_key).unwrap();
    config
        .set("base_url", told["url"].as_str().unwrap())
        .unwrap();
    for (name, value) in options(told["file"].as_str().unwrap()) {
        config.set(name, value).unwrap();
    }
    let outbox = Outbox::open(&config).unwrap();
    let mut next = told["next"].as_u64().unwrap();
    let mut reports = Vec::new();
    loop {
        println!("\nh {}", next + 40);
        for _ in 0..40 {
            if submit(&outbox, next).is_ok() {
                next += 1;
            }
        }
        outbox.take_reports(&mut reports, 1000, Duration::from_millis(2));
        let durable: Vec<String> = reports
            .drain(..)
            .filter(|report| !report.is_final())
            .map(|report| format!("d {}\n", report.tag()))
            .collect();
        // One write: a line is whole or not there.
        std::io::stdout()
            .write_all(durable.concat().as_bytes())
            .unwrap();
    }
}

/// Runs the child for a while and kills it. Answers what was durable, and up to
/// where it may have handed in.
fn run_and_kill(url: &str, file: &str, next: u64, rng: &mut fastrand::Rng) -> (Vec<u64>, u64) {
    let told = serde_json::json!({"url": url, "file": file, "next": next});
    let mut child = child::command(TEST, CHILD, told.to_string())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (mut durable, mut submitted) = (Vec::new(), next);
    let mut note = |line: &str| {
        let (what, n) = line.split_once(' ').unwrap_or_default();
        match (what, n.parse::<u64>()) {
            ("d", Ok(n)) => durable.push(n),
            ("h", Ok(n)) => submitted = n,
            _ => return false,
        }
        true
    };
    // It runs: from now on any moment may be the last.
    while !note(&lines.next().unwrap().unwrap()) {}
    let killer = std::thread::spawn({
        let pause = Duration::from_micros(rng.u64(0..40_000));
        move || {
            std::thread::sleep(pause);
            child.kill().unwrap();
            child.wait().unwrap();
        }
    });
    for line in lines {
        note(&line.unwrap());
    }
    killer.join().unwrap();
    (durable, submitted)
}

/// Which operations were applied, in order.
fn applied(emulator: &Emulator) -> Vec<u64> {
    let number = |name: &str| name.trim_start_matches("player").parse().unwrap();
    let entries = emulator.log();
    let bodies = entries
        .iter()
        .filter(|entry| entry.applied)
        .map(|entry| &entry.body);
    let items = bodies.flat_map(|body| {
        let body: Value = serde_json::from_str(body).unwrap();
        body["token_accounts"].as_array().unwrap().clone()
    });
    items
        .map(|item| number(item["account_list"][0]["account"].as_str().unwrap()))
        .collect()
}

/// Names the process that the test kills.
const CHILD: &str = "XG_CRASH_CHILD";
const TEST: &str = "durable_operations_survive_kills_in_order";

#[test]
fn durable_operations_survive_kills_in_order() {
    if let Some(told) = child::word(CHILD) {
        run_until_killed(&told);
    }
    let emulator = common::emulator(Service::default());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outbox");
    let file = file.to_str().unwrap();
    let mut rng = fastrand::Rng::with_seed(7);
    let mut durable = BTreeSet::new();
    let mut next = 0;
    for _ in 0..ROUNDS {
        if rng.bool() {
            let kinds = [
                FaultKind::status(503),
                FaultKind::ResetAfter,
                FaultKind::ResetBefore,
            ];
            let kind = kinds[rng.usize(0..kinds.len())].clone();
            emulator.push_fault(Fault::new(kind).skip(rng.u32(0..4)));
        }
        let (told, submitted) = run_and_kill(&emulator.base_url(), file, next, &mut rng);
        durable.extend(told);
        next = submitted;
    }
    emulator.clear_faults();
    let outbox = Outbox::open(&common::config(&emulator, &options(file))).unwrap();
    let recovered = outbox.stats().recovered;
    assert_eq!(outbox.flush(LONG).unwrap(), 0);
    let reports = outbox.reports(1_000_000, Duration::ZERO);
    assert_eq!(reports.len() as u64, recovered);
    assert!(
        reports.iter().all(|r| r.state() == Some(State::Accepted)),
        "recovered ones, too"
    );

    let applied = applied(&emulator);
    let delivered: BTreeSet<u64> = applied.iter().copied().collect();
    let missing: Vec<_> = durable.difference(&delivered).collect();
    assert!(
        missing.is_empty(),
        "durable, but never delivered: {missing:?}"
    );
    let strangers: Vec<_> = delivered.iter().filter(|n| **n >= next).collect();
    assert!(strangers.is_empty(), "never handed in: {strangers:?}");
    let mut last: BTreeMap<u64, u64> = BTreeMap::new();
    for n in &applied {
        let before = last.insert(n % TOKENS, *n);
        assert!(before <= Some(*n), "{n} was applied after {before:?}");
    }
    assert!(
        durable.len() > 2000,
        "the children hardly ran: {}",
        durable.len()
    );
    println!(
        "{ROUNDS} kills, {} durable, {} delivered, {recovered} in the last recovery",
        durable.len(),
        delivered.len()
    );
}
