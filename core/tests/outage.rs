//! An outage of the service, for a client and for an outbox: it is not made worse.

mod common;

use std::time::{Duration, Instant};

use common::outbox::{all_reports, bind, open};
use common::{bindings, client, emulator};
use xgpush::Reason;
use xgpush_emulator::{Config as Service, Fault, FaultKind};

const LONG: Duration = Duration::from_secs(60);

/// Eight threads call as fast as they can: when the retry budget is spent, each call is
/// one request, however long the outage lasts.
#[test]
fn outage_costs_the_retry_budget_and_one_request_a_call() {
    const CALLERS: usize = 8;
    const CALLS: usize = 100;
    let emulator = emulator(Service::default());
    emulator.push_fault(Fault::new(FaultKind::status(503)).times(0));
    let client = client(&emulator, &[("retry_base_ms", "0")]);
    std::thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                for _ in 0..CALLS {
                    let outcome = client.batch_operate(&bindings("t", 1)).unwrap();
                    assert_eq!(outcome.items()[0].reason(), Reason::HttpError);
                }
            });
        }
    });
    // A budget of 500, and 14 for a retry.
    let retries = 500 / 14;
    assert_eq!(emulator.log().len(), CALLERS * CALLS + retries);

    emulator.clear_faults();
    let outcome = client.batch_operate(&bindings("t", 1)).unwrap();
    assert!(outcome.all_accepted());
}

/// With a full queue: few requests reach the service, nothing is lost, and
/// the rest goes out in full requests.
#[test]
fn outage_with_a_full_queue_is_waited_out_with_single_requests() {
    const OPERATIONS: u64 = 20_000;
    let emulator = emulator(Service {
        max_log: 0,
        ..Service::default()
    });
    emulator.push_fault(Fault::new(FaultKind::status(503)).times(0));
    let outbox = open(
        &emulator,
        &[
            ("max_backoff_ms", "500"),
            ("outbox_max_operations", "20000"),
        ],
    );
    let began = Instant::now();
    for n in 0..OPERATIONS {
        bind(&outbox, &format!("token{n}"), &format!("player{n}"), n);
    }
    let open = outbox.flush(Duration::from_secs(3)).unwrap();
    assert_eq!(open as u64, OPERATIONS);
    // Sixteen at once, and again sixteen, may have left before the breaker opens. From
    // then on probes go out one at a time, each after a pause of 250 ms or more.
    assert!(emulator.wait_until(LONG, |counters| counters.received >= 16 + 2));
    let attempts = emulator.counters().received;
    let pauses = u64::try_from(began.elapsed().as_millis()).unwrap() / 250;
    assert!(
        attempts <= 2 * 16 + pauses,
        "{attempts} attempts, {pauses} pauses"
    );
    emulator.clear_faults();
    assert_eq!(outbox.flush(2 * LONG).unwrap(), 0);
    let drain = emulator.counters().received - attempts;
    assert!(drain <= 1_200, "{drain} requests");
    assert_eq!(outbox.stats().accepted, OPERATIONS);
    assert_eq!(all_reports(&outbox).len() as u64, OPERATIONS);
}
