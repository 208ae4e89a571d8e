//! When there is something to do next.

use super::{Member, Millis};
use crate::fleet::relay::Relay;
use crate::outbox::shared::millis;
use crate::outbox::sleep::Sleep;

/// How often it looks for submissions by itself, at least, while they come.
const MAX_POLL_INTERVAL: Millis = 20;

const LONG: Millis = 3_600_000;

impl Member {
    pub(super) fn sleep(&mut self) {
        if self.is_flushing() && !self.shared.intake.is_empty() {
            return;
        }
        let now = self.now();
        let longest_nap = if now < self.awake_until {
            self.longest_nap()
        } else {
            0
        };
        let due = self.due(now);
        let is_quiet =
            || self.shared.intake.is_empty() && !self.pool.has_done() && !self.link.has_answer();
        Sleep::until(due, now, longest_nap).take(&self.shared.intake.waker, is_quiet);
    }

    fn due(&self, now: Millis) -> Millis {
        // What was tried just now is not tried again at once.
        let soon = |at: Millis| at.max(now + 1);
        let mut due = now + LONG;
        let mut add = |at: Option<Millis>| due = due.min(at.unwrap_or(Millis::MAX));
        add(self.abandon_at);
        add((!self.finished.is_empty()).then(|| soon(self.spool_retry_at)));
        add(self.health.due().map(soon));
        add(self.looks_at().map(soon));
        if self.asked.is_none() {
            for (at, run) in self.runs.iter().enumerate() {
                if !self.is_past(at, now) {
                    add(run.sender.due(now).map(soon));
                }
            }
            add(self.relay.as_ref().and_then(Relay::due).map(soon));
        }
        if self.pool.has_capacity() && !self.shared.is_stopping() {
            let relay = self.relay.as_ref();
            add(relay.and_then(|relay| relay.next_batch_due(now)).map(soon));
        }
        due
    }

    /// How long it may look away while operations are submitted.
    fn longest_nap(&self) -> Millis {
        let linger = millis(self.options.linger).min(MAX_POLL_INTERVAL);
        if self.spool.is_some() {
            linger.min(millis(self.options.commit))
        } else {
            linger
        }
    }
}
