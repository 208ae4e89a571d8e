//! What a person is told when there is no connection: who failed, in plain words,
//! and what to do.

mod common;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use common::{bindings, client, emulator};
use rcgen::{CertificateParams, DnType, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use xgpush::Reason;
use xgpush_emulator::{Config as Service, Emulator};

/// The message of one item, which was not sent.
fn message(emulator: &Emulator, options: &[(&str, &str)]) -> String {
    let options = [&[("max_attempts", "1")], options].concat();
    let outcome = client(emulator, &options)
        .batch_operate(&bindings("t", 1))
        .unwrap();
    let item = &outcome.items()[0];
    assert!(
        matches!(
            item.reason(),
            Reason::ConnectFailed | Reason::ConnectionLost
        ),
        "{item:?}"
    );
    item.message().to_owned()
}

/// A listener that does this with each connection.
fn listener(serve: impl Fn(std::net::TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            serve(stream);
        }
    });
    addr
}

fn says(message: &str, words: &[&str]) {
    for word in words {
        assert!(message.contains(word), "{word:?} is not in: {message}");
    }
    // The texts of Rust's `Debug`.
    for mark in [
        "Error", "Some(", "Kind", "rustls", "webpki", "io:", "{", "Context",
    ] {
        assert!(!message.contains(mark), "{mark:?} is in: {message}");
    }
}

#[test]
fn a_proxy_that_fails_is_named() {
    let emulator = emulator(Service::default());
    let closed = SocketAddr::from(([127, 0, 0, 1], 1));
    let answers = |text: &'static str| {
        listener(move |mut stream| {
            let mut head = [0; 4096];
            let _ = stream.read(&mut head);
            let _ = stream.write_all(text.as_bytes());
        })
    };
    let hangs = listener(std::mem::forget);
    for (proxy, words) in [
        (closed, &["Connection refused", "option proxy"][..]),
        (
            hangs,
            &["opened no way to", "connect_timeout_ms", "option proxy"],
        ),
        (
            answers("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"),
            &["user and a password", "407"],
        ),
        (
            answers("HTTP/1.1 502 Bad Gateway\r\n\r\n"),
            &["502", "refused the way"],
        ),
        (
            answers("220 mail ESMTP\r\n"),
            &["does not answer as an HTTP proxy"],
        ),
        (answers(""), &["closed the connection"]),
    ] {
        let url = format!("http://user:hunter2@{proxy}");
        let said = message(&emulator, &[("proxy", &url), ("connect_timeout_ms", "200")]);
        says(&said, words);
        says(
            &said,
            &[
                "the proxy",
                &proxy.to_string(),
                "before the request was sent",
            ],
        );
        assert!(!said.contains("hunter2"), "{said}");
    }
}

/// A service with this certificate.
fn tls_service(certificate: &rcgen::Certificate, key: &KeyPair) -> SocketAddr {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    listener(move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        let _ = stream.read(&mut [0; 4096]);
    })
}

#[test]
fn a_certificate_that_is_not_trusted_is_explained() {
    let emulator = emulator(Service::default());
    let params = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params
            .distinguished_name
            .push(DnType::CommonName, "127.0.0.1");
        params
    };
    let plain = || params(&["127.0.0.1"]);
    let with = |change: fn(&mut CertificateParams)| {
        let mut params = plain();
        change(&mut params);
        params
    };
    for (params, trusted, words) in [
        (plain(), false, &["self-signed", "ca_file"][..]),
        (
            with(|p| p.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained)),
            true,
            &["of a CA", "issue one"],
        ),
        (
            params(&["other.test"]),
            true,
            &["not for this host", "other.test", "base_url"],
        ),
        (params(&[]), true, &["subjectAltName", "CN"]),
        (
            with(|p| {
                p.not_before = rcgen::date_time_ymd(2001, 1, 1);
                p.not_after = rcgen::date_time_ymd(2002, 1, 1);
            }),
            true,
            &["expired", "clock"],
        ),
        (
            with(|p| p.not_before = rcgen::date_time_ymd(2090, 1, 1)),
            true,
            &["not valid yet", "clock"],
        ),
    ] {
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let url = format!("https://{}", tls_service(&certificate, &key));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), certificate.pem()).unwrap();
        let file = file.path().to_str().unwrap();
        let mut options = vec![("base_url", url.as_str())];
        if trusted {
            options.push(("ca_file", file));
        }
        let said = message(&emulator, &options);
        says(&said, words);
        says(
            &said,
            &["certificate of 127.0.0.1:", "before the request was sent"],
        );
    }
}

#[test]
fn http_and_https_in_each_other_s_place_are_told() {
    let plain = emulator(Service::default());
    let tls = emulator(Service {
        tls: true,
        ..Service::default()
    });
    let url = plain.base_url().replace("http:", "https:");
    says(
        &message(&plain, &[("base_url", &url)]),
        &["plain http", "base_url says https", "before the request"],
    );
    let url = tls.base_url().replace("https:", "http:");
    says(
        &message(&tls, &[("base_url", &url)]),
        &["speaks https", "base_url says http", "after the request"],
    );
    let closes = format!("https://{}", listener(drop));
    let said = message(&plain, &[("base_url", &closes)]);
    says(&said, &["TLS", "127.0.0.1:"]);
}

/// As editors and other systems leave it; what cannot be read says why.
#[test]
fn a_file_of_certificates_is_read_in_every_usual_form() {
    let service = emulator(Service {
        tls: true,
        ..Service::default()
    });
    let pem = service.ca_pem().unwrap().to_owned();
    let utf16: Vec<u8> = std::iter::once(0xFEFF)
        .chain(pem.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, body).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    for good in [
        pem.clone().into_bytes(),
        format!("\u{feff}{pem}").into_bytes(),
        pem.replace('\n', "\r\n").into_bytes(),
        pem.replace("-----BEGIN", "  \t-----BEGIN").into_bytes(),
        format!("words before it\n{pem}").into_bytes(),
        utf16,
        der,
    ] {
        std::fs::write(path, &good).unwrap();
        let outcome = client(&service, &[("ca_file", path)])
            .batch_operate(&bindings("t", 1))
            .unwrap();
        assert!(outcome.all_accepted(), "{outcome:?}: {:?}", &good[..20]);
    }
    let cut = pem.rsplit_once("-----END").unwrap().0.to_owned();
    let block = |label: &str, body: &str| {
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    };
    for (bad, words) in [
        (String::new(), "no certificate"),
        ("hello".to_owned(), "no certificate"),
        (cut, "cut off"),
        (block("CERTIFICATE", "!!!!"), "no base64"),
        (block("CERTIFICATE", "AAAA"), "certificate 1 of it is none"),
        (block("TRUSTED CERTIFICATE", "AAAA"), "openssl x509"),
        (block("PRIVATE KEY", "AAAA"), "PRIVATE KEY"),
    ] {
        std::fs::write(path, &bad).unwrap();
        let mut config = common::config(&service, &[("ca_file", path)]);
        let error = xgpush::Client::new(&config).unwrap_err().to_string();
        assert!(
            error.contains(words) && error.contains("ca_file"),
            "{bad:?}: {error}"
        );
        assert!(
            !error.contains("MissingSectionEnd") && !error.contains("Base64"),
            "{error}"
        );
        config.set("ca_file", "/nowhere/ca.pem").unwrap();
        let error = xgpush::Client::new(&config).unwrap_err().to_string();
        assert!(error.contains("No such file"), "{error}");
    }
}
