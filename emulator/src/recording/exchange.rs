//! [`Exchange`]: a request and its answer, as a line of a recording has them.

use hyper::http::request::Parts;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::names::Names;
use crate::protocol::auth::AuthKind;
use crate::response::http::{Content, HttpResponse};

/// Headers of answers that tell something and identify nobody.
const KEPT: [&str; 2] = ["retry-after", "location"];

/// A body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Body {
    Json(Value),
    Text(String),
    /// Neither, or an upload: only how long it was.
    Bytes(usize),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exchange {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) auth: AuthKind,
    pub(super) content_type: String,
    pub(super) body: Body,
    pub(super) answer: Answer,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Body,
}

impl Exchange {
    pub(super) fn of(
        names: &mut Names,
        head: &Parts,
        auth: AuthKind,
        body: &[u8],
        response: &HttpResponse,
    ) -> Self {
        let content_type = head.headers.get("content-type");
        let content_type = content_type.and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default().split(';').next();
        let body = match serde_json::from_slice(body) {
            Ok(value) => Body::Json(names.in_request(value)),
            Err(_) => Body::Bytes(body.len()),
        };
        let answer = match &response.content {
            Content::Bytes(bytes) => bytes.as_slice(),
            Content::Spaces(_) => b"",
        };
        let answer = match (serde_json::from_slice(answer), std::str::from_utf8(answer)) {
            (Ok(value), _) => Body::Json(names.in_answer(value)),
            (Err(_), Ok(text)) => Body::Text(names.inside(text.to_owned())),
            (Err(_), Err(_)) => Body::Bytes(answer.len()),
        };
        let headers = response.headers.iter();
        let kept = headers.filter(|(name, _)| KEPT.contains(&name.to_ascii_lowercase().as_str()));
        Self {
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            auth,
            content_type: content_type.unwrap_or_default().trim().to_owned(),
            body,
            answer: Answer {
                status: response.status,
                content_type: response.content_type.clone().into_owned(),
                headers: kept.cloned().collect(),
                body: answer,
            },
        }
    }
}
