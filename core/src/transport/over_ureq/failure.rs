//! What kept an attempt from its answer, in plain words and with what to do.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use ureq::Error;

use super::attempt_state::{Progress, Step};
use super::error_text::describe_error;
use super::tls;
use crate::protocol::message::{SendError, SendErrorKind};
use crate::sys::{error_text, threads};

/// Why there was no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("{0}")]
    PendingLookup(String),
    /// There was no thread to look the name up on.
    #[error("{0}")]
    NoThread(String),
    #[error("no connection to {addr}: {error}")]
    Connect { addr: SocketAddr, error: String },
    /// This machine or process has no more of something.
    #[error("{0}")]
    Exhausted(String),
    /// Nobody answered in time.
    #[error("no answer from {0}")]
    Silent(String),
}

impl Failure {
    /// The system's resolver failed.
    pub(super) fn look_up(error: &io::Error) -> Error {
        /// Of `gai_strerror`, in its own English; any other text is in the
        /// language of the host program.
        const KNOWN: &[&str] = &[
            "Name or service not known",
            "Name does not resolve",
            "Temporary failure in name resolution",
            "Try again",
            "No address associated with hostname",
            "Name has no usable address",
            "Non-recoverable failure in name resolution",
            "Unrecoverable error",
        ];
        // The system's resolver does not tell: it could not open a socket either.
        let probe = Socket::new(Domain::IPV4, Type::DGRAM, None);
        if let Some(exhausted) = probe.err().as_ref().and_then(exhausted) {
            return exhausted;
        }
        let text = if error.raw_os_error().is_some() {
            error_text::io_error(error)
        } else {
            let text = error.to_string();
            let known = KNOWN.iter().find(|known| text.ends_with(**known));
            let known = known.unwrap_or(&"no such name, or no answer from a name server");
            (*known).to_owned()
        };
        Error::Other(Box::new(Self::PendingLookup(text)))
    }

    pub(super) fn no_thread(error: &io::Error) -> Error {
        let why = threads::no_thread("to look the name up", error).to_string();
        Error::Other(Box::new(Self::NoThread(why)))
    }

    pub(super) fn connect(addr: SocketAddr, error: &io::Error) -> Error {
        if let Some(exhausted) = exhausted(error) {
            return exhausted;
        }
        let error = error_text::io_error(error);
        Error::Other(Box::new(Self::Connect { addr, error }))
    }

    pub(super) fn silent(addrs: impl Iterator<Item = SocketAddr>) -> Error {
        let mut list = String::new();
        for addr in addrs {
            let comma = if list.is_empty() { "" } else { ", " };
            let _ = write!(list, "{comma}{addr}");
        }
        Error::Other(Box::new(Self::Silent(list)))
    }
}

/// What is not the fault of who is at the other end.
fn exhausted(error: &io::Error) -> Option<Error> {
    use rustix::io::Errno;
    let advice = match Errno::from_io_error(error)? {
        Errno::MFILE => {
            "this process may open no more files and sockets: see ulimit -n, LimitNOFILE"
        }
        Errno::NFILE => "this machine may open no more files and sockets: see fs.file-max",
        Errno::NOBUFS | Errno::NOMEM => "this machine has no memory left for sockets",
        Errno::ADDRNOTAVAIL => {
            "this machine has no free port or no address of that kind: see net.ipv4.ip_local_port_range"
        }
        Errno::ACCESS | Errno::PERM => "this machine does not allow it: a firewall or a sandbox",
        _ => return None,
    };
    let text = format!("{}; {advice}", error_text::io_error(error));
    Some(Error::Other(Box::new(Failure::Exhausted(text))))
}

/// Who takes part in the attempts of a client.
pub(super) struct Parties {
    /// Host and port of the service.
    pub(super) service: String,
    /// Host and port of the proxy, and where it was set.
    pub(super) proxy: Option<(String, String)>,
    pub(super) connect_timeout: Duration,
}

impl Parties {
    /// The error of an attempt that had this much time.
    pub(super) fn describe(
        &self,
        error: &Error,
        progress: Progress,
        timeout: Duration,
    ) -> SendError {
        let sent = progress.sent;
        let timed_out = is_timeout(error);
        let kind = match error {
            _ if progress.cancelled => SendErrorKind::Cancelled,
            _ if timed_out => SendErrorKind::Timeout,
            Error::BodyExceedsLimit(_) => SendErrorKind::BodyTooLarge,
            _ if !sent => SendErrorKind::Connect,
            _ => SendErrorKind::Lost,
        };
        let text = if progress.cancelled {
            "the call was ended".to_owned()
        } else if progress.step == Step::Exchange {
            exchange(error, progress, timeout)
        } else {
            self.no_connection(error, progress, timeout)
        };
        let when = if sent { "after" } else { "before" };
        let service = &self.service;
        SendError::new(
            kind,
            sent,
            format!("{text} ({when} the request was sent to {service})"),
        )
    }

    fn no_connection(&self, error: &Error, progress: Progress, timeout: Duration) -> String {
        let service = &self.service;
        let (who, set) = match &self.proxy {
            Some((proxy, source)) if progress.at_proxy => {
                (format!("the proxy {proxy}"), source.as_str())
            }
            _ => (service.clone(), "base_url or access_point"),
        };
        let within = if self.connect_timeout <= timeout {
            format!(
                "connect_timeout_ms, {} ms",
                self.connect_timeout.as_millis()
            )
        } else {
            format!("the time that was left, {} ms", timeout.as_millis())
        };
        if let Error::Other(failure) = error
            && let Some(failure) = failure.downcast_ref::<Failure>()
        {
            return match failure {
                Failure::NoThread(why) => why.clone(),
                Failure::PendingLookup(why) => format!(
                    "the name of {who} could not be looked up: {why}; check {set}, and the name \
                     server of this machine"
                ),
                Failure::Connect { addr, error } => format!(
                    "no connection to {who}, address {addr}: {error}; check {set}, and whether it \
                     runs there"
                ),
                Failure::Exhausted(why) => format!("no connection to {who}: {why}"),
                Failure::Silent(addrs) => format!(
                    "no connection to {who}: nobody answered at {addrs} within {within}; a \
                     firewall, or {set} is wrong"
                ),
            };
        }
        let silent = is_timeout(error);
        match progress.step {
            Step::LookUp if silent => format!(
                "the name of {who} was not looked up within {within}: the name server of this \
                 machine does not answer"
            ),
            Step::LookUp => format!("the name of {who} has no address; check {set}"),
            Step::Ask if silent => format!(
                "{who} took the connection, but opened no way to {service} within {within}; \
                 check {set}, and the proxy"
            ),
            Step::Ask => format!("{}; check {set}", refused_way(&who, service, error)),
            Step::Handshake if silent => format!(
                "{service} did not finish the TLS handshake within {within}; does it speak TLS \
                 (https) at this port?"
            ),
            Step::Handshake => tls::describe(service, error),
            _ if silent => format!("no connection to {who} within {within}"),
            _ => format!("no connection to {who}: {}", describe_error(error)),
        }
    }
}

/// Whatever layer ran out of time.
fn is_timeout(error: &Error) -> bool {
    let silent = |failure: &Failure| matches!(failure, Failure::Silent(_));
    match error {
        Error::Timeout(_) => true,
        Error::Other(other) => other.downcast_ref().is_some_and(silent),
        _ => false,
    }
}

/// What a proxy said in place of opening the way.
fn refused_way(proxy: &str, service: &str, error: &Error) -> String {
    let status = match error {
        // "proxy server responded 407/407"
        Error::ConnectProxyFailed(text) => text
            .rsplit('/')
            .next()
            .and_then(|status| status.parse::<u16>().ok()),
        _ => None,
    };
    match (status, error) {
        (Some(407), _) => format!(
            "{proxy} wants a user and a password (HTTP 407), or others than it was given: \
             http://user:password@host:port"
        ),
        (Some(status), _) => format!("{proxy} refused the way to {service} with HTTP {status}"),
        (None, Error::Protocol(_)) => {
            format!(
                "{proxy} does not answer as an HTTP proxy: {}",
                describe_error(error)
            )
        }
        (None, Error::ConnectProxyFailed(_)) => {
            format!("{proxy} closed the connection when it was asked for the way to {service}")
        }
        _ => format!(
            "{proxy} broke the connection when it was asked for the way to {service}: {}",
            describe_error(error)
        ),
    }
}

/// The request left, or was about to.
fn exchange(error: &Error, progress: Progress, timeout: Duration) -> String {
    match error {
        error if is_timeout(error) => format!(
            "no whole answer within {} ms (request_timeout_ms, or what the deadline left)",
            timeout.as_millis()
        ),
        // `ureq` refuses a body that reaches the limit, so it was given one more.
        Error::BodyExceedsLimit(limit) => {
            let most = limit.saturating_sub(1);
            format!("the response body is longer than max_response_bytes, {most}")
        }
        _ if progress.answered_in_tls => {
            "the answer is TLS and no HTTP: this port speaks https, and base_url says http"
                .to_owned()
        }
        Error::Io(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
            "the connection was closed before the answer was whole".to_owned()
        }
        Error::Io(_) => format!("the connection broke: {}", describe_error(error)),
        Error::Protocol(_) => format!("the answer is no HTTP: {}", describe_error(error)),
        error => describe_error(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(error: &Error, step: Step) -> String {
        let parties = Parties {
            service: "tpns.test".to_owned(),
            proxy: None,
            connect_timeout: Duration::from_secs(2),
        };
        let progress = Progress {
            step,
            ..Progress::default()
        };
        let error = parties.describe(error, progress, Duration::from_secs(3));
        assert!(!error.sent && !error.message.contains("Error"), "{error}");
        error.message
    }

    /// What this machine lacks is not put down to the service.
    #[test]
    fn what_this_machine_lacks_is_its_own() {
        let addr = SocketAddr::from(([127, 0, 0, 1], 443));
        for (number, words) in [
            (24, "ulimit -n"),
            (23, "file-max"),
            (99, "port"),
            (12, "memory"),
        ] {
            let error = Failure::connect(addr, &io::Error::from_raw_os_error(number));
            let told = told(&error, Step::Connect);
            assert!(told.contains(words) && !told.contains("base_url"), "{told}");
        }
    }

    #[test]
    fn a_failed_look_up_is_no_failed_connection() {
        for (system, words) in [
            (
                "failed to lookup address information: Name or service not known",
                "Name or service not known",
            ),
            // The host program's language.
            (
                "failed to lookup address information: \u{672a}\u{77e5}",
                "no such name, or no answer",
            ),
        ] {
            let told = told(&Failure::look_up(&io::Error::other(system)), Step::LookUp);
            assert!(
                told.contains(words) && told.contains("could not be looked up"),
                "{told}"
            );
            assert!(told.contains("name server"), "{told}");
        }
        let told = told(&Error::Timeout(ureq::Timeout::Global), Step::LookUp);
        assert!(
            told.contains("was not looked up within connect_timeout_ms"),
            "{told}"
        );
    }
}
