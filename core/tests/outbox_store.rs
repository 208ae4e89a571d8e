//! The outbox over a store that fails for a while, and what is durable.

mod common;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::outbox::{all_reports, bind};
use common::{config, emulator};
use xgpush::outbox::{LogLevel, NewRecord, Record, Store};
use xgpush::{Error, ErrorKind, Outbox, Result};
use xgpush_emulator::{Config as Service, Emulator};

const LONG: Duration = Duration::from_secs(60);

/// What a test does to a store that the outbox has.
#[derive(Clone, Default)]
struct Hands {
    /// Held by the test while an append is to wait.
    append_waits: Arc<Mutex<()>>,
    append_fails: Arc<AtomicBool>,
    mark_fails: Arc<AtomicBool>,
    appends: Arc<AtomicU64>,
}

/// Keeps nothing, and fails when it is told to.
#[derive(Default)]
struct Shaky {
    hands: Hands,
    mark: u64,
    last: u64,
}

fn refuse(flag: &AtomicBool) -> Result<()> {
    if flag.load(Ordering::SeqCst) {
        return Err(Error::new(ErrorKind::Storage, "no room"));
    }
    Ok(())
}

impl Store for Shaky {
    fn append(&mut self, records: &[NewRecord<'_>]) -> Result<u64> {
        self.hands.appends.fetch_add(1, Ordering::SeqCst);
        drop(self.hands.append_waits.lock());
        refuse(&self.hands.append_fails)?;
        let first = self.last + 1;
        self.last += records.len() as u64;
        Ok(first)
    }

    fn claim(&mut self, _: u64, _: usize) -> Result<Vec<Record>> {
        Ok(Vec::new())
    }

    fn acknowledge(&mut self, _: &[u64]) -> Result<()> {
        Ok(())
    }

    fn sent_mark(&self) -> u64 {
        self.mark
    }

    fn set_sent_mark(&mut self, up_to: u64) -> Result<()> {
        refuse(&self.hands.mark_fails)?;
        self.mark = up_to;
        Ok(())
    }
}

fn open(emulator: &Emulator, options: &[(&str, &str)]) -> (Outbox, Hands) {
    let store = Shaky::default();
    let hands = store.hands.clone();
    let outbox = Outbox::with_store(&config(emulator, options), store).unwrap();
    (outbox, hands)
}

/// Were it sent without the mark, a later run would call it never sent.
#[test]
fn operation_is_not_sent_before_its_mark_is_stored() {
    let emulator = emulator(Service::default());
    let (outbox, hands) = open(&emulator, &[]);
    hands.mark_fails.store(true, Ordering::SeqCst);
    bind(&outbox, "t1", "alice", 1);
    assert_eq!(outbox.flush(Duration::from_millis(300)).unwrap(), 1);
    assert!(outbox.stats().store_failures > 0);
    assert_eq!(emulator.counters().received, 0);
    hands.mark_fails.store(false, Ordering::SeqCst);
    assert_eq!(outbox.flush(LONG).unwrap(), 0);
    assert_eq!(all_reports(&outbox)[0].attempts(), 1);
}

/// However often it fails in between.
#[test]
fn store_failure_is_logged_at_its_begin_and_end() {
    let emulator = emulator(Service::default());
    let (outbox, hands) = open(
        &emulator,
        &[("outbox_commit_ms", "0"), ("outbox_linger_ms", "0")],
    );
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&lines);
    outbox.set_log(Some(Arc::new(move |level: LogLevel, line: &str| {
        kept.lock().unwrap().push((level, line.to_owned()));
    })));
    hands.append_fails.store(true, Ordering::SeqCst);
    for n in 0..50 {
        bind(&outbox, &format!("t{n}"), &format!("player{n}"), n);
        // Each in an append of its own, or close to it.
        assert_eq!(outbox.flush(LONG).unwrap(), 0);
    }
    assert!(hands.appends.load(Ordering::SeqCst) >= 50);
    hands.append_fails.store(false, Ordering::SeqCst);
    bind(&outbox, "t50", "player50", 50);
    assert_eq!(outbox.close(LONG), 0);
    let stats = outbox.stats();
    assert_eq!((stats.not_durable, stats.durable), (50, 1));
    assert!(stats.store_failures >= 50);
    let lines = lines.lock().unwrap();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[0].0, LogLevel::Error);
    assert!(lines[0].1.contains("no room") && lines[0].1.contains("not durable"));
    assert_eq!(lines[1].0, LogLevel::Info);
    assert!(lines[1].1.contains("50 operations"), "{lines:?}");
}

#[test]
fn sync_fails_for_operations_that_are_not_durable() {
    let emulator = emulator(Service::default());
    let options = [("outbox_linger_ms", "60000")];
    let (outbox, hands) = open(&emulator, &options);
    outbox.sync(Duration::ZERO).expect("nothing was handed in");
    for n in 0..100 {
        bind(&outbox, &format!("t{n}"), &format!("player{n}"), n);
    }
    outbox.sync(LONG).unwrap();
    assert_eq!(outbox.stats().durable, 100);
    // What the store did not take is not durable until it is settled.
    hands.append_fails.store(true, Ordering::SeqCst);
    bind(&outbox, "more", "player", 100);
    let error = outbox.sync(LONG).unwrap_err();
    assert_eq!(
        (error.kind(), error.is_retryable()),
        (ErrorKind::Storage, false)
    );
    assert!(
        error
            .to_string()
            .contains("1 operations are in memory only"),
        "{error}"
    );
    assert!(error.to_string().contains("no room"), "{error}");
    assert_eq!(outbox.flush(LONG).unwrap(), 0);
    outbox.sync(LONG).expect("all is settled");

    let none = common::outbox::open(&emulator, &[]);
    let error = none.sync(LONG).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    assert!(error.to_string().contains("outbox_file"), "{error}");
}

/// As for those who wait in slices: "so far" is when the first slice began.
#[test]
fn sync_up_to_a_moment_waits_for_nothing_that_came_later() {
    let emulator = emulator(Service::default());
    let (outbox, hands) = open(&emulator, &[]);
    bind(&outbox, "t1", "alice", 1);
    let taken = outbox.taken();
    outbox.sync(LONG).unwrap();
    let disk = hands.append_waits.lock().unwrap();
    bind(&outbox, "t2", "bob", 2);
    outbox.sync_up_to(taken, Duration::ZERO).unwrap();
    let error = outbox.sync(Duration::ZERO).unwrap_err();
    assert!(
        error.is_retryable() && error.to_string().contains("in time"),
        "{error}"
    );
    drop(disk);
    outbox.sync_up_to(outbox.taken(), LONG).unwrap();
}
