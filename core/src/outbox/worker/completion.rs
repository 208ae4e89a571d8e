//! What follows an attempt and a deadline: sent again, or completed once the store
//! has forgotten it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Millis, Removed, SECOND, Slot, Worker, add, merge_attempts, millis};
use crate::engine::Attempted;
use crate::model::outcome::{ItemOutcome, Reason, State};
use crate::retry::{
    Decision, GiveUpReason, RetryMode, ServiceHealth, Situation, StopReason, decide, service_health,
};

/// The outcome of what came out of a store after `outbox_recover_max_age_ms`.
pub(super) fn too_old(maybe_sent: Option<ItemOutcome>) -> ItemOutcome {
    let why = "expired: older than outbox_recover_max_age_ms when the file was opened";
    match maybe_sent {
        None => ItemOutcome::with_message(Reason::Expired, why),
        Some(mut earlier) => {
            earlier.append_message(why);
            earlier
        }
    }
}

impl Worker {
    /// A request was sent once, with these operations.
    pub(super) fn handle_attempt(&mut self, slots: Vec<Slot>, attempted: Attempted) {
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

    fn count(&mut self, attempted: &Attempted) {
        let counters = &self.shared.counters;
        let sent = attempted.outcomes.iter().filter(|o| was_sent(o)).count();
        add(&counters.requests, usize::from(sent > 0));
        add(&counters.sent, sent);
        if let Some(warning) = &attempted.warning {
            self.record_clock(warning);
        }
    }

    fn update_breaker(&mut self, attempted: &Attempted, now: Millis) {
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

    /// What is known of an operation that is not sent any more.
    pub(super) fn last_outcome(&mut self, slot: Slot, why: StopReason) -> ItemOutcome {
        match self.last.remove(&slot) {
            Some(mut outcome) => {
                GiveUpReason::from(why).explain(&mut outcome);
                outcome
            }
            None => why.not_sent(),
        }
    }

    /// Gives up what is older than the deadline.
    pub(super) fn expire(&mut self) {
        let now = self.now();
        if now < self.expires_at {
            return;
        }
        self.expires_at = now + SECOND;
        let oldest = self.queue.oldest();
        self.shared.counters.oldest.store(oldest, Ordering::Relaxed);
        if self.options.deadline.is_zero() {
            return;
        }
        let before = now.saturating_sub(millis(self.options.deadline));
        // What came from a file has its time from the opening on.
        if before < self.shared.opened {
            return;
        }
        for slot in self.queue.expire(before) {
            let outcome = self.last_outcome(slot, StopReason::OutboxDeadline);
            self.completing.push((slot, outcome));
        }
    }

    /// Lets the store forget what has its outcome; only then is it reported, and what
    /// waited behind it sent. Otherwise a restart could send it again after what
    /// followed it.
    pub(super) fn acknowledge(&mut self) {
        self.complete_unstored();
        let now = self.now();
        let waits = !self.completing.is_empty() || !self.superseded.is_empty();
        let Some(store) = &mut self.store else {
            return;
        };
        if !waits || now < self.store_rests_until {
            return;
        }
        let done = self.completing.iter().map(|(slot, _)| self.queue.id(*slot));
        let superseded = self.superseded.iter().map(|gone| gone.id);
        let ids: Vec<u64> = done.chain(superseded).collect();
        if let Err(error) = store.acknowledge(&ids) {
            self.store_rests(&error);
            return;
        }
        self.store_works();
        let superseded = std::mem::take(&mut self.superseded);
        let completing = std::mem::take(&mut self.completing);
        self.complete(superseded, completing);
    }

    /// What the store does not have need not wait for it.
    fn complete_unstored(&mut self) {
        let queue = &self.queue;
        let completing = self
            .completing
            .extract_if(.., |(slot, _)| queue.id(*slot) == 0);
        let completing = completing.collect();
        let superseded = self.superseded.extract_if(.., |gone| gone.id == 0);
        let superseded = superseded.collect();
        self.complete(superseded, completing);
    }

    fn complete(&mut self, superseded: Vec<Removed>, completing: Vec<(Slot, ItemOutcome)>) {
        let pointless = superseded.into_iter().map(|gone| {
            let message = "a newer operation on the same token came before it was sent";
            (gone, ItemOutcome::with_message(Reason::Superseded, message))
        });
        let mut completed: Vec<(Removed, ItemOutcome)> = pointless.collect();
        for (slot, outcome) in completing {
            completed.push((self.queue.complete(slot), outcome));
        }
        self.shared.complete(completed);
    }
}

fn was_sent(outcome: &ItemOutcome) -> bool {
    outcome.state() != State::NotSent
}
