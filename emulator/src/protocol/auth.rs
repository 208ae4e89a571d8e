//! Both kinds of authentication, written from the documents and without the client's code.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::config::{Config, Region};
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

/// One application: its access id, and the key ready to sign with.
pub(super) struct Key {
    pub(super) access_id: String,
    pub(super) secret: String,
    region: Option<Region>,
    keyed: Hmac<Sha256>,
}

impl Key {
    fn new(access_id: &str, secret_key: &str, region: Option<Region>) -> Self {
        Self {
            access_id: access_id.into(),
            secret: secret_key.into(),
            region,
            keyed: keyed(secret_key.as_bytes()),
        }
    }

    /// Base64 of the lowercase hex of HMAC-SHA256(key, timestamp + access id + body).
    fn sign(&self, timestamp: &str, body: &[u8]) -> [u8; 88] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut mac = self.keyed.clone();
        mac.update(timestamp.as_bytes());
        mac.update(self.access_id.as_bytes());
        mac.update(body);
        let mut hex = [0; 64];
        for (pair, byte) in hex.chunks_exact_mut(2).zip(mac.finalize().into_bytes()) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        let mut sign = [0; 88];
        let written = STANDARD.encode_slice(hex, &mut sign);
        debug_assert_eq!(written.ok(), Some(88));
        sign
    }
}

/// HMAC takes keys of every length.
pub(super) fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of every length")
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
                return Err(AuthRefusal::new(near_miss::unsigned(headers)));
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
            return Err(AuthRefusal::new(near_miss::unsigned(headers)));
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
