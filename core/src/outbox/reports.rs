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
    reports: VecDeque<Report>,
    /// No more reports will come.
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
