//! The transport over `ureq`, with a TCP layer, a resolver and one write per
//! request of our own.
//!
//! `ureq` resolves the name on every request and starts a thread for that, and
//! writes head and body apart; the parts here cost four system calls a request.

mod attempt_state;
mod buffered;
mod ca_file;
mod connections;
mod deadline;
mod error_text;
mod failure;
mod happy_eyeballs;
mod proxy;
mod resolver;
mod settings;
mod tcp;
mod tls;

#[cfg(feature = "outbox-redis")]
pub(crate) use settings::trusted_certificates;
#[cfg(feature = "outbox-redis")]
pub(crate) use tls::certificate_problem;

use std::sync::Arc;
use std::time::Instant;

use ureq::http::{self, Request, Uri};
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, RustlsConnector};

use super::{Attempt, Transport};
use crate::model::error::Result;
use crate::options::Config;
use crate::protocol::message::{HttpRequest, HttpResponse, SendError, SendErrorKind};

use attempt_state::{AttemptState, Progress};
use buffered::BufferedConnector;
use connections::{ConnectionPool, PooledConnection};
use failure::Parties;
use proxy::ProxyConnector;
use resolver::{CachingResolver, DnsCache};
use tcp::TcpConnector;
use tls::TlsConnector;

/// Connections to one service, kept alive and shared by all threads.
pub(crate) struct UreqTransport {
    connections: ConnectionPool,
    settings: ureq::config::Config,
    names: Arc<DnsCache>,
    tls: Arc<RustlsConnector>,
    parties: Parties,
    max_response_bytes: u64,
}

impl UreqTransport {
    pub(crate) fn new(config: &Config) -> Result<Self> {
        let idle = config
            .settings
            .max_idle_connections
            .max(config.settings.parallel) as usize;
        Ok(Self {
            connections: ConnectionPool::new(
                idle,
                config.settings.idle_timeout,
                config.settings.connection_max_age,
            ),
            settings: settings::agent(config)?,
            names: Arc::new(DnsCache::new(config.settings.dns_cache)),
            tls: Arc::default(),
            parties: settings::parties(config)?,
            max_response_bytes: u64::from(config.settings.max_response_bytes),
        })
    }

    /// A connection that is not connected yet.
    fn new_connection(&self) -> PooledConnection {
        let attempt_state = Arc::new(AttemptState::new());
        let socket = self.connections.socket();
        let connector = ()
            .chain(ProxyConnector {
                inner: ConnectProxyConnector::default(),
                attempt_state: Arc::clone(&attempt_state),
            })
            .chain(TcpConnector {
                names: Arc::clone(&self.names),
                attempt_state: Arc::clone(&attempt_state),
                socket: Arc::clone(&socket),
            })
            .chain(TlsConnector {
                shared: Arc::clone(&self.tls),
                attempt_state: Arc::clone(&attempt_state),
            })
            .chain(BufferedConnector(Arc::clone(&attempt_state)));
        let resolver = CachingResolver {
            names: Arc::clone(&self.names),
            attempt_state: Arc::clone(&attempt_state),
        };
        let agent = ureq::Agent::with_parts(self.settings.clone(), connector, resolver);
        PooledConnection::new(agent, attempt_state, socket)
    }

    /// Sends once over this connection, which is kept if an answer came.
    fn once(
        &self,
        connection: PooledConnection,
        uri: Uri,
        request: &HttpRequest,
        attempt: &Attempt,
        ends: Option<Instant>,
    ) -> std::result::Result<HttpResponse, (ureq::Error, Progress)> {
        let on = connection
            .attempt_state
            .begin(attempt, ends, self.parties.connect_timeout);
        let answer = self.exchange(&connection.agent, uri, request);
        drop(on);
        match answer {
            Ok(response) => {
                self.connections.give_back(connection);
                Ok(response)
            }
            Err(error) => Err((error, connection.attempt_state.progress())),
        }
    }

    fn exchange(
        &self,
        agent: &ureq::Agent,
        uri: Uri,
        request: &HttpRequest,
    ) -> std::result::Result<HttpResponse, ureq::Error> {
        let mut builder = Request::post(uri);
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        let response = agent.run(builder.body(request.body.as_slice())?)?;
        let (head, body) = response.into_parts();
        let text = |name| {
            let value: &http::HeaderValue = head.headers.get(name)?;
            Some(value.to_str().ok()?.to_owned())
        };
        Ok(HttpResponse {
            status: head.status.as_u16(),
            replayed: false,
            date: text("date"),
            retry_after: text("retry-after"),
            body: body
                .into_with_config()
                // `ureq` refuses a body that reaches the limit.
                .limit(self.max_response_bytes + 1)
                .read_to_vec()?,
        })
    }
}

impl Transport for UreqTransport {
    fn send(
        &self,
        request: &HttpRequest,
        attempt: &Attempt,
    ) -> std::result::Result<HttpResponse, SendError> {
        let ends = Instant::now().checked_add(attempt.timeout);
        let uri: Uri = request
            .url
            .parse()
            .map_err(|error: http::uri::InvalidUri| {
                SendError::new(SendErrorKind::Connect, false, error.to_string())
            })?;
        let connection = self
            .connections
            .idle()
            .unwrap_or_else(|| self.new_connection());
        let (error, progress) = match self.once(connection, uri.clone(), request, attempt, ends) {
            Ok(response) => return Ok(response),
            Err(failed) => failed,
        };
        // The server closed an idle connection just as it was used again: it
        // sent no byte, so it hardly read any of this request. One replay on a
        // new connection costs neither an attempt nor budget.
        let stale = progress.went_stale && matches!(error, ureq::Error::Io(_));
        // A closing client breaks its connections, too.
        let cancelled = progress.cancelled || (attempt.cancelled)();
        if cancelled || !stale || !attempt.repeatable {
            let progress = Progress {
                cancelled,
                ..progress
            };
            return Err(self.parties.describe(&error, progress, attempt.timeout));
        }
        // The first request may have arrived all the same.
        match self.once(self.new_connection(), uri, request, attempt, ends) {
            Ok(response) => Ok(HttpResponse {
                replayed: true,
                ..response
            }),
            Err((error, progress)) => {
                let progress = Progress {
                    sent: true,
                    ..progress
                };
                Err(self.parties.describe(&error, progress, attempt.timeout))
            }
        }
    }

    fn close(&self) {
        self.connections.close();
    }
}
