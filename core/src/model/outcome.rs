//! [`Outcome`] of a request, with [`State`] and [`Reason`] of each item, and warnings.

use std::ops::Index;

use serde::{Deserialize, Serialize};

mod from_json;
mod item;
mod json;

pub use item::{Found, FoundAccount, ItemOutcome};

named! {
    /// The four states in which an item can end.
    #[repr(i32)]
    pub enum State("the state", InvalidValue) {
        /// The service took the task. It is asynchronous: accepted is not applied.
        /// For a query: answered.
        Accepted = 1 => "accepted",
        /// The service refused, with a code or an HTTP status.
        Rejected = 2 => "rejected",
        /// Sent, and no valid response came: it may have been applied, or may
        /// still be.
        Unknown = 3 => "unknown",
        /// Never left this machine.
        NotSent = 4 => "not_sent",
    }
}

named! {
    /// Why an item is in its state. Each reason belongs to one state.
    #[non_exhaustive]
    pub enum Reason("the reason", InvalidValue) {
        /// Accepted: code 0 for the call and for the item.
        Accepted => "accepted",
        /// Rejected: the item has a code of its own.
        ItemRefused => "item_refused",
        /// Rejected: the code of the call speaks of every item.
        RequestRefused => "request_refused",
        /// Rejected: HTTP status 4xx, except 408, without a code.
        HttpRefused => "http_refused",
        /// Unknown: the time ran out after the request was sent.
        TimedOut => "timed_out",
        /// Unknown: the connection broke after the request was sent, or the body
        /// was cut.
        ConnectionLost => "connection_lost",
        /// Unknown: an HTTP status outside 2xx and 4xx, or 408, without a code.
        HttpError => "http_error",
        /// Unknown: the body is no JSON.
        NotJson => "not_json",
        /// Unknown: JSON, but not the documented object.
        NotDocumented => "not_documented",
        /// Unknown: the answer has no `result`, or one that is no list.
        ResultMissing => "result_missing",
        /// Unknown: fewer or more results than items.
        ResultCount => "result_count",
        /// Unknown: the parts of the answer contradict each other.
        Contradiction => "contradiction",
        /// Unknown: the body is longer than `max_response_bytes`.
        BodyTooLarge => "body_too_large",
        /// Unknown: the call was cancelled, or the client closed, after sending; or an
        /// earlier run of the outbox may have sent it before it ended.
        Interrupted => "interrupted",
        /// Not sent: no connection (name, TCP, proxy or TLS).
        ConnectFailed => "connect_failed",
        /// Not sent: the deadline passed before.
        Deadline => "deadline",
        /// Not sent: the caller cancelled.
        Cancelled => "cancelled",
        /// Not sent: the client is closed.
        Closed => "closed",
        /// Not sent: an earlier item on the same token or account ended retryable, and
        /// this one must not overtake it. Submit both again, in their order.
        HeldBack => "held_back",
        /// Not sent: a newer operation on the same token made it pointless.
        Superseded => "superseded",
        /// Not sent: it was older than `outbox_recover_max_age_ms` when the file was opened.
        Expired => "expired",
        /// Not sent: a row of a stream that breaks a rule; the message quotes it.
        Invalid => "invalid",
    }
}

impl Reason {
    /// The state that it belongs to.
    pub fn state(self) -> State {
        match self {
            Self::Accepted => State::Accepted,
            Self::ItemRefused | Self::RequestRefused | Self::HttpRefused => State::Rejected,
            Self::TimedOut
            | Self::ConnectionLost
            | Self::HttpError
            | Self::NotJson
            | Self::NotDocumented
            | Self::ResultMissing
            | Self::ResultCount
            | Self::Contradiction
            | Self::BodyTooLarge
            | Self::Interrupted => State::Unknown,
            Self::ConnectFailed
            | Self::Deadline
            | Self::Cancelled
            | Self::Closed
            | Self::HeldBack
            | Self::Superseded
            | Self::Expired
            | Self::Invalid => State::NotSent,
        }
    }
}

/// Something that is allowed, but that the caller should know.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Warning {
    #[serde(rename = "name")]
    kind: WarningKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<usize>,
    message: String,
}

named! {
    /// The kinds of [`Warning`].
    #[non_exhaustive]
    pub enum WarningKind("the warning", InvalidValue) {
        /// Two accounts of one type in one binding: the later one wins.
        DuplicateAccountType => "duplicate_account_type",
        /// Operator 1 was sent, and the service overwrites.
        AppendOverwrites => "append_overwrites",
        /// The local clock is off.
        ClockSkew => "clock_skew",
        /// The answer to a query has entries that nobody asked for.
        UnrequestedEntries => "unrequested_entries",
        /// Too many tokens and accounts of a stream have a row that ended retryable: every
        /// later row is held back.
        AllHeldBack => "all_held_back",
        /// The rate that processes share (`quota_url`) is kept in another way than was set:
        /// its engine is away, or another process has a smaller rate.
        SharedRate => "shared_rate",
    }
}

impl Warning {
    pub(crate) fn new(kind: WarningKind, item: Option<usize>, message: impl Into<String>) -> Self {
        Self {
            kind,
            item,
            message: message.into(),
        }
    }

    /// The kind.
    pub fn kind(&self) -> WarningKind {
        self.kind
    }

    /// The 0-based index of the item that it is about.
    pub fn item(&self) -> Option<usize> {
        self.item
    }

    /// What to know, for people.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// The outcome of a request: one [`ItemOutcome`] per input item, in input order.
///
/// ```
/// use xgpush::{Outcome, Reason, State};
///
/// // As a client brings it:
/// let outcome = Outcome::from_json(
///     br#"{"items":[{"reason":"accepted","attempts":1},{"reason":"timed_out","attempts":3}]}"#,
/// )?;
/// assert_eq!(outcome.count(State::Accepted), 1);
/// assert_eq!(outcome[1].reason(), Reason::TimedOut);
/// // What may be sent again, in its order:
/// let again = outcome.iter().enumerate().filter(|(_, item)| item.is_retryable());
/// assert_eq!(again.map(|(index, _)| index).collect::<Vec<_>>(), [1]);
/// # Ok::<(), xgpush::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[must_use = "an item that was not accepted is reported only here"]
pub struct Outcome {
    pub(crate) items: Vec<ItemOutcome>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) extra: Vec<(String, String)>,
    pub(crate) requests: u32,
}

impl Outcome {
    /// One outcome per input item, in input order.
    pub fn items(&self) -> &[ItemOutcome] {
        &self.items
    }

    /// How many items there are: as many as the request had.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The items, in input order.
    pub fn iter(&self) -> std::slice::Iter<'_, ItemOutcome> {
        self.items.iter()
    }

    /// What is allowed, but should be known.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Top-level fields of the answers that no document names, as name and raw
    /// JSON; of each name the first one.
    pub fn extra(&self) -> &[(String, String)] {
        &self.extra
    }

    /// How many HTTP requests were sent, retries included.
    pub fn requests(&self) -> u32 {
        self.requests
    }

    /// How many items ended in this state.
    pub fn count(&self, state: State) -> usize {
        self.items.iter().filter(|i| i.state() == state).count()
    }

    /// Whether every item was accepted.
    pub fn all_accepted(&self) -> bool {
        self.items.iter().all(|i| i.reason == Reason::Accepted)
    }

    /// The whole outcome as JSON.
    ///
    /// `{"counts":{…},"requests":n,"items":[{"state","reason","code"?,
    /// "http_status"?,"attempts","retryable"?,"retry_after_ms"?,"message"?,"confirmed"?,"tokens"?|"accounts"?}],
    /// "warnings":[{"name","item"?,"message"}],"extra":{…}}`
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("an outcome has no value that JSON lacks")
    }
}

/// The item with this number, counted from 0.
///
/// # Panics
/// When the request had fewer items.
impl Index<usize> for Outcome {
    type Output = ItemOutcome;

    fn index(&self, item: usize) -> &ItemOutcome {
        &self.items[item]
    }
}

impl IntoIterator for Outcome {
    type Item = ItemOutcome;
    type IntoIter = std::vec::IntoIter<ItemOutcome>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a> IntoIterator for &'a Outcome {
    type Item = &'a ItemOutcome;
    type IntoIter = std::slice::Iter<'a, ItemOutcome>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_page_lists_every_reason() {
        let page = include_str!("../../../docs/reasons.md");
        for reason in Reason::ALL {
            let row = format!("| {} | `{}` |", reason.state().name(), reason.name());
            assert!(page.contains(&row), "docs/reasons.md lacks {row}");
        }
    }
}
