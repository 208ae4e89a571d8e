//! [`Account`], [`AccountType`] and [`Platform`]: a value that exists is valid.

mod convert;

use serde::{Deserialize, Serialize};

use crate::model::error::{Error, Result};
use crate::model::text::no_control_characters;

/// The shortest account in bytes (legacy Account API v3, glossary: "greater
/// than 1 byte"). No document states a maximum for the account APIs.
pub const MIN_ACCOUNT_BYTES: usize = 2;

/// The kind of an account: 0 is the default, 1 to 16 are the application's own,
/// the constants name the published ones (Account Type Value Table, 2024-11-20).
///
/// Any integer is taken: the table has changed several times, and the legacy
/// XG service numbers its types differently.
///
/// A number of a table converts as well, where it is whole: `3.0` is 3, which is what a
/// column of integers becomes when some are missing.
///
/// ```
/// use xgpush::AccountType;
///
/// assert_eq!("1005".parse::<AccountType>()?, AccountType::EMAIL);
/// assert_eq!(AccountType::try_from(3.0)?, AccountType(3));
/// assert!(AccountType::try_from(3.5).is_err());
/// # Ok::<(), xgpush::Error>(())
/// ```
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct AccountType(pub i32);

#[allow(missing_docs, reason = "the names are the table's own")]
impl AccountType {
    pub const DEFAULT: Self = Self(0);
    pub const QQ: Self = Self(991);
    pub const QQ_MD5: Self = Self(992);
    pub const OAID: Self = Self(997);
    pub const OAID_MD5: Self = Self(998);
    pub const WECHAT_UNION_ID: Self = Self(999);
    pub const MOBILE: Self = Self(1002);
    pub const WECHAT_OPEN_ID: Self = Self(1003);
    pub const QQ_OPEN_ID: Self = Self(1004);
    pub const EMAIL: Self = Self(1005);
    pub const SINA_WEIBO: Self = Self(1006);
    pub const ALIPAY: Self = Self(1007);
    pub const TAOBAO: Self = Self(1008);
    pub const DOUBAN: Self = Self(1009);
    pub const FACEBOOK: Self = Self(1010);
    pub const TWITTER: Self = Self(1011);
    pub const GOOGLE: Self = Self(1012);
    pub const BAIDU: Self = Self(1013);
    pub const JD: Self = Self(1014);
    pub const LINKEDIN: Self = Self(1015);
}

/// An account of a player, with its type where one is given.
///
/// ```
/// use xgpush::{Account, AccountType};
///
/// let alice = Account::new("alice")?;
/// let mail = Account::with_type("alice@example.com", AccountType::EMAIL)?;
/// assert_eq!((alice.name(), alice.account_type()), ("alice", None));
/// assert_eq!(mail, ("alice@example.com", AccountType::EMAIL).try_into()?);
/// # Ok::<(), xgpush::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Account {
    name: Box<str>,
    account_type: Option<AccountType>,
}

impl Account {
    /// An account without a type: the service takes type 0, and the field is
    /// not sent.
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue) when it is shorter than
    /// [`MIN_ACCOUNT_BYTES`] or contains a control character.
    pub fn new(name: impl Into<Box<str>>) -> Result<Self> {
        Self::with_optional_type(name, None)
    }

    /// An account of a type.
    ///
    /// # Errors
    /// As [`Account::new`].
    pub fn with_type(name: impl Into<Box<str>>, account_type: AccountType) -> Result<Self> {
        Self::with_optional_type(name, Some(account_type))
    }

    /// An account whose type may be left open.
    ///
    /// # Errors
    /// As [`Account::new`].
    pub fn with_optional_type(
        name: impl Into<Box<str>>,
        account_type: Option<AccountType>,
    ) -> Result<Self> {
        let name = name.into();
        Self::check(&name)?;
        Ok(Self { name, account_type })
    }

    pub(crate) fn check(name: &str) -> Result<()> {
        if name.len() < MIN_ACCOUNT_BYTES {
            return Err(Error::value(format!(
                "the account {name:?} has {} byte(s); the length of an account must be greater \
                 than 1 byte (Account API v3, glossary)",
                name.len()
            )));
        }
        no_control_characters("account", name)
    }

    /// The account's text.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The type as given: `None` is not sent.
    pub fn account_type(&self) -> Option<AccountType> {
        self.account_type
    }

    /// The type that the service takes: 0 where none is given.
    pub fn effective_type(&self) -> AccountType {
        self.account_type.unwrap_or_default()
    }
}

/// The client platform, which only the older protocol versions carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Platform {
    /// `android`
    Android,
    /// `ios`
    Ios,
}

impl Platform {
    /// Both platforms.
    pub const ALL: &'static [Self] = &[Self::Android, Self::Ios];

    /// The text on the wire: `android` or `ios`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Android => "android",
            Self::Ios => "ios",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_have_at_least_two_bytes() {
        assert!(Account::new("ab").is_ok());
        assert!(Account::new("甲").is_ok(), "one character of three bytes");
        for bad in ["", "a", "ab\r"] {
            assert!(Account::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn no_type_means_type_zero_but_is_not_sent() {
        let open = Account::new("ab").unwrap();
        assert_eq!(open.account_type(), None);
        assert_eq!(open.effective_type(), AccountType::DEFAULT);
    }
}
