//! TLS: one configuration for all connections, so that certificates are read once and
//! sessions resume; and what its failures mean.

use std::error::Error as _;
use std::sync::Arc;

use rustls::CertificateError;
use ureq::Error;
use ureq::unversioned::transport::{ConnectionDetails, Connector, RustlsConnector, Transport};

use super::attempt_state::{AttemptState, Step};
use super::error_text::describe_error;

/// The link of a connection's chain that is shared by all connections.
#[derive(Debug)]
pub(super) struct TlsConnector {
    pub(super) shared: Arc<RustlsConnector>,
    pub(super) attempt_state: Arc<AttemptState>,
}

impl<In: Transport> Connector<In> for TlsConnector {
    type Out = <RustlsConnector as Connector<In>>::Out;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        if details.needs_tls() {
            self.attempt_state
                .note(|progress| progress.step = Step::Handshake);
        }
        self.shared.connect(details, chained)
    }
}

/// Why there is no TLS with the service, and what to do.
pub(super) fn describe(service: &str, error: &Error) -> String {
    let cause = match error {
        Error::Rustls(error) => Some(error),
        Error::Io(error) => error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>()),
        _ => None,
    };
    match (cause, error) {
        (Some(rustls::Error::InvalidCertificate(why)), _) => {
            format!(
                "the certificate of {service} is not trusted: {}",
                certificate_problem(why, "base_url")
            )
        }
        (Some(rustls::Error::InvalidMessage(_)), _) => format!(
            "{service} does not answer in TLS: this port seems to speak plain http or something \
             else, and base_url says https"
        ),
        (Some(rustls::Error::AlertReceived(alert)), _) => {
            format!(
                "{service} ended the TLS handshake with the alert {}",
                spaced(&format!("{alert:?}"))
            )
        }
        (Some(rustls::Error::PeerIncompatible(_)), _) => format!(
            "{service} offers no TLS that is still considered safe (1.2 or 1.3, with AEAD ciphers)"
        ),
        (Some(other), _) => {
            format!(
                "the TLS handshake with {service} failed: {}",
                spaced(&other.to_string())
            )
        }
        (None, Error::Io(e)) if e.kind() == std::io::ErrorKind::UnexpectedEof => format!(
            "{service} closed the connection during the TLS handshake; does it speak TLS (https) \
             at this port?"
        ),
        (None, error) => format!(
            "the TLS handshake with {service} failed: {}",
            describe_error(error)
        ),
    }
}

/// What is wrong with a certificate of a host that `address` names.
pub(crate) fn certificate_problem(why: &CertificateError, address: &str) -> String {
    use CertificateError as E;
    match why {
        E::Expired | E::ExpiredContext { .. } => {
            "it has expired; is the clock of this machine right? If so, the service needs a new \
             one"
            .to_owned()
        }
        E::NotValidYet | E::NotValidYetContext { .. } => {
            "it is not valid yet; is the clock of this machine right?".to_owned()
        }
        E::UnknownIssuer => {
            "it was issued by nobody who is trusted (a private CA, a proxy that looks into TLS, or \
             self-signed); if it is right, name the PEM file of its CA in ca_file"
                .to_owned()
        }
        E::NotValidForNameContext { presented, .. } if presented.is_empty() => {
            "it names no host in its subjectAltName, and the common name (CN) alone does not count \
             (RFC 6125, RFC 9525); issue one with a subjectAltName"
                .to_owned()
        }
        E::NotValidForName | E::NotValidForNameContext { .. } => {
            let names = match why {
                E::NotValidForNameContext { presented, .. } => {
                    let names: Vec<_> = presented
                        .iter()
                        .take(5)
                        .map(|name| plain_name(name))
                        .collect();
                    format!(" but for {}", names.join(", "))
                }
                _ => String::new(),
            };
            format!("it is not for this host{names}; check {address}")
        }
        E::Revoked => "it is revoked".to_owned(),
        E::BadEncoding => "it is damaged".to_owned(),
        E::BadSignature => "its signature is wrong".to_owned(),
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => {
            "it is not meant for a server (extended key usage)".to_owned()
        }
        E::Other(other) => {
            // The name of the cause is all that there is.
            let cause = other
                .source()
                .map_or_else(|| format!("{other}"), |s| format!("{s}"));
            match cause.as_str() {
                "UnsupportedCertVersion" => {
                    "it is of X.509 version 1; a server needs one of version 3".to_owned()
                }
                "CaUsedAsEndEntity" => {
                    "it is the certificate of a CA (perhaps self-signed), which \
                                        is none for a server; issue one for the server with it"
                        .to_owned()
                }
                cause => spaced(cause),
            }
        }
        other => spaced(&other.to_string()),
    }
}

/// "`DnsName(\"a.test\")`", as the verifier writes it.
fn plain_name(name: &str) -> String {
    match name.split_once("(\"").map(|(_, rest)| rest) {
        Some(rest) => rest.trim_end_matches("\")").to_owned(),
        None => name.to_owned(),
    }
}

/// `HandshakeFailure` as "handshake failure".
fn spaced(name: &str) -> String {
    let mut words = String::new();
    let mut after_lower = false;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && after_lower {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
        after_lower = letter.is_ascii_lowercase();
    }
    words
}
