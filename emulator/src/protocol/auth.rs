//! Both kinds of authentication, written from the documents and without the client's code.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::protocol::key::Key;
use crate::protocol::{codes, near_miss};

/// The kind of authentication of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AuthKind {
    /// `AccessId`, `TimeStamp`, `Sign`.
    Sign,
    /// `Authorization: Basic`.
    Basic,
    /// Neither.
    None,
}

/// The headers that matter; one that is not visible ASCII counts as missing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AuthHeaders<'a> {
    pub(crate) access_id: Option<&'a str>,
    pub(crate) timestamp: Option<&'a str>,
    pub(crate) sign: Option<&'a str>,
    pub(crate) authorization: Option<&'a str>,
    pub(crate) host: Option<&'a str>,
}

impl AuthHeaders<'_> {
    /// A signature counts before Basic; sending both is not documented.
    pub(crate) fn kind(&self) -> AuthKind {
        if self.sign.is_some() {
            AuthKind::Sign
        } else if self.authorization.is_some() {
            AuthKind::Basic
        } else {
            AuthKind::None
        }
    }
}

/// Why a request is refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AuthRefusal {
    pub(crate) code: i64,
    /// For people: what is wrong, and what would have been accepted.
    pub(crate) reason: Cow<'static, str>,
}

impl AuthRefusal {
    fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code: codes::UNAUTHENTICATED,
            reason: reason.into(),
        }
    }

    fn wrong_id(reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code: codes::WRONG_ACCESS_ID,
            reason: reason.into(),
        }
    }
}

/// Checks requests against the access ids and keys of all applications.
pub(crate) struct Authenticator {
    keys: Vec<Key>,
    tolerance_s: Option<u64>,
}

impl Authenticator {
    pub(crate) fn new(config: &Config) -> Self {
        let first = Key::new(&config.access_id, &config.secret_key, config.region);
        let others = config
            .apps
            .iter()
            .map(|app| Key::new(&app.access_id, &app.secret_key, app.region));
        Self {
            keys: std::iter::once(first).chain(others).collect(),
            tolerance_s: config.timestamp_tolerance_s,
        }
    }

    /// The application of a request, or why it is refused: 1008035 for an access id or a
    /// service address that is not right, 1008003 for the rest.
    pub(crate) fn check(
        &self,
        headers: &AuthHeaders<'_>,
        body: &[u8],
        now_s: i64,
    ) -> Result<usize, AuthRefusal> {
        let app = match headers.kind() {
            AuthKind::Sign => self.check_sign(headers, body, now_s)?,
            AuthKind::Basic => self.check_basic(headers.authorization.unwrap_or_default())?,
            AuthKind::None => {
                return Err(AuthRefusal::new(near_miss::unsigned(
                    headers.access_id,
                    headers.timestamp,
                    headers.sign,
                )));
            }
        };
        match headers.host {
            Some(host) if host.contains("tpns") => {
                near_miss::wrong_region(host, self.keys[app].region)
                    .map_or(Ok(app), |reason| Err(AuthRefusal::wrong_id(reason)))
            }
            _ => Ok(app),
        }
    }

    fn app(&self, access_id: &str) -> Result<usize, AuthRefusal> {
        self.keys
            .iter()
            .position(|key| key.access_id == access_id)
            .ok_or_else(|| {
                AuthRefusal::wrong_id(near_miss::unknown_access_id(access_id, &self.keys))
            })
    }

    fn check_sign(
        &self,
        headers: &AuthHeaders<'_>,
        body: &[u8],
        now_s: i64,
    ) -> Result<usize, AuthRefusal> {
        let (Some(access_id), Some(timestamp), Some(sign)) =
            (headers.access_id, headers.timestamp, headers.sign)
        else {
            return Err(AuthRefusal::new(near_miss::unsigned(
                headers.access_id,
                headers.timestamp,
                headers.sign,
            )));
        };
        let app = self.app(access_id)?;
        let signed = sign.as_bytes() == self.keys[app].sign(timestamp, body);
        let in_time = match (self.tolerance_s, timestamp.parse::<i64>()) {
            (None, Ok(_)) => true,
            (Some(tolerance), Ok(stamp)) => now_s.abs_diff(stamp) <= tolerance,
            (_, Err(_)) => false,
        };
        if signed && in_time {
            return Ok(app);
        }
        Err(AuthRefusal::new(if signed {
            near_miss::wrong_time(timestamp, now_s, self.tolerance_s)
        } else {
            near_miss::wrong_signature(&self.keys, app, timestamp, sign, body)
        }))
    }

    fn check_basic(&self, authorization: &str) -> Result<usize, AuthRefusal> {
        let unreadable = || AuthRefusal::new(near_miss::unreadable_basic(authorization));
        let pair = authorization
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
            .and_then(|(_, encoded)| STANDARD.decode(encoded.trim()).ok())
            .and_then(|pair| String::from_utf8(pair).ok())
            .ok_or_else(unreadable)?;
        let (id, key) = pair.split_once(':').ok_or_else(unreadable)?;
        let app = self.app(id)?;
        if key == self.keys[app].secret {
            Ok(app)
        } else {
            Err(AuthRefusal::new(near_miss::wrong_key(&self.keys, app, key)))
        }
    }
}

#[cfg(test)]
#[path = "auth_tests.rs"]
mod tests;
