//! [`Emulator`]: start, control, inspect and stop a server.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::admin::Imported;
use crate::config::Config;
use crate::faults::fault::Fault;
use crate::http::server::{self, Door};
use crate::http::tls::{Certificates, Tls};
use crate::recording::Elsewhere;
use crate::service::Service;
use crate::service::locked::SharedService;
use crate::service::log::{Counters, LogEntry};
use crate::state::pushes::Push;
use crate::state::snapshot::State;

/// How a server starts.
#[derive(Default)]
pub(crate) struct Start {
    pub(crate) http: Option<SocketAddr>,
    pub(crate) https: Option<(SocketAddr, Certificates)>,
    /// Whether each request is a line on standard error.
    pub(crate) access_log: bool,
    /// Bound at the start.
    pub(crate) state: Option<Imported>,
    /// Where the state is kept from then on.
    pub(crate) file: Option<PathBuf>,
    /// Who answers in place of the service here.
    pub(crate) elsewhere: Option<Elsewhere>,
}

/// A running server. Dropping it closes every connection and ends its thread; in a
/// child after `fork`, which has no such thread, it does neither.
pub struct Emulator {
    shared: Arc<SharedService>,
    http: Option<SocketAddr>,
    https: Option<SocketAddr>,
    ca_pem: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    process: u32,
}

impl Emulator {
    /// Starts on a free port of 127.0.0.1; it listens when this returns.
    ///
    /// # Errors
    /// When the system gives no port or no thread.
    pub fn start(config: Config) -> io::Result<Self> {
        Self::start_on(config, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    }

    /// Starts on an address; port 0 is any free one.
    ///
    /// # Errors
    /// When the system gives no port or no thread.
    pub fn start_on(config: Config, address: SocketAddr) -> io::Result<Self> {
        let start = if config.tls {
            Start {
                https: Some((address, Certificates::default())),
                ..Start::default()
            }
        } else {
            Start {
                http: Some(address),
                ..Start::default()
            }
        };
        Self::start_with(config, start)
    }

    pub(crate) fn start_with(config: Config, start: Start) -> io::Result<Self> {
        let mut doors = Vec::new();
        let mut open = |address: SocketAddr, tls| {
            let named = |e: io::Error| io::Error::new(e.kind(), format!("{address}: {e}"));
            let listener = TcpListener::bind(address).map_err(named)?;
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            doors.push(Door { listener, tls });
            Ok::<_, io::Error>(address)
        };
        let http = start.http.map(|address| open(address, None)).transpose()?;
        let mut ca_pem = None;
        let https = match start.https {
            None => None,
            Some((address, certificates)) => {
                let tls = Tls::new(&certificates)?;
                ca_pem = tls.ca_pem;
                Some(open(address, Some(tls.acceptor))?)
            }
        };
        let shared = Arc::new(SharedService::new(config));
        let now = shared.now();
        shared
            .with(|service| {
                service.tells = start.access_log;
                start
                    .state
                    .map_or(Ok(()), |state| state.restore_at_once(service, now))
            })
            .map_err(io::Error::other)?;
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("xgpush-emulator".into())
            .spawn({
                let shared = shared.clone();
                move || {
                    // Clients see a server that cannot run as a closed port.
                    let _ = server::run(doors, &shared, start.file, start.elsewhere, stopped);
                }
            })?;
        Ok(Self {
            shared,
            http,
            https,
            ca_pem,
            stop: Some(stop),
            thread: Some(thread),
            process: std::process::id(),
        })
    }

    /// The service address, such as `http://127.0.0.1:40123`.
    pub fn base_url(&self) -> String {
        self.urls().into_iter().next().unwrap_or_default()
    }

    /// The addresses: http, then https.
    pub(crate) fn urls(&self) -> Vec<String> {
        let http = self.http.map(|address| format!("http://{address}"));
        let https = self.https.map(|address| format!("https://{address}"));
        http.into_iter().chain(https).collect()
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.ports().into_iter().next().unwrap_or_default()
    }

    pub(crate) fn ports(&self) -> Vec<u16> {
        let both = self.http.into_iter().chain(self.https);
        both.map(|address| address.port()).collect()
    }

    /// The certificate authority to trust, as PEM; none without TLS.
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// Appends a fault to the queue.
    pub fn push_fault(&self, fault: Fault) {
        self.shared.with(|service| service.push_fault(fault));
    }

    /// Removes all faults, random ones too.
    pub fn clear_faults(&self) {
        self.shared.with(Service::clear_faults);
    }

    /// Replaces the configuration and resets state, log, counters and faults.
    /// Port, TLS and open connections stay.
    pub fn reconfigure(&self, config: Config) {
        self.shared.reconfigure(config);
    }

    /// The requests so far, in the order of their arrival.
    pub fn log(&self) -> Vec<LogEntry> {
        self.shared.with(|service| service.log().entries())
    }

    /// The counters now.
    pub fn counters(&self) -> Counters {
        self.shared.with(|service| service.counters().clone())
    }

    /// What a query could see now.
    pub fn state(&self) -> State {
        let now = self.shared.now();
        self.shared.with(|service| service.state(now))
    }

    /// The pushes that the first application took, oldest first.
    pub fn pushes(&self) -> Vec<Push> {
        let now = self.shared.now();
        self.shared
            .with(|service| service.apps(now)[0].pushes.iter().cloned().collect())
    }

    /// Applies every accepted operation, due or not.
    pub fn settle(&self) {
        self.shared.with(Service::apply_pending);
    }

    /// Waits until the counters satisfy a condition; false when `timeout` passes first.
    pub fn wait_until(&self, timeout: Duration, until: impl Fn(&Counters) -> bool) -> bool {
        self.shared.wait_until(timeout, until)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            // The stop would wake the parent's thread, and the other is not to be joined.
            std::mem::forget((self.stop.take(), self.thread.take()));
            return;
        }
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The thread has reported its own panic.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Emulator")
            .field("urls", &self.urls())
            .finish_non_exhaustive()
    }
}
