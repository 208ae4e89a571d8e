//! One HTTP response, and how its bytes go out.

use std::borrow::Cow;

/// The bytes of a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Bytes(Vec<u8>),
    /// So many spaces, made while they are sent.
    Spaces(u64),
}

/// How the bytes are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum WritePattern {
    #[default]
    AtOnce,
    /// The body byte by byte.
    DripBody { ms: u64 },
    /// The head byte by byte.
    DripHead { ms: u64 },
    /// Closed after so many bytes of the body.
    Truncate { at: usize },
}

/// A whole HTTP response.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct HttpResponse {
    pub(crate) status: u16,
    pub(crate) content_type: Cow<'static, str>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) content: Content,
    pub(crate) date_skew_s: i64,
    pub(crate) pattern: WritePattern,
}

impl HttpResponse {
    pub(crate) fn new(
        status: u16,
        content_type: impl Into<Cow<'static, str>>,
        body: Vec<u8>,
    ) -> Self {
        Self {
            status,
            content_type: content_type.into(),
            headers: Vec::new(),
            content: Content::Bytes(body),
            date_skew_s: 0,
            pattern: WritePattern::AtOnce,
        }
    }

    pub(crate) fn json(status: u16, body: Vec<u8>) -> Self {
        Self::new(status, "application/json", body)
    }
}
