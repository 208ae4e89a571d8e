//! The outbox with hundreds of thousands of operations in it, against the emulator.

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use common::emulator;
use common::outbox::{all_reports, bind, open};
use xgpush::Reason;
use xgpush_emulator::Config as Service;

const LONG: Duration = Duration::from_secs(60);

/// 10,000 tokens, 20 overwrites each, while the service is slow.
#[test]
fn a_relogin_storm_sends_the_first_and_the_last() {
    let emulator = emulator(Service {
        latency_ms: 300,
        max_log: 0,
        max_tokens_per_account: 1_000_000,
        ..Service::default()
    });
    let outbox = open(
        &emulator,
        &[
            ("outbox_max_operations", "1000000"),
            ("outbox_max_bytes", "100000000"),
        ],
    );
    for round in 0..20_u64 {
        for n in 0..10_000 {
            bind(
                &outbox,
                &format!("token{n}"),
                &format!("player{n}x{round}"),
                n * 100 + round,
            );
        }
    }
    emulator.reconfigure(Service {
        max_log: 0,
        max_tokens_per_account: 1_000_000,
        ..Service::default()
    });
    assert_eq!(outbox.flush(LONG).unwrap(), 0);
    let reports = all_reports(&outbox);
    assert_eq!(reports.len(), 200_000);
    let mut sent: BTreeMap<u64, u64> = BTreeMap::new();
    for report in &reports {
        match report.reason() {
            Some(Reason::Accepted) => *sent.entry(report.tag() / 100).or_default() += 1,
            Some(Reason::Superseded) => assert_eq!(report.attempts(), 0),
            _ => panic!("{report:?}"),
        }
        let last = report.tag() % 100 == 19;
        assert!(
            !last || report.reason() == Some(Reason::Accepted),
            "{report:?}"
        );
    }
    assert!(sent.values().all(|times| (1..=2).contains(times)));
    let stats = outbox.stats();
    assert_eq!(stats.superseded + stats.accepted, 200_000);
    assert!(stats.requests <= 2 * 10_000 / 20 + 8, "{stats:?}");
}
