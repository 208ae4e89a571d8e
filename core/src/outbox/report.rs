//! A report: what happened to one operation.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::error::{Error, ErrorKind, Result};
use crate::model::outcome::{ItemOutcome, Reason, State};

/// What happened to one operation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Report {
    pub(crate) tag: u64,
    pub(crate) event: Event,
    pub(crate) submitted: u64,
    pub(crate) at: u64,
    /// It was submitted by an earlier run.
    pub(crate) recovered: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Event {
    /// In the file.
    Durable,
    /// The end of it.
    Final {
        reason: Reason,
        attempts: u16,
        http_status: Option<u16>,
        code: Option<i64>,
        message: Option<Arc<str>>,
    },
}

impl Event {
    pub(crate) fn settled(outcome: ItemOutcome) -> Self {
        Self::Final {
            reason: outcome.reason,
            attempts: outcome.attempts,
            http_status: outcome.http_status,
            code: outcome.code,
            message: outcome.message,
        }
    }

    fn outcome(&self) -> Option<ItemOutcome> {
        let Self::Final {
            reason,
            attempts,
            http_status,
            code,
            message,
        } = self
        else {
            return None;
        };
        Some(ItemOutcome {
            http_status: *http_status,
            attempts: *attempts,
            code: *code,
            message: message.clone(),
            ..ItemOutcome::new(*reason, None)
        })
    }
}

/// A report as JSON, with the outcome of a final one.
#[derive(Serialize, Deserialize)]
struct Shape {
    tag: u64,
    submitted_ms: u64,
    timestamp_ms: u64,
    #[serde(default)]
    recovered: bool,
    outcome: Option<ItemOutcome>,
}

impl Report {
    /// The report as JSON: `{"tag","submitted_ms","timestamp_ms","recovered","outcome"}`, the
    /// outcome as an item's in [`Outcome::to_json`](crate::Outcome::to_json), or null.
    pub fn to_json(&self) -> String {
        let shape = Shape {
            tag: self.tag,
            submitted_ms: self.submitted,
            timestamp_ms: self.at,
            recovered: self.recovered,
            outcome: self.event.outcome(),
        };
        serde_json::to_string(&shape).expect("a report has no value that JSON lacks")
    }

    /// The report that [`to_json`](Report::to_json) wrote.
    ///
    /// # Errors
    /// [`InvalidJson`](ErrorKind::InvalidJson) when it did not write this.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        let shape: Shape = serde_json::from_slice(json).map_err(|error| {
            let text = format!("this is not the JSON of a report: {error}");
            Error::new(ErrorKind::InvalidJson, text).with_source(error)
        })?;
        Ok(Self {
            tag: shape.tag,
            event: shape.outcome.map_or(Event::Durable, Event::settled),
            submitted: shape.submitted_ms,
            at: shape.timestamp_ms,
            recovered: shape.recovered,
        })
    }

    /// The tag that was submitted with the operation, by an earlier run if it
    /// [is recovered](Report::is_recovered).
    pub fn tag(&self) -> u64 {
        self.tag
    }

    /// Whether this outbox did not submit the operation itself, so that the tag is somebody
    /// else's: an earlier run, from its file or under its `outbox_name`, or another process
    /// of the group (`outbox_reports_to`).
    pub fn is_recovered(&self) -> bool {
        self.recovered
    }

    /// Whether it is the operation's one final report; otherwise it says that the operation
    /// is durable.
    pub fn is_final(&self) -> bool {
        matches!(self.event, Event::Final { .. })
    }

    /// The state of a final report.
    pub fn state(&self) -> Option<State> {
        self.reason().map(Reason::state)
    }

    /// The reason of a final report.
    pub fn reason(&self) -> Option<Reason> {
        match &self.event {
            Event::Durable => None,
            Event::Final { reason, .. } => Some(*reason),
        }
    }

    /// The service's return code, as [`ItemOutcome::code`].
    pub fn code(&self) -> Option<i64> {
        match &self.event {
            Event::Durable => None,
            Event::Final { code, .. } => *code,
        }
    }

    /// The HTTP status of the answer that decided, where one came.
    pub fn http_status(&self) -> Option<u16> {
        match &self.event {
            Event::Durable => None,
            Event::Final { http_status, .. } => *http_status,
        }
    }

    /// How often the operation was sent. A possible attempt by an earlier run counts as one.
    pub fn attempts(&self) -> u16 {
        match &self.event {
            Event::Durable => 0,
            Event::Final { attempts, .. } => *attempts,
        }
    }

    /// What happened, for people; empty when accepted.
    pub fn message(&self) -> &str {
        match &self.event {
            Event::Durable => "",
            Event::Final { message, .. } => message.as_deref().unwrap_or(""),
        }
    }

    /// When the operation was submitted, in milliseconds since 1970-01-01 UTC.
    pub fn submitted_ms(&self) -> u64 {
        self.submitted
    }

    /// When this became so, in milliseconds since 1970-01-01 UTC.
    pub fn timestamp_ms(&self) -> u64 {
        self.at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn durable(tag: u64) -> Report {
        Report {
            tag,
            event: Event::Durable,
            submitted: 0,
            at: 0,
            recovered: false,
        }
    }

    #[test]
    fn a_report_is_read_as_it_was_written() {
        let mut outcome = ItemOutcome::new(Reason::ItemRefused, Some("no \"token\"".into()));
        outcome.attempts = u16::MAX;
        outcome.code = Some(1_008_006);
        outcome.http_status = Some(200);
        let settled = Report {
            tag: u64::MAX,
            event: Event::settled(outcome),
            submitted: 1,
            at: 2,
            recovered: true,
        };
        for report in [durable(7), settled] {
            let json = report.to_json();
            assert_eq!(
                Report::from_json(json.as_bytes()).unwrap(),
                report,
                "{json}"
            );
        }
        assert!(Report::from_json(b"{\"tag\":1}").is_err());
    }
}
