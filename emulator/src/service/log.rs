//! The request log and the counters.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

use schemars::JsonSchema;
use serde::Serialize;

use super::headers::RequestHeaders;
use crate::config::Config;
use crate::protocol::auth::AuthKind;
use crate::state::change::Change;

/// One request that was read to its end.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct LogEntry {
    /// Counts from 1 in the order of arrival.
    pub seq: u64,
    /// The connection, counted from 1 over the server's life.
    pub connection: u64,
    /// Which request of that connection this is, from 1.
    pub nth: u64,
    /// Arrival in Unix milliseconds, by the real clock.
    pub received_ms: u64,
    /// The HTTP method.
    pub method: Cow<'static, str>,
    /// The path without its query string.
    pub path: Cow<'static, str>,
    /// The headers, without the secret key.
    pub headers: RequestHeaders,
    /// `operator_type`, where the body has one that is an integer.
    pub operator_type: Option<i64>,
    /// The body as text; its beginning, when it is longer than `max_log_body_bytes`.
    pub body: String,
    /// How long the body was.
    pub body_bytes: usize,
    /// The name of the fault that hit it.
    pub fault: Option<&'static str>,
    /// The HTTP status of the response; none when no response is sent.
    pub status: Option<u16>,
    /// The code in the response; none when it has none that the server chose.
    pub ret_code: Option<i64>,
    /// The element codes in the response.
    pub results: Vec<Cow<'static, str>>,
    /// The body of the response as text, cut off like that of the request.
    pub answer: String,
    /// Why the request, or an item of it, was refused.
    pub reason: Option<Cow<'static, str>>,
    /// What the sender may not have meant.
    pub warnings: Vec<Cow<'static, str>>,
    /// Whether at least one item was accepted, and so was or will be applied.
    pub applied: bool,
    /// The bindings that it made and removed, up to 200 of them; with `apply_delay_ms` when they show.
    pub changes: Vec<Change>,
    /// How the request was authenticated, rightly or not.
    pub auth: AuthKind,
}

impl LogEntry {
    /// Whether the request, or an item of it, was not accepted, whoever refused it.
    pub fn is_refused(&self) -> bool {
        self.reason.is_some()
            || self.fault.is_some()
            || self.status.is_none_or(|status| status != 200)
            || self.ret_code.is_some_and(|code| code != 0)
    }

    /// About how much memory it takes.
    fn bytes(&self) -> usize {
        let texts = self
            .results
            .iter()
            .chain(&self.warnings)
            .chain(&self.reason);
        size_of::<Self>()
            + self.headers.bytes()
            + self.body.capacity()
            + self.answer.capacity()
            + texts
                .map(|text| size_of::<Cow<'_, str>>() + text.len())
                .sum::<usize>()
            + self.changes.capacity() * size_of::<Change>()
    }
}

/// What happened since the start or the last reset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Counters {
    /// TCP connections accepted.
    pub connections: u64,
    /// TCP connections open now; a reset does not forget them.
    pub open: u64,
    /// Requests read to their end.
    pub received: u64,
    /// Responses passed to their connections, whole or changed by a fault.
    pub answered: u64,
    /// Items (tokens, or accounts for operator 5) applied to the state.
    pub applied: u64,
    /// Requests that a fault hit, closing of idle connections apart.
    pub faults: u64,
    /// Requests that met a `close_idle`.
    pub dropped_idle: u64,
    /// Responses by HTTP status.
    pub statuses: BTreeMap<u16, u64>,
}

/// The newest entries.
#[derive(Debug)]
pub(crate) struct RequestLog {
    entries: VecDeque<LogEntry>,
    keep: usize,
    keep_bytes: usize,
    body_bytes: usize,
    bytes: usize,
    last: u64,
}

impl RequestLog {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            entries: VecDeque::new(),
            keep: config.max_log,
            keep_bytes: config.max_log_bytes,
            body_bytes: config.max_log_body_bytes,
            bytes: 0,
            last: 0,
        }
    }

    /// Keeps as much as another configuration says.
    pub(crate) fn follow(&mut self, config: &Config) {
        self.keep = config.max_log;
        self.keep_bytes = config.max_log_bytes;
        self.body_bytes = config.max_log_body_bytes;
        self.drop_oldest();
    }

    pub(crate) fn is_kept(&self) -> bool {
        self.keep > 0
    }

    /// The number for the next entry.
    pub(crate) fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// The number of the newest entry; 0 before the first.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// How many entries there are, and about how much memory they take.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.entries.len(), self.bytes)
    }

    /// A body as the log keeps it.
    pub(crate) fn text(&self, body: &[u8]) -> String {
        let kept = &body[..body.len().min(self.body_bytes)];
        String::from_utf8_lossy(kept).into_owned()
    }

    pub(crate) fn push(&mut self, entry: LogEntry) {
        if self.keep == 0 {
            return;
        }
        self.bytes += entry.bytes();
        self.entries.push_back(entry);
        self.drop_oldest();
    }

    fn drop_oldest(&mut self) {
        while self.entries.len() > self.keep || self.bytes > self.keep_bytes {
            let Some(oldest) = self.entries.pop_front() else {
                return;
            };
            self.bytes -= oldest.bytes();
        }
    }

    /// Adds what a request changed after its answer.
    pub(crate) fn add_changes(&mut self, seq: u64, changes: Vec<Change>) {
        let Some(first) = self.entries.front().map(|entry| entry.seq) else {
            return;
        };
        let position = seq.checked_sub(first).and_then(|n| usize::try_from(n).ok());
        if let Some(entry) = position.and_then(|n| self.entries.get_mut(n)) {
            let before = entry.bytes();
            entry.changes.extend(changes);
            self.bytes += entry.bytes() - before;
        }
    }

    pub(crate) fn entries(&self) -> Vec<LogEntry> {
        self.entries.iter().cloned().collect()
    }

    /// The entries from a number on, oldest first.
    pub(crate) fn from(&self, seq: u64) -> impl Iterator<Item = &LogEntry> {
        let first = self.entries.front().map_or(0, |entry| entry.seq);
        let skip = usize::try_from(seq.saturating_sub(first)).unwrap_or(usize::MAX);
        self.entries.range(skip.min(self.entries.len())..)
    }

    /// The entries before a number, newest first.
    pub(crate) fn before(&self, seq: u64) -> impl Iterator<Item = &LogEntry> {
        let first = self.entries.front().map_or(0, |entry| entry.seq);
        let take = usize::try_from(seq.saturating_sub(first)).unwrap_or(usize::MAX);
        self.entries.range(..take.min(self.entries.len())).rev()
    }
}
