//! What came out, against what was expected.

use serde_json::{Map, Value};
use xgpush::{Error, Outcome};

use crate::Differences;
use crate::case::{ErrorExpectation, ItemExpectation};

/// Compares through the outcome's JSON, which is what other languages see.
pub(crate) fn outcome(
    outcome: &Outcome,
    items: &[ItemExpectation],
    warnings: &[String],
    extra: &Map<String, Value>,
    to: &mut Differences,
) {
    let json: Value = match serde_json::from_str(&outcome.to_json()) {
        Ok(json) => json,
        Err(error) => return to.push(format!("the outcome's JSON cannot be read: {error}")),
    };
    let got = json["items"].as_array().map_or(&[][..], Vec::as_slice);
    if got.len() != items.len() {
        to.push(format!("{} items, expected {}", got.len(), items.len()));
    }
    for (n, (got, expected)) in got.iter().zip(items).enumerate() {
        item(n, got, expected, to);
    }
    let got: Vec<&str> = outcome.warnings().iter().map(|w| w.kind().name()).collect();
    if got != warnings {
        to.push(format!("warnings {got:?}, expected {warnings:?}"));
    }
    if json["extra"].as_object() != Some(extra) {
        let extra = Value::Object(extra.clone());
        to.push(format!("extra {}, expected {extra}", json["extra"]));
    }
}

fn item(n: usize, got: &Value, expected: &ItemExpectation, to: &mut Differences) {
    for (name, wanted) in &expected.fields {
        let value = got.get(name).unwrap_or(&Value::Null);
        if value != wanted {
            to.push(format!(
                "item {n}: {name} is {value}, expected {wanted}: {got}"
            ));
        }
    }
    let message = got["message"].as_str().unwrap_or("");
    for text in &expected.message_contains {
        if !message.contains(text) {
            to.push(format!(
                "item {n}: {text:?} is not in the message {message:?}"
            ));
        }
    }
}

pub(crate) fn error(error: &Error, expected: &ErrorExpectation, to: &mut Differences) {
    if error.kind().name() != expected.error {
        let name = error.kind().name();
        to.push(format!(
            "error {name}, expected {}: {error}",
            expected.error
        ));
    }
    if error.item() != expected.item {
        let item = error.item();
        to.push(format!(
            "item {item:?}, expected {:?}: {error}",
            expected.item
        ));
    }
    contains(&error.to_string(), &expected.contains, to);
}

pub(crate) fn contains(message: &str, texts: &[String], to: &mut Differences) {
    for text in texts {
        if !message.contains(text) {
            to.push(format!("{text:?} is not in {message:?}"));
        }
    }
}
