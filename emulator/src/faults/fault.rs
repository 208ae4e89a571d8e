//! The ways in which an answer can go wrong.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// One way to go wrong. Unless said otherwise a fault that keeps the connection
/// from carrying a sound answer leaves the request unapplied.
///
/// A fault that applies a request applies only what would be accepted without it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// A code for the whole request, in the spelling chosen by `camel`.
    RetCode {
        code: i64,
        #[serde(default)]
        err_msg: String,
        #[serde(default = "ok")]
        http_status: u16,
        #[serde(default)]
        camel: bool,
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
    /// No answer, until the client closes.
    Hang,
    /// Applied, and no answer until the client closes.
    HangAfterApply,
    /// TCP reset instead of an answer.
    ResetBefore,
    /// Applied, then TCP reset without a byte of an answer.
    ResetAfter,
    /// Orderly close instead of an answer.
    CloseBefore,
    /// Applied, then orderly close without a byte of an answer.
    CloseAfter,
    /// The sound answer, its body byte by byte.
    Drip { ms_per_byte: u64 },
    /// The sound answer, its head byte by byte.
    DripHeaders { ms_per_byte: u64 },
    /// The sound answer, closed after `at` bytes of the body.
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
    /// The sound answer with a `Date` that is off by `skew_s` (on top of the server's skew).
    WrongDate { skew_s: i64 },
    /// 302.
    Redirect { location: String },
    /// The sound answer; the connection is then closed at the first byte of the
    /// next request on it, which is neither read on, nor applied, nor logged.
    /// By reset, or by an orderly close when `rst` is false. Combines with other faults.
    CloseIdle {
        #[serde(default = "yes")]
        rst: bool,
        /// How many answers of a thousand are followed by this.
        #[serde(default = "always")]
        per_mille: u32,
    },
    /// The first `items` items are applied, then status 500.
    PartialApply { items: usize },
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
            camel: false,
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
        }
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
            | Self::PartialApply { .. } => true,
        }
    }
}

/// A fault, and the requests that it hits.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fault {
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// How many requests are hit; 0 is for ever. Default: 1.
    pub times: u32,
    /// How many matching requests pass first. Default: 0.
    pub skip: u32,
    /// Only paths that end so. Default: every path.
    pub path: Option<String>,
    /// Only this operator type. Default: every one.
    pub operator_type: Option<i64>,
}

impl Fault {
    /// Hits the next request, once.
    pub fn new(kind: FaultKind) -> Self {
        Self {
            kind,
            times: 1,
            skip: 0,
            path: None,
            operator_type: None,
        }
    }

    /// Hits so many requests; 0 is for ever.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }

    /// Lets so many matching requests pass first.
    #[must_use]
    pub fn skip(self, skip: u32) -> Self {
        Self { skip, ..self }
    }

    /// Hits only paths that end so.
    #[must_use]
    pub fn path(self, path: impl Into<String>) -> Self {
        Self {
            path: Some(path.into()),
            ..self
        }
    }

    /// Hits only this operator type.
    #[must_use]
    pub fn operator_type(self, operator_type: i64) -> Self {
        Self {
            operator_type: Some(operator_type),
            ..self
        }
    }
}

impl From<FaultKind> for Fault {
    fn from(kind: FaultKind) -> Self {
        Self::new(kind)
    }
}

// By hand, because `flatten` takes unknown fields in silence: a fault with a
// misspelled field would be a test that tests something else.
impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(default, deny_unknown_fields)]
        struct Aim {
            times: u32,
            skip: u32,
            path: Option<String>,
            operator_type: Option<i64>,
        }
        impl Default for Aim {
            fn default() -> Self {
                Self {
                    times: 1,
                    skip: 0,
                    path: None,
                    operator_type: None,
                }
            }
        }

        let mut kind = Map::deserialize(deserializer)?;
        let mut aim = Map::new();
        for name in ["times", "skip", "path", "operator_type"] {
            if let Some(value) = kind.remove(name) {
                aim.insert(name.into(), value);
            }
        }
        let aim: Aim = serde_json::from_value(Value::Object(aim)).map_err(D::Error::custom)?;
        let fields: Vec<String> = kind.keys().cloned().collect();
        let kind: FaultKind =
            serde_json::from_value(Value::Object(kind)).map_err(D::Error::custom)?;
        let known = serde_json::to_value(&kind).map_err(D::Error::custom)?;
        // serde does not look at further fields of a variant that has none.
        if let Some(unknown) = fields.iter().find(|field| known.get(field).is_none()) {
            return Err(D::Error::custom(format!(
                "unknown field `{unknown}` of fault `{}`",
                kind.name()
            )));
        }
        Ok(Self {
            kind,
            times: aim.times,
            skip: aim.skip,
            path: aim.path,
            operator_type: aim.operator_type,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, FaultKind};

    fn read(text: &str) -> Result<Fault, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn the_documented_form_is_read_and_written() {
        let fault = read(
            r#"{"kind":"status","status":503,"retry_after":"1","body":"x","times":2,"path":"query"}"#,
        )
        .unwrap();
        assert_eq!(fault.times, 2);
        assert_eq!(fault.path.as_deref(), Some("query"));
        let FaultKind::Status {
            status,
            body,
            apply,
            ..
        } = &fault.kind
        else {
            panic!("{fault:?}");
        };
        assert_eq!((*status, body.as_deref(), *apply), (503, Some("x"), false));
        let again = serde_json::to_string(&fault).unwrap();
        assert_eq!(read(&again).unwrap(), fault);
        assert_eq!(
            read(r#"{"kind":"hang"}"#).unwrap(),
            Fault::new(FaultKind::Hang)
        );
    }

    #[test]
    fn unknown_fields_are_refused() {
        for text in [
            r#"{"kind":"hang","time":2}"#,
            r#"{"kind":"truncate","at":1,"time":2}"#,
            r#"{"kind":"truncate"}"#,
            r#"{"kind":"no_such"}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
