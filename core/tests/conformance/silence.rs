//! The secret key is nowhere, and no text can break a log line.

use std::fmt::Debug;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use xgpush::{Error, Outcome};

use crate::Differences;
use crate::case::Case;
use crate::setup::{ACCESS_ID, SECRET_KEY};

/// What must be in no text of a case.
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    pub(crate) fn of(case: &Case) -> Self {
        let given = |name, default| case.options.get(name).map_or(default, String::as_str);
        let (id, key) = (
            given("access_id", ACCESS_ID),
            given("secret_key", SECRET_KEY).trim(),
        );
        if key.is_empty() {
            return Self(Vec::new());
        }
        Self(vec![key.to_owned(), STANDARD.encode(format!("{id}:{key}"))])
    }

    /// Looks for a secret in the text of `what`.
    pub(crate) fn not_in(&self, what: &str, text: &str, differences: &mut Differences) {
        if self.0.iter().any(|secret| text.contains(secret)) {
            differences.push(format!("the secret key is in {what}"));
        }
    }

    pub(crate) fn not_in_debug(&self, what: &str, value: &dyn Debug, to: &mut Differences) {
        self.not_in(what, &format!("{value:?}"), to);
        self.not_in(what, &format!("{value:#?}"), to);
    }

    pub(crate) fn check_error(&self, error: &Error, to: &mut Differences) {
        self.not_in("the error", &error.to_string(), to);
        self.not_in_debug("the error's Debug text", error, to);
        one_line("the error", &error.to_string(), to);
    }

    pub(crate) fn check_outcome(&self, outcome: &Outcome, to: &mut Differences) {
        self.not_in("the outcome as JSON", &outcome.to_json(), to);
        self.not_in_debug("the outcome's Debug text", outcome, to);
        for (n, item) in outcome.items().iter().enumerate() {
            one_line(&format!("the message of item {n}"), item.message(), to);
        }
        for warning in outcome.warnings() {
            one_line("a warning", warning.message(), to);
        }
    }
}

fn one_line(what: &str, text: &str, to: &mut Differences) {
    if text.chars().any(char::is_control) {
        to.push(format!("{what} has a control character: {text:?}"));
    }
}
