//! HTTP messages, and why none came back.

use std::fmt;
use std::time::{Duration, SystemTime};

/// One HTTP request, ready to send. Always `POST`.
#[derive(Clone, PartialEq, Eq, Hash)]
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
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct HttpResponse {
    pub(crate) status: u16,
    pub(crate) date: Option<String>,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: Vec<u8>,
    /// It answers a second sending: the outcome of the first is not known.
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

named! {
    /// Why no whole response came.
    #[non_exhaustive]
    pub enum SendErrorKind("the failure", InvalidArgument) {
        /// No connection: name, TCP, proxy or TLS.
        Connect => "connect",
        /// The time ran out.
        Timeout => "timeout",
        /// The connection broke, or the response was cut or was no HTTP.
        Lost => "lost",
        /// The body is longer than allowed.
        BodyTooLarge => "body_too_large",
        /// The caller cancelled.
        Cancelled => "cancelled",
    }
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

/// Reads `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3).
pub(crate) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    let in_seconds = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    if in_seconds && value.parse::<u64>().is_err() {
        return Some(Duration::from_secs(u64::MAX));
    }
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// What an answer asks for, a date reckoned from its own `Date`.
pub(crate) fn asked_wait(response: &HttpResponse) -> Option<Duration> {
    let date = response.date.as_deref();
    let date = date.and_then(|date| httpdate::parse_http_date(date.trim()).ok());
    let value = response.retry_after.as_deref()?;
    // Without one only seconds can be told.
    let is_date = value.contains(':');
    match date {
        None if is_date => None,
        date => retry_after(value, date.unwrap_or(SystemTime::UNIX_EPOCH)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Sat, 21 Nov 2026 10:00:00 GMT").unwrap();
        let seconds = Duration::from_secs;
        assert_eq!(retry_after("3", now), Some(seconds(3)));
        assert_eq!(retry_after(" 0 ", now), Some(seconds(0)));
        let date = "Sat, 21 Nov 2026 10:00:07 GMT";
        assert_eq!(retry_after(date, now), Some(seconds(7)));
        let past = "Sat, 21 Nov 2026 09:00:00 GMT";
        assert_eq!(retry_after(past, now), Some(seconds(0)));
        for bad in ["", "soon", "-1", "1.5"] {
            assert_eq!(retry_after(bad, now), None, "{bad}");
        }
    }
}
