//! The request log and the counters.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use crate::protocol::auth::AuthKind;

/// One request that was read to its end.
#[derive(Clone, Debug, PartialEq, Serialize)]
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
    /// `operator_type`, where the body has one that is an integer.
    pub operator_type: Option<i64>,
    /// The body as text.
    pub body: String,
    /// The name of the fault that hit it.
    pub fault: Option<&'static str>,
    /// The HTTP status of the response; none when no response is sent.
    pub status: Option<u16>,
    /// The code in the response; none when it has none that the server chose.
    pub ret_code: Option<i64>,
    /// The element codes in the response.
    pub results: Vec<Cow<'static, str>>,
    /// Whether at least one item was accepted, and so was or will be applied.
    pub applied: bool,
    /// How the request was authenticated, rightly or not.
    pub auth: AuthKind,
}

/// What happened since the start or the last reset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
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
    last: u64,
}

impl RequestLog {
    pub(crate) fn new(keep: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            keep,
            last: 0,
        }
    }

    /// The number for the next entry.
    pub(crate) fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    pub(crate) fn push(&mut self, entry: LogEntry) {
        if self.keep == 0 {
            return;
        }
        if self.entries.len() >= self.keep {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    pub(crate) fn entries(&self) -> Vec<LogEntry> {
        self.entries.iter().cloned().collect()
    }
}
