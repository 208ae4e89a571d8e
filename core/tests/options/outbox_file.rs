//! An outbox with a file.

use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime};

use tempfile::TempDir;
use xgpush::{ErrorKind, Operation, Outbox, Reason};
use xgpush_emulator::{Config as Service, Fault, FaultKind};

use crate::common::emulator;
use crate::common::outbox::{bind, open};
use crate::fake_transport::offline;
use crate::libc_spy;

const LONG: Duration = Duration::from_secs(60);

/// An outbox with its file in a folder of its own; nothing is sent.
pub(crate) fn with_file(options: &[(&str, &str)]) -> (Outbox, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outbox");
    let own = [
        ("outbox_file", file.to_str().unwrap()),
        ("outbox_linger_ms", "60000"),
    ];
    let outbox = Outbox::open(&offline(&[&own[..], options].concat())).unwrap();
    (outbox, folder)
}

pub(crate) fn outbox_file() {
    let (outbox, folder) = with_file(&[]);
    assert!(folder.path().join("outbox").exists());
    bind(&outbox, "t1", "alice", 1);
    outbox.sync(LONG).unwrap();
    assert_eq!(outbox.close(Duration::ZERO), 1);
    let without = Outbox::open(&offline(&[])).unwrap();
    let error = without.sync(LONG).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
}

pub(crate) fn outbox_durability() {
    for (durability, each) in [("process", 0), ("power", 1)] {
        let (outbox, folder) = with_file(&[("outbox_durability", durability)]);
        let folder = folder.path().canonicalize().unwrap();
        let before = libc_spy::synchronisations(&folder);
        for n in 0..5 {
            bind(&outbox, &format!("t{n}"), "alice", n);
            outbox.sync(LONG).unwrap();
        }
        let during = libc_spy::synchronisations(&folder) - before;
        assert_eq!(during / 5, each, "{durability}: {during}");
        outbox.close(Duration::ZERO);
    }
}

/// Takes the notices that are there, and counts the commits that they tell of.
fn commits(outbox: &Outbox) -> usize {
    let reports = outbox.reports(10_000, Duration::ZERO);
    let times: BTreeSet<u64> = reports
        .iter()
        .map(xgpush::outbox::Report::timestamp_ms)
        .collect();
    times.len()
}

/// The one writes each operation at once, the other gathers what comes meanwhile.
pub(crate) fn outbox_commit_ms() {
    const OPERATIONS: u64 = 60;
    let notices = ("outbox_durable_notices", "true");
    let (eager, _folder) = with_file(&[("outbox_commit_ms", "0"), notices]);
    let (lazy, _other) = with_file(&[("outbox_commit_ms", "20"), notices]);
    // After a rest each is woken once.
    for outbox in [&eager, &lazy] {
        bind(outbox, "first", "alice", 0);
        outbox.sync(LONG).unwrap();
        commits(outbox);
    }
    let began = Instant::now();
    for n in 0..OPERATIONS {
        bind(&lazy, &format!("t{n}"), "alice", n);
        bind(&eager, &format!("t{n}"), "alice", n);
        assert_eq!(eager.reports(10, LONG).len(), 1);
    }
    lazy.sync(LONG).unwrap();
    // One in 20 ms, and the last.
    let most = usize::try_from(began.elapsed().as_millis()).unwrap() / 20 + 2;
    let lazy_commits = commits(&lazy);
    assert!(lazy_commits <= most, "{lazy_commits}, {most}");
}

pub(crate) fn outbox_file_max_bytes() {
    let account = "a".repeat(4000);
    for (most, fits) in [("1048576", false), ("268435456", true)] {
        let (outbox, _folder) = with_file(&[("outbox_file_max_bytes", most)]);
        for n in 0..400 {
            let token = format!("t{n}");
            let accounts = [(&*account, None)];
            outbox
                .submit(&Operation::bind(&token, &accounts), n)
                .unwrap();
        }
        assert_eq!(outbox.sync(LONG).is_ok(), fits, "{most}");
        outbox.close(Duration::ZERO);
    }
}

pub(crate) fn outbox_recover_max_age_ms() {
    let emulator = emulator(Service::default());
    for (age, reason) in [("1", Reason::Expired), ("600000", Reason::Accepted)] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("outbox");
        let options = [
            ("outbox_file", file.to_str().unwrap()),
            ("outbox_recover_max_age_ms", age),
        ];
        emulator.push_fault(Fault::new(FaultKind::status(503)).times(0));
        let outbox = open(
            &emulator,
            &[&options[..], &[("outbox_linger_ms", "60000")]].concat(),
        );
        bind(&outbox, "t1", "alice", 1);
        assert_eq!(outbox.close(Duration::ZERO), 1);
        drop(outbox);
        emulator.clear_faults();
        // The age is counted in milliseconds of the wall clock.
        let closed = SystemTime::now();
        while closed.elapsed().unwrap_or_default() < Duration::from_millis(3) {
            std::thread::yield_now();
        }
        let outbox = open(&emulator, &options);
        let report = outbox.reports(1, LONG).remove(0);
        assert_eq!(report.reason(), Some(reason), "{age}");
    }
}

pub(crate) fn outbox_durable_notices() {
    for (notices, count) in [("true", 1), ("false", 0)] {
        let (outbox, _folder) = with_file(&[("outbox_durable_notices", notices)]);
        bind(&outbox, "t1", "alice", 7);
        outbox.sync(LONG).unwrap();
        let reports = outbox.reports(10, Duration::ZERO);
        assert_eq!(reports.len(), count);
        assert!(
            reports
                .iter()
                .all(|report| report.tag() == 7 && !report.is_final())
        );
        outbox.close(Duration::ZERO);
    }
}
