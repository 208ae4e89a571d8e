//! The program `xgpush-emulator`: its flags, files, signals.

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use common::program::{Folder, Program};
use common::{BASIC, BATCH, PATIENCE, overwrite};
use serde_json::json;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto::ring,
};

/// The status of a request over TLS under a name, or none when it is not trusted.
fn over_tls(port: u16, authority: &Path, name: &'static str) -> Option<String> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(authority).unwrap())
        .unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name).unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let tcp = TcpStream::connect(("127.0.0.1", port)).unwrap();
    tcp.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut stream = StreamOwned::new(connection, tcp);
    stream
        .write_all(b"GET /_emulator/health HTTP/1.1\r\nHost: x\r\n\r\n")
        .ok()?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).ok()?;
    Some(line)
}

#[test]
fn http_and_https_are_served_at_once_with_an_authority_that_stays() {
    let folder = Folder::new("tls");
    let (ca_dir, ports) = (folder.file("ca"), folder.file("ports"));
    let authority = PathBuf::from(&ca_dir).join("ca.pem");
    let mut pems = Vec::new();
    for name in ["api.tpns.tencent.com", "api.tpns.sgp.tencent.com"] {
        let program = Program::start(
            &[
                "--tls-port",
                "0",
                "--tls-name",
                name,
                "--ca-dir",
                &ca_dir,
                "--port-file",
                &ports,
            ],
            2,
        );
        assert!(program.urls[0].starts_with("http://127.0.0.1:"));
        assert!(program.urls[1].starts_with("https://127.0.0.1:"));
        let written = format!("{}\n{}\n", program.port(0), program.port(1));
        assert_eq!(fs::read_to_string(&ports).unwrap(), written);
        assert_eq!(
            program
                .client()
                .post(BATCH, &overwrite(&[("t1", "a1")]))
                .status(),
            200
        );
        for served in [name, "localhost"] {
            let line = over_tls(program.port(1), &authority, served).unwrap();
            assert!(line.starts_with("HTTP/1.1 200"), "{line}");
        }
        assert_eq!(over_tls(program.port(1), &authority, "example.com"), None);
        pems.push(fs::read_to_string(&authority).unwrap());
        assert_eq!(program.end(), "", "nothing to complain about");
    }
    assert_eq!(pems[0], pems[1]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let key = PathBuf::from(&ca_dir).join("ca-key.pem");
        assert_eq!(
            fs::metadata(key).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}

#[test]
fn certificate_of_files_is_served() {
    let folder = Folder::new("files");
    let (chain, key) = (folder.file("chain.pem"), folder.file("key.pem"));
    let made = rcgen::generate_simple_self_signed(["own.example".to_owned()]).unwrap();
    fs::write(&chain, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let program = Program::start(&["--tls", "--tls-cert", &chain, "--tls-key", &key], 1);
    let line = over_tls(program.port(0), Path::new(&chain), "own.example").unwrap();
    assert!(line.starts_with("HTTP/1.1 200"), "{line}");
}

#[test]
fn bindings_are_kept_in_a_file_and_begin_with_a_seed() {
    let folder = Folder::new("kept");
    let (seed, kept) = (folder.file("seed.json"), folder.file("kept.json"));
    let tokens = json!({"t0": [["a0", 3]]});
    fs::write(&seed, json!({"state": {"tokens": tokens}}).to_string()).unwrap();
    let arguments = ["--seed-file", &seed, "--persist", &kept];
    let program = Program::start(&arguments, 1);
    assert_eq!(program.tokens(), tokens);
    program.client().post(BATCH, &overwrite(&[("t1", "a1")]));
    assert_eq!(program.end(), "");
    let program = Program::start(&arguments, 1);
    let both = json!({"t0": [["a0", 3]], "t1": [["a1", 0]]});
    assert_eq!(program.tokens(), both, "the seed is for the first start");

    // Killed: what is older than a second is in the file.
    program.client().post(BATCH, &overwrite(&[("t2", "a2")]));
    let is_kept = || fs::read_to_string(&kept).unwrap().contains("t2");
    let began = std::time::Instant::now();
    while !is_kept() && began.elapsed() < PATIENCE {
        std::thread::yield_now();
    }
    let mut program = program;
    program.child.kill().unwrap();
    drop(program);
    let program = Program::start(&arguments, 1);
    assert_eq!(program.tokens()["t2"], json!([["a2", 0]]));
    drop(program);

    fs::write(&kept, "{").unwrap();
    let output = fails(&arguments);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("kept.json"), "{text}");
    assert_eq!(fs::read_to_string(&kept).unwrap(), "{", "it is left alone");
}

#[cfg(unix)]
#[test]
fn sigterm_ends_it_in_order() {
    let folder = Folder::new("term");
    let kept = folder.file("kept.json");
    let mut program = Program::start(&["--persist", &kept], 1);
    program.client().post(BATCH, &overwrite(&[("t1", "a1")]));
    let killed = Command::new("kill")
        .args(["-TERM", &program.child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    assert!(program.child.wait().unwrap().success());
    assert!(fs::read_to_string(&kept).unwrap().contains("t1"));
}

#[cfg(target_os = "linux")]
#[test]
fn process_that_ends_ends_it() {
    let mut other = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    let mut program = Program::start(&["--exit-with-pid", &other.id().to_string()], 1);
    assert_eq!(
        program
            .client()
            .post(BATCH, &overwrite(&[("t1", "a1")]))
            .status(),
        200
    );
    assert!(program.child.try_wait().unwrap().is_none());
    drop(other.stdin.take());
    other.wait().unwrap();
    assert!(program.child.wait().unwrap().success());
}

#[test]
fn access_log_has_a_line_for_each_request() {
    let program = Program::start(&["--access-log"], 1);
    let mut client = program.client();
    client.post(BATCH, &overwrite(&[("t1", "a1")]));
    client.exchange("GET", "/_emulator/health", "", "");
    client.exchange(
        "POST",
        "/_emulator/fault",
        "",
        r#"{"kind":"status","status":503}"#,
    );
    client.post(BATCH, &overwrite(&[("t1", "a1")]));
    let headers = format!("{BASIC}X: y\r\n");
    client.exchange("GET", "/v3/none", &headers, "");
    let text = program.end();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(
        lines[0].contains("POST /v3/device/account/batchoperate"),
        "{text}"
    );
    assert!(lines[0].ends_with("-> 200 code 0"), "{text}");
    assert!(lines[1].ends_with("-> 503 (fault status)"), "{text}");
    assert!(
        lines[2].contains("GET /v3/none") && lines[2].contains("-> 404"),
        "{text}"
    );
}

fn fails(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xgpush-emulator"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn flags_that_do_not_fit_together_exit_with_2_and_a_message() {
    for (arguments, text) in [
        (&["--ca-out", "x"][..], "--ca-out needs --tls"),
        (&["--tls-name", "x"], "--tls-name needs --tls"),
        (&["--ca-dir", "x"], "--ca-dir needs --tls"),
        (
            &["--tls-cert", "x", "--tls-key", "x"],
            "--tls-cert needs --tls",
        ),
        (&["--tls", "--tls-cert", "x"], "needs --tls-key"),
        (&["--tls", "--tls-key", "x"], "needs --tls-cert"),
        (
            &[
                "--tls",
                "--tls-cert",
                "x",
                "--tls-key",
                "x",
                "--tls-name",
                "y",
            ],
            "--tls-name",
        ),
        (
            &[
                "--tls",
                "--tls-cert",
                "x",
                "--tls-key",
                "x",
                "--ca-out",
                "y",
            ],
            "--ca-out",
        ),
        (&["--tls", "--tls-port", "1"], "take one"),
        (&["--set", "tls=true", "--tls-port", "1"], "take one"),
        (&["--port", "7", "--tls-port", "7"], "--tls-port"),
        (&["--listen", "127.0.0.1:7", "--port", "7"], "--port"),
        (&["--listen", "localhost"], "no IP address"),
        (&["--listen", "127.0.0.1:70000"], "no IP address"),
        (&["--port", "many"], "many"),
        (&["--set", "version"], "`=`"),
        (&["--set", "no_such=7"], "no_such"),
        (&["--exit-with-pid", "4194305"], "no such process"),
        (&["--record", "x"], "--record needs --upstream"),
        (&["--upstream-ca", "x"], "--upstream-ca needs --upstream"),
        (
            &["--upstream", "http://127.0.0.1:1", "--replay", "x"],
            "not from both",
        ),
        (&["--replay", "x", "--persist", "y"], "no bindings"),
        (&["stray"], "stray"),
    ] {
        let output = fails(arguments);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
        assert!(message.starts_with("xgpush-emulator: "), "{message}");
        assert!(message.contains(text), "{arguments:?}: {message}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn input_that_is_closed_at_once_is_named_as_the_end() {
    let output = fails(&["--exit-with-parent"]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("--exit-with-parent"), "{text}");
}

#[test]
fn what_cannot_be_opened_is_named() {
    let program = Program::start(&["--listen", "[::1]"], 1);
    let taken = program.urls[0].strip_prefix("http://").unwrap();
    for (arguments, text) in [
        (&["--listen", taken][..], taken),
        (&["--seed-file", "/no/such/seed"], "/no/such/seed"),
        (
            &["--tls", "--tls-cert", "/no/such/cert", "--tls-key", "x"],
            "/no/such/cert",
        ),
        (&["--port-file", "/no/such/port"], "/no/such/port"),
        (&["--replay", "/no/such/recording"], "/no/such/recording"),
        (&["--upstream", "ftp://x"], "ftp://x"),
        (&["--upstream", "http://x/v3"], "a host"),
        (
            &[
                "--upstream",
                "http://127.0.0.1:1",
                "--record",
                "/no/such/folder/x",
            ],
            "/no/such/folder/x",
        ),
        (&["--tls", "--ca-dir", "/dev/null/x"], "/dev/null/x"),
    ] {
        let output = fails(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains(text), "{arguments:?}: {message}");
    }
}
