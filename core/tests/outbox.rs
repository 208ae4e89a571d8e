//! The outbox over real sockets, files and threads, against the emulator.

mod common;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use common::outbox::{all_reports, bind, open};
use common::{config, emulator};
use xgpush::outbox::{LogLevel, Report};
use xgpush::{Account, Binding, ErrorKind, Operation, Outbox, Reason, Request, State, Token};
use xgpush_emulator::{Config as Service, Fault, FaultKind};

const LONG: Duration = Duration::from_secs(60);

#[test]
fn operation_is_delivered_and_reported_once() {
    let emulator = emulator(Service::default());
    // Full requests go at once, and the rest with the flush.
    let outbox = open(&emulator, &[("outbox_linger_ms", "60000")]);
    for n in 0..45 {
        let token = if n == 7 {
            "bad-".to_owned()
        } else {
            format!("t{n}")
        };
        bind(&outbox, &token, &format!("player{n}"), n);
    }
    assert_eq!(outbox.flush(LONG).unwrap(), 0);
    let mut reports = all_reports(&outbox);
    reports.sort_by_key(Report::tag);
    assert_eq!(reports.len(), 45);
    for (n, report) in (0..).zip(&reports) {
        let refused = n == 7;
        assert_eq!(report.tag(), n);
        let state = if refused {
            State::Rejected
        } else {
            State::Accepted
        };
        assert_eq!(report.state(), Some(state), "{report:?}");
        assert_eq!(report.code(), Some(if refused { 1_008_006 } else { 0 }));
        assert_eq!((report.attempts(), report.http_status()), (1, Some(200)));
        assert!(report.submitted_ms() <= report.timestamp_ms());
    }
    assert_eq!(emulator.counters().received, 3);
    let stats = outbox.stats();
    assert_eq!(
        (
            stats.submitted,
            stats.accepted,
            stats.rejected,
            stats.requests
        ),
        (45, 44, 1, 3)
    );
    assert_eq!((stats.open, stats.bytes), (0, 0));
}

#[test]
fn bad_input_is_refused_and_not_taken() {
    let emulator = emulator(Service::default());
    let outbox = open(&emulator, &[]);
    let one = [("alice", None)];
    let short = [("a", None)];
    for (operation, kind) in [
        (Operation::bind("", &one), ErrorKind::InvalidValue),
        (Operation::bind("t1", &short), ErrorKind::InvalidValue),
        (Operation::bind("t1", &[]), ErrorKind::InvalidRequest),
        (
            Operation::new(xgpush::Operator::Append, "t1", &one),
            ErrorKind::InvalidRequest,
        ),
        (
            Operation::bind("t1", &one).with_platform(xgpush::Platform::Ios),
            ErrorKind::InvalidRequest,
        ),
    ] {
        let error = outbox.submit(&operation, 0).unwrap_err();
        assert_eq!(error.kind(), kind, "{operation:?}: {error}");
    }
    assert_eq!(outbox.flush(LONG).unwrap(), 0);
    assert_eq!(outbox.stats().submitted, 0);
}

/// A request that the outbox cannot carry as it is: nothing of it is taken.
#[test]
fn a_request_is_refused_as_a_whole() {
    let emulator = emulator(Service::default());
    let token = |n: usize| Token::new(format!("t{n}")).unwrap();
    let account = |n: usize| Account::new(format!("player{n}")).unwrap();
    let many = Binding::new(token(1), (0..101).map(account)).unwrap();
    let too_many = Request::bind(vec![Binding::one(token(0), account(0)), many]);
    let outbox = open(&emulator, &[]);
    let error = outbox.submit_all(&too_many, 0).unwrap_err();
    assert_eq!(
        (error.kind(), error.item()),
        (ErrorKind::InvalidRequest, Some(1))
    );
    assert_eq!(outbox.stats().submitted, 0);

    let legacy = open(&emulator, &[("protocol", "xg_v3")]);
    let typed = Account::with_type("alice", xgpush::AccountType(0)).unwrap();
    let request = Request::clear_accounts(vec![typed]).with_platform(xgpush::Platform::Ios);
    for request in [request.clone().with_op_type("qq"), request.with_op_id("7")] {
        let error = legacy.submit_all(&request, 0).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(error.to_string().contains("op_type"), "{error}");
    }
    assert_eq!(legacy.stats().submitted, 0);
}

#[test]
fn full_outbox_refuses_until_reports_are_read() {
    let emulator = emulator(Service::default());
    let outbox = open(&emulator, &[("outbox_max_operations", "10")]);
    for n in 0..10 {
        bind(&outbox, &format!("t{n}"), "player", n);
    }
    let accounts = [("alice", None)];
    let more = Operation::bind("more", &accounts);
    assert_eq!(
        outbox.submit(&more, 10).unwrap_err().kind(),
        ErrorKind::Full
    );
    outbox.flush(LONG).unwrap();
    assert_eq!(
        outbox.submit(&more, 10).unwrap_err().kind(),
        ErrorKind::Full
    );
    assert_eq!(outbox.reports(4, LONG).len(), 4);
    outbox.submit(&more, 10).unwrap();
    assert_eq!(outbox.stats().rejected_full, 2);
}

#[test]
fn completed_operation_takes_no_capacity_without_reports() {
    let emulator = emulator(Service::default());
    let options = [("outbox_max_operations", "50"), ("outbox_reports", "false")];
    let outbox = open(&emulator, &options);
    for n in 0..500 {
        let accounts = [("alice", None)];
        let token = format!("t{n}");
        let operation = Operation::bind(&token, &accounts);
        outbox.submit_waiting(&operation, n, LONG).unwrap();
    }
    assert_eq!(outbox.flush(LONG).unwrap(), 0);
    assert!(all_reports(&outbox).is_empty());
    assert_eq!(outbox.stats().accepted, 500);
}

#[test]
fn closing_is_bounded_and_says_what_is_left() {
    let emulator = emulator(Service::default());
    emulator.push_fault(Fault::new(FaultKind::Hang).times(0));
    let outbox = open(
        &emulator,
        &[("outbox_parallel", "1"), ("request_timeout_ms", "60000")],
    );
    for n in 0..45 {
        bind(&outbox, &format!("t{n}"), &format!("player{n}"), n);
    }
    assert!(emulator.wait_until(LONG, |c| c.received == 1));
    assert_eq!(outbox.close(Duration::from_millis(100)), 45);
    let reports = all_reports(&outbox);
    let count = |reason| {
        reports
            .iter()
            .filter(|r| r.reason() == Some(reason))
            .count()
    };
    assert_eq!(
        (count(Reason::Interrupted), count(Reason::Closed)),
        (20, 25)
    );
    assert!(outbox.is_drained());
    let accounts = [("alice", None)];
    let error = outbox
        .submit(&Operation::bind("t", &accounts), 0)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert_eq!(outbox.close(LONG), 45, "twice does no harm");
}

#[test]
fn file_brings_back_undelivered_operations_in_order() {
    let emulator = emulator(Service::default());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outbox");
    let options = [
        ("outbox_file", file.to_str().unwrap()),
        ("outbox_durable_notices", "true"),
    ];
    emulator.push_fault(Fault::new(FaultKind::status(503)).times(0));
    let outbox = open(&emulator, &options);
    let error = Outbox::open(&config(&emulator, &options)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    assert!(error.to_string().contains("this process"), "{error}");
    for n in 0..100 {
        bind(&outbox, &format!("t{n}"), "player", n);
    }
    let mut notices = Vec::new();
    while notices.len() < 100 {
        outbox.take_reports(&mut notices, 1000, LONG);
    }
    assert!(notices.iter().all(|n| !n.is_final() && n.state().is_none()));
    assert_eq!(outbox.close(Duration::ZERO), 100);
    assert!(all_reports(&outbox).is_empty(), "they live on in the file");
    emulator.clear_faults();
    let outbox = open(&emulator, &options);
    assert_eq!(outbox.stats().recovered, 100);
    bind(&outbox, "t100", "player", 100);
    assert_eq!(outbox.flush(LONG).unwrap(), 0);
    let mut reports = all_reports(&outbox);
    let own: Vec<Report> = reports.extract_if(.., |r| r.tag() == 100).collect();
    assert!(own.len() == 2 && own.iter().all(|report| !report.is_recovered()));
    assert!(reports.iter().all(Report::is_recovered));
    let tags: Vec<u64> = reports.iter().map(Report::tag).collect();
    assert_eq!(
        tags,
        (0..100).collect::<Vec<_>>(),
        "one account: one after the other"
    );
}

#[test]
fn operation_past_its_deadline_is_reported_with_its_last_reason() {
    let emulator = emulator(Service::default());
    emulator.push_fault(Fault::new(FaultKind::Hang).times(0));
    let options = [
        ("outbox_deadline_ms", "300"),
        ("request_timeout_ms", "100"),
        ("outbox_parallel", "1"),
    ];
    let outbox = open(&emulator, &options);
    bind(&outbox, "t1", "alice", 1);
    bind(&outbox, "t2", "alice", 2);
    assert_eq!(outbox.flush(LONG).unwrap(), 0);
    let reports: BTreeMap<u64, Report> = all_reports(&outbox)
        .into_iter()
        .map(|r| (r.tag(), r))
        .collect();
    assert_eq!(reports[&1].reason(), Some(Reason::TimedOut));
    let message = reports[&1].message();
    let why = "; no further retry: outbox_deadline_ms is over";
    assert!(message.ends_with(why), "{message}");
    assert_eq!(reports[&2].reason(), Some(Reason::Deadline));
    assert_eq!(reports[&2].attempts(), 0);
}

/// One bad operation in a request that is refused as a whole does not take the
/// others with it.
#[test]
fn refused_request_fails_only_the_operation_that_caused_it() {
    let emulator = emulator(Service::default());
    emulator.push_fault(Fault::new(FaultKind::RetCode {
        code: 1_008_007,
        err_msg: String::new(),
        http_status: 200,
        camel: None,
        apply: false,
    }));
    let outbox = open(&emulator, &[]);
    for n in 0..5 {
        bind(&outbox, &format!("t{n}"), &format!("player{n}"), n);
    }
    assert_eq!(outbox.flush(LONG).unwrap(), 0);
    assert_eq!(outbox.stats().accepted, 5);
    assert_eq!(emulator.counters().received, 6);
}

/// A key that is wrong for a while loses nothing.
#[test]
fn refused_signature_is_retried() {
    let emulator = emulator(Service::default());
    emulator.push_fault(Fault::new(FaultKind::ret_code(1_008_003)).times(3));
    let outbox = open(&emulator, &[("retry_base_ms", "1")]);
    bind(&outbox, "t1", "alice", 1);
    assert_eq!(outbox.flush(LONG).unwrap(), 0);
    assert_eq!(all_reports(&outbox)[0].attempts(), 4);
    assert_eq!(outbox.stats().accepted, 1);
}

/// Operations that a gateway never lets through do not keep others from it.
#[test]
fn two_operations_that_always_fail_starve_nobody() {
    let emulator = emulator(Service::default());
    let options = [
        ("outbox_deadline_ms", "0"),
        ("outbox_parallel", "1"),
        ("retry_base_ms", "1"),
        ("throttle_base_ms", "20"),
        ("max_backoff_ms", "50"),
    ];
    let outbox = open(&emulator, &options);
    // Long enough for both to be suspects, and for the breaker to open.
    emulator.push_fault(Fault::new(FaultKind::status(403)).times(40));
    bind(&outbox, "poison1", "poison1", 1);
    bind(&outbox, "poison2", "poison2", 2);
    assert!(emulator.wait_until(LONG, |c| c.received >= 20));
    for n in 0..40 {
        bind(&outbox, &format!("t{n}"), &format!("player{n}"), 100 + n);
    }
    assert_eq!(outbox.flush(LONG).unwrap(), 0);
    assert_eq!(outbox.stats().accepted, 42);
}

/// A store whose last run was in a future that never came.
struct FromTheFuture(Vec<xgpush::outbox::Record>);

impl xgpush::outbox::Store for FromTheFuture {
    fn append(&mut self, _: &[xgpush::outbox::NewRecord<'_>]) -> xgpush::Result<u64> {
        Ok(1000)
    }

    fn claim(&mut self, after: u64, _: usize) -> xgpush::Result<Vec<xgpush::outbox::Record>> {
        let later = self.0.iter().filter(|record| record.id > after);
        Ok(later.cloned().collect())
    }

    fn acknowledge(&mut self, ids: &[u64]) -> xgpush::Result<()> {
        self.0.retain(|record| !ids.contains(&record.id));
        Ok(())
    }
}

#[test]
fn clock_set_back_delays_nothing() {
    let emulator = emulator(Service::default());
    let record = xgpush::outbox::Record {
        id: 1,
        tag: 1,
        submitted_ms: u64::MAX,
        // operator 4, a token of two bytes
        body: Box::from(&b"\x04\x02t1"[..]),
    };
    let config = config(&emulator, &[]);
    let outbox = Outbox::with_store(&config, FromTheFuture(vec![record])).unwrap();
    assert_eq!(outbox.reports(1, LONG).len(), 1);
    assert_eq!(emulator.counters().applied, 1);
}

/// A logger that panics is its caller's defect, and costs no delivery.
#[test]
fn a_panicking_logger_stops_nothing() {
    let emulator = emulator(Service::default());
    emulator.push_fault(Fault::new(FaultKind::status(503)).times(6));
    let outbox = open(&emulator, &[("throttle_base_ms", "1")]);
    outbox.set_log(Some(std::sync::Arc::new(|_: LogLevel, _: &str| {
        panic!("no disk left")
    })));
    bind(&outbox, "t1", "alice", 1);
    assert_eq!(outbox.flush(LONG).unwrap(), 0);
    assert_eq!(outbox.stats().accepted, 1);
}

/// Hand-ins that are refused while it closes do not hold the closing up.
#[test]
fn closing_is_quick_while_others_hand_in() {
    let emulator = emulator(Service::default());
    for _ in 0..50 {
        let outbox = open(&emulator, &[("outbox_linger_ms", "0")]);
        let started = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let accounts = [("alice", None)];
                    let operation = Operation::bind("t1", &accounts);
                    while outbox.submit(&operation, 0).is_ok() {}
                });
            }
            outbox.close(Duration::from_secs(30));
        });
        assert!(started.elapsed() < Duration::from_secs(20));
    }
}
