//! The client through a proxy over real sockets.

mod common;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use common::{bindings, client, emulator};
use xgpush::{CallOptions, Reason};
use xgpush_emulator::Config as Service;

/// A proxy that knows CONNECT and nothing else; it serves one connection.
fn connect_proxy(listener: &TcpListener) -> String {
    let (mut inner, _) = listener.accept().unwrap();
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        inner.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let target = head.split(' ').nth(1).unwrap();
    let mut outer = TcpStream::connect(target).unwrap();
    inner.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    let (mut from, mut to) = (inner.try_clone().unwrap(), outer.try_clone().unwrap());
    let upstream = std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Write);
    });
    let _ = std::io::copy(&mut outer, &mut inner);
    let _ = upstream.join();
    head
}

#[test]
fn a_proxy_is_asked_to_connect() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://user:word@{}", listener.local_addr().unwrap());
    let emulator = emulator(Service::default());
    let proxy = std::thread::spawn(move || connect_proxy(&listener));
    let client = client(&emulator, &[("proxy", &url)]);
    for _ in 0..3 {
        let outcome = client.batch_operate(&bindings("t", 2)).unwrap();
        assert!(outcome.all_accepted(), "{outcome:?}");
    }
    client.close();
    drop(client);
    let head = proxy.join().unwrap();
    assert!(
        head.contains("Proxy-Authorization: Basic dXNlcjp3b3Jk"),
        "{head}"
    );
    assert_eq!(emulator.counters().connections, 1);
}

/// What a proxy says before there is a way to the service is not an answer of
/// the service: nothing was sent.
#[test]
fn a_proxy_that_does_not_connect_is_not_sent() {
    for answer in [
        "HTTP/1.1 403 Forbidden\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "",
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let proxy = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0; 4096];
            assert!(stream.read(&mut head).unwrap() > 0);
            stream.write_all(answer.as_bytes()).unwrap();
            // With 200, TLS begins here, and is cut off.
            let _ = stream.read(&mut head);
        });
        let emulator = emulator(Service {
            tls: true,
            ..Service::default()
        });
        let client = client(&emulator, &[("proxy", &url), ("max_attempts", "1")]);
        let outcome = client.batch_operate(&bindings("t", 1)).unwrap();
        let item = &outcome.items()[0];
        assert_eq!(item.reason(), Reason::ConnectFailed, "{answer:?}: {item:?}");
        assert_eq!(outcome.requests(), 0);
        proxy.join().unwrap();
    }
}

/// A proxy that sends its answer byte by byte does not stretch the deadline.
#[test]
fn a_dripping_proxy_does_not_extend_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let proxy = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        for byte in b"HTTP/1.1 200 OK\r\n"
            .iter()
            .chain(b"X: y\r\n".iter().cycle())
        {
            if stream.write_all(&[*byte]).is_err() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let emulator = emulator(Service::default());
    let options = [
        ("proxy", url.as_str()),
        ("deadline_ms", "300"),
        ("request_timeout_ms", "3600000"),
        ("connect_timeout_ms", "3600000"),
    ];
    let client = client(&emulator, &options);
    // After a minute somebody ends it, for another reason.
    let began = Instant::now();
    let late = move || began.elapsed() > Duration::from_secs(60);
    let options = CallOptions::new().with_interrupt(late);
    let outcome = client.batch_operate_with(&bindings("t", 1), &options);
    assert_eq!(outcome.unwrap().items()[0].reason(), Reason::ConnectFailed);
    proxy.join().unwrap();
}
