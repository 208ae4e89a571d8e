//! Starting, ending, steering from outside, TLS.

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use common::{BASIC, BATCH, Client, End, PATIENCE, overwrite};
use serde_json::json;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto::ring,
};
use xgpush_emulator::{Config, Emulator, Fault, FaultKind, State};

/// Drops a server in another thread, so that a hang is a failure and not a hang.
fn drops_in_time(emulator: Emulator) {
    let (done, ended) = mpsc::channel();
    thread::spawn(move || {
        drop(emulator);
        done.send(()).unwrap();
    });
    let second = Duration::from_secs(1);
    ended
        .recv_timeout(second)
        .expect("the thread ends within a second");
}

#[test]
fn dropped_emulator_ends_its_thread_with_requests_under_way() {
    drops_in_time(Emulator::start(Config::default()).unwrap());
    let slow = Config {
        latency_ms: 3_600_000,
        apply_delay_ms: 3_600_000,
        ..Config::default()
    };
    for (config, fault) in [
        (Config::default(), Some(FaultKind::Hang)),
        (
            Config::default(),
            Some(FaultKind::Drip {
                ms_per_byte: 3_600_000,
            }),
        ),
        (Config::default(), Some(FaultKind::Huge { bytes: u64::MAX })),
        (slow, None),
    ] {
        let emulator = Emulator::start(config).unwrap();
        let port = emulator.port();
        if let Some(kind) = fault {
            emulator.push_fault(kind.into());
        }
        let _idle = Client::new(&emulator);
        let mut client = Client::new(&emulator);
        client.write("POST", BATCH, BASIC, &overwrite(&[("t1", "a1")]));
        assert!(emulator.wait_until(PATIENCE, |counters| counters.received == 1));
        drops_in_time(emulator);
        let ended = client.read().end;
        assert!(matches!(ended, End::Closed | End::Reset), "{ended:?}");
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    }
}

#[test]
fn many_emulators_run_side_by_side() {
    let servers: Vec<_> = (0..5)
        .map(|_| Emulator::start(Config::default()).unwrap())
        .collect();
    for (index, server) in servers.iter().enumerate() {
        Client::new(server).post(BATCH, &overwrite(&[("t", &format!("a{index}"))]));
    }
    for (index, server) in servers.iter().enumerate() {
        assert_eq!(server.state().accounts_of("t"), [(format!("a{index}"), 0)]);
    }
    let taken = ([127, 0, 0, 1], servers[0].port()).into();
    assert!(Emulator::start_on(Config::default(), taken).is_err());
}

#[test]
fn wait_until_returns_false_at_its_timeout() {
    let emulator = Emulator::start(Config::default()).unwrap();
    assert!(!emulator.wait_until(Duration::from_millis(20), |counters| counters.received > 0));
}

#[test]
fn reset_keeps_port_and_connections_only() {
    let emulator = Emulator::start(Config {
        faults: vec![Fault::new(FaultKind::status(500))],
        ..Config::default()
    })
    .unwrap();
    let mut client = Client::new(&emulator);
    let body = overwrite(&[("t1", "a1")]);
    assert_eq!(client.post(BATCH, &body).status(), 500);
    assert_eq!(client.post(BATCH, &body).status(), 200);
    emulator.reconfigure(Config::default());
    assert_eq!(emulator.state(), State::default());
    assert!(emulator.log().is_empty());
    let counters = emulator.counters();
    assert_eq!(
        (counters.connections, counters.open, counters.received),
        (0, 1, 0)
    );
    assert_eq!(client.post(BATCH, &body).status(), 200);
}

#[test]
fn program_prints_its_address_and_ends_with_its_parent() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_xgpush-emulator"))
        .args([
            "--exit-with-parent",
            "--set",
            "access_id=42",
            "--set",
            "secret_key=s3",
            "--set",
            "version=xg_v3",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let port = line.strip_prefix("listening on http://127.0.0.1:").unwrap();
    let mut client = Client::to(port.trim_end().parse().unwrap());
    // 42:s3
    let headers = "Authorization: Basic NDI6czM=\r\n";
    let body = r#"{"operator_type":4,"platform":"ios","token_list":["t1"]}"#;
    let received = client.exchange("POST", BATCH, headers, body);
    assert_eq!(received.json()["result"], json!(["ok"]));

    drop(child.stdin.take());
    let (done, ended) = mpsc::channel();
    thread::spawn(move || done.send(child.wait().unwrap()));
    let status = ended
        .recv_timeout(PATIENCE)
        .expect("it ends with its standard input");
    assert!(status.success());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    assert_eq!(client.read().end, End::Closed);
}

#[test]
fn wrong_arguments_exit_with_2_and_a_message() {
    for arguments in [
        &["--no-such"][..],
        &["--set", "version"],
        &["--set", "version=7"],
        &["--set", "no_such=7"],
        &["--port", "many"],
        &["--config", "/no/such/file"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_xgpush-emulator"))
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty());
        assert!(output.stderr.starts_with(b"xgpush-emulator: "));
    }
}

#[test]
fn tls_is_trusted_with_its_own_ca_only() {
    let emulator = Emulator::start(Config {
        tls: true,
        ..Config::default()
    })
    .unwrap();
    assert!(emulator.base_url().starts_with("https://127.0.0.1:"));
    let authority = CertificateDer::from_pem_slice(emulator.ca_pem().unwrap().as_bytes()).unwrap();
    let mut trusted = RootCertStore::empty();
    trusted.add(authority).unwrap();
    let exchange = |roots: RootCertStore, name: &'static str, close_idle: bool| {
        if close_idle {
            emulator.push_fault(
                FaultKind::CloseIdle {
                    rst: false,
                    per_mille: 1000,
                }
                .into(),
            );
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(name).unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let tcp = TcpStream::connect(("127.0.0.1", emulator.port())).unwrap();
        tcp.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut stream = StreamOwned::new(connection, tcp);
        let body = overwrite(&[("t1", "a1")]);
        let length = body.len();
        let text = format!(
            "POST {BATCH} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{BASIC}\r\n{body}"
        );
        stream.write_all(text.as_bytes())?;
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer)?;
        assert!(buffer[..count].starts_with(b"HTTP/1.1 200"));
        stream.write_all(text.as_bytes())?;
        stream.read(&mut buffer)
    };
    assert!(exchange(trusted.clone(), "127.0.0.1", false).unwrap() > 0);
    assert!(exchange(trusted.clone(), "localhost", false).unwrap() > 0);
    assert_eq!(exchange(trusted.clone(), "localhost", true).unwrap(), 0);
    assert!(exchange(trusted, "example.com", false).is_err());
    assert!(exchange(RootCertStore::empty(), "localhost", false).is_err());
    assert_eq!(emulator.counters().received, 5);
}
