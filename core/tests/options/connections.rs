//! Connections: how long they are tried and kept, and which way they go.

use std::net::TcpListener;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use xgpush::{Client, ErrorKind, Reason};
use xgpush_emulator::Config as Service;

use crate::common::{bindings, child, client, emulator};
use crate::fake_transport::offline;
use crate::libc_spy;
use crate::raw_server::RawServer;

const ACCEPTED: &str = r#"{"ret_code":0,"result":["0"]}"#;

fn bind_one(client: &Client) -> Reason {
    let outcome = client.batch_operate(&bindings("t", 1)).unwrap();
    outcome.items()[0].reason()
}

/// Of two clients at a server that never says a word, one has little time to connect,
/// the other little time for its request.
pub(crate) fn connect_timeout_ms() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", silent.local_addr().unwrap());
    let (ended, ends) = mpsc::channel();
    std::thread::scope(|scope| {
        for (connect, request) in [("30", "60000"), ("60000", "700")] {
            let options = [
                ("base_url", &*url),
                ("connect_timeout_ms", connect),
                ("request_timeout_ms", request),
                ("deadline_ms", "60000"),
                ("max_attempts", "1"),
            ];
            let (ended, config) = (ended.clone(), offline(&options));
            scope.spawn(move || {
                let reason = bind_one(&Client::new(&config).unwrap());
                ended.send((connect, reason)).unwrap();
            });
        }
    });
    let first = ends.recv().unwrap();
    assert_eq!(first, ("30", Reason::ConnectFailed));
}

/// How many connections it takes to send three requests at once, twice.
fn connections_of_three_at_once_twice(most_idle: &str) -> usize {
    let server = RawServer::start(ACCEPTED);
    let options = [
        ("base_url", &*server.url()),
        ("max_idle_connections", most_idle),
        ("request_timeout_ms", "60000"),
    ];
    let client = Client::new(&offline(&options)).unwrap();
    for _ in 0..2 {
        server.wait_for(3);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| assert_eq!(bind_one(&client), Reason::Accepted));
            }
        });
    }
    server.connections()
}

pub(crate) fn max_idle_connections() {
    assert_eq!(connections_of_three_at_once_twice("1"), 5);
    assert_eq!(connections_of_three_at_once_twice("2"), 4);
    assert_eq!(connections_of_three_at_once_twice("64"), 3);
}

/// How many connections two requests take, with a little time between them.
fn connections_of_two(options: &[(&str, &str)]) -> usize {
    let server = RawServer::start(ACCEPTED);
    let url = server.url();
    let options = [&[("base_url", &*url)], options].concat();
    let client = Client::new(&offline(&options)).unwrap();
    assert_eq!(bind_one(&client), Reason::Accepted);
    // Time is what ends it.
    let since = Instant::now();
    while since.elapsed() < Duration::from_millis(3) {
        std::thread::yield_now();
    }
    assert_eq!(bind_one(&client), Reason::Accepted);
    server.connections()
}

pub(crate) fn idle_timeout_ms() {
    assert_eq!(connections_of_two(&[("idle_timeout_ms", "1")]), 2);
    assert_eq!(connections_of_two(&[("idle_timeout_ms", "600000")]), 1);
}

pub(crate) fn connection_max_age_ms() {
    assert_eq!(connections_of_two(&[("connection_max_age_ms", "1")]), 2);
    assert_eq!(
        connections_of_two(&[("connection_max_age_ms", "600000")]),
        1
    );
    assert_eq!(connections_of_two(&[("connection_max_age_ms", "0")]), 1);
}

pub(crate) fn dns_cache_ms() {
    let server = RawServer::start(ACCEPTED);
    for (name, keep, look_ups) in [("never.test", "0", 3), ("long.test", "600000", 1)] {
        let url = format!("http://{name}:{}", server.port());
        let options = [
            ("base_url", &*url),
            ("allow_http", "true"),
            ("dns_cache_ms", keep),
            // A new connection for each request.
            ("idle_timeout_ms", "1"),
        ];
        let client = Client::new(&offline(&options)).unwrap();
        let before = server.connections();
        while server.connections() < before + 3 {
            assert_eq!(bind_one(&client), Reason::Accepted);
            std::thread::sleep(Duration::from_millis(2));
        }
        assert_eq!(libc_spy::look_ups(name), look_ups, "{keep}");
    }
}

pub(crate) fn ca_file() {
    let emulator = emulator(Service {
        tls: true,
        ..Service::default()
    });
    assert_eq!(bind_one(&client(&emulator, &[])), Reason::ConnectFailed);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    let path = file.to_str().unwrap();
    // A mistake in the name must not mean that nothing more is trusted.
    let error = Client::new(&offline(&[("ca_file", path)])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOption);
    assert!(error.to_string().contains(path), "{error}");
    std::fs::write(&file, emulator.ca_pem().unwrap()).unwrap();
    let trusting = client(&emulator, &[("ca_file", path)]);
    assert_eq!(bind_one(&trusting), Reason::Accepted);
}

/// The heads that a proxy and a service saw.
fn ways(proxy: &RawServer, service: &RawServer) -> (Vec<String>, usize) {
    let asked = proxy.heads().into_iter();
    let first_words = |head: String| head.split(" HTTP").next().map(str::to_owned);
    (
        asked.filter_map(first_words).collect(),
        service.heads().len(),
    )
}

/// Answers no CONNECT, so that nothing goes through it.
fn proxy_and_service() -> (RawServer, RawServer, String) {
    let (proxy, service) = (RawServer::start("no"), RawServer::start(ACCEPTED));
    let connect = format!("CONNECT 127.0.0.1:{}", service.port());
    (proxy, service, connect)
}

pub(crate) fn proxy() {
    let (proxy, service, connect) = proxy_and_service();
    let (url, via) = (service.url(), proxy.url());
    let options = [
        ("base_url", &*url),
        ("request_timeout_ms", "300"),
        ("max_attempts", "1"),
    ];
    bind_one(&Client::new(&offline(&options)).unwrap());
    assert_eq!(ways(&proxy, &service), (vec![], 1));
    let through = [&options[..], &[("proxy", &*via)]].concat();
    bind_one(&Client::new(&offline(&through)).unwrap());
    assert_eq!(ways(&proxy, &service), (vec![connect], 1));
    let error = Client::new(&offline(&[("proxy", "socks5://127.0.0.1:1")])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOption);
}

/// In a process of its own, whose environment names a proxy.
pub(crate) fn proxy_from_env() {
    const SERVICE: &str = "XG_SERVICE_BEHIND_PROXY";
    if let Some(url) = child::word(SERVICE) {
        for from_env in ["false", "true"] {
            let options = [
                ("base_url", &*url),
                ("proxy_from_env", from_env),
                ("request_timeout_ms", "300"),
                ("max_attempts", "1"),
            ];
            bind_one(&Client::new(&offline(&options)).unwrap());
        }
        return;
    }
    let (proxy, service, connect) = proxy_and_service();
    let child = child::command("proxy_from_env", SERVICE, service.url())
        .stderr(Stdio::piped())
        .env("http_proxy", proxy.url())
        .env_remove("no_proxy")
        .env_remove("NO_PROXY")
        .output()
        .unwrap();
    assert!(child.status.success(), "{child:?}");
    assert_eq!(ways(&proxy, &service), (vec![connect], 1));
}
