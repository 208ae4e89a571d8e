//! The JSON of responses, with either kind of field names.

use std::borrow::Cow;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::Value;

/// The names of code and message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldNames {
    /// `ret_code`, `err_msg`.
    Snake,
    /// `retCode`, `errMsg`.
    Camel,
    /// `retCode`, `ErrMsg`: as the one page about plans prints it.
    Plan,
}

/// The members of a body besides code and message.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Payload {
    /// `seq` before all else.
    pub(crate) seq: Option<i64>,
    /// `result` as a list.
    pub(crate) results: Option<Vec<Cow<'static, str>>>,
    pub(crate) extra: Extra,
}

/// The last member.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Extra {
    #[default]
    None,
    /// Any, in their order.
    Members(Vec<(&'static str, Value)>),
    /// What a query by account found.
    AccountTokens(Vec<FoundTokens>),
    /// What a query by token found.
    TokenAccounts(Vec<FoundAccounts>),
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FoundTokens {
    #[serde(flatten)]
    pub(crate) account: FoundAccount,
    pub(crate) token_list: Vec<String>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FoundAccounts {
    pub(crate) token: String,
    pub(crate) account_list: Vec<FoundAccount>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FoundAccount {
    pub(crate) account: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account_type: Option<i64>,
}

struct Envelope<'a> {
    names: FieldNames,
    code: i64,
    message: &'a str,
    payload: &'a Payload,
}

impl Serialize for Envelope<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (code, message) = match self.names {
            FieldNames::Snake => ("ret_code", "err_msg"),
            FieldNames::Camel => ("retCode", "errMsg"),
            FieldNames::Plan => ("retCode", "ErrMsg"),
        };
        let mut map = serializer.serialize_map(None)?;
        if let Some(seq) = self.payload.seq {
            map.serialize_entry("seq", &seq)?;
        }
        map.serialize_entry(code, &self.code)?;
        map.serialize_entry(message, self.message)?;
        if let Some(results) = &self.payload.results {
            map.serialize_entry("result", results)?;
        }
        match &self.payload.extra {
            Extra::None => {}
            Extra::Members(members) => {
                for (name, value) in members {
                    map.serialize_entry(name, value)?;
                }
            }
            Extra::AccountTokens(found) => map.serialize_entry("account_tokens", found)?,
            Extra::TokenAccounts(found) => map.serialize_entry("token_accounts", found)?,
        }
        map.end()
    }
}

/// `{"ret_code":…,"err_msg":…,…}`
pub(crate) fn envelope(names: FieldNames, code: i64, message: &str, payload: &Payload) -> Vec<u8> {
    let envelope = Envelope {
        names,
        code,
        message,
        payload,
    };
    serde_json::to_vec(&envelope).expect("texts, numbers and lists are always written")
}

#[cfg(test)]
mod tests {
    use super::{Extra, FieldNames, FoundTokens, Payload, envelope};
    use crate::response::body::FoundAccount;

    #[test]
    fn envelope_has_either_field_names_and_escapes() {
        let payload = Payload {
            seq: None,
            results: Some(vec!["0".into(), "a\"b".into()]),
            extra: Extra::AccountTokens(vec![FoundTokens {
                account: FoundAccount {
                    account: "a1".into(),
                    account_type: Some(9),
                },
                token_list: vec!["t1".into()],
            }]),
        };
        let camel = envelope(FieldNames::Camel, 0, "NO_ERROR", &payload);
        assert_eq!(
            String::from_utf8(camel).unwrap(),
            r#"{"retCode":0,"errMsg":"NO_ERROR","result":["0","a\"b"],"account_tokens":[{"account":"a1","account_type":9,"token_list":["t1"]}]}"#
        );
        let snake = envelope(FieldNames::Snake, -1, "\n", &Payload::default());
        assert_eq!(
            String::from_utf8(snake).unwrap(),
            r#"{"ret_code":-1,"err_msg":"\n"}"#
        );
    }
}
