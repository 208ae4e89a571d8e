//! Statistics, pending operations, log lines and current trouble.

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use super::Outbox;
use super::log::LogLevel;
use super::pending::{Filter, PendingOperation, Question};
use super::prometheus::prometheus_page;
use super::stats::{self, OutboxStats};
use crate::model::error::{Error, ErrorKind, Result};

impl Outbox {
    /// Counters and gauges.
    pub fn stats(&self) -> OutboxStats {
        let shared = &self.shared;
        let mut stats = shared.counters.read(shared.now(), &shared.intake);
        // A lock may be held forever in a child.
        if !self.is_forked() {
            stats.room = shared.intake.room().unwrap_or_default();
            stats.reports_waiting = shared.reports.waiting() as u64;
        }
        stats
    }

    /// Lists up to `most` pending operations in submission order: of a token, of an account
    /// (of any type), of both, or all, with their attempts and last reason. It answers why
    /// a phone is not bound yet.
    ///
    /// The outbox's thread answers between other work and scans everything that is
    /// pending: use it for support, not in every tick.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed) when it is closed, or in a child after `fork`, and
    /// [`Unknown`](ErrorKind::Unknown) if the thread does not answer within `timeout`.
    pub fn list_pending(
        &self,
        token: Option<&str>,
        account: Option<&str>,
        most: usize,
        timeout: Duration,
    ) -> Result<Vec<PendingOperation>> {
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
        answered: &Receiver<Vec<PendingOperation>>,
        timeout: Duration,
    ) -> Result<Vec<PendingOperation>> {
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

    /// Its name in metrics: `outbox_name`, or the access ID.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The statistics in the text format of Prometheus, with the label `outbox` (its
    /// [`name`](Outbox::name)). For several outboxes on one page use [`prometheus_page`].
    pub fn prometheus(&self) -> String {
        prometheus_page([(self.name(), &self.stats())])
    }

    /// What is failing in the background now, in the words of the log: why sending is paused,
    /// that the file cannot be written, that no thread could be started. Empty while all
    /// is well.
    pub fn trouble(&self) -> String {
        if self.is_forked() {
            return String::new();
        }
        let troubles = self.shared.troubles();
        let lines: Vec<&str> = troubles.iter().flatten().map(String::as_str).collect();
        lines.join("; ")
    }

    /// Sets the log function: it gets a line when something fails in the background and one
    /// when it works again, never with a secret. It runs on the outbox's thread and delays
    /// everything there, so return quickly. A panic in it is caught and the line lost. When
    /// this returns, the function that was set before is no longer called, unless it hangs
    /// for more than a second.
    pub fn set_log(&self, log: Option<Arc<dyn Fn(LogLevel, &str) + Send + Sync>>) {
        if !self.is_forked() {
            self.shared.logger.set(log);
            self.shared.intake.waker.wake();
        }
    }

    /// Stops logging. When this returns, after 100 ms at most, what the log function uses may
    /// be freed, unless the function hangs.
    #[doc(hidden)]
    pub fn end_log(&self) {
        if !self.is_forked() {
            self.shared.logger.end();
        }
    }

    /// Counts a failed report callback and logs it once a minute: for bindings of languages
    /// with exceptions.
    #[doc(hidden)]
    pub fn note_callback_failure(&self, why: &str) {
        stats::add(&self.shared.counters.callback_failures, 1);
        if self.shared.may_log_callback_failure() {
            let line = format!("the report callback failed: {why} (counted in callback_failures)");
            self.shared.log(LogLevel::Error, &line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    #[test]
    fn question_that_nobody_answers_is_taken_back() {
        let mut config = Config::new();
        for (name, value) in [
            ("access_id", "1500001048"),
            ("secret_key", "secret"),
            ("base_url", "http://127.0.0.1:9"),
        ] {
            config.set(name, value).unwrap();
        }
        let outbox = Outbox::open(&config).unwrap();
        outbox.close(Duration::ZERO);
        let error = outbox.list_pending(None, None, 1, Duration::from_secs(60));
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Closed);
        assert!(outbox.shared.questions().is_empty());
    }
}
