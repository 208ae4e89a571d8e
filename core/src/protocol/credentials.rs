//! Sign and Basic authentication.
//!
//! "Authentication" (1024/34213, mainland 548/41046 2025-03-25) and "Basic
//! authentication" (1024/34672).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::model::error::{Error, Result};

named! {
    /// How a request proves who sends it.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum Scheme("auth", InvalidArgument) {
        /// The recommended one: an HMAC over time, access id and body. The secret
        /// never travels.
        #[default]
        Sign => "sign",
        /// HTTP Basic with access id and secret key. The legacy XG service knows
        /// this one only.
        Basic => "basic",
    }
}

/// An access id with its secret key. The key is wiped from memory on drop and
/// printed nowhere.
#[derive(Clone)]
pub struct Credentials {
    scheme: Scheme,
    access_id: String,
    secret_key: Zeroizing<String>,
}

impl Credentials {
    /// Checks and takes credentials.
    ///
    /// `access_id` is the application's id (legacy XG: its APPID); `secret_key`
    /// is the server key, not the access key of the client SDKs.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) when one of them is
    /// empty, or has a character that a header cannot carry, such as a line
    /// break left over from a file.
    pub fn new(
        scheme: Scheme,
        access_id: impl Into<String>,
        secret_key: impl Into<String>,
    ) -> Result<Self> {
        let access_id = access_id.into();
        let secret_key = Zeroizing::new(secret_key.into());
        header_text("access_id", &access_id)?;
        header_text("secret_key", &secret_key)?;
        if scheme == Scheme::Basic && access_id.contains(':') {
            return Err(Error::option(
                "access_id contains a colon, which ends the user name in Basic authentication \
                 (RFC 7617, section 2)",
            ));
        }
        Ok(Self {
            scheme,
            access_id,
            secret_key,
        })
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The access id.
    pub fn access_id(&self) -> &str {
        &self.access_id
    }

    /// The headers that authenticate exactly these body bytes at this time
    /// (seconds since 1970-01-01 UTC).
    pub fn headers(&self, body: &[u8], unix_seconds: i64) -> Vec<(&'static str, String)> {
        match self.scheme {
            Scheme::Sign => {
                let time_stamp = unix_seconds.to_string();
                let sign = self.sign(&time_stamp, body);
                vec![
                    ("AccessId", self.access_id.clone()),
                    ("TimeStamp", time_stamp),
                    ("Sign", sign),
                ]
            }
            Scheme::Basic => vec![("Authorization", format!("Basic {}", *self.basic()))],
        }
    }

    fn basic(&self) -> Zeroizing<String> {
        let pair = Zeroizing::new(format!("{}:{}", self.access_id, self.secret_key.as_str()));
        Zeroizing::new(STANDARD.encode(pair.as_bytes()))
    }

    /// The same with another scheme.
    pub(crate) fn with_scheme(&self, scheme: Scheme) -> Result<Self> {
        Self::new(scheme, self.access_id.as_str(), self.secret_key.as_str())
    }

    /// A body without the secret: Basic sends it along, and what answers may be
    /// a gateway that shows the request. `None`: it is not in there.
    pub(crate) fn hidden_in(&self, body: &[u8]) -> Option<Vec<u8>> {
        if self.scheme == Scheme::Sign {
            return None;
        }
        let once = without(body, self.basic().as_bytes());
        // A short one, of a test, would star out half of the answer.
        if self.secret_key.len() < 16 {
            return once;
        }
        let twice = without(once.as_deref().unwrap_or(body), self.secret_key.as_bytes());
        twice.or(once)
    }

    /// Base64 of the lowercase hex digits (not of the raw digest) of
    /// HMAC-SHA256(secret key as text, time stamp + access id + body).
    fn sign(&self, time_stamp: &str, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret_key.as_bytes())
            .expect("HMAC takes a key of any length");
        mac.update(time_stamp.as_bytes());
        mac.update(self.access_id.as_bytes());
        mac.update(body);
        let digest: [u8; 32] = mac.finalize().into_bytes().into();
        STANDARD.encode(lower_hex(digest))
    }
}

/// `text` with every `secret` in it starred out; `None` if there is none.
fn without(text: &[u8], secret: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.windows(secret.len()).position(|part| part == secret) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(b"***");
        rest = &rest[at + secret.len()..];
    }
    (rest.len() < text.len()).then(|| [out.as_slice(), rest].concat())
}

fn lower_hex(digest: [u8; 32]) -> [u8; 64] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hex = [0; 64];
    for (pair, byte) in hex.chunks_exact_mut(2).zip(digest) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    hex
}

fn header_text(name: &str, value: &str) -> Result<()> {
    if value.is_empty() {
        return Err(Error::option(format!("{name} is not set")));
    }
    let is_quoted =
        |mark: char| value.len() > 1 && value.starts_with(mark) && value.ends_with(mark);
    if is_quoted('"') || is_quoted('\'') {
        return Err(Error::option(format!(
            "{name} stands in quotation marks, which no key has: leave them out (docker --env-file \
             keeps them)"
        )));
    }
    let bad = value.bytes().position(|b| !(b'!'..=b'~').contains(&b));
    match bad {
        None => Ok(()),
        // The value itself is left out: it may be the secret.
        Some(at) => Err(Error::option(format!(
            "{name} has a character at byte {at} that no key has: a line break, a space or one \
             outside ASCII (was it read from a file with its line end?)"
        ))),
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("scheme", &self.scheme)
            .field("access_id", &self.access_id)
            .field("secret_key", &"***")
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "1452fcebae9f3115ba794fb0fff2fd73";

    #[test]
    fn the_secret_is_in_no_debug_text() {
        let credentials = Credentials::new(Scheme::Sign, "1500001048", KEY).unwrap();
        assert!(!format!("{credentials:?}").contains(KEY));
    }

    #[test]
    fn basic_gives_the_documented_header() {
        let credentials = Credentials::new(Scheme::Basic, "1500001048", KEY).unwrap();
        assert_eq!(
            credentials.headers(b"{}", 0),
            [(
                "Authorization",
                "Basic MTUwMDAwMTA0ODoxNDUyZmNlYmFlOWYzMTE1YmE3OTRmYjBmZmYyZmQ3Mw==".to_owned()
            )]
        );
    }

    #[test]
    fn a_secret_with_a_line_break_is_refused_without_being_quoted() {
        let error = Credentials::new(Scheme::Sign, "1500001048", format!("{KEY}\n")).unwrap_err();
        assert!(error.to_string().contains("secret_key"));
        assert!(!error.to_string().contains(KEY));
        assert!(Credentials::new(Scheme::Sign, "1500001048", format!("{KEY}\0")).is_err());
        assert!(Credentials::new(Scheme::Sign, "", KEY).is_err());
        assert!(Credentials::new(Scheme::Basic, "a:b", KEY).is_err());
    }

    #[test]
    fn key_in_quotation_marks_is_refused_without_being_quoted() {
        for quoted in [format!("\"{KEY}\""), format!("'{KEY}'")] {
            let error = Credentials::new(Scheme::Sign, "1500001048", &quoted).unwrap_err();
            let told = error.to_string();
            assert!(told.contains("secret_key stands in quotation marks") && !told.contains(KEY));
            assert!(Credentials::new(Scheme::Sign, &quoted, KEY).is_err());
        }
        assert!(Credentials::new(Scheme::Sign, "1500001048", format!("{KEY}'")).is_ok());
    }

    #[test]
    fn a_body_that_shows_the_secret_is_starred_out() {
        let basic = Credentials::new(Scheme::Basic, "1500001048", KEY).unwrap();
        let header = basic.headers(b"", 0)[0].1.clone();
        let body = format!("<pre>Authorization: {header}\n{header} {KEY}</pre>");
        let hidden = basic.hidden_in(body.as_bytes()).unwrap();
        assert_eq!(
            String::from_utf8(hidden).unwrap(),
            "<pre>Authorization: Basic ***\nBasic *** ***</pre>"
        );
        assert_eq!(basic.hidden_in(b"{\"ret_code\":0}"), None);
        assert_eq!(basic.hidden_in(b""), None);
    }
}
