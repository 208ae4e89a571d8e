//! [`LogicalResponse`]: the response of the service without a fault.

use std::borrow::Cow;

use super::body::{FieldNames, Payload, envelope};
use super::http::HttpResponse;
use crate::protocol::codes;

/// The response before a fault changes it.
#[derive(Debug)]
pub(crate) struct LogicalResponse {
    pub(crate) status: u16,
    pub(crate) names: FieldNames,
    /// None: the body is `message` as plain text.
    pub(crate) code: Option<i64>,
    pub(crate) message: Cow<'static, str>,
    pub(crate) payload: Payload,
    /// Whether an item was accepted.
    pub(crate) accepted: bool,
    /// Why the request, or an item of it, was refused: for the log.
    pub(crate) reason: Option<Cow<'static, str>>,
    /// What the sender may not have meant: for the log.
    pub(crate) warnings: Vec<Cow<'static, str>>,
}

impl LogicalResponse {
    /// A code and a message, and nothing else.
    pub(crate) fn new(names: FieldNames, code: i64, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status: 200,
            names,
            code: Some(code),
            message: message.into(),
            payload: Payload::default(),
            accepted: false,
            reason: None,
            warnings: Vec::new(),
        }
    }

    pub(crate) fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub(crate) fn to_http(&self) -> HttpResponse {
        let Some(code) = self.code else {
            let text = self.message.as_bytes().to_vec();
            return HttpResponse::new(self.status, "text/plain", text);
        };
        let body = envelope(self.names, code, &self.message, &self.payload);
        let mut response = HttpResponse::json(self.status, body);
        if self.status == 405 {
            response.headers.push(("Allow".into(), "POST".into()));
        }
        response
    }

    pub(crate) fn results(&self) -> Vec<Cow<'static, str>> {
        self.payload.results.clone().unwrap_or_default()
    }
}

/// The code of a whole request over those of its items: 0, 1008026 or 1008027.
pub(crate) fn top_code(failed: usize, all: usize) -> i64 {
    if failed == 0 {
        codes::OK
    } else if failed < all {
        codes::SOME_FAILED
    } else {
        codes::ALL_FAILED
    }
}
