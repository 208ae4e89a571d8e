//! What a file brings back: after a kill, after an orderly end, and after a long time.
//!
//! A test that kills starts itself again as the process that it kills.

#![cfg(unix)]
#![expect(clippy::print_stdout, reason = "what was counted")]

mod common;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use common::child;
use common::model::Op;
use common::outbox::{all_reports, bind};
use xgpush::outbox::{NewRecord, Record, Report, Store};
use xgpush::{Config, Outbox, Reason, State};
use xgpush_emulator::{Config as Service, Emulator, Fault, FaultKind};

const KILLS: usize = 200;
const AT_ONCE: usize = 8;
/// How many operations are synced at once.
const SYNCED: u64 = 32;

/// Name the processes that are killed.
const KILLED_CHILD: &str = "XG_KILLED_CHILD";
const SYNCED_CHILD: &str = "XG_SYNCED_CHILD";

const LONG: Duration = Duration::from_secs(60);

/// Nothing listens here.
const DEAD: &str = "http://127.0.0.1:9";

fn config(url: &str, file: &str, more: &[(&str, &str)]) -> Config {
    let service = Service::default();
    let mut config = Config::new();
    let always = [
        ("access_id", service.access_id.as_str()),
        ("secret_key", service.secret_key.as_str()),
        ("base_url", url),
        ("outbox_file", file),
        ("outbox_linger_ms", "0"),
        ("outbox_parallel", "2"),
        ("request_timeout_ms", "60000"),
        ("retry_base_ms", "1"),
        ("throttle_base_ms", "1"),
        ("max_backoff_ms", "5"),
    ];
    for (name, value) in always.iter().chain(more) {
        config.set(name, value).unwrap();
    }
    config
}

/// Hands four operations in, the last of which says the same as the first, and
/// waits to be killed. `XG_KILLED_PAUSED`: while sending is paused, which another
/// operation has brought about.
fn submit_and_wait(told: &str) {
    let (url, file) = told.split_once(' ').unwrap();
    let paused = std::env::var_os("XG_KILLED_PAUSED").is_some();
    let outbox = Outbox::open(&config(url, file, &[("throttle_base_ms", "50")])).unwrap();
    if paused {
        bind(&outbox, "t9", "player-t9", 9);
        while outbox.stats().throttled == 0 {
            std::thread::yield_now();
        }
    }
    for (n, token) in ["t0", "t1", "t2", "t0"].into_iter().enumerate() {
        bind(&outbox, token, &format!("player-{token}"), n as u64);
    }
    outbox.reports(1, LONG);
}

/// Runs the child until the service has something of it, and kills it.
fn run_and_kill(emulator: &Emulator, file: &Path, paused: bool) {
    if paused {
        emulator.push_fault(Fault::new(FaultKind::status(429)));
    }
    emulator.push_fault(Fault::new(FaultKind::HangAfterApply).times(0));
    let told = format!("{} {}", emulator.base_url(), file.display());
    let test = "operation_sent_before_a_kill_is_never_reported_not_sent";
    let mut command = child::command(test, KILLED_CHILD, told);
    if paused {
        command.env("XG_KILLED_PAUSED", "1");
    }
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let came = emulator.wait_until(LONG, |counters| counters.applied > 0);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(came, "nothing came of the child");
}

/// Opens the file while nobody answers, and waits until all is given up.
fn given_up(file: &Path) -> Vec<Report> {
    let options = [("outbox_deadline_ms", "1")];
    let outbox = Outbox::open(&config(DEAD, file.to_str().unwrap(), &options)).unwrap();
    assert_eq!(outbox.flush(LONG).unwrap(), 0);
    let reports = all_reports(&outbox);
    assert_eq!(reports.len() as u64, outbox.stats().recovered);
    reports
}

/// What the service has of a child that hands in to this file and is killed. A service
/// of its own: what a child had sent when it was killed may still be read after that.
fn had_at_the_kill(file: &Path, paused: bool) -> Vec<Op> {
    let emulator = common::emulator(Service::default());
    run_and_kill(&emulator, file, paused);
    let log = emulator.log();
    let bodies = log.iter().filter(|entry| entry.applied);
    let bodies = bodies.map(|entry| entry.body.as_str());
    bodies.flat_map(Op::of_body).collect()
}

/// How many operations the service had, and how many are unknown.
fn check(file: &Path, had: &[Op]) -> (usize, usize) {
    let reports = given_up(file);
    let mut sent = 0;
    // The last operation may have taken the place of the first, before that was sent.
    for (token, tags) in [
        ("t0", [0, 3]),
        ("t1", [1, 1]),
        ("t2", [2, 2]),
        ("t9", [9, 9]),
    ] {
        if had.iter().all(|op| op.token != token) {
            continue;
        }
        sent += 1;
        let of_token = |report: &&Report| tags.contains(&report.tag());
        let report = reports
            .iter()
            .filter(of_token)
            .min_by_key(|report| report.tag());
        let report = report.unwrap();
        assert_eq!(report.state(), Some(State::Unknown), "{report:?}");
        assert_eq!(report.reason(), Some(Reason::Interrupted));
        assert!(report.attempts() > 0, "{report:?}");
        assert!(report.message().contains("earlier run"), "{report:?}");
    }
    let unknown = reports.iter().filter(|r| r.state() == Some(State::Unknown));
    (sent, unknown.count())
}

#[test]
fn operation_sent_before_a_kill_is_never_reported_not_sent() {
    if let Some(told) = child::word(KILLED_CHILD) {
        return submit_and_wait(&told);
    }
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<_> = (0..KILLS)
        .map(|n| folder.path().join(n.to_string()))
        .collect();
    let (mut sent, mut unknown) = (0, 0);
    std::thread::scope(|scope| {
        let lanes: Vec<_> = files
            .chunks(KILLS / AT_ONCE)
            .map(|files| {
                scope.spawn(|| {
                    let had = files
                        .iter()
                        .zip([false, true].into_iter().cycle())
                        .map(|(file, paused)| had_at_the_kill(file, paused));
                    had.collect::<Vec<_>>()
                })
            })
            .collect();
        let had = lanes.into_iter().flat_map(|lane| lane.join().unwrap());
        // All at once: they wait for their deadline.
        let checks: Vec<_> = files
            .iter()
            .zip(had)
            .map(|(file, had)| scope.spawn(move || check(file, &had)))
            .collect();
        for counts in checks.into_iter().map(|check| check.join().unwrap()) {
            sent += counts.0;
            unknown += counts.1;
        }
    });
    assert!(sent >= KILLS, "{sent} in {KILLS} kills");
    println!("{KILLS} kills: the service had {sent} operations, {unknown} are unknown");
}

/// Hands operations in, tells when all of them are durable, and waits to be killed.
fn sync_and_wait(file: &str) {
    let outbox = Outbox::open(&config(DEAD, file, &[])).unwrap();
    for n in 0..SYNCED {
        bind(&outbox, &format!("t{n}"), &format!("player{n}"), n);
    }
    outbox.sync(LONG).unwrap();
    println!("\ndurable");
    std::thread::sleep(LONG);
}

/// How many operations are there of a child that was killed as soon as it had said
/// that they are durable.
fn left_after_sync(file: &Path) -> u64 {
    let test = "synced_operation_survives_a_kill";
    let mut child = child::command(test, SYNCED_CHILD, file).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let durable = lines.any(|line| line.unwrap() == "durable");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(durable, "it was never synced");
    let outbox = Outbox::open(&config(DEAD, file.to_str().unwrap(), &[])).unwrap();
    outbox.close(Duration::ZERO);
    outbox.stats().recovered
}

#[test]
fn synced_operation_survives_a_kill() {
    if let Some(file) = child::word(SYNCED_CHILD) {
        return sync_and_wait(&file);
    }
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<_> = (0..KILLS)
        .map(|n| folder.path().join(n.to_string()))
        .collect();
    std::thread::scope(|scope| {
        for files in files.chunks(KILLS / AT_ONCE) {
            scope.spawn(move || {
                for file in files {
                    assert_eq!(left_after_sync(file), SYNCED);
                }
            });
        }
    });
    println!("{KILLS} kills after a sync of {SYNCED} operations: all were there");
}

/// What was handed in while sending was paused is known not to have been sent, kill
/// or not; so is what an orderly end leaves.
#[test]
fn operation_never_sent_is_reported_not_sent_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outbox");
    let name = file.to_str().unwrap();
    let outbox = Outbox::open(&config(DEAD, name, &[("outbox_durable_notices", "true")])).unwrap();
    // Connections are refused: nothing leaves, and sending is paused.
    for n in 0..20 {
        bind(&outbox, &format!("t{n}"), &format!("player{n}"), n);
    }
    assert_eq!(outbox.close(Duration::ZERO), 20);
    drop(outbox);
    let reports = given_up(&file);
    let not_sent = reports.iter().filter(|r| r.state() == Some(State::NotSent));
    assert_eq!(not_sent.count(), 20, "{reports:?}");
    assert!(reports.iter().all(|report| report.attempts() == 0));
}

/// A store of an earlier run, with a mark.
struct Left {
    records: Vec<Record>,
    mark: u64,
}

impl Store for Left {
    fn append(&mut self, _: &[NewRecord<'_>]) -> xgpush::Result<u64> {
        unreachable!("nothing is handed in")
    }

    fn claim(&mut self, after: u64, _: usize) -> xgpush::Result<Vec<Record>> {
        let later = self.records.iter().filter(|record| record.id > after);
        Ok(later.cloned().collect())
    }

    fn acknowledge(&mut self, ids: &[u64]) -> xgpush::Result<()> {
        self.records.retain(|record| !ids.contains(&record.id));
        Ok(())
    }

    fn sent_mark(&self) -> u64 {
        self.mark
    }
}

#[test]
fn recovered_operation_older_than_the_limit_is_not_sent() {
    const HOUR: u64 = 3_600_000;
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = u64::try_from(since.unwrap().as_millis()).unwrap();
    // Clears the token `tN`.
    let record = |id: u64, submitted_ms| Record {
        id,
        tag: id,
        submitted_ms,
        body: format!("\x04\x02t{id}").into_bytes().into(),
    };
    let records = vec![
        record(1, now - 3 * HOUR),
        record(2, now - 3 * HOUR),
        record(3, now - HOUR),
        // By a clock that was wrong, then or now.
        record(4, now + 3 * HOUR),
    ];
    for (age, expired) in [("7200000", true), ("0", false), ("14400000", false)] {
        let emulator = common::emulator(Service::default());
        let config = common::config(&emulator, &[("outbox_recover_max_age_ms", age)]);
        let (records, mark) = (records.clone(), 1);
        let outbox = Outbox::with_store(&config, Left { records, mark }).unwrap();
        assert_eq!(outbox.flush(LONG).unwrap(), 0);
        let mut reports = all_reports(&outbox);
        reports.sort_by_key(Report::tag);
        let reasons: Vec<_> = reports.iter().map(|r| r.reason().unwrap()).collect();
        let (first, second) = if expired {
            (Reason::Interrupted, Reason::Expired)
        } else {
            (Reason::Accepted, Reason::Accepted)
        };
        let wanted = [first, second, Reason::Accepted, Reason::Accepted];
        assert_eq!(reasons, wanted, "{age}");
        if expired {
            assert!(reports[0].message().contains("expired"), "{:?}", reports[0]);
            assert_eq!((reports[0].attempts(), reports[1].attempts()), (1, 0));
        }
        let bodies: Vec<String> = emulator.log().into_iter().map(|entry| entry.body).collect();
        let sent: Vec<Op> = bodies.iter().flat_map(|body| Op::of_body(body)).collect();
        assert_eq!(sent.len(), if expired { 2 } else { 4 }, "{age}: {sent:?}");
    }
}
