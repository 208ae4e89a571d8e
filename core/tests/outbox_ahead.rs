//! What takes access away does not wait behind a login storm.

#![expect(clippy::print_stdout, reason = "how soon it was sent")]

mod common;

use std::time::Duration;

use common::emulator;
use common::outbox::{bind, open};
use xgpush::{Operation, Outbox};
use xgpush_emulator::{Config as Service, Emulator};

const LONG: Duration = Duration::from_secs(60);
const PARALLEL: usize = 4;

/// The requests that reached the service between a hand-in and the request with it; the
/// senders are no further than that, however slow this machine is.
fn requests_before(emulator: &Emulator, submitted: &Operation<'_>, needle: &str) -> usize {
    let outbox = storm(emulator);
    outbox.submit(submitted, 0).unwrap();
    let before = emulator.log().len();
    let position = || {
        let log = emulator.log();
        let found = log.iter().position(|e| e.body.contains(needle));
        (found, log.len())
    };
    let sent = loop {
        let (found, seen) = position();
        if let Some(found) = found {
            break found;
        }
        assert!(seen < before + 20 * PARALLEL, "not among {seen} requests");
        emulator.wait_until(LONG, |c| c.received > seen as u64);
    };
    assert!(outbox.stats().open > 15_000, "the storm is still there");
    drop_quickly(&outbox);
    println!(
        "{needle} was sent behind {} requests",
        sent - before.min(sent)
    );
    sent - before.min(sent)
}

/// 20,000 logins, some of which are on their way, at 50 ms each.
fn storm(emulator: &Emulator) -> Outbox {
    let outbox = open(emulator, &[("outbox_parallel", "4")]);
    for n in 0..20_000 {
        bind(&outbox, &format!("t{n}"), &format!("player{n}"), n);
    }
    let begun = 2 * PARALLEL as u64;
    assert!(emulator.wait_until(LONG, |c| c.received >= begun));
    outbox
}

fn drop_quickly(outbox: &Outbox) {
    outbox.close(Duration::ZERO);
}

#[test]
fn a_stolen_phone_is_cleared_within_three_round_trips() {
    let account = [("player15000", None)];
    let elsewhere = [("someone else", None)];
    let cases = [
        (Operation::clear_token("stolen"), "\"stolen\""),
        (Operation::unbind("stolen", &elsewhere), "\"stolen\""),
        (Operation::clear_account(&elsewhere), "\"someone else\""),
        // Never sent before: superseded.
        (Operation::clear_token("t15000"), "\"t15000\""),
    ];
    for (operation, needle) in cases {
        let emulator = emulator(Service {
            latency_ms: 50,
            ..Service::default()
        });
        let behind = requests_before(&emulator, &operation, needle);
        assert!(behind <= 3 * PARALLEL, "{operation:?}: {behind} requests");
    }
    // Behind a login of its own, which goes first.
    let emulator = emulator(Service {
        latency_ms: 50,
        ..Service::default()
    });
    let unbind = Operation::unbind("t15000", &account);
    let behind = requests_before(&emulator, &unbind, "\"operator_type\":3");
    assert!(behind <= 6 * PARALLEL, "{behind} requests");
}
