//! Both kinds of authentication, written from the documents and without the client's code.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use sha2::Sha256;

use crate::protocol::codes;

/// The kind of authentication of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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

/// Checks requests against one access id and its key.
pub(crate) struct Authenticator {
    access_id: String,
    secret_key: String,
    keyed: Hmac<Sha256>,
    tolerance_s: Option<u64>,
}

impl Authenticator {
    pub(crate) fn new(access_id: &str, secret_key: &str, tolerance_s: Option<u64>) -> Self {
        Self {
            access_id: access_id.into(),
            secret_key: secret_key.into(),
            keyed: Hmac::new_from_slice(secret_key.as_bytes())
                .expect("HMAC takes keys of every length"),
            tolerance_s,
        }
    }

    /// Accepts a request, or returns the code of the refusal: 1008035 for another access id, 1008003 for the rest.
    pub(crate) fn check(
        &self,
        headers: &AuthHeaders<'_>,
        body: &[u8],
        now_s: i64,
    ) -> Result<(), i64> {
        match headers.kind() {
            AuthKind::Sign => self.check_sign(headers, body, now_s),
            AuthKind::Basic => self.check_basic(headers.authorization.unwrap_or_default()),
            AuthKind::None => Err(codes::UNAUTHENTICATED),
        }
    }

    fn check_sign(&self, headers: &AuthHeaders<'_>, body: &[u8], now_s: i64) -> Result<(), i64> {
        let (Some(access_id), Some(timestamp), Some(sign)) =
            (headers.access_id, headers.timestamp, headers.sign)
        else {
            return Err(codes::UNAUTHENTICATED);
        };
        if access_id != self.access_id {
            return Err(codes::WRONG_ACCESS_ID);
        }
        let stamp: i64 = timestamp.parse().map_err(|_| codes::UNAUTHENTICATED)?;
        let in_time = self
            .tolerance_s
            .is_none_or(|tolerance| now_s.abs_diff(stamp) <= tolerance);
        if in_time && sign.as_bytes() == self.sign(timestamp, body) {
            Ok(())
        } else {
            Err(codes::UNAUTHENTICATED)
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

    fn check_basic(&self, authorization: &str) -> Result<(), i64> {
        let pair = authorization
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
            .and_then(|(_, encoded)| STANDARD.decode(encoded.trim()).ok())
            .and_then(|pair| String::from_utf8(pair).ok())
            .ok_or(codes::UNAUTHENTICATED)?;
        let (id, key) = pair.split_once(':').ok_or(codes::UNAUTHENTICATED)?;
        if id != self.access_id {
            Err(codes::WRONG_ACCESS_ID)
        } else if key != self.secret_key {
            Err(codes::UNAUTHENTICATED)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
#[path = "auth_tests.rs"]
mod tests;
