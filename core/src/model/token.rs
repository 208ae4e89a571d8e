//! [`Token`]: one that exists is valid.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use crate::model::error::{Error, Result};
use crate::model::named;
use crate::model::text::{no_control_characters, shortened};

/// The longest token in bytes (legacy Account API v3, glossary: "between 1 and
/// 64 bytes"). Today's tokens have 36 characters; the bind page states no rule
/// of its own, so the wider one holds.
pub const MAX_TOKEN_BYTES: usize = 64;

/// A device token: 1 to 64 bytes of UTF-8 without control characters.
///
/// ```
/// use xgpush::Token;
///
/// let token = Token::new("token-of-phone-1")?;
/// assert_eq!(token, "token-of-phone-1".parse()?);
/// assert!(Token::new("").is_err());
/// # Ok::<(), xgpush::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token(Box<str>);

impl Token {
    /// Checks and takes a token.
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue) when it is empty, longer
    /// than [`MAX_TOKEN_BYTES`] or contains a control character.
    pub fn new(token: impl Into<Box<str>>) -> Result<Self> {
        let token = token.into();
        Self::check(&token)?;
        Ok(Self(token))
    }

    pub(crate) fn check(token: &str) -> Result<()> {
        if token.is_empty() {
            return Err(Error::value(
                "the token is empty; a token has 1 to 64 bytes (Account API v3, glossary)",
            ));
        }
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Error::value(format!(
                "the token {} has {} bytes; a token has 1 to 64 bytes (Account API v3, glossary)",
                shortened(token),
                token.len()
            )));
        }
        no_control_characters("token", token)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Token {
    type Err = Error;

    fn from_str(token: &str) -> Result<Self> {
        Self::new(token)
    }
}

impl TryFrom<&str> for Token {
    type Error = Error;

    fn try_from(token: &str) -> Result<Self> {
        Self::new(token)
    }
}

impl TryFrom<String> for Token {
    type Error = Error;

    fn try_from(token: String) -> Result<Self> {
        Self::new(token)
    }
}

impl From<Token> for String {
    fn from(token: Token) -> Self {
        token.0.into()
    }
}

impl AsRef<str> for Token {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Equal and hashed as its text, so that a map finds it by one.
impl Borrow<str> for Token {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({:?})", self.0)
    }
}

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        named::deserialize(from, "a token")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn tokens_keep_the_documented_length() {
        assert!(Token::new("t").is_ok());
        assert!(Token::new("t".repeat(64)).is_ok());
        for bad in ["", &"t".repeat(65), "a\nb", "a\0"] {
            let error = Token::new(bad).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::InvalidValue, "{bad:?}");
        }
        assert!(
            Token::new("x".repeat(65))
                .unwrap_err()
                .to_string()
                .contains("65 bytes")
        );
    }

    #[test]
    fn token_is_found_by_its_text() {
        let tokens = HashSet::from([Token::new("t1").unwrap()]);
        assert!(tokens.contains("t1") && !tokens.contains("t2"));
    }

    #[test]
    fn conversions_check_as_the_constructor_does() {
        assert!(Token::try_from(String::new()).is_err() && Token::try_from("a\n").is_err());
        assert!(serde_json::from_str::<Token>("\"\"").is_err());
    }

    #[test]
    fn json_of_a_token_is_read_as_the_same() {
        let token = Token::new("t1").unwrap();
        let json = serde_json::to_string(&token).unwrap();
        assert_eq!(json, "\"t1\"");
        assert_eq!(serde_json::from_str::<Token>(&json).unwrap(), token);
    }
}
