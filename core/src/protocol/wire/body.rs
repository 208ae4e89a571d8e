//! A request's items to the documented JSON.
//!
//! Names and brackets are written as they are; `serde_json` writes the values.

use serde::Serialize;

use crate::model::account::{AccountType, Platform};
use crate::model::encoded::EncodedOperation;
use crate::model::operator::Action;
use crate::model::operator::Operator;
use crate::model::request::{Items, Request};

/// The body of one HTTP request: the chosen items of `request`.
///
/// The bytes are the ones to sign and to send, so they are made once.
pub(crate) fn body(request: &Request, chosen: &[u32]) -> Vec<u8> {
    let mut json = begin(request.action, request.legacy.platform, chosen.len());
    let chosen = chosen.iter().map(|index| *index as usize);
    match &request.items {
        Items::Bindings(all) => list(&mut json, chosen, |json, index| {
            let accounts = all[index].accounts().iter();
            let accounts = accounts.map(|account| (account.name(), account.account_type()));
            binding(json, all[index].token().as_str(), accounts);
        }),
        Items::Tokens(all) => list(&mut json, chosen, |json, index| {
            value(json, all[index].as_str());
        }),
        Items::Accounts(all) => list(&mut json, chosen, |json, index| {
            account(json, (all[index].name(), all[index].account_type()));
        }),
    }
    if let Some(op_type) = &request.legacy.op_type {
        json.extend_from_slice(b",\"op_type\":");
        value(&mut json, op_type);
    }
    if let Some(op_id) = &request.legacy.op_id {
        json.extend_from_slice(b",\"op_id\":");
        value(&mut json, op_id);
    }
    json.push(b'}');
    json
}

/// The body of one HTTP request of kept operations, all of one kind. Byte for byte
/// what [`body`] makes of the same items.
pub(crate) fn body_of_operations(operations: &[EncodedOperation<'_>]) -> Vec<u8> {
    let Some(first) = operations.first() else {
        return b"{}".to_vec();
    };
    let action = Action::Batch(first.operator());
    let mut json = begin(action, first.platform(), operations.len());
    list(
        &mut json,
        operations.iter(),
        |json, operation| match operation.operator() {
            Operator::Append | Operator::Bind | Operator::Unbind => {
                binding(json, operation.token(), operation.accounts());
            }
            Operator::ClearToken => value(json, operation.token()),
            Operator::ClearAccount => {
                account(json, operation.accounts().next().unwrap_or_default());
            }
        },
    );
    json.push(b'}');
    json
}

/// Everything in front of the list.
fn begin(action: Action, platform: Option<Platform>, items: usize) -> Vec<u8> {
    let mut json = Vec::with_capacity(64 + items * 96);
    json.extend_from_slice(b"{\"operator_type\":");
    value(&mut json, &action.number());
    if let Some(platform) = platform {
        json.extend_from_slice(b",\"platform\":");
        value(&mut json, platform.name());
    }
    json.push(b',');
    value(&mut json, action.list_field());
    json.push(b':');
    json
}

fn list<T>(
    json: &mut Vec<u8>,
    items: impl Iterator<Item = T>,
    mut item: impl FnMut(&mut Vec<u8>, T),
) {
    json.push(b'[');
    for (n, each) in items.enumerate() {
        if n > 0 {
            json.push(b',');
        }
        item(json, each);
    }
    json.push(b']');
}

fn binding<'a>(
    json: &mut Vec<u8>,
    token: &str,
    accounts: impl Iterator<Item = (&'a str, Option<AccountType>)>,
) {
    json.extend_from_slice(b"{\"token\":");
    value(json, token);
    json.extend_from_slice(b",\"account_list\":");
    list(json, accounts, account);
    json.push(b'}');
}

fn account(json: &mut Vec<u8>, (name, account_type): (&str, Option<AccountType>)) {
    json.extend_from_slice(b"{\"account\":");
    value(json, name);
    if let Some(AccountType(number)) = account_type {
        json.extend_from_slice(b",\"account_type\":");
        value(json, &number);
    }
    json.push(b'}');
}

fn value<T: Serialize + ?Sized>(json: &mut Vec<u8>, value: &T) {
    serde_json::to_writer(json, value).expect("texts and numbers are JSON");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::operation::Operation;

    #[test]
    fn each_kind_of_operation_has_its_documented_body() {
        let typed = Some(AccountType(5));
        let two = [("al\"ice", None), ("bob@example.com", typed)];
        let one = [("al\"ice", typed)];
        let ios = |operation: Operation<'static>| operation.with_platform(Platform::Ios);
        let table = [
            (
                Operation::bind("t1", &two[..1]),
                r#"{"operator_type":2,"token_accounts":[{"token":"t1","account_list":[{"account":"al\"ice"}]}]}"#,
            ),
            (
                Operation::unbind("t1", &two),
                r#"{"operator_type":3,"token_accounts":[{"token":"t1","account_list":[{"account":"al\"ice"},{"account":"bob@example.com","account_type":5}]}]}"#,
            ),
            (
                ios(Operation::clear_token("t1")),
                r#"{"operator_type":4,"platform":"ios","token_list":["t1"]}"#,
            ),
            (
                Operation::clear_account(&one),
                r#"{"operator_type":5,"account_list":[{"account":"al\"ice","account_type":5}]}"#,
            ),
        ];
        for (operation, expected) in table {
            let kept = operation.encode();
            let (head, list) = expected.split_once('[').unwrap();
            let item = list.strip_suffix("]}").unwrap();
            let body = body_of_operations(&[EncodedOperation(&kept)]);
            assert_eq!(String::from_utf8(body).unwrap(), expected);
            let body = body_of_operations(&[EncodedOperation(&kept), EncodedOperation(&kept)]);
            let expected = format!("{head}[{item},{item}]}}");
            assert_eq!(String::from_utf8(body).unwrap(), expected);
            let request = operation.to_request().unwrap();
            assert_eq!(
                String::from_utf8(super::body(&request, &[0, 0])).unwrap(),
                expected
            );
        }
    }
}
