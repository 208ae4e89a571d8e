//! The documented JSON of the two account endpoints, read strictly.
//!
//! Text that is not a JSON object is 1008001, something required that is not
//! there (or is empty, or null) 1008002, a wrong type or value 1008007.
//! Fields that the operation does not use are not looked at beyond their type.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::config::{PlatformField, TopLevelType, Version};
use crate::protocol::codes;

/// Documented for `token_accounts`; other lists have no documented limit.
const MAX_TOKENS: usize = 20;

/// Why a request as a whole is refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: i64,
    pub(crate) message: Cow<'static, str>,
}

impl Refusal {
    pub(crate) fn missing(name: &str) -> Self {
        Self {
            code: codes::MISSING,
            message: format!("missing required parameter: {name}").into(),
        }
    }

    pub(crate) fn invalid(text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code: codes::INVALID,
            message: text.into(),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Account<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) account_type: i64,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TokenAccounts<'a> {
    pub(crate) token: Cow<'a, str>,
    pub(crate) accounts: Vec<Account<'a>>,
}

/// A valid call of `batchoperate`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Batch<'a> {
    /// Operator 1.
    Append(Vec<TokenAccounts<'a>>),
    /// Operator 2.
    Overwrite(Vec<TokenAccounts<'a>>),
    /// Operator 3.
    Unbind(Vec<TokenAccounts<'a>>),
    /// Operator 4.
    ClearTokens(Vec<Cow<'a, str>>),
    /// Operator 5.
    ClearAccounts(Vec<Account<'a>>),
}

impl Batch<'_> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Append(items) | Self::Overwrite(items) | Self::Unbind(items) => items.len(),
            Self::ClearTokens(tokens) => tokens.len(),
            Self::ClearAccounts(accounts) => accounts.len(),
        }
    }

    /// The account that an item is about, where it is about an account.
    pub(crate) fn account(&self, index: usize) -> Option<&str> {
        match self {
            Self::ClearAccounts(accounts) => Some(&accounts[index].name),
            _ => None,
        }
    }

    /// The token that an item is about; clearing accounts is about none.
    pub(crate) fn token(&self, index: usize) -> Option<&str> {
        match self {
            Self::Append(items) | Self::Overwrite(items) | Self::Unbind(items) => {
                Some(&items[index].token)
            }
            Self::ClearTokens(tokens) => Some(&tokens[index]),
            Self::ClearAccounts(_) => None,
        }
    }
}

/// A valid call of `query`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Query<'a> {
    /// Operator 1.
    TokensOf(Vec<Account<'a>>),
    /// Operator 2.
    AccountsOf(Vec<Cow<'a, str>>),
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct RawAccount<'a> {
    #[serde(borrow)]
    account: Option<Text<'a>>,
    account_type: Option<i64>,
}

#[derive(Deserialize)]
struct RawTokenAccounts<'a> {
    #[serde(borrow)]
    token: Option<Text<'a>>,
    #[serde(borrow)]
    account_list: Option<Vec<Object<RawAccount<'a>>>>,
}

/// The fields of both endpoints.
#[derive(Deserialize)]
pub(crate) struct Raw<'a> {
    pub(crate) operator_type: Option<i64>,
    #[serde(borrow)]
    platform: Option<Text<'a>>,
    #[serde(borrow)]
    account_list: Option<Vec<Object<RawAccount<'a>>>>,
    #[serde(borrow)]
    token_list: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    token_accounts: Option<Vec<Object<RawTokenAccounts<'a>>>>,
    /// A row of the tables that no sample shows.
    pub(crate) account_type: Option<i64>,
    #[serde(borrow, rename = "op_type")]
    _op_type: Option<Text<'a>>,
    #[serde(borrow, rename = "op_id")]
    _op_id: Option<Text<'a>>,
}

/// A JSON object: serde's derived code also takes an array for a struct.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OnlyMap<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for OnlyMap<T> {
            type Value = T;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer
            .deserialize_map(OnlyMap(PhantomData))
            .map(Object)
    }
}

/// The rules of a protocol version.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) version: Version,
    pub(crate) platform_field: PlatformField,
    pub(crate) top_level_type: TopLevelType,
}

impl<'a> Raw<'a> {
    /// Only the JSON and its types.
    pub(crate) fn read(body: &'a [u8]) -> Result<Self, Refusal> {
        let error = match serde_json::from_slice::<Object<Raw<'a>>>(body) {
            Ok(raw) => return Ok(raw.0),
            Err(error) => error,
        };
        // The first fault may be a type where the text breaks off later.
        let is_json = serde_json::from_slice::<IgnoredAny>(body).is_ok();
        let is_object = body.trim_ascii_start().first() == Some(&b'{');
        if is_json && is_object {
            Err(Refusal::invalid(format!("invalid parameter: {error}")))
        } else {
            Err(Refusal {
                code: codes::UNPARSABLE,
                message: format!("parameter parse error: {error}").into(),
            })
        }
    }

    pub(crate) fn batch(self, rules: Rules) -> Result<Batch<'a>, Refusal> {
        let operator = self
            .operator_type
            .ok_or_else(|| Refusal::missing("operator_type"))?;
        if !(1..=5).contains(&operator) {
            return Err(Refusal::invalid("operator_type is not in [1,5]"));
        }
        self.platform_is_right(rules, rules.version != Version::Tpns)?;
        let default_type = self.default_type(rules);
        Ok(match operator {
            4 => Batch::ClearTokens(tokens(self.token_list, rules)?),
            5 => Batch::ClearAccounts(accounts(self.account_list, default_type, rules)?),
            _ => {
                let items = token_accounts(self.token_accounts, default_type, rules)?;
                match operator {
                    1 => Batch::Append(items),
                    2 => Batch::Overwrite(items),
                    _ => Batch::Unbind(items),
                }
            }
        })
    }

    /// The TPNS query page never had a `platform`; legacy XG requires it.
    pub(crate) fn query(self, rules: Rules) -> Result<Query<'a>, Refusal> {
        let operator = self
            .operator_type
            .ok_or_else(|| Refusal::missing("operator_type"))?;
        self.platform_is_right(rules, rules.version == Version::XgV3)?;
        let default_type = self.default_type(rules);
        match operator {
            1 => Ok(Query::TokensOf(accounts(
                self.account_list,
                default_type,
                rules,
            )?)),
            2 => Ok(Query::AccountsOf(tokens(self.token_list, rules)?)),
            _ => Err(Refusal::invalid("operator_type is not in [1,2]")),
        }
    }

    /// The type of accounts that have none of their own.
    fn default_type(&self, rules: Rules) -> Option<i64> {
        match rules.top_level_type {
            TopLevelType::Ignore => None,
            TopLevelType::Apply => self.account_type,
        }
    }

    fn platform_is_right(&self, rules: Rules, required: bool) -> Result<(), Refusal> {
        let Some(Text(platform)) = &self.platform else {
            return if required {
                Err(Refusal::missing("platform"))
            } else {
                Ok(())
            };
        };
        if rules.version == Version::Tpns {
            return match rules.platform_field {
                PlatformField::Ignore => Ok(()),
                PlatformField::Reject => Err(Refusal::invalid("platform is not a parameter")),
            };
        }
        // Tables print "Android" and "iOS", samples send "android".
        if platform.eq_ignore_ascii_case("android") || platform.eq_ignore_ascii_case("ios") {
            Ok(())
        } else {
            Err(Refusal::invalid("platform is neither android nor ios"))
        }
    }
}

fn given<T>(list: Option<Vec<T>>, name: &'static str) -> Result<Vec<T>, Refusal> {
    list.filter(|list| !list.is_empty())
        .ok_or_else(|| Refusal::missing(name))
}

fn token(text: Text<'_>, rules: Rules) -> Result<Cow<'_, str>, Refusal> {
    // Only the legacy glossary says how long a token is.
    let longest = match rules.version {
        Version::XgV3 => 64,
        Version::Tpns | Version::TpnsWithPlatform => usize::MAX,
    };
    if text.0.is_empty() || text.0.len() > longest {
        return Err(Refusal::invalid("token has a wrong length"));
    }
    Ok(text.0)
}

fn tokens(list: Option<Vec<Text<'_>>>, rules: Rules) -> Result<Vec<Cow<'_, str>>, Refusal> {
    given(list, "token_list")?
        .into_iter()
        .map(|text| token(text, rules))
        .collect()
}

fn accounts(
    list: Option<Vec<Object<RawAccount<'_>>>>,
    default_type: Option<i64>,
    rules: Rules,
) -> Result<Vec<Account<'_>>, Refusal> {
    let legacy = rules.version == Version::XgV3;
    given(list, "account_list")?
        .into_iter()
        .map(|Object(raw)| {
            let Text(name) = raw.account.ok_or_else(|| Refusal::missing("account"))?;
            // Only the legacy glossary says how long an account is: more than one byte.
            if name.is_empty() || (legacy && name.len() < 2) {
                return Err(Refusal::invalid("account has a wrong length"));
            }
            let account_type = raw.account_type.or(default_type);
            if legacy && account_type.is_none() {
                return Err(Refusal::missing("account_type"));
            }
            Ok(Account {
                name,
                account_type: account_type.unwrap_or(0),
            })
        })
        .collect()
}

fn token_accounts(
    list: Option<Vec<Object<RawTokenAccounts<'_>>>>,
    default_type: Option<i64>,
    rules: Rules,
) -> Result<Vec<TokenAccounts<'_>>, Refusal> {
    let list = given(list, "token_accounts")?;
    if list.len() > MAX_TOKENS {
        return Err(Refusal::invalid("token_accounts has more than 20 tokens"));
    }
    list.into_iter()
        .map(|Object(raw)| {
            let text = raw.token.ok_or_else(|| Refusal::missing("token"))?;
            Ok(TokenAccounts {
                token: token(text, rules)?,
                accounts: accounts(raw.account_list, default_type, rules)?,
            })
        })
        .collect()
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
