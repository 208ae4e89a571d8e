//! [`Mention`]: whether the body of a request names a token or an account.

use std::fmt::Write as _;

use serde_json::Value;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    Token,
    Account,
}

impl Named {
    /// Whether the values of a field are such names.
    fn is_named_by(self, field: &str) -> bool {
        match self {
            Self::Token => field.starts_with("token"),
            Self::Account => field.starts_with("account"),
        }
    }
}

/// A token or an account, as bodies name it.
#[derive(Clone, Debug)]
pub(crate) struct Mention {
    what: Named,
    name: String,
    /// In quotation marks, as JSON writes it with and without escapes of what is no ASCII.
    written: [String; 2],
}

impl Mention {
    pub(crate) fn new(what: Named, name: &str) -> Self {
        let quoted = Value::from(name).to_string();
        let mut escaped = String::with_capacity(quoted.len());
        for character in quoted.chars() {
            if character.is_ascii() {
                escaped.push(character);
            } else {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // A String takes every text.
                    let _ = write!(escaped, "\\u{unit:04x}");
                }
            }
        }
        Self {
            what,
            name: name.to_owned(),
            written: [quoted, escaped],
        }
    }

    /// Whether a body names it. A body that is no JSON names nothing.
    pub(crate) fn is_in(&self, body: &str) -> bool {
        // Few bodies contain it, and only those are read.
        let [quoted, escaped] = &self.written;
        let is_written = body.contains(quoted) || (quoted != escaped && body.contains(escaped));
        is_written
            && serde_json::from_str(body).is_ok_and(|value: Value| self.is_below(&value, false))
    }

    fn is_below(&self, value: &Value, is_named: bool) -> bool {
        match value {
            Value::String(text) => is_named && *text == self.name,
            Value::Array(values) => values.iter().any(|value| self.is_below(value, is_named)),
            Value::Object(fields) => fields
                .iter()
                .any(|(field, value)| self.is_below(value, self.what.is_named_by(field))),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Mention, Named};

    #[test]
    fn tokens_and_accounts_are_found_by_their_fields_in_either_spelling() {
        let bind = r#"{"operator_type":2,"token_accounts":[{"token":"t\"1","account_list":[{"account":"用户"},{"account":"b"}]}]}"#;
        let escaped = bind.replace("用户", "\\u7528\\u6237");
        let push = r#"{"audience_type":"token","token_list":["t\"1"],"message":{"title":"b"}}"#;
        for (what, name, body, found) in [
            (Named::Token, "t\"1", bind, true),
            (Named::Token, "用户", bind, false),
            (Named::Account, "用户", bind, true),
            (Named::Account, "用户", &*escaped, true),
            (Named::Account, "用", bind, false),
            (Named::Account, "t\"1", bind, false),
            (Named::Token, "t\"1", push, true),
            (Named::Account, "b", push, false),
            (Named::Token, "t\"1", "\"t\\\"1\"", false),
            (Named::Account, "b", "\"b\" is no JSON", false),
        ] {
            assert_eq!(
                Mention::new(what, name).is_in(body),
                found,
                "{what:?} {name} {body}"
            );
        }
    }
}
