//! Pending operations, for people who ask why a phone is not bound.

use std::sync::mpsc::Sender;

use serde::Serialize;

use crate::model::account::AccountType;
use crate::model::encoded::EncodedOperation;
use crate::model::outcome::ItemOutcome;

/// A pending operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Hash)]
#[non_exhaustive]
pub struct PendingOperation {
    /// The caller's own number.
    pub tag: u64,
    /// The operator's name, such as `bind`.
    pub operation: &'static str,
    /// Empty where it has none.
    pub token: String,
    /// What it names.
    pub accounts: Vec<PendingAccount>,
    /// When it was submitted, in milliseconds since 1970-01-01 UTC.
    pub submitted_ms: u64,
    /// `behind`: an earlier one on its token or one of its accounts comes first.
    /// `ready`: to be sent, or sent again. `sending`: on its way, or about to be.
    /// `settling`: decided, and not yet removed from the file or the engine. `stored`: in a
    /// file that no outbox holds. With `outbox_url`: `waiting`, not in the engine yet;
    /// `appended`, in the engine, and the relay knows more.
    pub state: &'static str,
    /// Whether it is in the file or the engine.
    pub durable: bool,
    /// Whether it was sent, or may have been by an earlier run.
    pub maybe_sent: bool,
    /// How often it was sent.
    pub attempts: u16,
    /// The reason of the last failed attempt, as in a report.
    pub reason: Option<&'static str>,
    /// The message of the last failed attempt; may be empty.
    pub message: String,
}

/// An account of a pending operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Hash)]
#[non_exhaustive]
pub struct PendingAccount {
    /// Its name.
    pub account: String,
    /// Its type, where it was given.
    pub account_type: Option<i32>,
}

impl PendingOperation {
    /// A list as JSON: an array of objects with the names of the fields.
    pub fn list_to_json(list: &[Self]) -> String {
        serde_json::to_string(list).expect("texts and numbers have no value that JSON lacks")
    }

    /// What its kept bytes say; the rest is to be filled in.
    pub(super) fn of(body: EncodedOperation<'_>, state: &'static str) -> Self {
        let account = |(name, kind): (&str, Option<AccountType>)| PendingAccount {
            account: name.to_owned(),
            account_type: kind.map(|AccountType(number)| number),
        };
        Self {
            tag: 0,
            operation: body.operator().name(),
            token: body.token().to_owned(),
            accounts: body.accounts().map(account).collect(),
            submitted_ms: 0,
            state,
            durable: false,
            maybe_sent: false,
            attempts: 0,
            reason: None,
            message: String::new(),
        }
    }

    pub(super) fn with_last(mut self, last: Option<&ItemOutcome>) -> Self {
        if let Some(last) = last {
            self.reason = Some(last.reason().name());
            last.message().clone_into(&mut self.message);
        }
        self
    }
}

/// Which ones: all of a token, or of an account of any type, or both, or all.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    pub(super) token: Option<String>,
    pub(super) account: Option<String>,
}

impl Filter {
    pub(super) fn lets_pass(&self, body: EncodedOperation<'_>) -> bool {
        let token = self.token.as_deref();
        let account = self.account.as_deref();
        token.is_none_or(|token| body.token() == token)
            && account.is_none_or(|account| body.accounts().any(|(name, _)| name == account))
    }
}

/// Asked of the outbox's thread.
pub(super) struct Question {
    pub(super) filter: Filter,
    pub(super) most: usize,
    pub(super) answer: Sender<Vec<PendingOperation>>,
}
