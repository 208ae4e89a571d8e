//! What the values convert from and into, and how they are shown.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, SerializeStruct as _, Serializer};

use super::{Account, AccountType, Platform};
use crate::model::error::{Error, Result};
use crate::model::named;
use crate::model::text::shortened;

/// An account without a type.
impl FromStr for Account {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::new(name)
    }
}

/// An account without a type.
impl TryFrom<&str> for Account {
    type Error = Error;

    fn try_from(name: &str) -> Result<Self> {
        Self::new(name)
    }
}

/// An account without a type.
impl TryFrom<String> for Account {
    type Error = Error;

    fn try_from(name: String) -> Result<Self> {
        Self::new(name)
    }
}

impl TryFrom<(&str, AccountType)> for Account {
    type Error = Error;

    fn try_from((name, account_type): (&str, AccountType)) -> Result<Self> {
        Self::with_type(name, account_type)
    }
}

/// The name, and the type where one is given: `alice (type 3)`.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.account_type {
            Some(account_type) => write!(f, "{} (type {account_type})", self.name),
            None => f.pad(&self.name),
        }
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.account_type {
            Some(AccountType(n)) => write!(f, "Account({:?}, type {n})", self.name),
            None => write!(f, "Account({:?})", self.name),
        }
    }
}

/// As the service writes it: `{"account":"alice","account_type":3}`.
impl Serialize for Account {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        let fields = 1 + usize::from(self.account_type.is_some());
        let mut object = to.serialize_struct("Account", fields)?;
        object.serialize_field("account", &*self.name)?;
        if let Some(account_type) = self.account_type {
            object.serialize_field("account_type", &account_type)?;
        }
        object.end()
    }
}

impl<'de> Deserialize<'de> for Account {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        struct Shape {
            account: String,
            account_type: Option<AccountType>,
        }
        let shape = Shape::deserialize(from)?;
        Self::with_optional_type(shape.account, shape.account_type).map_err(D::Error::custom)
    }
}

impl From<i32> for AccountType {
    fn from(number: i32) -> Self {
        Self(number)
    }
}

impl From<AccountType> for i32 {
    fn from(account_type: AccountType) -> Self {
        account_type.0
    }
}

impl TryFrom<f64> for AccountType {
    type Error = Error;

    fn try_from(number: f64) -> Result<Self> {
        let whole =
            number.fract() == 0.0 && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number);
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and in range")]
        let account_type = Self(number as i32);
        whole
            .then_some(account_type)
            .ok_or_else(|| no_integer(&number.to_string()))
    }
}

impl FromStr for AccountType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let whole = match text.split_once('.') {
            Some((whole, zeros)) if zeros.bytes().all(|digit| digit == b'0') => whole,
            _ => text,
        };
        let number = whole.parse().map_err(|_| no_integer(text))?;
        Ok(Self(number))
    }
}

fn no_integer(text: &str) -> Error {
    let text = shortened(text);
    Error::value(format!("account_type {text} is no integer of 32 bits"))
}

impl fmt::Display for AccountType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// In any case: the 2020 table prints "Android" and "iOS", every sample sends lower
/// case.
impl FromStr for Platform {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let named = |platform: &&Self| text.eq_ignore_ascii_case(platform.name());
        Self::ALL.iter().find(named).copied().ok_or_else(|| {
            Error::value(format!(
                "the platform {} is none of \"android\" and \"ios\" (Account API v3, parameter \
                 platform)",
                shortened(text)
            ))
        })
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Platform {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Platform {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        named::deserialize(from, "a platform")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_read_both_spellings_of_the_documents() {
        assert_eq!("Android".parse::<Platform>().unwrap(), Platform::Android);
        assert_eq!("iOS".parse::<Platform>().unwrap(), Platform::Ios);
        assert!("windows".parse::<Platform>().is_err());
    }

    #[test]
    fn conversions_check_as_constructors_do() {
        assert!(Account::try_from("a").is_err() && "a".parse::<Account>().is_err());
        assert!(Account::try_from(("a", AccountType::QQ)).is_err());
        assert!(serde_json::from_str::<Account>(r#"{"account":"a"}"#).is_err());
    }

    #[test]
    fn json_of_a_value_is_read_as_the_same() {
        for (account, expected) in [
            (Account::new("alice"), r#"{"account":"alice"}"#),
            (
                Account::with_type("alice", AccountType(3)),
                r#"{"account":"alice","account_type":3}"#,
            ),
        ] {
            let account = account.unwrap();
            let json = serde_json::to_string(&account).unwrap();
            assert_eq!(json, expected);
            assert_eq!(serde_json::from_str::<Account>(&json).unwrap(), account);
        }
        let platforms = serde_json::to_string(Platform::ALL).unwrap();
        assert_eq!(platforms, r#"["android","ios"]"#);
        let read: Vec<Platform> = serde_json::from_str(&platforms).unwrap();
        assert_eq!(read, Platform::ALL);
    }

    #[test]
    fn account_is_shown_with_the_type_that_was_given() {
        assert_eq!(Account::new("alice").unwrap().to_string(), "alice");
        let typed = Account::try_from(("alice", AccountType(3))).unwrap();
        assert_eq!(typed.to_string(), "alice (type 3)");
    }
}
