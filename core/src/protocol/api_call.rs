//! What a call to any other v3 endpoint posts, and how.

use crate::protocol::credentials::Scheme;

/// A body for any other v3 endpoint: see [`Client::call_api`](crate::Client::call_api).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ApiCall<'a> {
    pub(crate) path: &'a str,
    pub(crate) body: &'a [u8],
    pub(crate) content_type: &'a str,
    pub(crate) auth: Option<Scheme>,
    pub(crate) repeatable: bool,
}

/// The content type of what is checked to be JSON.
pub(crate) const JSON: &str = "application/json";

impl<'a> ApiCall<'a> {
    /// JSON for this path, such as `/v3/push/app`.
    pub fn json(path: &'a str, json: &'a [u8]) -> Self {
        Self::bytes(path, JSON, json)
    }

    /// Any bytes with their `Content-Type`, such as
    /// `multipart/form-data; boundary=…` for `/v3/push/package/upload`.
    pub fn bytes(path: &'a str, content_type: &'a str, body: &'a [u8]) -> Self {
        Self {
            path,
            body,
            content_type,
            auth: None,
            repeatable: false,
        }
    }

    /// Done twice is as good as once: what only reads, and what sets a state (tags,
    /// attributes), but no push. It is sent again like the operations on accounts,
    /// when an answer is missing as well. Default: no.
    #[must_use]
    pub fn repeatable(self, repeatable: bool) -> Self {
        Self { repeatable, ..self }
    }

    /// Authenticates in this way in place of the option `auth`. Default: as the
    /// option says, and Basic for `/v3/push/package/upload`, as all of its samples.
    #[must_use]
    pub fn with_auth(self, auth: Scheme) -> Self {
        Self {
            auth: Some(auth),
            ..self
        }
    }

    /// The authentication that is not the option's.
    pub(crate) fn own_auth(&self) -> Option<Scheme> {
        // "Uploading Package of Push Accounts or Tokens": every sample, and the
        // official SDK even where it signs everything else.
        let always_basic = self.path == "/v3/push/package/upload";
        self.auth.or(always_basic.then_some(Scheme::Basic))
    }
}
