//! From the queue to the worker pool; and after an attempt: sent again, or completed.

use std::time::Duration;

use super::{HOUSEKEEPING_INTERVAL, Millis, Slot, Worker, add, millis};
use crate::engine::AttemptResult;
use crate::model::encoded::EncodedOperation;
use crate::model::outcome::{ItemOutcome, State};
use crate::outbox::job::AttemptJob;
use crate::protocol::classify::merge_attempts;
use crate::protocol::wire;
use crate::retry::{Decision, RetryMode, ServiceHealth, Situation, decide, service_health};

impl Worker {
    pub(super) fn handle_done(&mut self) {
        for (job, attempted) in self.pool.drain_done() {
            self.handle_attempt(job.slots, attempted);
        }
    }

    pub(super) fn dispatch(&mut self) {
        // What was submitted before the flush is sent with it.
        let flush = self.is_flushing() && self.shared.intake.is_empty();
        loop {
            let now = self.now();
            let allows = self
                .breaker
                .allows(Duration::from_millis(now), self.pool.in_flight());
            if !allows || !self.pool.has_capacity() {
                return;
            }
            let slots = self.queue.next_batch(now, flush, self.breaker.is_open());
            if slots.is_empty() {
                return;
            }
            if !self.mark_sending(&slots, now) {
                for slot in slots {
                    self.queue.retry(slot, self.store_retry_at, false);
                }
                continue;
            }
            let kept: Vec<EncodedOperation<'_>> = slots
                .iter()
                .map(|slot| EncodedOperation(self.queue.body(*slot)))
                .collect();
            let job = AttemptJob {
                operator: kept[0].operator(),
                body: wire::body_of_operations(&kept),
                slots,
            };
            let sent = self.pool.submit(job);
            self.record_thread(sent.is_ok());
            if let Err(job) = sent {
                for slot in job.slots {
                    self.queue.retry(slot, now + HOUSEKEEPING_INTERVAL, false);
                }
                return;
            }
        }
    }

    /// Whether what is submitted now is sent soon.
    pub(super) fn is_sending(&self) -> bool {
        let now = Duration::from_millis(self.now());
        let allows = !self.breaker.is_open() && self.breaker.allows(now, 0);
        allows && !self.ended && !self.shared.is_stopping()
    }

    /// A request was sent once, with these operations.
    fn handle_attempt(&mut self, slots: Vec<Slot>, attempted: AttemptResult) {
        let now = self.now();
        self.count(&attempted);
        self.update_breaker(&attempted, now);
        let batch = slots.len();
        for (slot, outcome) in slots.into_iter().zip(attempted.outcomes) {
            if was_sent(&outcome) {
                self.queue.count_attempt(slot);
            }
            let decision = self.decide(slot, &outcome, batch);
            // An empty map is not asked: it would be for each operation.
            let earlier = if self.last.is_empty() {
                None
            } else {
                self.last.remove(&slot)
            };
            let merged = match earlier {
                Some(earlier) => merge_attempts(earlier, outcome, false),
                None => outcome,
            };
            match decision {
                Decision::Done | Decision::GiveUp(_) => self.completing.push((slot, merged)),
                Decision::Alone => self.retry(slot, merged, now, true),
                Decision::Again { pause, alone, .. } => {
                    self.retry(slot, merged, now + millis(pause), alone);
                }
            }
        }
    }

    fn count(&mut self, attempted: &AttemptResult) {
        let counters = &self.shared.counters;
        let sent = attempted.outcomes.iter().filter(|o| was_sent(o)).count();
        add(&counters.requests, usize::from(sent > 0));
        add(&counters.sent, sent);
        if let Some(warning) = &attempted.warning {
            self.record_clock(warning);
        }
    }

    fn update_breaker(&mut self, attempted: &AttemptResult, now: Millis) {
        let health = service_health(&attempted.outcomes);
        let counters = &self.shared.counters;
        match health {
            ServiceHealth::Healthy => {}
            ServiceHealth::Failing => add(&counters.failures, 1),
            ServiceHealth::Throttled => add(&counters.throttled, 1),
        }
        let was_open = self.breaker.is_open();
        self.breaker.record(
            health,
            Duration::from_millis(now),
            attempted.retry_after,
            fastrand::f64(),
        );
        if self.breaker.is_open() != was_open {
            self.record_breaker(attempted.outcomes.first());
        }
        if health != ServiceHealth::Healthy {
            self.withdraw_queued(now);
        }
    }

    fn decide(&self, slot: Slot, outcome: &ItemOutcome, batch: usize) -> Decision {
        let at = Situation {
            attempts: u32::from(self.queue.attempts(slot)),
            batch,
            breaker_open: self.breaker.is_open(),
            // The breaker keeps to it.
            asked: None,
            // Its own deadline ends it.
            left: Duration::MAX,
            random: fastrand::f64(),
            backoff: &self.backoff,
            budget: None,
        };
        decide(RetryMode::Outbox, [outcome], &at)
    }

    /// Takes back what is queued for the threads: a pause is one for it, too.
    pub(super) fn withdraw_queued(&mut self, now: Millis) {
        let jobs = self.pool.withdraw_queued().into_iter();
        for slot in jobs.flat_map(|job| job.slots) {
            self.queue.retry(slot, now, false);
        }
    }

    fn retry(&mut self, slot: Slot, outcome: ItemOutcome, due: Millis, alone: bool) {
        add(&self.shared.counters.retries, 1);
        self.last.insert(slot, outcome);
        self.queue.retry(slot, due, alone);
    }
}

fn was_sent(outcome: &ItemOutcome) -> bool {
    outcome.state() != State::NotSent
}
