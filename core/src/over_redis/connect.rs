//! New connections: names, sockets, TLS, all of them within one time.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use socket2::{Domain, SockAddr, Type};

use super::stream::{Socket, Stream, Timed};
use super::url::Address;
use crate::sys::{error_text, threads};
use crate::transport::certificate_problem;

type Addresses = io::Result<Vec<SocketAddr>>;

/// Makes connections, and says in words why there is none.
pub(super) struct Connector {
    tls: Option<Arc<ClientConfig>>,
    /// Look-ups that outlived the time of those who asked: one thread a name at most.
    pending: HashMap<String, Receiver<Addresses>>,
}

impl Connector {
    pub(super) fn new(tls: Option<Arc<ClientConfig>>) -> Self {
        Self {
            tls,
            pending: HashMap::new(),
        }
    }

    /// A connection to a server, with TLS if it was given one.
    pub(super) fn tcp(&mut self, server: &Address, ends: Instant) -> Result<Stream, String> {
        let addresses = self.addresses(server, ends)?;
        let mut failed = "its name has no address".to_owned();
        for (at, address) in addresses.iter().enumerate() {
            // Each of them has a part of the time.
            let rest = u32::try_from(addresses.len() - at).unwrap_or(u32::MAX);
            let time = left(ends) / rest;
            if time.is_zero() {
                break;
            }
            match TcpStream::connect_timeout(address, time) {
                Ok(socket) => {
                    let _ = socket.set_nodelay(true);
                    let timed = Timed::new(Socket::Tcp(socket), ends);
                    return self.encrypted(timed, server);
                }
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    failed = format!("nobody answers at {address}");
                }
                Err(error) => {
                    failed = format!("{address}: {}", error_text::io_error(&error));
                }
            }
        }
        Err(failed)
    }

    pub(super) fn unix(path: &str, ends: Instant) -> Result<Stream, String> {
        let open = || {
            let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None)?;
            socket.connect_timeout(&SockAddr::unix(path)?, left(ends))?;
            Ok(UnixStream::from(socket))
        };
        open()
            .map(|socket| Stream::Plain(Timed::new(Socket::Unix(socket), ends)))
            .map_err(|error: io::Error| error_text::io_error(&error))
    }

    fn encrypted(&self, mut timed: Timed, server: &Address) -> Result<Stream, String> {
        let Some(tls) = &self.tls else {
            return Ok(Stream::Plain(timed));
        };
        let name = ServerName::try_from(server.host.clone())
            .map_err(|_| "its host is neither a name nor an address, so no TLS".to_owned())?;
        let mut session =
            ClientConnection::new(Arc::clone(tls), name).map_err(|error| error.to_string())?;
        while session.is_handshaking() {
            session
                .complete_io(&mut timed)
                .map_err(|error| handshake(&error))?;
        }
        Ok(Stream::Tls(Box::new(StreamOwned::new(session, timed))))
    }

    /// The system's resolver has no time-out: a name is looked up on a thread that is no
    /// longer waited for when the time is up.
    fn addresses(&mut self, server: &Address, ends: Instant) -> Result<Vec<SocketAddr>, String> {
        let (host, port) = (server.host.clone(), server.port);
        let look_up = move || Ok((host.as_str(), port).to_socket_addrs()?.collect());
        let in_words = |error: io::Error| {
            let why = match error.raw_os_error() {
                Some(_) => error_text::io_error(&error),
                // The system's own words are in the language of the host program.
                None => "no such name, or no answer from a name server".to_owned(),
            };
            format!("its name could not be looked up: {why}")
        };
        if server.host.parse::<IpAddr>().is_ok() || server.host == "localhost" {
            return look_up().map_err(in_words);
        }
        let key = server.to_string();
        let answer = if let Some(answer) = self.pending.remove(&key) {
            answer
        } else {
            let (tell, answer) = mpsc::channel();
            threads::thread("xgpush-resolve")
                .spawn(move || tell.send(look_up()))
                .map_err(|e| threads::no_thread("to look the name up", &e).to_string())?;
            answer
        };
        match answer.recv_timeout(left(ends)) {
            Ok(addresses) => addresses.map_err(in_words),
            Err(RecvTimeoutError::Timeout) => {
                self.pending.insert(key, answer);
                Err("the name server of this machine does not answer".to_owned())
            }
            // A child after fork has the receiver and not the thread.
            Err(RecvTimeoutError::Disconnected) => {
                Err("its name could not be looked up".to_owned())
            }
        }
    }
}

pub(super) fn left(ends: Instant) -> Duration {
    ends.saturating_duration_since(Instant::now())
}

/// Why a handshake failed, and what to do.
fn handshake(error: &io::Error) -> String {
    let cause = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match cause {
        Some(rustls::Error::InvalidCertificate(why)) => format!(
            "its certificate is not trusted: {}",
            certificate_problem(why, "the URL of Redis")
        ),
        Some(rustls::Error::InvalidMessage(_)) => {
            "it does not answer in TLS: this port seems to speak without, as redis:// does"
                .to_owned()
        }
        Some(rustls::Error::AlertReceived(alert)) => format!(
            "it ended the TLS handshake with the alert {alert:?} (a server with tls-auth-clients \
             yes wants a certificate of the client, and there is none)"
        ),
        Some(other) => format!("the TLS handshake failed: {other}"),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            "it closed the connection during the TLS handshake; does it speak TLS at this port?"
                .to_owned()
        }
        None if error.kind() == io::ErrorKind::TimedOut => {
            "it does not answer the TLS handshake; does it speak TLS at this port?".to_owned()
        }
        None => format!("the TLS handshake failed: {}", error_text::io_error(error)),
    }
}
