//! [`FaultKind`]: the ways in which a response can go wrong.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One way to go wrong. Unless said otherwise a fault that keeps the connection
/// from carrying a regular response leaves the request unapplied.
///
/// A fault that applies a request applies only what would be accepted without it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are named by their variants' text")]
pub enum FaultKind {
    /// An HTTP status, perhaps with `Retry-After`.
    Status {
        status: u16,
        #[serde(default)]
        retry_after: Option<String>,
        #[serde(default)]
        body: Option<String>,
        #[serde(default = "plain_text")]
        content_type: String,
        #[serde(default)]
        apply: bool,
    },
    /// A code for the whole request. Without `err_msg` the text is the documented one,
    /// without `camel` the spelling that of the path.
    RetCode {
        code: i64,
        #[serde(default)]
        err_msg: String,
        #[serde(default = "ok")]
        http_status: u16,
        #[serde(default)]
        camel: Option<bool>,
        #[serde(default)]
        apply: bool,
    },
    /// This very body.
    Body {
        body: String,
        #[serde(default = "ok")]
        http_status: u16,
        #[serde(default = "json")]
        content_type: String,
        #[serde(default)]
        headers: BTreeMap<String, String>,
        #[serde(default = "yes")]
        apply: bool,
    },
    /// The items at `index` (all, when empty) are refused with `code`; the others are applied.
    Element {
        code: String,
        #[serde(default)]
        index: Vec<usize>,
    },
    /// No response, until the client closes.
    Hang,
    /// Applied, and no response until the client closes.
    HangAfterApply,
    /// TCP reset instead of a response.
    ResetBefore,
    /// Applied, then TCP reset without a byte of a response.
    ResetAfter,
    /// Orderly close instead of a response.
    CloseBefore,
    /// Applied, then orderly close without a byte of a response.
    CloseAfter,
    /// The regular response, its body byte by byte.
    Drip { ms_per_byte: u64 },
    /// The regular response, its head byte by byte.
    DripHeaders { ms_per_byte: u64 },
    /// The regular response, closed after `at` bytes of the body.
    Truncate { at: usize },
    /// A gateway's page.
    Html {
        #[serde(default = "ok")]
        http_status: u16,
    },
    /// No body.
    Empty {
        #[serde(default = "ok")]
        http_status: u16,
    },
    /// Applied; `result` lacks its last `missing` elements.
    ShortResult { missing: usize },
    /// Applied; `result` has `extra` elements more than asked.
    LongResult { extra: usize },
    /// Applied; there is no `result`.
    NoResult,
    /// Applied; a body of that many spaces.
    Huge { bytes: u64 },
    /// The regular response with a `Date` that is off by `skew_s` (on top of the server's skew).
    WrongDate { skew_s: i64 },
    /// 302.
    Redirect { location: String },
    /// The regular response; the connection is then closed at the first byte of the
    /// next request on it, which is neither read on, nor applied, nor logged.
    /// By reset, or by an orderly close when `rst` is false. Combines with other faults.
    CloseIdle {
        #[serde(default = "yes")]
        rst: bool,
        /// How many responses of a thousand are followed by this.
        #[serde(default = "always")]
        per_mille: u32,
    },
    /// The first `items` items are applied, then status 500.
    PartialApply { items: usize },
    /// The regular response, that much later than `latency_ms`. Combines with other faults.
    Delay { ms: u64 },
}

fn ok() -> u16 {
    200
}

fn yes() -> bool {
    true
}

fn always() -> u32 {
    1000
}

fn json() -> String {
    "application/json".into()
}

fn plain_text() -> String {
    "text/plain".into()
}

impl FaultKind {
    /// An HTTP status with an empty body, not applied.
    pub fn status(status: u16) -> Self {
        Self::Status {
            status,
            retry_after: None,
            body: None,
            content_type: plain_text(),
            apply: false,
        }
    }

    /// [`FaultKind::status`] with a `Retry-After`.
    pub fn retry_after(status: u16, retry_after: impl Into<String>) -> Self {
        Self::Status {
            status,
            retry_after: Some(retry_after.into()),
            body: None,
            content_type: plain_text(),
            apply: false,
        }
    }

    /// A code for the whole request with status 200, not applied.
    pub fn ret_code(code: i64) -> Self {
        Self::RetCode {
            code,
            err_msg: String::new(),
            http_status: ok(),
            camel: None,
            apply: false,
        }
    }

    /// This very body with status 200, applied.
    pub fn body(body: impl Into<String>) -> Self {
        Self::Body {
            body: body.into(),
            http_status: ok(),
            content_type: json(),
            headers: BTreeMap::new(),
            apply: true,
        }
    }

    /// The name in JSON and in the log.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::RetCode { .. } => "ret_code",
            Self::Body { .. } => "body",
            Self::Element { .. } => "element",
            Self::Hang => "hang",
            Self::HangAfterApply => "hang_after_apply",
            Self::ResetBefore => "reset_before",
            Self::ResetAfter => "reset_after",
            Self::CloseBefore => "close_before",
            Self::CloseAfter => "close_after",
            Self::Drip { .. } => "drip",
            Self::DripHeaders { .. } => "drip_headers",
            Self::Truncate { .. } => "truncate",
            Self::Html { .. } => "html",
            Self::Empty { .. } => "empty",
            Self::ShortResult { .. } => "short_result",
            Self::LongResult { .. } => "long_result",
            Self::NoResult => "no_result",
            Self::Huge { .. } => "huge",
            Self::WrongDate { .. } => "wrong_date",
            Self::Redirect { .. } => "redirect",
            Self::CloseIdle { .. } => "close_idle",
            Self::PartialApply { .. } => "partial_apply",
            Self::Delay { .. } => "delay",
        }
    }

    /// Whether it comes on top of the regular response, or of another fault.
    pub(crate) fn combines(&self) -> bool {
        matches!(self, Self::CloseIdle { .. } | Self::Delay { .. })
    }

    /// Whether the request is carried out in spite of the fault.
    pub fn applies(&self) -> bool {
        match self {
            Self::Status { apply, .. } | Self::RetCode { apply, .. } | Self::Body { apply, .. } => {
                *apply
            }
            Self::Hang
            | Self::ResetBefore
            | Self::CloseBefore
            | Self::Html { .. }
            | Self::Empty { .. }
            | Self::Redirect { .. } => false,
            Self::Element { .. }
            | Self::HangAfterApply
            | Self::ResetAfter
            | Self::CloseAfter
            | Self::Drip { .. }
            | Self::DripHeaders { .. }
            | Self::Truncate { .. }
            | Self::ShortResult { .. }
            | Self::LongResult { .. }
            | Self::NoResult
            | Self::Huge { .. }
            | Self::WrongDate { .. }
            | Self::CloseIdle { .. }
            | Self::PartialApply { .. }
            | Self::Delay { .. } => true,
        }
    }
}
