//! What became of the operations, until somebody takes it.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::model::error::{Error, ErrorKind, Result};
use crate::model::outcome::{ItemOutcome, Reason, State};

/// What is told of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub(crate) tag: u64,
    pub(crate) event: Event,
    pub(crate) handed_in: u64,
    pub(crate) at: u64,
    /// An earlier run handed it in.
    pub(crate) recovered: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
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
    handed_in_ms: u64,
    at_ms: u64,
    #[serde(default)]
    recovered: bool,
    outcome: Option<ItemOutcome>,
}

impl Report {
    /// The report as JSON: `{"tag","handed_in_ms","at_ms","recovered","outcome"}`, the
    /// outcome as an item's in [`Outcome::to_json`](crate::Outcome::to_json), or null.
    pub fn to_json(&self) -> String {
        let shape = Shape {
            tag: self.tag,
            handed_in_ms: self.handed_in,
            at_ms: self.at,
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
            Error::new(ErrorKind::InvalidJson, text)
        })?;
        Ok(Self {
            tag: shape.tag,
            event: shape.outcome.map_or(Event::Durable, Event::settled),
            handed_in: shape.handed_in_ms,
            at: shape.at_ms,
            recovered: shape.recovered,
        })
    }

    /// The number that the caller gave with the operation; an earlier run's, if it
    /// [is recovered](Report::is_recovered).
    pub fn tag(&self) -> u64 {
        self.tag
    }

    /// Whether an earlier run handed the operation in, and the file brought it back:
    /// then the tag is of that run.
    pub fn is_recovered(&self) -> bool {
        self.recovered
    }

    /// Whether it is the one final report of the operation; otherwise a notice
    /// that the operation is durable.
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

    /// How often the operation was sent. What an earlier run may have sent counts one
    /// for that.
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

    /// When the operation was handed in, in milliseconds since 1970-01-01 UTC.
    pub fn handed_in_ms(&self) -> u64 {
        self.handed_in
    }

    /// When this became so, in milliseconds since 1970-01-01 UTC.
    pub fn at_ms(&self) -> u64 {
        self.at
    }
}

/// The reports that nobody took yet.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    reports: VecDeque<Report>,
    /// Nothing comes any more.
    ended: bool,
    signal: Option<Signal>,
}

impl Reports {
    pub(crate) fn push(&self, reports: impl IntoIterator<Item = Report>) {
        let mut waiting = self.lock();
        let before = waiting.reports.len();
        waiting.reports.extend(reports);
        if before == 0
            && !waiting.reports.is_empty()
            && let Some(signal) = &waiting.signal
        {
            signal.raise();
        }
        if waiting.reports.len() > before {
            self.arrived.notify_all();
        }
    }

    /// No more reports will come: who waits for one need not.
    pub(crate) fn end(&self) {
        let mut waiting = self.lock();
        waiting.ended = true;
        if let Some(signal) = &waiting.signal {
            signal.raise();
        }
        self.arrived.notify_all();
    }

    /// Moves up to `most` reports to the end of `to`; waits up to `timeout` for
    /// the first one.
    pub(crate) fn take(&self, to: &mut Vec<Report>, most: usize, timeout: Duration) -> usize {
        let ends = Instant::now().checked_add(timeout);
        let mut waiting = self.lock();
        while waiting.reports.is_empty() && !waiting.ended {
            let left = ends.map_or(Duration::from_secs(3600), |ends| {
                ends.saturating_duration_since(Instant::now())
            });
            if left.is_zero() {
                return 0;
            }
            let waited = self.arrived.wait_timeout(waiting, left);
            waiting = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let count = waiting.reports.len().min(most);
        to.extend(waiting.reports.drain(..count));
        if waiting.reports.is_empty()
            && !waiting.ended
            && let Some(signal) = &waiting.signal
        {
            signal.lower();
        }
        count
    }

    /// How many nobody took yet.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().reports.len()
    }

    pub(crate) fn has_ended(&self) -> bool {
        let waiting = self.lock();
        waiting.ended && waiting.reports.is_empty()
    }

    #[cfg(unix)]
    pub(crate) fn fd(&self) -> Result<std::os::fd::RawFd> {
        let mut waiting = self.lock();
        if waiting.signal.is_none() {
            let signal = Signal::new().map_err(|error| {
                let error = crate::sys::plain::io_error(&error);
                let text = format!(
                    "the system gave no descriptor for the reports: {error} (ulimit -n; two \
                     are needed)"
                );
                Error::new(ErrorKind::Resources, text)
            })?;
            if !waiting.reports.is_empty() || waiting.ended {
                signal.raise();
            }
            waiting.signal = Some(signal);
        }
        Ok(waiting.signal.as_ref().map_or(-1, Signal::fd))
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A descriptor that is readable while reports wait: a pipe with one byte in it.
#[cfg(unix)]
#[derive(Debug)]
struct Signal {
    reader: std::os::fd::OwnedFd,
    writer: std::os::fd::OwnedFd,
}

#[cfg(unix)]
impl Signal {
    fn new() -> std::io::Result<Self> {
        use rustix::pipe::{PipeFlags, pipe_with};
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        Ok(Self { reader, writer })
    }

    fn fd(&self) -> std::os::fd::RawFd {
        use std::os::fd::AsRawFd as _;
        self.reader.as_raw_fd()
    }

    fn raise(&self) {
        // A full pipe is readable as well.
        let _ = rustix::io::write(&self.writer, &[1]);
    }

    fn lower(&self) {
        let mut bytes = [0; 64];
        while rustix::io::read(&self.reader, &mut bytes[..]).is_ok_and(|n| n == bytes.len()) {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn durable(tag: u64) -> Report {
        Report {
            tag,
            event: Event::Durable,
            handed_in: 0,
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
            handed_in: 1,
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

    fn is_readable(fd: std::os::fd::RawFd, reports: &Reports) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec};
        assert_eq!(reports.fd().unwrap(), fd);
        let waiting = reports.lock();
        let signal = waiting.signal.as_ref().unwrap();
        let mut fds = [PollFd::new(&signal.reader, PollFlags::IN)];
        rustix::event::poll(&mut fds, Some(&Timespec::default())).unwrap() > 0
    }

    #[test]
    fn the_descriptor_is_readable_exactly_while_reports_wait() {
        let reports = Reports::default();
        reports.push([durable(1)]);
        let fd = reports.fd().unwrap();
        assert!(is_readable(fd, &reports), "one was there before");
        let mut taken = Vec::new();
        for round in 0..100 {
            reports.push((0..3).map(durable));
            assert!(is_readable(fd, &reports), "{round}");
            reports.take(&mut taken, 2, Duration::ZERO);
            assert!(is_readable(fd, &reports), "{round}");
            reports.take(&mut taken, 10, Duration::ZERO);
            assert!(!is_readable(fd, &reports), "{round}");
        }
        assert_eq!(taken.len(), 301);
        reports.end();
        assert!(is_readable(fd, &reports), "so that the reader sees the end");
    }

    #[test]
    fn a_taker_waits_for_the_first_report_and_not_past_the_end() {
        let reports = Reports::default();
        std::thread::scope(|scope| {
            let taker = scope.spawn(|| {
                let mut taken = Vec::new();
                let long = Duration::from_secs(60);
                (
                    reports.take(&mut taken, 9, long),
                    reports.take(&mut taken, 9, long),
                )
            });
            reports.push([durable(7)]);
            reports.end();
            let (first, second) = taker.join().unwrap();
            assert_eq!((first, second), (1, 0));
        });
        assert!(reports.has_ended());
    }
}
