//! From the queue to the worker pool; and after an attempt: sent again, or completed.

use super::{HOUSEKEEPING_INTERVAL, Millis, Slot, Worker, add};
use crate::delivery::was_sent;
use crate::engine::AttemptResult;
use crate::model::encoded::EncodedOperation;
use crate::outbox::job::AttemptJob;
use crate::protocol::wire;
use crate::retry::ServiceHealth;

impl Worker {
    pub(super) fn handle_done(&mut self) {
        for (job, attempted) in self.pool.drain_done() {
            self.handle_attempt(&job.slots, attempted);
        }
    }

    pub(super) fn dispatch(&mut self) {
        // What was submitted before the flush is sent with it.
        let flush = self.is_flushing() && self.shared.intake.is_empty();
        loop {
            let now = self.now();
            let allows = self.delivery.allows(now, self.pool.in_flight());
            if !allows || !self.pool.has_capacity() {
                return;
            }
            let slots = self.delivery.next_batch(now, flush);
            if slots.is_empty() {
                return;
            }
            if !self.mark_sending(&slots, now) {
                self.delivery.put_back(slots, self.store_retry_at);
                continue;
            }
            let kept: Vec<EncodedOperation<'_>> = slots
                .iter()
                .map(|slot| EncodedOperation(self.delivery.queue().body(*slot)))
                .collect();
            let job = AttemptJob {
                operator: kept[0].operator(),
                body: wire::body_of_operations(&kept),
                slots,
            };
            let sent = self.pool.submit(job);
            self.health.record_thread(sent.is_ok());
            if let Err(job) = sent {
                self.delivery
                    .put_back(job.slots, now + HOUSEKEEPING_INTERVAL);
                return;
            }
        }
    }

    /// Whether what is submitted now is sent soon.
    pub(super) fn is_sending(&self) -> bool {
        let allows = !self.delivery.is_open() && self.delivery.allows(self.now(), 0);
        allows && !self.ended && !self.shared.is_stopping()
    }

    /// A request was sent once, with these operations.
    fn handle_attempt(&mut self, slots: &[Slot], attempted: AttemptResult) {
        let now = self.now();
        self.count(&attempted);
        self.judge(&attempted, now);
        let decided = self
            .delivery
            .decide(slots, attempted.outcomes, now, fastrand::f64);
        add(&self.shared.counters.retries, decided.again);
        self.completing.extend(decided.done);
    }

    fn count(&mut self, attempted: &AttemptResult) {
        let counters = &self.shared.counters;
        let sent = attempted.outcomes.iter().filter(|o| was_sent(o)).count();
        add(&counters.requests, usize::from(sent > 0));
        add(&counters.sent, sent);
        if let Some(warning) = &attempted.warning {
            self.health.record_warning(warning);
        }
    }

    fn judge(&mut self, attempted: &AttemptResult, now: Millis) {
        let outcomes = &attempted.outcomes;
        let asked = attempted.retry_after;
        let judged = self.delivery.judge(outcomes, asked, now, fastrand::f64());
        let counters = &self.shared.counters;
        match judged.health {
            ServiceHealth::Healthy => {}
            ServiceHealth::Failing => add(&counters.failures, 1),
            ServiceHealth::Throttled => add(&counters.throttled, 1),
        }
        if judged.breaker_turned {
            let is_open = self.delivery.is_open();
            self.health.record_breaker(is_open, outcomes.first());
        }
        if judged.health != ServiceHealth::Healthy {
            self.withdraw_queued(now);
        }
    }

    /// Takes back what is queued for the threads: a pause is one for it, too.
    pub(super) fn withdraw_queued(&mut self, now: Millis) {
        let jobs = self.pool.withdraw_queued().into_iter();
        self.delivery.put_back(jobs.flat_map(|job| job.slots), now);
    }
}
