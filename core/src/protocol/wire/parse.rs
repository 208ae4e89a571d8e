//! The documented JSON to a request: for callers whose language has a JSON
//! encoder and nothing else.

use std::borrow::Cow;

use serde::Deserialize;

use crate::model::account::{Account, AccountType};
use crate::model::error::{Error, ErrorKind, Result};
use crate::model::operator::{Action, Lookup, Operator};
use crate::model::request::{Binding, Items, LegacyFields, Request};
use crate::model::text::shortened;
use crate::model::token::Token;

use super::object::Object;

impl Request {
    /// Reads the documented JSON of `POST /v3/device/account/batchoperate`.
    /// The list may have any length: the client splits it.
    ///
    /// # Errors
    /// [`InvalidJson`](ErrorKind::InvalidJson) when it is not the documented
    /// shape (an unknown field included),
    /// [`InvalidValue`](ErrorKind::InvalidValue) when a value breaks a rule.
    pub fn batch_from_json(json: &[u8]) -> Result<Self> {
        let raw = read(json)?;
        let operator = Operator::try_from(raw.operator_type)?;
        raw.into_request(Action::Batch(operator))
    }

    /// Reads the documented JSON of `POST /v3/device/account/query`.
    ///
    /// # Errors
    /// As [`Request::batch_from_json`].
    pub fn query_from_json(json: &[u8]) -> Result<Self> {
        let raw = read(json)?;
        let lookup = Lookup::try_from(raw.operator_type)?;
        raw.into_request(Action::Query(lookup))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRequest<'a> {
    operator_type: i64,
    #[serde(borrow)]
    platform: Option<Cow<'a, str>>,
    #[serde(borrow)]
    token_accounts: Option<Vec<Object<RawBinding<'a>>>>,
    #[serde(borrow)]
    token_list: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    account_list: Option<Vec<Object<RawAccount<'a>>>>,
    op_type: Option<String>,
    op_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBinding<'a> {
    #[serde(borrow)]
    token: Text<'a>,
    #[serde(borrow)]
    account_list: Vec<Object<RawAccount<'a>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAccount<'a> {
    #[serde(borrow)]
    account: Text<'a>,
    account_type: Option<i64>,
}

/// A string that is borrowed where it has no escapes, inside lists as well.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

fn read(json: &[u8]) -> Result<RawRequest<'_>> {
    let read = serde_json::from_slice(json).map(|Object(raw)| raw);
    read.map_err(|error| {
        // Read again, slowly, to say where in the document it is.
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        match serde_path_to_error::deserialize::<_, Object<RawRequest<'_>>>(&mut deserializer) {
            Err(located) => not_documented(located.path(), located.inner()),
            Ok(_) => Error::new(
                ErrorKind::InvalidJson,
                format!("the request is not one JSON document: {error}"),
            )
            .with_source(error),
        }
    })
}

fn not_documented(path: &serde_path_to_error::Path, error: &serde_json::Error) -> Error {
    use serde_path_to_error::Segment;
    let item = path.iter().find_map(|segment| match segment {
        Segment::Seq { index } => Some(*index),
        _ => None,
    });
    let place = path.to_string();
    let place = match place.as_str() {
        "." | "?" => String::new(),
        path => format!(" at {path}"),
    };
    let error = Error::new(
        ErrorKind::InvalidJson,
        format!("the request is not the documented JSON{place}: {error}"),
    );
    match item {
        Some(index) => error.at_item(index),
        None => error,
    }
}

impl RawRequest<'_> {
    fn into_request(self, action: Action) -> Result<Request> {
        let wanted = action.list_field();
        let lists = [
            ("token_accounts", self.token_accounts.is_some()),
            ("token_list", self.token_list.is_some()),
            ("account_list", self.account_list.is_some()),
        ];
        if let Some((other, _)) = lists.iter().find(|(name, given)| *given && *name != wanted) {
            return Err(Error::request(format!(
                "{other} is not valid when operator_type is {number}, which takes {wanted} ({api}, \
                 parameter {other})",
                number = action.number(),
                api = action.api_name(),
            )));
        }
        let missing = || {
            Error::request(format!(
                "{wanted} is missing; it is required when operator_type is {number} ({api}, \
                 parameter {wanted})",
                number = action.number(),
                api = action.api_name(),
            ))
        };
        let items = match action {
            Action::Batch(Operator::Append | Operator::Bind | Operator::Unbind) => Items::Bindings(
                each(self.token_accounts.ok_or_else(missing)?, |Object(raw)| {
                    raw.into_binding()
                })?,
            ),
            Action::Batch(Operator::ClearToken) | Action::Query(Lookup::ByToken) => {
                Items::Tokens(each(self.token_list.ok_or_else(missing)?, |t| {
                    Token::new(t.0)
                })?)
            }
            Action::Batch(Operator::ClearAccount) | Action::Query(Lookup::ByAccount) => {
                Items::Accounts(each(
                    self.account_list.ok_or_else(missing)?,
                    |Object(raw)| raw.into_account(),
                )?)
            }
        };
        let platform = self.platform.as_deref().map(str::parse).transpose()?;
        Ok(Request {
            action,
            items,
            legacy: LegacyFields {
                platform,
                op_type: self.op_type,
                op_id: self.op_id,
            },
        })
    }
}

fn each<R, T>(raw: Vec<R>, convert: impl Fn(R) -> Result<T>) -> Result<Vec<T>> {
    raw.into_iter()
        .enumerate()
        .map(|(index, value)| convert(value).map_err(|e| e.at_item(index)))
        .collect()
}

impl RawBinding<'_> {
    fn into_binding(self) -> Result<Binding> {
        let token = Token::new(self.token.0)?;
        let accounts = self
            .account_list
            .into_iter()
            .map(|Object(raw)| raw.into_account())
            .collect::<Result<Vec<_>>>()?;
        Binding::new(token, accounts)
    }
}

impl RawAccount<'_> {
    fn into_account(self) -> Result<Account> {
        let account_type = match self.account_type {
            None => None,
            Some(number) => Some(AccountType(i32::try_from(number).map_err(|_| {
                Error::value(format!(
                    "account {} has account_type {number}, which is no 32-bit integer (Account \
                     Type Value Table)",
                    shortened(&self.account.0)
                ))
            })?)),
        };
        Account::with_optional_type(self.account.0, account_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(json: &str) -> Error {
        Request::batch_from_json(json.as_bytes()).unwrap_err()
    }

    #[test]
    fn a_shape_error_names_item_and_place() {
        let error = error(
            r#"{"operator_type":2,"token_accounts":[
                {"token":"t1","account_list":[{"account":"ab"}]},
                {"token":"t2","account_list":[{"acount":"ab"}]}]}"#,
        );
        assert_eq!(error.kind(), ErrorKind::InvalidJson);
        assert_eq!(error.item(), Some(1));
        let text = error.to_string();
        assert!(text.contains("token_accounts[1].account_list[0]"), "{text}");
        assert!(text.contains("acount"), "{text}");
    }

    #[test]
    fn escaped_strings_in_lists_are_read() {
        let json = br#"{"operator_type":4,"token_list":["t\u0041","tB"]}"#;
        let request = Request::batch_from_json(json).unwrap();
        let tokens = vec![Token::new("tA").unwrap(), Token::new("tB").unwrap()];
        assert_eq!(request, Request::clear_tokens(tokens));
    }

    #[test]
    fn the_list_must_be_the_operators_own() {
        let text = error(r#"{"operator_type":4,"account_list":[]}"#).to_string();
        assert!(text.contains("takes token_list"), "{text}");
        let text = error(r#"{"operator_type":5}"#).to_string();
        assert!(text.contains("account_list is missing"), "{text}");
        let text = error(r#"{"operator_type":6,"token_list":["t"]}"#).to_string();
        assert!(text.contains("outside [1, 5]"), "{text}");
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let json = r#"{"operator_type":2,"platform":"ios","token_accounts":[{"token":"t1","account_list":[{"account":"ab","account_type":3}]}]}"#;
        for end in 0..json.len() {
            assert!(Request::batch_from_json(&json.as_bytes()[..end]).is_err());
        }
        assert!(Request::batch_from_json(b"{\"operator_type\":\xff}").is_err());
        assert!(Request::batch_from_json(format!("{json}x").as_bytes()).is_err());
    }
}
