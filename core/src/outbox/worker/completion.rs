//! What becomes of operations: after an attempt, at their deadline, and when the
//! store has forgotten them.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Done, Gone, Millis, SECOND, SUSPECT_AFTER, Slot, Worker, add, millis};
use crate::model::outcome::{ItemOutcome, Reason, State};
use crate::protocol::classify;
use crate::retry::{Fate, Health, fate, health};

/// The outcome of what came out of a store after `outbox_recover_max_age_ms`.
pub(super) fn too_old(maybe_sent: Option<ItemOutcome>) -> ItemOutcome {
    let why = "expired: older than outbox_recover_max_age_ms when the file was opened";
    match maybe_sent {
        None => ItemOutcome::new(Reason::Expired, Some(why.into())),
        Some(earlier) => {
            let message = format!("{}; {why}", earlier.message());
            ItemOutcome {
                message: Some(message.into()),
                ..earlier
            }
        }
    }
}

impl Worker {
    pub(super) fn judge(&mut self, done: Done) {
        let now = self.now();
        let Done { slots, attempted } = done;
        let service = health(&attempted.outcomes);
        let counters = &self.shared.counters;
        match service {
            Health::Well => {}
            Health::Failing => add(&counters.failures, 1),
            Health::Throttled => add(&counters.throttled, 1),
        }
        let was_sent = |outcome: &ItemOutcome| outcome.state() != State::NotSent;
        let sent = attempted.outcomes.iter().filter(|o| was_sent(o)).count();
        add(&counters.requests, usize::from(sent > 0));
        add(&counters.sent, sent);
        if let Some(warning) = &attempted.warning {
            self.note_clock(warning);
        }
        let was_broken = self.gate.is_broken();
        self.gate.note(
            service,
            Duration::from_millis(now),
            attempted.retry_after,
            fastrand::f64(),
        );
        if self.gate.is_broken() != was_broken {
            self.note_breaker(attempted.outcomes.first());
        }
        if service != Health::Well {
            self.recall(now);
        }
        let carried = slots.len();
        for (slot, outcome) in slots.into_iter().zip(attempted.outcomes) {
            if was_sent(&outcome) {
                self.queue.count_attempt(slot);
            }
            let fate = fate(&outcome, carried);
            let earlier = if self.last.is_empty() {
                None
            } else {
                self.last.remove(&slot)
            };
            let merged = match earlier {
                Some(earlier) => classify::after_another_attempt(earlier, outcome, false),
                None => outcome,
            };
            match fate {
                Fate::Final => self.ending.push((slot, merged)),
                Fate::Alone => self.again(slot, merged, now, true),
                Fate::Again(_) => {
                    let attempts = self.queue.attempts(slot);
                    // In an outage all fail: more patience.
                    let patience = SUSPECT_AFTER * if self.gate.is_broken() { 2 } else { 1 };
                    let suspect = attempts >= patience && carried > 1;
                    let due = now + self.pause(attempts);
                    self.again(slot, merged, due, suspect);
                }
            }
        }
    }

    /// Takes back what lies ready: a pause is one for it, too.
    pub(super) fn recall(&mut self, now: Millis) {
        for slot in self.senders.recall().into_iter().flat_map(|job| job.slots) {
            self.queue.retry(slot, now, false);
        }
    }

    fn again(&mut self, slot: Slot, outcome: ItemOutcome, due: Millis, alone: bool) {
        add(&self.shared.counters.retries, 1);
        self.last.insert(slot, outcome);
        self.queue.retry(slot, due, alone);
    }

    /// Full jitter, doubling with each attempt.
    fn pause(&self, attempts: u16) -> Millis {
        let doublings = u32::from(attempts.saturating_sub(1));
        let longest = self.backoff.doubled(self.backoff.base, doublings);
        millis(longest.mul_f64(fastrand::f64()))
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
            let never_sent = || {
                let message = "it could not be sent within outbox_deadline_ms";
                ItemOutcome::new(Reason::Deadline, Some(message.into()))
            };
            let outcome = self.last.remove(&slot).unwrap_or_else(never_sent);
            self.ending.push((slot, outcome));
        }
    }

    /// Lets the store forget what is decided; only then is it reported, and what
    /// waited behind it sent. Otherwise a restart could send it again after what
    /// followed it.
    pub(super) fn acknowledge(&mut self) {
        self.settle_unstored();
        let now = self.now();
        let waits = !self.ending.is_empty() || !self.superseded.is_empty();
        let Some(store) = &mut self.store else {
            return;
        };
        if !waits || now < self.store_rests_until {
            return;
        }
        let ended = self.ending.iter().map(|(slot, _)| self.queue.id(*slot));
        let superseded = self.superseded.iter().map(|gone| gone.id);
        let ids: Vec<u64> = ended.chain(superseded).collect();
        if let Err(error) = store.acknowledge(&ids) {
            self.store_rests(&error);
            return;
        }
        self.store_works();
        let superseded = std::mem::take(&mut self.superseded);
        let ending = std::mem::take(&mut self.ending);
        self.settle(superseded, ending);
    }

    /// What the store does not have need not wait for it.
    fn settle_unstored(&mut self) {
        let queue = &self.queue;
        let ending = self.ending.extract_if(.., |(slot, _)| queue.id(*slot) == 0);
        let ending = ending.collect();
        let superseded = self.superseded.extract_if(.., |gone| gone.id == 0);
        let superseded = superseded.collect();
        self.settle(superseded, ending);
    }

    fn settle(&mut self, superseded: Vec<Gone>, ending: Vec<(Slot, ItemOutcome)>) {
        let pointless = superseded.into_iter().map(|gone| {
            let message = "a newer operation on the same token came before it was sent";
            (
                gone,
                ItemOutcome::new(Reason::Superseded, Some(message.into())),
            )
        });
        let mut settled: Vec<(Gone, ItemOutcome)> = pointless.collect();
        for (slot, outcome) in ending {
            settled.push((self.queue.settle(slot), outcome));
        }
        self.shared.complete(settled);
    }
}
