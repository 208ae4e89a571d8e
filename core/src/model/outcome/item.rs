//! [`ItemOutcome`], the outcome of one item, and [`Found`], what a query found for it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Reason, State};

/// The outcome of one item.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ItemOutcome {
    pub(crate) reason: Reason,
    pub(crate) http_status: Option<u16>,
    pub(crate) attempts: u16,
    pub(crate) code: Option<i64>,
    pub(crate) message: Option<Arc<str>>,
    pub(crate) found: Option<Box<Found>>,
    pub(crate) confirmed: Option<bool>,
    /// In seconds, as the header.
    pub(crate) retry_after: Option<u32>,
}

/// What a query found for one item.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Found {
    /// The tokens of an account.
    Tokens(Vec<String>),
    /// The accounts of a token.
    Accounts(Vec<FoundAccount>),
}

/// An account as the service reports it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FoundAccount {
    /// The account.
    pub account: String,
    /// Its type, where the service tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_type: Option<i64>,
}

impl ItemOutcome {
    pub(crate) fn new(reason: Reason, message: Option<Arc<str>>) -> Self {
        Self {
            reason,
            http_status: None,
            attempts: 0,
            code: None,
            message,
            found: None,
            confirmed: None,
            retry_after: None,
        }
    }

    pub(crate) fn with_message(reason: Reason, message: impl Into<Arc<str>>) -> Self {
        Self::new(reason, Some(message.into()))
    }

    /// The state.
    pub fn state(&self) -> State {
        self.reason.state()
    }

    /// Why it is in this state.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// The service's return code for this item, or for the whole request where
    /// the item has none of its own. `Some(0)` when accepted.
    pub fn code(&self) -> Option<i64> {
        self.code
    }

    /// The HTTP status of the answer that decided, where one came.
    pub fn http_status(&self) -> Option<u16> {
        self.http_status
    }

    /// How often the item was sent.
    pub fn attempts(&self) -> u16 {
        self.attempts
    }

    /// What happened, for people; empty when accepted.
    pub fn message(&self) -> &str {
        self.message.as_deref().unwrap_or("")
    }

    /// How long the service asks to wait before the item is sent again: its
    /// `Retry-After` (RFC 9110, section 10.2.3), a date reckoned from the `Date` of
    /// the same answer. As it says, whatever `max_backoff_ms` is; `None` where it says
    /// nothing.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
            .map(|seconds| Duration::from_secs(seconds.into()))
    }

    /// Notes what the answer asks for, in the message as well.
    pub(crate) fn asked_to_wait(&mut self, wait: Duration) {
        let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
        self.retry_after = Some(seconds);
        if seconds == 0 {
            return;
        }
        self.append_message(&format!(
            "the service asks to wait {seconds} s (Retry-After)"
        ));
    }

    /// Says one thing more in the message.
    pub(crate) fn append_message(&mut self, more: &str) {
        self.message = Some(match self.message() {
            "" => more.into(),
            message => format!("{message}; {more}").into(),
        });
    }

    /// The tokens that a query found for this account; empty otherwise.
    pub fn tokens(&self) -> &[String] {
        match self.found.as_deref() {
            Some(Found::Tokens(tokens)) => tokens,
            _ => &[],
        }
    }

    /// The accounts that a query found for this token; empty otherwise.
    pub fn accounts(&self) -> &[FoundAccount] {
        match self.found.as_deref() {
            Some(Found::Accounts(accounts)) => accounts,
            _ => &[],
        }
    }

    /// What a query found, where it was answered.
    pub fn found(&self) -> Option<&Found> {
        self.found.as_deref()
    }

    /// Whether the service showed the operation in time; `None` where nobody asked
    /// ([`CallOptions::confirm`](crate::CallOptions)), or a later item of the call
    /// works on the same token or account.
    pub fn confirmed(&self) -> Option<bool> {
        self.confirmed
    }
}

impl fmt::Debug for ItemOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.state().name(), self.reason.name())?;
        if let Some(code) = self.code {
            write!(f, " code {code}")?;
        }
        if let Some(message) = &self.message {
            write!(f, " ({message})")?;
        }
        if let Some(found) = &self.found {
            write!(f, " {found:?}")?;
        }
        Ok(())
    }
}
