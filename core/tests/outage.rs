//! A minute of 503, for a client and for an outbox: side by side, as both mostly wait.

#![expect(
    clippy::print_stdout,
    reason = "a test that takes a minute shows its figures"
)]

mod common;

use std::time::{Duration, Instant};

use common::outbox::{all_reports, bind, open};
use common::{bindings, client, emulator};
use xgpush::Reason;
use xgpush_emulator::{Config as Service, Fault, FaultKind};

const OUTAGE: Duration = Duration::from_secs(60);

/// While eight threads call as fast as they may.
#[test]
fn an_outage_is_not_made_worse() {
    let emulator = emulator(Service::default());
    emulator.push_fault(Fault::new(FaultKind::status(503)).times(0));
    let client = client(&emulator, &[]);
    let ends = Instant::now() + OUTAGE;
    let calls: usize = std::thread::scope(|scope| {
        let caller = |_| {
            scope.spawn(|| {
                let mut calls = 0;
                while Instant::now() < ends {
                    let outcome = client.batch_operate(&bindings("t", 1)).unwrap();
                    assert_eq!(outcome.items()[0].reason(), Reason::HttpError);
                    calls += 1;
                    // A caller's own pace: the outage is long, the log is not.
                    std::thread::sleep(Duration::from_millis(20));
                }
                calls
            })
        };
        let callers: Vec<_> = (0..8).map(caller).collect();
        callers.into_iter().map(|c| c.join().unwrap()).sum()
    });
    let attempts = emulator.log().len();
    assert!(
        attempts <= calls + 500 / 14,
        "{attempts} attempts for {calls} calls"
    );
    assert!(attempts > calls, "the budget is there to be used");

    emulator.clear_faults();
    assert!(
        client
            .batch_operate(&bindings("t", 1))
            .unwrap()
            .all_accepted()
    );
}

/// With 100,000 operations queued: few attempts reach the
/// service, nothing is lost, and the rest goes out in full requests.
#[test]
fn an_outage_with_a_full_queue_is_waited_out() {
    let emulator = emulator(Service {
        max_log: 0,
        ..Service::default()
    });
    emulator.push_fault(Fault::new(FaultKind::status(503)).times(0));
    let outbox = open(&emulator, &[]);
    for n in 0..100_000 {
        bind(&outbox, &format!("token{n}"), &format!("player{n}"), n);
    }
    assert_eq!(outbox.flush(OUTAGE).unwrap(), 100_000);
    let attempts = emulator.counters().received;
    // Sixteen at once have left when the first one fails.
    assert!(
        (5..=47).contains(&attempts),
        "{attempts} attempts in the outage"
    );
    emulator.clear_faults();
    assert_eq!(outbox.flush(2 * OUTAGE).unwrap(), 0);
    let drain = emulator.counters().received - attempts;
    assert!(drain <= 6_000, "{drain} requests");
    assert_eq!(outbox.stats().accepted, 100_000);
    assert_eq!(all_reports(&outbox).len(), 100_000);
    println!("{attempts} attempts in the outage, {drain} requests for the drain");
}
