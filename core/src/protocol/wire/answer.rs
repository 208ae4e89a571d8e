//! A response body to its documented parts, whatever version wrote it.
//!
//! `ret_code`/`retCode` and `err_msg`/`errMsg` are both documented (the query
//! renamed them in the move from XG to TPNS); one page prints `ErrMsg`. So names
//! are compared without case and underscores. What no document names is kept.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::object::Object;

/// The documented parts of a response body.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Answer {
    /// `None`: missing, or nothing that is a number.
    pub(crate) code: Option<i64>,
    pub(crate) message: String,
    /// `None`: missing, or no list.
    pub(crate) result: Option<Vec<Element>>,
    pub(crate) account_tokens: Option<Vec<MappedAccount>>,
    pub(crate) token_accounts: Option<Vec<MappedToken>>,
    /// A documented field appears twice with different contents.
    pub(crate) contradicts_itself: bool,
    pub(crate) extra: Vec<(String, String)>,
}

/// One element of `result`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Element {
    /// `"0"`, `0`, `"ok"` or `"NO_ERROR"`.
    Success,
    /// Any other number, as a number or a string.
    Code(i64),
    /// A word, such as the legacy `"token_not_exists"`.
    Word(String),
    /// Neither: null, an object …
    Other,
}

/// An element of `account_tokens`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MappedAccount {
    pub(crate) account: String,
    pub(crate) account_type: Option<i64>,
    /// `None`: missing or null.
    pub(crate) tokens: Option<Vec<String>>,
}

/// An element of `token_accounts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MappedToken {
    pub(crate) token: String,
    /// `None`: missing or null.
    pub(crate) accounts: Option<Vec<(String, Option<i64>)>>,
}

impl Answer {
    /// Reads a body that is one JSON object.
    pub(crate) fn read(body: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(body)
    }
}

/// How deep an unknown field may be nested to be kept: it becomes a part of the
/// outcome's JSON, and the readers of that have limits.
const MAX_EXTRA_DEPTH: usize = 32;

/// How deep the brackets of a JSON text are nested.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth -= 1,
            _ => {}
        }
    }
    deepest
}

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Answer;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Answer, A::Error> {
                let mut answer = Answer::default();
                let (mut code, mut result) = (Once::new(), Once::new());
                let (mut account_tokens, mut token_accounts) = (Once::new(), Once::new());
                while let Some(name) = map.next_key::<Cow<'de, str>>()? {
                    match Field::of(&name) {
                        Field::Code => code.see(map.next_value::<Number>()?.0),
                        Field::Result => result.see(map.next_value::<List<_>>()?.0),
                        Field::AccountTokens => account_tokens.see(map.next_value::<List<_>>()?.0),
                        Field::TokenAccounts => token_accounts.see(map.next_value::<List<_>>()?.0),
                        Field::Message => {
                            let Lenient(text) = map.next_value()?;
                            answer.message = text.unwrap_or_default();
                        }
                        Field::Unknown => {
                            let raw: &RawValue = map.next_value()?;
                            if depth(raw.get()) <= MAX_EXTRA_DEPTH {
                                answer.extra.push((name.into_owned(), raw.get().to_owned()));
                            }
                        }
                    }
                }
                answer.contradicts_itself = code.differs
                    || result.differs
                    || account_tokens.differs
                    || token_accounts.differs;
                answer.code = code.value();
                answer.result = result.value();
                answer.account_tokens = account_tokens.value();
                answer.token_accounts = token_accounts.value();
                Ok(answer)
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

/// A field that may stand in an object once, or again with the same contents.
struct Once<T> {
    seen: bool,
    value: Option<T>,
    differs: bool,
}

impl<T: PartialEq> Once<T> {
    fn new() -> Self {
        Self {
            seen: false,
            value: None,
            differs: false,
        }
    }

    fn see(&mut self, value: Option<T>) {
        if self.seen {
            self.differs |= self.value != value;
        } else {
            self.seen = true;
            self.value = value;
        }
    }

    fn value(self) -> Option<T> {
        self.value
    }
}

enum Field {
    Code,
    Message,
    Result,
    AccountTokens,
    TokenAccounts,
    Unknown,
}

impl Field {
    fn of(name: &str) -> Self {
        let is = |documented: &str| {
            let mut given = name.bytes().filter(|b| *b != b'_');
            documented
                .bytes()
                .all(|d| given.next().is_some_and(|g| g.eq_ignore_ascii_case(&d)))
                && given.next().is_none()
        };
        if is("retcode") {
            Self::Code
        } else if is("errmsg") {
            Self::Message
        } else if is("result") {
            Self::Result
        } else if is("accounttokens") {
            Self::AccountTokens
        } else if is("tokenaccounts") {
            Self::TokenAccounts
        } else {
            Self::Unknown
        }
    }
}

/// A scalar of any type; a list or an object is read over.
struct Scalar<T>(fn(Piece<'_>) -> T);

enum Piece<'a> {
    Integer(i64),
    Text(&'a str),
    Other,
}

impl<'de, T> serde::de::DeserializeSeed<'de> for Scalar<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T> Visitor<'de> for Scalar<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_i64<E>(self, value: i64) -> Result<T, E> {
        Ok((self.0)(Piece::Integer(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<T, E> {
        Ok((self.0)(
            i64::try_from(value).map_or(Piece::Other, Piece::Integer),
        ))
    }

    fn visit_str<E>(self, value: &str) -> Result<T, E> {
        Ok((self.0)(Piece::Text(value)))
    }

    fn visit_f64<E>(self, _: f64) -> Result<T, E> {
        Ok((self.0)(Piece::Other))
    }

    fn visit_bool<E>(self, _: bool) -> Result<T, E> {
        Ok((self.0)(Piece::Other))
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok((self.0)(Piece::Other))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<T, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok((self.0)(Piece::Other))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok((self.0)(Piece::Other))
    }
}

macro_rules! scalar {
    ($type:ty, $convert:expr) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                serde::de::DeserializeSeed::deserialize(Scalar($convert), deserializer)
            }
        }
    };
}

/// A number, or a string that is one.
struct Number(Option<i64>);

scalar!(Number, |piece| Number(match piece {
    Piece::Integer(n) => Some(n),
    Piece::Text(text) => integer(text),
    Piece::Other => None,
}));

/// A string; anything else is `None`.
struct Lenient(Option<String>);

scalar!(Lenient, |piece| Lenient(match piece {
    Piece::Text(text) => Some(text.to_owned()),
    _ => None,
}));

scalar!(Element, |piece| match piece {
    Piece::Integer(0) => Element::Success,
    Piece::Integer(n) => Element::Code(n),
    Piece::Other => Element::Other,
    Piece::Text(text)
        if text.eq_ignore_ascii_case("ok") || text.eq_ignore_ascii_case("no_error") =>
        Element::Success,
    Piece::Text(text) => match integer(text) {
        Some(0) => Element::Success,
        Some(n) => Element::Code(n),
        None if text.is_empty() => Element::Other,
        None => Element::Word(text.to_owned()),
    },
});

/// Digits with an optional minus sign, and nothing around them.
fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// A list whose elements can be read; anything else is `None`.
struct List<T>(Option<Vec<T>>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Ok(Self(serde_json::from_str(raw.get()).ok()))
    }
}

impl<'de> Deserialize<'de> for MappedAccount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        struct Raw {
            account: String,
            account_type: Option<Number>,
            token_list: Option<Vec<String>>,
        }
        let Object(raw) = Object::<Raw>::deserialize(deserializer)?;
        Ok(Self {
            account: raw.account,
            account_type: raw.account_type.and_then(|n| n.0),
            tokens: raw.token_list,
        })
    }
}

impl<'de> Deserialize<'de> for MappedToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        struct RawAccount {
            account: String,
            account_type: Option<Number>,
        }
        #[derive(serde::Deserialize)]
        struct Raw {
            token: String,
            account_list: Option<Vec<Object<RawAccount>>>,
        }
        let Object(raw) = Object::<Raw>::deserialize(deserializer)?;
        let account = |Object(a): Object<RawAccount>| (a.account, a.account_type.and_then(|n| n.0));
        Ok(Self {
            token: raw.token,
            accounts: raw
                .account_list
                .map(|list| list.into_iter().map(account).collect()),
        })
    }
}

#[cfg(test)]
mod tests;
