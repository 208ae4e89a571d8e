//! What the server would say to a request if nothing went wrong.

use std::borrow::Cow;

use crate::protocol::codes;
use crate::response::body::{Answer, Naming, Payload, envelope};

/// A judged request.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) status: u16,
    pub(crate) naming: Naming,
    /// None: the answer is `message` as plain text.
    pub(crate) code: Option<i64>,
    pub(crate) message: Cow<'static, str>,
    pub(crate) payload: Payload,
    /// Whether an item was accepted.
    pub(crate) accepted: bool,
}

impl Verdict {
    pub(crate) fn refused(naming: Naming, code: i64, message: Cow<'static, str>) -> Self {
        Self {
            status: 200,
            naming,
            code: Some(code),
            message,
            payload: Payload::default(),
            accepted: false,
        }
    }

    pub(crate) fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub(crate) fn answer(&self) -> Answer {
        let Some(code) = self.code else {
            let text = self.message.as_bytes().to_vec();
            return Answer::new(self.status, "text/plain", text);
        };
        let body = envelope(self.naming, code, &self.message, &self.payload);
        let mut answer = Answer::json(self.status, body);
        if self.status == 405 {
            answer.headers.push(("Allow".into(), "POST".into()));
        }
        answer
    }

    pub(crate) fn results(&self) -> Vec<Cow<'static, str>> {
        self.payload.results.clone().unwrap_or_default()
    }
}

/// The top code over the elements': 0, 1008026 or 1008027.
pub(crate) fn top_code(failed: usize, all: usize) -> i64 {
    if failed == 0 {
        codes::OK
    } else if failed < all {
        codes::SOME_FAILED
    } else {
        codes::ALL_FAILED
    }
}
