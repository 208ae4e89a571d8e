//! The client over real sockets, against the emulator and its faults.

mod common;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use common::{bindings, client, config, emulator};
use xgpush::{CallOptions, Client, ErrorKind, Outcome, Reason, State};
use xgpush_emulator::{Config as Service, Fault, FaultKind};

#[test]
fn calls_in_a_row_share_one_connection() {
    let emulator = emulator(Service::default());
    let client = client(&emulator, &[]);
    for _ in 0..200 {
        assert!(
            client
                .batch_operate(&bindings("t", 1))
                .unwrap()
                .all_accepted()
        );
    }
    let counters = emulator.counters();
    assert_eq!((counters.connections, counters.answered), (1, 200));
}

/// Else a service that moves to another address would never be left.
#[test]
fn a_connection_in_use_ends_at_its_longest_age() {
    for (longest, connections) in [("1", 20), ("0", 1), ("600000", 1)] {
        let emulator = emulator(Service {
            latency_ms: 2,
            ..Service::default()
        });
        let client = client(&emulator, &[("connection_max_age_ms", longest)]);
        for _ in 0..20 {
            let outcome = client.batch_operate(&bindings("t", 1)).unwrap();
            assert!(outcome.all_accepted(), "{outcome:?}");
        }
        assert_eq!(emulator.counters().connections, connections, "{longest}");
    }
}

#[test]
fn a_server_that_closes_idle_connections_costs_nothing() {
    for rst in [true, false] {
        let emulator = emulator(Service {
            max_log: 0,
            ..Service::default()
        });
        let close = FaultKind::CloseIdle {
            rst,
            per_mille: 500,
        };
        emulator.push_fault(Fault::new(close).times(0));
        let client = client(&emulator, &[("max_attempts", "1")]);
        for n in 0..5_000 {
            let outcome = client.batch_operate(&bindings("t", 1)).unwrap();
            assert!(outcome.all_accepted(), "call {n}: {outcome:?}");
        }
        let counters = emulator.counters();
        assert_eq!(counters.applied, 5_000, "no duplicate");
        assert!(counters.dropped_idle > 1_000, "{counters:?}");
    }
}

#[test]
fn a_reset_after_applying_is_unknown_not_replayed() {
    let emulator = emulator(Service::default());
    let client = client(&emulator, &[("max_attempts", "1")]);
    emulator.push_fault(Fault::new(FaultKind::ResetAfter));
    let outcome = client.batch_operate(&bindings("t", 1)).unwrap();
    assert_eq!(outcome.items()[0].reason(), Reason::ConnectionLost);
    assert_eq!(emulator.counters().applied, 1);
}

/// A call that somebody ends after a minute: of one that does not end by itself the
/// reason is another.
fn call(client: &Client, items: usize) -> Outcome {
    let began = Instant::now();
    let options =
        CallOptions::new().with_interrupt(move || began.elapsed() > Duration::from_secs(60));
    client
        .batch_operate_with(&bindings("t", items), &options)
        .unwrap()
}

#[test]
fn a_hanging_server_costs_the_deadline() {
    let emulator = emulator(Service::default());
    emulator.push_fault(Fault::new(FaultKind::Hang).times(0));
    for (parallel, request_timeout, items) in
        [("1", "3600000", 1), ("8", "3600000", 200), ("1", "100", 1)]
    {
        let options = [
            ("deadline_ms", "300"),
            ("parallel", parallel),
            ("request_timeout_ms", request_timeout),
        ];
        let outcome = call(&client(&emulator, &options), items);
        assert_eq!(outcome.items()[0].reason(), Reason::TimedOut);
        assert_eq!(outcome.count(State::Accepted), 0);
    }
}

#[test]
fn a_dripping_server_does_not_extend_the_deadline() {
    let emulator = emulator(Service::default());
    emulator.push_fault(Fault::new(FaultKind::Drip { ms_per_byte: 20 }).times(0));
    let options = [("deadline_ms", "200"), ("request_timeout_ms", "3600000")];
    let outcome = call(&client(&emulator, &options), 1);
    assert_eq!(outcome.items()[0].reason(), Reason::TimedOut);
}

#[test]
fn a_port_where_nobody_listens_is_not_sent() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let emulator = emulator(Service::default());
    let mut config = config(&emulator, &[]);
    config
        .set("base_url", &format!("http://{address}"))
        .unwrap();
    let outcome = Client::new(&config)
        .unwrap()
        .batch_operate(&bindings("t", 1))
        .unwrap();
    let item = &outcome.items()[0];
    assert_eq!((item.reason(), item.attempts()), (Reason::ConnectFailed, 0));
    assert_eq!(outcome.requests(), 0);
}

#[test]
fn a_server_that_speaks_something_else_is_unknown() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let read = stream.read(&mut request).unwrap();
        assert!(read > 0);
        stream.write_all(b"220 mail.example.com ESMTP\r\n").unwrap();
    });
    let emulator = emulator(Service::default());
    let mut config = config(&emulator, &[("max_attempts", "1")]);
    config
        .set("base_url", &format!("http://{address}"))
        .unwrap();
    let outcome = Client::new(&config)
        .unwrap()
        .batch_operate(&bindings("t", 1))
        .unwrap();
    assert_eq!(outcome.items()[0].reason(), Reason::ConnectionLost);
    server.join().unwrap();
}

#[test]
fn closing_ends_a_running_call() {
    let emulator = emulator(Service::default());
    let client = client(&emulator, &[("request_timeout_ms", "10000")]);
    // So that the next call is on a connection that was idle, and its end could
    // be taken for that of a stale one.
    assert!(
        client
            .batch_operate(&bindings("t", 1))
            .unwrap()
            .all_accepted()
    );
    emulator.push_fault(Fault::new(FaultKind::Hang).times(0));
    std::thread::scope(|scope| {
        let running = scope.spawn(|| client.batch_operate(&bindings("t", 40)).unwrap());
        assert!(emulator.wait_until(Duration::from_secs(10), |c| c.received == 2));
        client.close();
        let outcome = running.join().unwrap();
        assert_eq!(outcome.items()[0].reason(), Reason::Interrupted);
        assert_eq!(outcome.items()[39].reason(), Reason::Closed);
    });
    assert_eq!(emulator.counters().received, 2, "not replayed");
    let error = client.batch_operate(&bindings("t", 1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
}

/// Reads one request from a connection and answers it, as a server would.
fn answer_one(stream: &mut TcpStream) {
    read_request(stream);
    let body = r#"{"ret_code":0,"result":["0"]}"#;
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
}

fn read_request(stream: &mut TcpStream) {
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    while !request.windows(4).any(|w| w == b"]}]}") {
        let read = stream.read(&mut piece).unwrap();
        assert!(read > 0, "the request ended early");
        request.extend_from_slice(&piece[..read]);
    }
}

/// The replay after a stale connection finds nobody: the first request left all
/// the same.
#[test]
fn a_replay_that_cannot_connect_is_unknown() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        answer_one(&mut stream);
        read_request(&mut stream);
        drop(listener);
    });
    let emulator = emulator(Service::default());
    let client = client(&emulator, &[("base_url", &url), ("max_attempts", "1")]);
    let call = || client.batch_operate(&bindings("t", 1)).unwrap();
    assert!(call().all_accepted());
    let outcome = call();
    let item = &outcome.items()[0];
    assert_eq!(
        (item.reason(), item.attempts()),
        (Reason::ConnectionLost, 1),
        "{item:?}"
    );
    server.join().unwrap();
}

/// What the system still holds of it would arrive later, behind what is sent next.
#[test]
fn a_request_that_is_given_up_is_reset() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        read_request(&mut stream);
        stream.read(&mut [0; 1])
    });
    let emulator = emulator(Service::default());
    let options = [
        ("base_url", url.as_str()),
        ("request_timeout_ms", "100"),
        ("max_attempts", "1"),
    ];
    let client = client(&emulator, &options);
    let outcome = client.batch_operate(&bindings("t", 1)).unwrap();
    assert_eq!(outcome.items()[0].reason(), Reason::TimedOut);
    let end = server.join().unwrap();
    let kind = end
        .expect_err("the connection is not closed in order")
        .kind();
    assert_eq!(kind, std::io::ErrorKind::ConnectionReset);
}

/// Bytes that keep coming do not keep the caller from ending the call.
#[test]
fn an_interrupt_ends_a_call_that_is_dripped_on() {
    let emulator = emulator(Service::default());
    emulator.push_fault(Fault::new(FaultKind::DripHeaders { ms_per_byte: 10 }));
    let client = client(&emulator, &[("deadline_ms", "60000")]);
    let asked = AtomicU32::new(0);
    let options =
        CallOptions::new().with_interrupt(move || asked.fetch_add(1, Ordering::Relaxed) > 4);
    let outcome = client
        .batch_operate_with(&bindings("t", 1), &options)
        .unwrap();
    assert_eq!(emulator.counters().received, 1);
    assert_eq!(outcome.items()[0].reason(), Reason::Interrupted);
}

#[test]
fn an_interrupt_ends_a_call_that_waits() {
    for parallel in ["1", "4"] {
        let emulator = emulator(Service::default());
        emulator.push_fault(Fault::new(FaultKind::Hang).times(0));
        let client = client(&emulator, &[("parallel", parallel)]);
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let outcome = std::thread::scope(|scope| {
            scope.spawn(|| {
                assert!(emulator.wait_until(Duration::from_secs(10), |c| c.received > 0));
                stop.store(true, Ordering::Release);
            });
            let options = CallOptions::new().with_interrupt(move || asked.load(Ordering::Acquire));
            client
                .batch_operate_with(&bindings("t", 200), &options)
                .unwrap()
        });
        assert_eq!(outcome.items()[0].reason(), Reason::Interrupted);
        assert_eq!(outcome.items()[199].reason(), Reason::Cancelled);
    }
}

#[test]
fn tls_needs_a_certificate_that_is_trusted() {
    let emulator = emulator(Service {
        tls: true,
        ..Service::default()
    });
    let outcome = client(&emulator, &[])
        .batch_operate(&bindings("t", 1))
        .unwrap();
    let item = &outcome.items()[0];
    assert_eq!(item.reason(), Reason::ConnectFailed, "{item:?}");
    assert!(item.message().contains("certificate"), "{item:?}");

    let file = std::env::temp_dir().join(format!("xgpush-ca-{}.pem", std::process::id()));
    std::fs::write(&file, emulator.ca_pem().unwrap()).unwrap();
    let trusting = client(&emulator, &[("ca_file", file.to_str().unwrap())]);
    for _ in 0..20 {
        assert!(
            trusting
                .batch_operate(&bindings("t", 20))
                .unwrap()
                .all_accepted()
        );
    }
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn as_many_connections_as_parts_at_once_and_no_more() {
    let emulator = emulator(Service {
        latency_ms: 5,
        ..Service::default()
    });
    let client = client(&emulator, &[("parallel", "16")]);
    for _ in 0..4 {
        assert!(
            client
                .batch_operate(&bindings("t", 2000))
                .unwrap()
                .all_accepted()
        );
    }
    let connections = emulator.counters().connections;
    assert!((2..=16).contains(&connections), "{connections}");
}
