//! What became of every single item.

use serde::{Deserialize, Serialize, Serializer};

use crate::model::codes::{self, Fault};

mod from_json;
mod item;
mod json;

pub use item::{Found, FoundAccount, ItemOutcome};

/// The four states in which an item can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum State {
    /// The service took the task. It is asynchronous: accepted is not applied.
    /// For a query: answered.
    Accepted = 1,
    /// The service refused, with a code or an HTTP status.
    Rejected = 2,
    /// Sent, and no trustworthy answer came: it may have been applied, or may
    /// yet be.
    Unknown = 3,
    /// Never left this machine.
    NotSent = 4,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Accepted, Self::Rejected, Self::Unknown, Self::NotSent];

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
            Self::NotSent => "not_sent",
        }
    }
}

/// Why an item is in its state. Each reason belongs to one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// Accepted: code 0 for the call and for the item.
    Accepted,
    /// Rejected: the item has a code of its own.
    ItemRefused,
    /// Rejected: the code of the call speaks of every item.
    RequestRefused,
    /// Rejected: HTTP status 4xx without a code.
    HttpRefused,
    /// Unknown: the time ran out after the request was sent.
    TimedOut,
    /// Unknown: the connection broke after the request was sent, or the body
    /// was cut.
    ConnectionLost,
    /// Unknown: an HTTP status outside 2xx and 4xx, without a code.
    HttpError,
    /// Unknown: the body is no JSON.
    NotJson,
    /// Unknown: JSON, but not the documented object.
    NotDocumented,
    /// Unknown: the answer has no `result`, or one that is no list.
    ResultMissing,
    /// Unknown: fewer or more results than items.
    ResultCount,
    /// Unknown: the parts of the answer contradict each other.
    Contradiction,
    /// Unknown: the body is longer than `max_response_bytes`.
    BodyTooLarge,
    /// Unknown: the call was cancelled, or the client closed, after sending; or an
    /// earlier run of the outbox may have sent it before it ended.
    Interrupted,
    /// Not sent: no connection (name, TCP, proxy or TLS).
    ConnectFailed,
    /// Not sent: the deadline passed before.
    Deadline,
    /// Not sent: the caller cancelled.
    Cancelled,
    /// Not sent: the client is closed.
    Closed,
    /// Not sent: an earlier item on the same token or account did not settle, and
    /// this one must not overtake it. Hand both in again, in their order.
    HeldBack,
    /// Not sent: a newer operation on the same token made it pointless.
    Superseded,
    /// Not sent: it was older than `outbox_recover_max_age_ms` when the file was opened.
    Expired,
    /// Not sent: a row of a stream that breaks a rule; the message quotes it.
    Invalid,
}

impl Reason {
    /// Every reason, in the order of the states.
    pub const ALL: &'static [Self] = &[
        Self::Accepted,
        Self::ItemRefused,
        Self::RequestRefused,
        Self::HttpRefused,
        Self::TimedOut,
        Self::ConnectionLost,
        Self::HttpError,
        Self::NotJson,
        Self::NotDocumented,
        Self::ResultMissing,
        Self::ResultCount,
        Self::Contradiction,
        Self::BodyTooLarge,
        Self::Interrupted,
        Self::ConnectFailed,
        Self::Deadline,
        Self::Cancelled,
        Self::Closed,
        Self::HeldBack,
        Self::Superseded,
        Self::Expired,
        Self::Invalid,
    ];

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

    /// Whether an item that ended so, with this code and HTTP status, was refused
    /// because of who asked: the credentials, where the request came from, or what
    /// the console says of the application. Whatever the same caller sends next is
    /// refused as well.
    pub fn refuses_caller(self, code: Option<i64>, http_status: Option<u16>) -> bool {
        match code {
            _ if self.state() != State::Rejected => false,
            Some(code) => codes::lookup(code).is_some_and(|row| row.fault == Fault::Configuration),
            None => matches!(http_status, Some(401 | 403)),
        }
    }

    /// The stable name, in lower snake case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::ItemRefused => "item_refused",
            Self::RequestRefused => "request_refused",
            Self::HttpRefused => "http_refused",
            Self::TimedOut => "timed_out",
            Self::ConnectionLost => "connection_lost",
            Self::HttpError => "http_error",
            Self::NotJson => "not_json",
            Self::NotDocumented => "not_documented",
            Self::ResultMissing => "result_missing",
            Self::ResultCount => "result_count",
            Self::Contradiction => "contradiction",
            Self::BodyTooLarge => "body_too_large",
            Self::Interrupted => "interrupted",
            Self::ConnectFailed => "connect_failed",
            Self::Deadline => "deadline",
            Self::Cancelled => "cancelled",
            Self::Closed => "closed",
            Self::HeldBack => "held_back",
            Self::Superseded => "superseded",
            Self::Expired => "expired",
            Self::Invalid => "invalid",
        }
    }
}

/// Something that is allowed, but that the caller should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    #[serde(rename = "name", serialize_with = "warning_name")]
    kind: WarningKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<usize>,
    message: String,
}

/// The kinds of [`Warning`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WarningKind {
    /// Two accounts of one type in one binding: the later one wins.
    DuplicateAccountType,
    /// Operator 1 was sent, and the service overwrites.
    AppendOverwrites,
    /// The local clock is off.
    ClockSkew,
    /// The answer to a query has entries that nobody asked for.
    UnrequestedEntries,
}

impl WarningKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::DuplicateAccountType,
        Self::AppendOverwrites,
        Self::ClockSkew,
        Self::UnrequestedEntries,
    ];

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::DuplicateAccountType => "duplicate_account_type",
            Self::AppendOverwrites => "append_overwrites",
            Self::ClockSkew => "clock_skew",
            Self::UnrequestedEntries => "unrequested_entries",
        }
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

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the form that serde calls"
)]
fn warning_name<S: Serializer>(kind: &WarningKind, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(kind.name())
}

/// What became of a call: one [`ItemOutcome`] per input item, in input order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "an item that was not accepted is told here and nowhere else"]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_refusals_are_of_the_caller() {
        for (reason, code, status, refused) in [
            (Reason::RequestRefused, Some(1_008_003), Some(200), true),
            (Reason::RequestRefused, Some(1_008_003), Some(403), true),
            (Reason::RequestRefused, Some(1_008_030), Some(200), true),
            (Reason::RequestRefused, Some(1_008_007), Some(403), false),
            (Reason::ItemRefused, Some(1_008_006), Some(200), false),
            (Reason::HttpRefused, None, Some(401), true),
            (Reason::HttpRefused, None, Some(403), true),
            (Reason::HttpRefused, None, Some(404), false),
            (Reason::NotJson, None, Some(403), false),
            (Reason::Accepted, Some(0), Some(200), false),
        ] {
            let found = reason.refuses_caller(code, status);
            assert_eq!(found, refused, "{reason:?} {code:?} {status:?}");
        }
    }

    #[test]
    fn names_are_unique_and_every_reason_is_listed() {
        let mut names: Vec<_> = Reason::ALL.iter().map(|r| r.name()).collect();
        names.sort_unstable();
        let before = names.len();
        names.dedup();
        assert_eq!(names.len(), before);
        assert_eq!(before, Reason::Invalid as usize + 1);
        let page = include_str!("../../../docs/reasons.md");
        for reason in Reason::ALL {
            let row = format!("| {} | `{}` |", reason.state().name(), reason.name());
            assert!(page.contains(&row), "docs/reasons.md lacks {row}");
        }
    }
}
