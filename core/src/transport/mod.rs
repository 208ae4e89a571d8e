//! Carrying bytes: a small trait, its implementation over `ureq`, and one for
//! people who bring their own HTTP stack.

mod callback;
#[cfg(feature = "http")]
mod over_ureq;
#[cfg(feature = "http")]
mod proxy;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use callback::{CallbackTransport, Transfer};
#[cfg(feature = "http")]
pub(crate) use over_ureq::UreqTransport;

/// One HTTP request, ready to send. Always `POST`.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl HttpRequest {
    /// The method: `POST`, the only one that the v3 APIs take.
    pub fn method(&self) -> &'static str {
        "POST"
    }

    /// The whole URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The headers, `Content-Type` and authentication.
    pub fn headers(&self) -> impl ExactSizeIterator<Item = (&'static str, &str)> {
        self.headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
    }

    /// The body. These very bytes are signed: send them unchanged.
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

impl fmt::Debug for HttpRequest {
    /// Without the headers: Basic authentication is the secret itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("url", &self.url)
            .field("body", &String::from_utf8_lossy(&self.body))
            .finish_non_exhaustive()
    }
}

/// What came back: the status, the two headers that mean something here, and
/// the whole body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HttpResponse {
    pub(crate) status: u16,
    pub(crate) date: Option<String>,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: Vec<u8>,
    /// It answers a second sending: what became of the first is not known.
    pub(crate) replayed: bool,
}

impl HttpResponse {
    /// A response without headers.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            body: body.into(),
            ..Self::default()
        }
    }

    /// Answers a request that may have reached the service twice.
    #[must_use]
    pub fn replayed(self) -> Self {
        Self {
            replayed: true,
            ..self
        }
    }

    /// The same with this status and body.
    #[must_use]
    pub fn with_answer(self, status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            body: body.into(),
            ..self
        }
    }

    /// Takes note of a header if it is `Date` or `Retry-After`; every other one
    /// is of no use here and is dropped.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        if name.eq_ignore_ascii_case("date") {
            self.date = Some(value.to_owned());
        } else if name.eq_ignore_ascii_case("retry-after") {
            self.retry_after = Some(value.to_owned());
        }
        self
    }
}

/// Why no whole response came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SendErrorKind {
    /// No connection: name, TCP, proxy or TLS.
    Connect,
    /// The time ran out.
    Timeout,
    /// The connection broke, or the response was cut or was no HTTP.
    Lost,
    /// The body is longer than allowed.
    BodyTooLarge,
    /// The caller cancelled.
    Cancelled,
}

/// A failure to get a response.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SendError {
    pub(crate) kind: SendErrorKind,
    pub(crate) sent: bool,
    pub(crate) message: String,
}

impl SendError {
    /// `sent` says whether any byte of the request may have left: if so, the
    /// service may have taken it, and its items are unknown rather than not
    /// sent.
    pub fn new(kind: SendErrorKind, sent: bool, message: impl Into<String>) -> Self {
        Self {
            kind,
            sent,
            message: message.into(),
        }
    }
}

/// Asked again and again; `true` ends what waits.
pub(crate) type Question = Arc<dyn Fn() -> bool + Send + Sync>;

/// The bounds of one attempt.
pub struct Attempt {
    /// The whole time for connecting, sending and receiving.
    pub timeout: Duration,
    /// Whether a request that may have arrived may be sent once more: the account
    /// operations set a state, a push does not.
    pub repeatable: bool,
    /// Asked at least every 50 ms while waiting; `true` ends the attempt.
    pub cancelled: Arc<dyn Fn() -> bool + Send + Sync>,
}

/// Sends one request and brings the whole response. Called from several
/// threads at once.
///
/// It does not follow redirects, retry or judge: that is the client's.
pub trait Transport: Send + Sync {
    /// Sends `request` within the bounds of `attempt`.
    ///
    /// # Errors
    /// When no whole response came.
    fn send(&self, request: &HttpRequest, attempt: &Attempt) -> Result<HttpResponse, SendError>;

    /// Closes idle connections and ends running attempts soon.
    fn close(&self) {}
}
