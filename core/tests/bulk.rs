//! Streams of rows: what is held, what is sent, and how they end.

mod common;

use std::cell::Cell;
use std::time::Duration;

use common::{client, emulator};
use xgpush::bulk::{AbortReason, Bulk, BulkOptions};
use xgpush::{AccountType, Operation, Operator, Reason, Row, State};
use xgpush_emulator::{Config as Service, Emulator, Fault, FaultKind};

fn rows(count: usize) -> impl Iterator<Item = Row> {
    (0..count).map(|n| Row::bind(format!("token{n}"), format!("player{n}")))
}

fn options(parallel: u32) -> BulkOptions {
    BulkOptions::new().with_parallel(parallel)
}

fn sizes(emulator: &Emulator) -> Vec<usize> {
    emulator.log().iter().map(|e| e.results.len()).collect()
}

#[test]
fn source_is_read_no_further_than_the_window() {
    let emulator = emulator(Service::default());
    let client = client(&emulator, &[]);
    let read = Cell::new(0);
    let source = rows(5000).inspect(|_| read.set(read.get() + 1));
    let mut stream = client.bulk(source, &options(2)).unwrap();
    let window = stream.bulk().window();
    assert!(window < 1000, "{window}: the test reads too few rows");
    let mut taken = 0;
    for outcome in stream.by_ref() {
        assert_eq!(outcome.state(), State::Accepted);
        taken += 1;
        assert!(
            read.get() <= taken + window,
            "{} read, {taken} taken",
            read.get()
        );
    }
    assert_eq!((taken, read.get()), (5000, 5000));
    let full = sizes(&emulator).iter().filter(|size| **size == 20).count();
    assert!(full >= 245, "{full} of 250 requests were full");
    assert_eq!(stream.bulk().requests(), sizes(&emulator).len() as u64);
}

#[test]
fn row_that_breaks_a_rule_is_invalid_and_the_stream_continues() {
    let emulator = emulator(Service::default());
    let client = client(&emulator, &[]);
    let given = vec![
        Row::bind("token1", "alice").with_type(AccountType(3)),
        Row::bind("", "alice"),
        Row::bind("token1", ""),
        Row::clear_token("token2"),
        Row::new(Operator::ClearToken, "token2", "alice"),
        Row::new(Operator::Append, "token3", "carol"),
        Row::bind("bad-token", "alice"),
        Row::clear_account("dave"),
        Row::unbind("token4", "alice\n"),
    ];
    let outcomes: Vec<_> = client.bulk(given, &options(1)).unwrap().collect();
    let reasons: Vec<_> = outcomes.iter().map(|o| o.reason().name()).collect();
    let expected = [
        "accepted",
        "invalid",
        "invalid",
        "accepted",
        "invalid",
        "invalid",
        "item_refused",
        "accepted",
        "invalid",
    ];
    assert_eq!(reasons, expected);
    assert!(!outcomes[1].is_retryable() && outcomes[1].attempts() == 0);
    assert_eq!(emulator.state().tokens.len(), 1);
}

#[test]
fn refused_request_fails_only_the_row_that_caused_it() {
    let emulator = emulator(Service::default());
    let client = client(&emulator, &[]);
    // Refused as a whole, then each row for itself.
    emulator.push_fault(Fault::new(FaultKind::ret_code(1_008_007)));
    emulator.push_fault(Fault::new(FaultKind::ret_code(1_008_007)).skip(3));
    let outcomes: Vec<_> = client.bulk(rows(10), &options(1)).unwrap().collect();
    let refused = outcomes
        .iter()
        .filter(|o| o.reason() == Reason::RequestRefused);
    assert_eq!(refused.count(), 1);
    let accepted = outcomes.iter().filter(|o| o.state() == State::Accepted);
    assert_eq!(accepted.count(), 9);
}

#[test]
fn rows_are_sent_while_the_source_is_slow() {
    let emulator = emulator(Service::default());
    let client = client(&emulator, &[]);
    // Each row but the first is there only when one before it has arrived.
    let source = rows(6).enumerate().inspect(|(n, _)| {
        let before = n.saturating_sub(1) as u64;
        let arrived = |c: &xgpush_emulator::Counters| c.applied >= before;
        assert!(
            emulator.wait_until(Duration::from_secs(30), arrived),
            "row {n}"
        );
        if *n > 0 {
            // Longer than a row waits for others.
            std::thread::sleep(Duration::from_millis(30));
        }
    });
    let outcomes = client
        .bulk(source.map(|(_, row)| row), &options(1))
        .unwrap();
    assert!(outcomes.into_iter().all(|o| o.state() == State::Accepted));
}

#[test]
fn outage_shorter_than_the_timeout_loses_no_row() {
    let emulator = emulator(Service::default());
    let fast = [
        ("throttle_base_ms", "1"),
        ("retry_base_ms", "1"),
        ("max_backoff_ms", "5"),
    ];
    let client = client(&emulator, &fast);
    // From the first request on: the breaker opens at the fifth failure in a row, and
    // before that no row has had its rounds, however few requests travel at once.
    for parallel in [1, 4] {
        emulator.reconfigure(Service::default());
        emulator.push_fault(Fault::new(FaultKind::status(503)).times(60));
        let outcomes = client.bulk(rows(20 * 5), &options(parallel)).unwrap();
        let lost = outcomes
            .into_iter()
            .filter(|o| o.state() != State::Accepted);
        assert_eq!(lost.count(), 0, "{parallel} at once");
        assert_eq!(emulator.counters().faults, 60);
    }
}

#[test]
fn stream_gives_up_when_the_service_stays_down() {
    let emulator = emulator(Service::default());
    let fast = [
        ("throttle_base_ms", "1"),
        ("retry_base_ms", "1"),
        ("max_backoff_ms", "5"),
    ];
    let client = client(&emulator, &fast);
    emulator.push_fault(Fault::new(FaultKind::status(503)).times(0));
    let patience = Duration::from_millis(50);
    let mut stream = client
        .bulk(rows(3000), &options(2).with_outage_timeout(patience))
        .unwrap();
    let outcomes: Vec<_> = stream.by_ref().collect();
    assert_eq!(outcomes.len(), 3000);
    assert_eq!(stream.bulk().abort_reason(), Some(AbortReason::NoAnswer));
    assert!(outcomes.iter().all(xgpush::ItemOutcome::is_retryable));
    assert_eq!(outcomes[0].state(), State::Unknown);
    let unknown = outcomes.iter().filter(|o| o.state() == State::Unknown);
    for message in unknown.map(xgpush::ItemOutcome::message) {
        let count = message.matches("no further retry: ").count();
        assert_eq!(count, 1, "{message}");
    }
    assert_eq!(outcomes[2999].reason(), Reason::Deadline);
    let probes = emulator.counters().received;
    assert!(probes < 150, "{probes} requests into an outage");
}

#[test]
fn refused_credentials_end_the_stream() {
    let emulator = emulator(Service::default());
    let client = client(
        &emulator,
        &[("secret_key", "0123456789abcdef0123456789abcdef")],
    );
    let mut stream = client.bulk(rows(3000), &options(2)).unwrap();
    let outcomes: Vec<_> = stream.by_ref().collect();
    assert_eq!(outcomes.len(), 3000);
    assert_eq!(stream.bulk().abort_reason(), Some(AbortReason::Refused));
    assert_eq!(outcomes[0].reason(), Reason::RequestRefused);
    assert_eq!(outcomes[2999].reason(), Reason::Cancelled);
    assert!(emulator.counters().received <= 4);
}

#[test]
fn dry_run_counts_and_sends_nothing() {
    let emulator = emulator(Service::default());
    let client = client(&emulator, &[]);
    let options = options(4).with_dry_run(true);
    let mut stream = client
        .bulk(rows(1000).chain([Row::bind("", "x")]), &options)
        .unwrap();
    let accepted = stream
        .by_ref()
        .filter(|o| o.state() == State::Accepted)
        .count();
    assert_eq!(accepted, 1000);
    // On a busy machine a row may wait so long that its request goes before it is full.
    let requests = stream.bulk().requests();
    assert!((50..=1000).contains(&requests), "{requests}");
    assert_eq!(emulator.counters().received, 0);
}

#[test]
fn stopped_stream_sends_nothing_more_and_loses_no_answer() {
    let emulator = emulator(Service {
        latency_ms: 20,
        ..Service::default()
    });
    let client = client(&emulator, &[]);
    let mut bulk = Bulk::new(&client, &options(1)).unwrap();
    for n in 0..100 {
        let (token, account) = (format!("token{n}"), format!("player{n}"));
        bulk.push(&Operation::bind(&token, &account)).unwrap();
    }
    assert!(emulator.wait_until(Duration::from_secs(30), |c| c.received == 1));
    bulk.halt();
    assert!(!bulk.wants_row() && bulk.push(&Operation::clear_token("t")).is_err());
    let mut polled = 0;
    while !bulk.is_finished() {
        bulk.wait(Duration::from_secs(30));
        while let Some(outcome) = bulk.poll() {
            assert_eq!(outcome.state(), State::Accepted);
            polled += 1;
        }
    }
    let received = emulator.counters().received;
    assert!(
        polled == 20 * received && received < 5,
        "{polled} polled, {received} received"
    );
}

#[test]
fn dropped_stream_ends_requests_that_hang() {
    let emulator = emulator(Service::default());
    emulator.push_fault(Fault::new(FaultKind::Hang).times(0));
    let long = [("request_timeout_ms", "600000"), ("deadline_ms", "600000")];
    let client = client(&emulator, &long);
    let mut bulk = Bulk::new(&client, &options(2)).unwrap();
    for _ in 0..40 {
        bulk.push(&Operation::clear_token("token")).unwrap();
    }
    bulk.end();
    bulk.wait(Duration::ZERO);
    assert!(emulator.wait_until(Duration::from_secs(30), |c| c.received >= 1));
    let began = std::time::Instant::now();
    drop(bulk);
    assert!(began.elapsed() < Duration::from_secs(60));
    client.close();
    assert!(Bulk::new(&client, &options(1)).is_err());
}

#[test]
fn closed_stream_counts_rows_under_way() {
    let emulator = emulator(Service::default());
    emulator.push_fault(Fault::new(FaultKind::Hang).times(0));
    let long = [("request_timeout_ms", "600000"), ("deadline_ms", "600000")];
    let client = client(&emulator, &long);
    let mut bulk = Bulk::new(&client, &options(2)).unwrap();
    for row in rows(40) {
        bulk.push_row(&row).unwrap();
    }
    assert!(emulator.wait_until(Duration::from_secs(30), |c| c.received == 2));
    assert_eq!(bulk.requests(), 0);
    bulk.close();
    bulk.close();
    assert_eq!(bulk.requests(), 2);
    assert!(bulk.is_finished() && bulk.poll().is_none() && !bulk.wants_row());
    assert!(!bulk.is_forked() && bulk.ensure_same_process().is_ok());
}

#[test]
fn a_closed_client_ends_its_streams_at_once() {
    let emulator = emulator(Service::default());
    let client = client(&emulator, &[]);
    let mut stream = client.bulk(rows(3000), &options(2)).unwrap();
    assert_eq!(stream.next().unwrap().state(), State::Accepted);
    client.close();
    let began = std::time::Instant::now();
    let rest: Vec<_> = stream.by_ref().collect();
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "not its patience"
    );
    assert_eq!(rest.len(), 2999);
    assert_eq!(rest[2998].reason(), Reason::Closed);
    assert_eq!(stream.bulk().abort_reason(), None);
}

/// A transport that never lets go of a request.
struct Hanging(std::sync::mpsc::Sender<()>);

impl xgpush::transport::Transport for Hanging {
    fn send(
        &self,
        _: &xgpush::HttpRequest,
        _: &xgpush::transport::Attempt,
    ) -> Result<xgpush::HttpResponse, xgpush::SendError> {
        self.0.send(()).unwrap();
        loop {
            std::thread::park();
        }
    }
}

#[test]
fn a_transport_that_hangs_does_not_hold_the_end_up() {
    let emulator = emulator(Service::default());
    let (began, begins) = std::sync::mpsc::channel();
    let config = common::config(&emulator, &[]);
    let client = xgpush::Client::with_transport(&config, Hanging(began)).unwrap();
    let (ended, ends) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut stream = Bulk::new(&client, &options(2)).unwrap();
        for row in rows(100) {
            stream.push_row(&row).unwrap();
        }
        stream.end();
        while begins.try_recv().is_err() {
            stream.wait(Duration::from_millis(10));
        }
        drop(stream);
        ended.send(()).unwrap();
    });
    ends.recv_timeout(Duration::from_secs(60)).unwrap();
}
