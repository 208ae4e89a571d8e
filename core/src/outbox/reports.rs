//! The queue of unread reports.

use std::collections::VecDeque;
use std::os::fd::RawFd;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::report::Report;
use super::signal::Signal;
use crate::model::error::{Error, ErrorKind, Result};

/// Unread reports.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    waiting: Mutex<Unread>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct Unread {
    reports: VecDeque<(Report, Ticket)>,
    /// No more reports will come.
    ended: bool,
    signal: Option<Signal>,
    /// Tickets of those that a caller has, and may not have looked at.
    handed: Vec<u64>,
    /// Tickets of those that a caller has looked at: it came back.
    read: Vec<u64>,
    /// Somebody took since this was asked last.
    looked: bool,
    /// How many callers wait.
    waiting: usize,
}

/// Where a report came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket {
    /// What the outbox's thread is told when the caller has read it; 0: nothing.
    pub(crate) number: u64,
    /// The operation was submitted here, and the report holds its place.
    pub(crate) holds_place: bool,
}

/// What somebody took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) count: usize,
    /// How many places are free now.
    pub(crate) places: usize,
    /// There are tickets of reports that were read.
    pub(crate) has_read: bool,
}

impl Reports {
    pub(crate) fn push(&self, reports: impl IntoIterator<Item = Report>) {
        let own = |report: Report| {
            let ticket = Ticket {
                number: 0,
                holds_place: report.is_final(),
            };
            (report, ticket)
        };
        self.push_with_tickets(reports.into_iter().map(own));
    }

    pub(crate) fn push_with_tickets(&self, reports: impl IntoIterator<Item = (Report, Ticket)>) {
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

    /// No more reports will come.
    pub(crate) fn end(&self) {
        let mut waiting = self.lock();
        waiting.ended = true;
        if let Some(signal) = &waiting.signal {
            signal.raise();
        }
        self.arrived.notify_all();
    }

    /// Moves up to `most` reports to the end of `to`; waits up to `timeout` for
    /// the first one. Who takes has read what was taken before.
    pub(crate) fn take(&self, to: &mut Vec<Report>, most: usize, timeout: Duration) -> Taken {
        let ends = Instant::now().checked_add(timeout);
        let mut waiting = self.lock();
        let before = std::mem::take(&mut waiting.handed);
        waiting.read.extend(before);
        waiting.looked = true;
        let mut taken = Taken {
            count: 0,
            places: 0,
            has_read: !waiting.read.is_empty(),
        };
        while waiting.reports.is_empty() && !waiting.ended {
            let left = ends.map_or(Duration::from_secs(3600), |ends| {
                ends.saturating_duration_since(Instant::now())
            });
            if left.is_zero() {
                return taken;
            }
            waiting.waiting += 1;
            let waited = self.arrived.wait_timeout(waiting, left);
            waiting = waited.unwrap_or_else(PoisonError::into_inner).0;
            waiting.waiting -= 1;
        }
        taken.count = waiting.reports.len().min(most);
        for _ in 0..taken.count {
            let Some((report, ticket)) = waiting.reports.pop_front() else {
                break;
            };
            to.push(report);
            taken.places += usize::from(ticket.holds_place);
            if ticket.number != 0 {
                waiting.handed.push(ticket.number);
            }
        }
        if waiting.reports.is_empty()
            && !waiting.ended
            && let Some(signal) = &waiting.signal
        {
            signal.lower();
        }
        taken
    }

    /// The tickets of what was read since this was asked last; `all` that was taken, for at
    /// the end nobody comes back.
    pub(crate) fn read(&self, all: bool) -> Vec<u64> {
        let mut waiting = self.lock();
        let mut read = std::mem::take(&mut waiting.read);
        if all {
            read.append(&mut waiting.handed);
        }
        read
    }

    /// The tickets of those that nobody has taken.
    pub(crate) fn unread(&self) -> Vec<u64> {
        let waiting = self.lock();
        let numbers = waiting.reports.iter().map(|(_, ticket)| ticket.number);
        numbers.filter(|number| *number != 0).collect()
    }

    /// Whether somebody waits for reports, or took some since this was asked last.
    pub(crate) fn looked(&self) -> bool {
        let mut unread = self.lock();
        std::mem::take(&mut unread.looked) || unread.waiting > 0
    }

    /// How many are unread.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().reports.len()
    }

    pub(crate) fn has_ended(&self) -> bool {
        let waiting = self.lock();
        waiting.ended && waiting.reports.is_empty()
    }

    pub(crate) fn fd(&self) -> Result<RawFd> {
        let mut waiting = self.lock();
        if waiting.signal.is_none() {
            let signal = Signal::new().map_err(|error| {
                let said = crate::sys::error_text::io_error(&error);
                let text = format!(
                    "the system gave no descriptor for the reports: {said} (ulimit -n; two \
                     are needed)"
                );
                Error::new(ErrorKind::Resources, text).with_source(error)
            })?;
            if !waiting.reports.is_empty() || waiting.ended {
                signal.raise();
            }
            waiting.signal = Some(signal);
        }
        Ok(waiting.signal.as_ref().map_or(-1, Signal::fd))
    }

    fn lock(&self) -> MutexGuard<'_, Unread> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::Event;
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

    fn is_readable(fd: RawFd, reports: &Reports) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec};
        assert_eq!(reports.fd().unwrap(), fd);
        let waiting = reports.lock();
        let signal = waiting.signal.as_ref().unwrap();
        let mut fds = [PollFd::new(signal, PollFlags::IN)];
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
    fn a_report_counts_as_read_when_its_taker_comes_back() {
        let reports = Reports::default();
        let stored = |number, holds_place| {
            let ticket = Ticket {
                number,
                holds_place,
            };
            (durable(number), ticket)
        };
        reports.push_with_tickets([stored(1, true), stored(2, false), stored(0, true)]);
        let mut taken = Vec::new();
        let mut take = |most| reports.take(&mut taken, most, Duration::ZERO);
        let first = take(2);
        assert_eq!((first.count, first.places, first.has_read), (2, 1, false));
        assert!(reports.read(false).is_empty());
        let second = take(2);
        assert_eq!((second.count, second.places, second.has_read), (1, 1, true));
        assert_eq!(reports.read(false), [1, 2]);
        reports.push_with_tickets([stored(3, true), stored(4, true)]);
        take(1);
        assert_eq!(reports.read(true), [3], "and 4 is nobody's yet");
        assert_eq!(reports.unread(), [4]);
        assert!(reports.looked() && !reports.looked());
    }

    #[test]
    fn a_taker_waits_for_the_first_report_and_not_past_the_end() {
        let reports = Reports::default();
        std::thread::scope(|scope| {
            let taker = scope.spawn(|| {
                let mut taken = Vec::new();
                let long = Duration::from_secs(60);
                (
                    reports.take(&mut taken, 9, long).count,
                    reports.take(&mut taken, 9, long).count,
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
