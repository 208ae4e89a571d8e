//! TLS with a real server, and certificates of the test's own.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use super::*;

/// A server with a certificate of `ca` for this name, on a port with TLS.
struct TlsServer {
    server: RedisServer,
    port: u16,
    ca: tempfile::NamedTempFile,
}

impl TlsServer {
    fn start(name: &str, settings: &[&str]) -> Option<Self> {
        crate::over_redis::server::program()?;
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::new([]).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_certificate = ca.self_signed(&ca_key).unwrap();
        let issuer = Issuer::new(ca, ca_key);
        let key = KeyPair::generate().unwrap();
        let names = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = names.signed_by(&key, &issuer).unwrap();
        let file = |text: String| {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            file
        };
        let ca = file(ca_certificate.pem());
        let (certificate, key) = (file(certificate.pem()), file(key.serialize_pem()));
        let path = |file: &tempfile::NamedTempFile| file.path().to_str().unwrap().to_owned();
        let port = crate::over_redis::server::free_port();
        let (port_text, ca_path) = (port.to_string(), path(&ca));
        let (certificate_path, key_path) = (path(&certificate), path(&key));
        let mut all = vec!["--tls-port", &port_text, "--tls-ca-cert-file", &ca_path];
        all.extend([
            "--tls-cert-file",
            &certificate_path,
            "--tls-key-file",
            &key_path,
        ]);
        all.extend(["--tls-auth-clients", "no"]);
        all.extend(settings);
        let server = RedisServer::start(&all)?;
        Some(Self { server, port, ca })
    }

    fn link(&self, login: &str, host: &str, trusted: bool) -> Link {
        let mut config = Config::new();
        if trusted {
            config.ca_file(self.ca.path()).unwrap();
        }
        let url = format!("rediss://{login}{host}:{}", self.port);
        Link::new(RedisUrl::parse(&url).unwrap(), &config).unwrap()
    }
}

#[test]
fn a_server_with_a_trusted_certificate_is_used() {
    let Some(tls) = TlsServer::start("localhost", &["--requirepass", "geheim"]) else {
        return;
    };
    let mut link = tls.link(":geheim@", "localhost", true);
    answers(&mut link);
    // More than a record of TLS, both ways.
    let body = vec![b'x'; 1 << 20];
    link.command(&[b"SET", b"k", &body]).unwrap();
    assert_eq!(
        link.command(&[b"GET", b"k"]).unwrap().bytes(),
        Some(&body[..])
    );
    assert_eq!(link.connections(), 1);
    tls.server
        .said(&["AUTH geheim\r\nCLIENT", "KILL", "TYPE", "normal"])
        .unwrap();
    while link.connection.as_mut().unwrap().is_good() {
        std::thread::yield_now();
    }
    answers(&mut link);
    let why = refused(ping(&mut tls.link(":geheimnis@", "localhost", true)));
    assert!(why.contains("refuses the user or the password"), "{why}");
    assert!(!why.contains("geheim"), "{why}");
}

#[test]
fn a_certificate_that_nobody_vouches_for_or_of_another_host_is_refused() {
    let Some(tls) = TlsServer::start("localhost", &[]) else {
        return;
    };
    for (host, trusted, expected) in [
        ("localhost", false, "ca_file"),
        ("127.0.0.1", true, "not for this host but for localhost"),
    ] {
        let mut link = tls.link(":geheim@", host, trusted);
        let why = ping(&mut link).unwrap_err().to_string();
        assert!(why.contains("its certificate is not trusted"), "{why}");
        assert!(why.contains(expected), "{why}");
        assert!(!format!("{why} {link:?}").contains("geheim"), "{why}");
    }
}

#[test]
fn tls_to_a_port_without_it_and_the_other_way_round_are_told_apart() {
    let Some(plain) = RedisServer::start_on_port(&[]) else {
        return;
    };
    let mut link = link(&format!("rediss://127.0.0.1:{}", plain.port()));
    let why = away(ping(&mut link.with_times(BRIEF, BRIEF)));
    assert!(why.contains("TLS"), "{why}");
    let Some(tls) = TlsServer::start("localhost", &[]) else {
        return;
    };
    link = self::link(&format!("redis://:geheim@127.0.0.1:{}", tls.port));
    let why = away(ping(&mut link.with_times(BRIEF, BRIEF)));
    assert!(
        why.contains("127.0.0.1") && !why.contains("geheim"),
        "{why}"
    );
}
