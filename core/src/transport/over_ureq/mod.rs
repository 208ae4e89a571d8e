//! The transport over `ureq`, with a TCP layer, a resolver and one write per
//! request of our own.
//!
//! `ureq` resolves the name on every request and starts a thread for that, and
//! writes head and body apart; the parts here cost four system calls a request.

mod coalesce;
mod limit;
mod progress;
mod resolver;
mod settings;
mod tcp;

use std::sync::Arc;
use std::time::Duration;

use ureq::http::{self, Request, Uri};
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, RustlsConnector};

use super::{Attempt, HttpRequest, HttpResponse, SendError, SendErrorKind, Transport};
use crate::config::Config;
use crate::error::Result;

use coalesce::CoalesceConnector;
use progress::{Progress, Watched};
use resolver::{CachingResolver, Names};
use tcp::TcpConnector;

/// Connections to one service, kept alive and shared by all threads.
pub(crate) struct UreqTransport {
    agent: ureq::Agent,
    connect_timeout: Duration,
    max_response_bytes: u64,
}

impl UreqTransport {
    pub(crate) fn new(config: &Config) -> Result<Self> {
        let names = Arc::new(Names::new(config.dns_cache));
        let connector =
            ().chain(ConnectProxyConnector::default())
                .chain(TcpConnector(Arc::clone(&names)))
                .chain(RustlsConnector::default())
                .chain(CoalesceConnector);
        let agent =
            ureq::Agent::with_parts(settings::agent(config)?, connector, CachingResolver(names));
        Ok(Self {
            agent,
            connect_timeout: config.connect_timeout,
            max_response_bytes: u64::from(config.max_response_bytes),
        })
    }

    /// Sends once; `fresh` passes over the idle connections.
    fn once(
        &self,
        uri: Uri,
        request: &HttpRequest,
        timeout: Duration,
        fresh: bool,
    ) -> std::result::Result<HttpResponse, ureq::Error> {
        let mut builder = Request::post(uri);
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        let configured = self
            .agent
            .configure_request(builder.body(request.body.as_slice())?)
            .timeout_global(Some(timeout))
            .timeout_resolve(Some(self.connect_timeout))
            .timeout_connect(Some(self.connect_timeout));
        let request = if fresh {
            configured.max_idle_age(Duration::ZERO).build()
        } else {
            configured.build()
        };
        let response = self.agent.run(request)?;
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
        let started = std::time::Instant::now();
        let uri: Uri = request
            .url
            .parse()
            .map_err(|error: http::uri::InvalidUri| {
                SendError::new(SendErrorKind::Connect, false, error.to_string())
            })?;
        let _watched = Watched::begin(&attempt.cancelled, uri.clone(), attempt.timeout);
        let error = match self.once(uri.clone(), request, attempt.timeout, false) {
            Ok(response) => return Ok(response),
            Err(error) => error,
        };
        let progress = Watched::progress();
        // The server closed an idle connection just as it was used again: it
        // sent no byte, so it hardly read any of this request. One replay on a
        // new connection costs neither an attempt nor budget.
        let stale = progress.went_stale && matches!(error, ureq::Error::Io(_));
        // A closing client breaks its connections, too.
        let ends = progress.cancelled || (attempt.cancelled)();
        if ends || !stale || !attempt.repeatable {
            let cancelled = ends;
            let progress = Progress {
                cancelled,
                ..progress
            };
            return Err(describe(&error, progress, &uri, attempt.timeout));
        }
        Watched::restart();
        let left = attempt.timeout.saturating_sub(started.elapsed());
        // The first request may have arrived all the same.
        match self.once(uri.clone(), request, left, true) {
            Ok(response) => Ok(HttpResponse {
                replayed: true,
                ..response
            }),
            Err(error) => {
                let progress = Progress {
                    sent: true,
                    ..Watched::progress()
                };
                Err(describe(&error, progress, &uri, attempt.timeout))
            }
        }
    }

    fn close(&self) {
        self.agent.clone().shutdown();
    }
}

fn describe(error: &ureq::Error, progress: Progress, uri: &Uri, timeout: Duration) -> SendError {
    let sent = progress.sent;
    let kind = match error {
        _ if progress.cancelled => SendErrorKind::Cancelled,
        ureq::Error::Timeout(_) => SendErrorKind::Timeout,
        ureq::Error::BodyExceedsLimit(_) => SendErrorKind::BodyTooLarge,
        _ if !sent => SendErrorKind::Connect,
        _ => SendErrorKind::Lost,
    };
    let service = uri.authority().map_or("", |authority| authority.as_str());
    let when = if sent {
        format!("after the request was sent to {service}")
    } else {
        format!("before the request was sent to {service}")
    };
    let text = match error {
        _ if kind == SendErrorKind::Cancelled => "the call was ended".to_owned(),
        ureq::Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => {
            "no connection within connect_timeout_ms".to_owned()
        }
        ureq::Error::Timeout(_) => format!(
            "no whole answer within {} ms (request_timeout_ms, or what the deadline left)",
            timeout.as_millis()
        ),
        // One more than the option says: see `once`.
        ureq::Error::BodyExceedsLimit(limit) => {
            let most = limit.saturating_sub(1);
            format!("the response body is longer than max_response_bytes, {most}")
        }
        error => error.to_string(),
    };
    SendError::new(kind, sent, format!("{text} ({when})"))
}
