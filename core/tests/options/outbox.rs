//! An outbox without a file.

use std::sync::mpsc;
use std::time::Duration;

use xgpush::{ErrorKind, Operation, Outbox, Reason};
use xgpush_emulator::{Config as Service, Fault, FaultKind};

use crate::calls::Together;
use crate::common::emulator;
use crate::common::outbox::{bind, open};
use crate::fake_transport::{FakeTransport, offline};
use crate::outbox_file::with_file;

const LONG: Duration = Duration::from_secs(60);

/// After how many operations an outbox that delivers nothing is full.
fn room(options: &[(&str, &str)]) -> usize {
    let options = [options, &[("outbox_linger_ms", "60000")]].concat();
    let outbox = Outbox::open(&offline(&options)).unwrap();
    let full = |n: usize| {
        let token = format!("token-{n:04}");
        let submitted = outbox.submit(&Operation::bind(&token, &[("player", None)]), 0);
        submitted.is_err_and(|error| error.kind() == ErrorKind::Full)
    };
    let room = (0..1000).take_while(|n| !full(*n)).count();
    outbox.close(Duration::ZERO);
    room
}

pub(crate) fn outbox_max_operations() {
    assert_eq!(room(&[("outbox_max_operations", "3")]), 3);
    assert_eq!(room(&[("outbox_max_operations", "30")]), 30);
}

pub(crate) fn outbox_max_bytes() {
    let few = room(&[("outbox_max_bytes", "1000")]);
    let more = room(&[("outbox_max_bytes", "4000")]);
    assert!(0 < few && few < more && more < 1000, "{few} {more}");
}

pub(crate) fn outbox_linger_ms() {
    lone_operation_lingers_until_its_deadline();
    assert!((0..5).any(|_| without_lingering_comes_first()));
}

fn lone_operation_lingers_until_its_deadline() {
    let emulator = emulator(Service::default());
    for (linger, deadline, reason) in [
        ("60000", "1", Reason::Deadline),
        ("0", "60000", Reason::Accepted),
    ] {
        let options = [
            ("outbox_linger_ms", linger),
            ("outbox_deadline_ms", deadline),
        ];
        let outbox = open(&emulator, &options);
        bind(&outbox, "t1", "alice", 1);
        let report = outbox.reports(1, LONG).remove(0);
        assert_eq!(report.reason(), Some(reason), "{linger}");
    }
}

/// Without lingering each submission wakes the outbox; otherwise it looks by itself
/// every 20 ms. 30 operations one by one are through then before 10 others.
fn without_lingering_comes_first() -> bool {
    let (ended, ends) = mpsc::channel();
    std::thread::scope(|scope| {
        for (linger, operations) in [("0", 30), ("20", 10)] {
            let config = offline(&[("outbox_linger_ms", linger)]);
            let client = FakeTransport::accepting().client(&config);
            let outbox = Outbox::with_client(&config, client).unwrap();
            let ended = ended.clone();
            scope.spawn(move || {
                for n in 0..operations {
                    bind(&outbox, "t1", "alice", n);
                    assert_eq!(outbox.reports(1, LONG).len(), 1);
                }
                ended.send(linger).unwrap();
            });
        }
    });
    ends.recv().unwrap() == "0"
}

pub(crate) fn outbox_deadline_ms() {
    let emulator = emulator(Service::default());
    emulator.push_fault(Fault::new(FaultKind::status(503)).times(0));
    // Each looks at its deadline once a second; the one that is opened first, first.
    let open = |deadline| {
        let options = [
            ("outbox_deadline_ms", deadline),
            ("retry_base_ms", "1"),
            ("max_backoff_ms", "2"),
        ];
        open(&emulator, &options)
    };
    let (unlimited, patient, impatient) = (open("0"), open("600000"), open("1"));
    for outbox in [&unlimited, &patient, &impatient] {
        bind(outbox, "t1", "alice", 1);
    }
    let report = impatient.reports(1, Duration::from_secs(10)).remove(0);
    assert_eq!(report.reason(), Some(Reason::HttpError));
    emulator.clear_faults();
    for outbox in [&unlimited, &patient] {
        let report = outbox.reports(1, LONG).remove(0);
        assert_eq!(report.reason(), Some(Reason::Accepted));
    }
}

pub(crate) fn outbox_parallel() {
    for (parallel, patience) in [(1, 100), (3, 10_000)] {
        let together = Together::new(3, Duration::from_millis(patience));
        let number = parallel.to_string();
        let config = offline(&[
            ("outbox_parallel", &number),
            ("outbox_linger_ms", "0"),
            ("request_timeout_ms", "60000"),
        ]);
        let client = together.transport().client(&config);
        let outbox = Outbox::with_client(&config, client).unwrap();
        for n in 0..60 {
            bind(&outbox, &format!("t{n}"), &format!("player{n}"), n);
        }
        assert_eq!(outbox.flush(LONG).unwrap(), 0);
        assert_eq!(together.most(), parallel);
    }
}

pub(crate) fn outbox_name() {
    for name in ["gate-1", "gate-2"] {
        let outbox = Outbox::open(&offline(&[("outbox_name", name)])).unwrap();
        assert_eq!(outbox.name(), name);
        let label = format!("outbox=\"{name}\"");
        assert!(outbox.prometheus().contains(&label));
    }
}

pub(crate) fn outbox_reports() {
    let emulator = emulator(Service::default());
    for (reports, waiting, room) in [("true", 1, 1), ("false", 0, 2)] {
        let options = [("outbox_reports", reports), ("outbox_max_operations", "2")];
        let outbox = open(&emulator, &options);
        bind(&outbox, "t1", "alice", 1);
        assert_eq!(outbox.flush(LONG).unwrap(), 0);
        let stats = outbox.stats();
        assert_eq!((stats.reports_waiting, stats.room), (waiting, room));
        // Notices that it is durable are reports as well.
        let options = [
            ("outbox_reports", reports),
            ("outbox_durable_notices", "true"),
        ];
        let (outbox, _folder) = with_file(&options);
        bind(&outbox, "t1", "alice", 1);
        outbox.sync(LONG).unwrap();
        assert_eq!(outbox.stats().reports_waiting, waiting);
        outbox.close(Duration::ZERO);
    }
}
