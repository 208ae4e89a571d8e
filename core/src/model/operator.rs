//! [`Operator`], [`Lookup`] and [`Action`]: the five bind/unbind operations and the two
//! queries, with their numbers, paths and lists.

use crate::model::error::{Error, Result};

named! {
    /// `operator_type` of `POST /v3/device/account/batchoperate`.
    #[repr(u8)]
    #[non_exhaustive]
    pub enum Operator("the operation", InvalidValue) {
        /// 1: adds accounts to a token. Disused at TPNS since 2020-10-26: the
        /// service treats it as [`Operator::Bind`].
        Append = 1 => "append",
        /// 2: binds a token to accounts, overwriting.
        Bind = 2 => "bind",
        /// 3: removes the given accounts from a token.
        Unbind = 3 => "unbind",
        /// 4: removes all accounts from a token.
        ClearToken = 4 => "clear_token",
        /// 5: removes all tokens from an account.
        ClearAccount = 5 => "clear_account",
    }
}

impl Operator {
    /// The number on the wire.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The field that carries the items of this operator.
    pub(crate) fn list_field(self) -> &'static str {
        match self {
            Self::Append | Self::Bind | Self::Unbind => "token_accounts",
            Self::ClearToken => "token_list",
            Self::ClearAccount => "account_list",
        }
    }
}

/// By its number on the wire.
impl TryFrom<i64> for Operator {
    type Error = Error;

    fn try_from(number: i64) -> Result<Self> {
        let mut all = Self::ALL.iter().copied();
        let found = all.find(|operator| i64::from(operator.number()) == number);
        found.ok_or_else(|| {
            Error::value(format!(
                "operator_type {number} is outside [1, 5] (Account Binding and Unbinding, \
                 parameter operator_type)"
            ))
        })
    }
}

/// Which of the two APIs a request is for, and what it asks there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// `POST /v3/device/account/batchoperate`
    Batch(Operator),
    /// `POST /v3/device/account/query`
    Query(Lookup),
}

impl Action {
    /// The path of the API below the access point.
    pub fn path(self) -> &'static str {
        match self {
            Self::Batch(_) => "/v3/device/account/batchoperate",
            Self::Query(_) => "/v3/device/account/query",
        }
    }

    /// The number on the wire.
    pub fn number(self) -> u8 {
        match self {
            Self::Batch(operator) => operator.number(),
            Self::Query(lookup) => lookup.number(),
        }
    }

    pub(crate) fn list_field(self) -> &'static str {
        match self {
            Self::Batch(operator) => operator.list_field(),
            Self::Query(lookup) => lookup.list_field(),
        }
    }

    /// What the documents call the API.
    pub(crate) fn api_name(self) -> &'static str {
        match self {
            Self::Batch(_) => "Account Binding and Unbinding",
            Self::Query(_) => "Account Query",
        }
    }
}

/// `operator_type` of `POST /v3/device/account/query`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Lookup {
    /// 1: the tokens of accounts.
    ByAccount = 1,
    /// 2: the accounts of tokens.
    ByToken = 2,
}

impl Lookup {
    /// The number on the wire.
    pub fn number(self) -> u8 {
        self as u8
    }

    pub(crate) fn list_field(self) -> &'static str {
        match self {
            Self::ByAccount => "account_list",
            Self::ByToken => "token_list",
        }
    }
}

/// By its number on the wire.
impl TryFrom<i64> for Lookup {
    type Error = Error;

    fn try_from(number: i64) -> Result<Self> {
        match number {
            1 => Ok(Self::ByAccount),
            2 => Ok(Self::ByToken),
            _ => Err(Error::value(format!(
                "operator_type {number} is outside [1, 2] (Account Query, parameter operator_type)"
            ))),
        }
    }
}
