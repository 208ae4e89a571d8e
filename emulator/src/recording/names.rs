//! [`Names`]: what stands in a recording for what identifies somebody.

use std::collections::HashMap;

use serde_json::{Map, Value};

/// Fields of requests whose texts are words of the protocol, times, or ids that the service
/// gave. Every other text is replaced: it may be a person's.
const WORDS: [&str; 17] = [
    "audience_type",
    "message_type",
    "platform",
    "environment",
    "send_time",
    "tag_type",
    "tags_operator",
    "items_operator",
    "start_date",
    "end_date",
    "startDate",
    "endDate",
    "push_id",
    "pushId",
    "push_id_list",
    "group_id",
    "plan_id",
];
/// What begins so stands for something.
const KINDS: [&str; 4] = ["token-", "account-", "tag-", "text-"];
/// Shorter texts are too common to be looked for inside of messages.
const SHORTEST_INSIDE: usize = 4;

/// Each text that was replaced, with what stands for it: the same text everywhere, and of
/// the same length where that is possible, as rules are about lengths.
#[derive(Default)]
pub(super) struct Names(HashMap<String, String>);

impl Names {
    /// A request without what identifies somebody.
    pub(super) fn in_request(&mut self, value: Value) -> Value {
        self.replaced("", value, &|field| !WORDS.contains(&field))
    }

    /// An answer without what identifies somebody: what the requests had, also inside of
    /// messages, and tokens and accounts that only the service knew.
    pub(super) fn in_answer(&mut self, value: Value) -> Value {
        let is_name = |field: &str| field.starts_with("token") || field.starts_with("account");
        let value = self.replaced("", value, &is_name);
        self.known(value)
    }

    fn replaced(&mut self, field: &str, value: Value, is_name: &dyn Fn(&str) -> bool) -> Value {
        match value {
            Value::String(text) if is_name(field) && !text.is_empty() => {
                self.of(kind(field), &text).into()
            }
            Value::Array(values) => values
                .into_iter()
                .map(|value| self.replaced(field, value, is_name))
                .collect(),
            Value::Object(fields) => Value::Object(
                fields
                    .into_iter()
                    .map(|(field, value)| {
                        let value = self.replaced(&field, value, is_name);
                        (field, value)
                    })
                    .collect::<Map<_, _>>(),
            ),
            value => value,
        }
    }

    fn known(&self, value: Value) -> Value {
        match value {
            Value::String(text) => self.inside(text).into(),
            Value::Array(values) => values.into_iter().map(|value| self.known(value)).collect(),
            Value::Object(fields) => fields
                .into_iter()
                .map(|(field, value)| (field, self.known(value)))
                .collect::<Map<_, _>>()
                .into(),
            value => value,
        }
    }

    /// A text without the texts that were replaced, the longest of them first.
    pub(super) fn inside(&self, mut text: String) -> String {
        if let Some(name) = self.0.get(&text) {
            return name.clone();
        }
        let mut found: Vec<_> = self
            .0
            .iter()
            .filter(|(original, _)| {
                original.len() >= SHORTEST_INSIDE && text.contains(original.as_str())
            })
            .collect();
        found.sort_by_key(|(original, _)| std::cmp::Reverse(original.len()));
        for (original, name) in found {
            text = text.replace(original.as_str(), name);
        }
        text
    }

    fn of(&mut self, kind: &str, original: &str) -> String {
        if let Some(name) = self.0.get(original) {
            return name.clone();
        }
        let mut name = format!("{kind}{}", self.0.len() + 1);
        let missing = original.chars().count().saturating_sub(name.len());
        name.extend(std::iter::repeat_n('x', missing));
        self.0.insert(original.to_owned(), name.clone());
        name
    }
}

fn kind(field: &str) -> &'static str {
    let of = |start: &str| field.starts_with(start);
    KINDS[if of("token") {
        0
    } else if of("account") {
        1
    } else if of("tag") {
        2
    } else {
        3
    }]
}

/// Whether a text of a recording stands for something.
pub(super) fn is_name(text: &str) -> bool {
    KINDS.iter().any(|kind| {
        text.strip_prefix(kind).is_some_and(|rest| {
            let digits = rest.trim_end_matches('x');
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Names, is_name};

    #[test]
    fn texts_of_people_are_replaced_the_same_everywhere() {
        let mut names = Names::default();
        let token = "05a305f6b71abb3a6b8c759fd1bc56b4bb44";
        let request = json!({"audience_type": "account_list", "account_list": ["alice", "bob"],
            "token_list": [token], "n": 5, "message": {"title": "Hello alice", "android": {}}});
        let replaced = names.in_request(request);
        assert_eq!(replaced["audience_type"], "account_list");
        assert_eq!(replaced["n"], 5);
        let text = replaced.to_string();
        for original in ["alice", "bob", token, "Hello"] {
            assert!(!text.contains(original), "{text}");
        }
        let name = replaced["token_list"][0].as_str().unwrap();
        assert_eq!(name.len(), token.len());
        assert!(is_name(name) && !is_name("token-") && !is_name("token-x") && !is_name("account"));

        let answer = json!({"err_msg": format!("{token} of alice is wrong"), "result": ["0"],
            "token_accounts": [{"token": token, "account_list": [{"account": "carol"}]}]});
        let answer = names.in_answer(answer);
        assert_eq!(answer["token_accounts"][0]["token"], name);
        assert_eq!(answer["result"], json!(["0"]));
        let text = answer.to_string();
        assert!(!text.contains("carol") && !text.contains("alice") && text.contains("is wrong"));
    }
}
