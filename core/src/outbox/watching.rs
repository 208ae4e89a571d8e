//! What an outbox shows of itself: numbers, what waits, log lines, trouble.

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use super::Outbox;
use super::log::LogLevel;
use super::page::prometheus_page;
use super::stats::{self, OutboxStats};
use super::waiting::{Filter, Question, Waiting};
use crate::model::error::{Error, ErrorKind, Result};

impl Outbox {
    /// The numbers.
    pub fn stats(&self) -> OutboxStats {
        let shared = &self.shared;
        let mut stats = shared.counters.read(shared.now(), &shared.intake);
        // A lock may be held for ever in a child.
        if !self.is_forked() {
            stats.room = shared.intake.room().unwrap_or_default();
            stats.reports_waiting = shared.reports.waiting() as u64;
        }
        stats
    }

    /// What waits, in the order of the hand-ins: of a token, of an account (of any type), of
    /// both, or all; at most so many. With the attempts so far and the last reason, it
    /// answers why somebody's phone is not bound.
    ///
    /// The outbox's thread answers, as soon as it has nothing else in hand: a look goes
    /// through everything that waits, so it is for people rather than for each tick.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed) when it is closed, or in a child after `fork`, and
    /// [`Unknown`](ErrorKind::Unknown) when the thread does not answer within `timeout`.
    pub fn look(
        &self,
        token: Option<&str>,
        account: Option<&str>,
        most: usize,
        timeout: Duration,
    ) -> Result<Vec<Waiting>> {
        self.ensure_same_process()?;
        let (answer, answered) = std::sync::mpsc::channel();
        let question = Question {
            filter: Filter {
                token: token.map(str::to_owned),
                account: account.map(str::to_owned),
            },
            most,
            answer,
        };
        let number = self.shared.ask(question);
        self.shared.intake.waker.wake();
        let found = self.wait_for_answer(&answered, timeout);
        self.shared.questions().remove(&number);
        found
    }

    fn wait_for_answer(
        &self,
        answered: &Receiver<Vec<Waiting>>,
        timeout: Duration,
    ) -> Result<Vec<Waiting>> {
        const SLICE: Duration = Duration::from_millis(50);
        let ends = Instant::now().checked_add(timeout);
        loop {
            let left = ends.map_or(SLICE, |ends| ends.saturating_duration_since(Instant::now()));
            // Nobody answers any more.
            let ended = self.shared.wait(Duration::ZERO, true);
            let slice = if ended {
                Duration::ZERO
            } else {
                left.min(SLICE)
            };
            if let Ok(list) = answered.recv_timeout(slice) {
                return Ok(list);
            }
            if ended {
                return Err(Error::new(ErrorKind::Closed, "the outbox is closed"));
            }
            if left.is_zero() {
                return Err(Error::new(
                    ErrorKind::Unknown,
                    "the outbox's thread did not answer in time: its log function, or the disk, \
                     keeps it",
                ));
            }
        }
    }

    /// What it is called in metrics: `outbox_name`, or the access id.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The numbers in the text format that Prometheus reads, with the label `outbox`, its
    /// [`name`](Outbox::name). For several outboxes on one page: [`prometheus_page`].
    pub fn prometheus(&self) -> String {
        prometheus_page([(self.name(), &self.stats())])
    }

    /// What fails in the background just now, as the log was told of it: why sending is
    /// paused, that the file cannot be written, that there is no thread. Empty while all
    /// is well. For programs that look rather than take lines.
    pub fn trouble(&self) -> String {
        if self.is_forked() {
            return String::new();
        }
        let troubles = self.shared.troubles();
        let lines: Vec<&str> = troubles.iter().flatten().map(String::as_str).collect();
        lines.join("; ")
    }

    /// Takes lines for a log: what fails in the background, and when it is over.
    /// Called on the outbox's own thread, on which everything waits for it. Never
    /// with a secret. A panic in it is caught, and the line lost. The one that was
    /// set before is not called any more when this returns, unless it takes longer
    /// than a second.
    pub fn set_log(&self, log: Option<Arc<dyn Fn(LogLevel, &str) + Send + Sync>>) {
        if !self.is_forked() {
            self.shared.logger.set(log);
        }
    }

    /// Brings no line any more: what the log uses may go when this returns, unless it hangs.
    /// Within a tenth of a second.
    pub fn end_log(&self) {
        if !self.is_forked() {
            self.shared.logger.end();
        }
    }

    /// Counts that a function which is brought reports failed, and logs it once a minute:
    /// for faces in languages with exceptions.
    pub fn note_callback_failure(&self, why: &str) {
        stats::add(&self.shared.counters.callback_failures, 1);
        if self.shared.may_log_callback_failure() {
            let line = format!(
                "a function that is brought reports failed: {why}; callback_failures counts them"
            );
            self.shared.log(LogLevel::Error, &line);
        }
    }
}
