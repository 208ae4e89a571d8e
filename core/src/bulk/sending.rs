//! From the queue to the worker pool, and from there to the outcomes of the rows.

use std::time::Duration;

use super::job::BatchJob;
use super::{AbortReason, Bulk};
use crate::engine::pool::run_job;
use crate::engine::{Delivered, Interrupt};
use crate::model::encoded::EncodedOperation;
use crate::model::outcome::{ItemOutcome, Reason, Warning, WarningKind};
use crate::ordering::blocked::blocks;
use crate::ordering::queue::{Millis, Slot, all_keys};
use crate::protocol::classify::merge_attempts;
use crate::retry::{
    Decision, GiveUpReason, RetryMode, ServiceHealth, Situation, StopReason, decide, is_transient,
    service_health,
};

/// What to do with a request when the system gives no thread for it.
#[derive(Clone, Copy)]
enum WithoutThread<'a> {
    /// Leave its rows in the queue.
    Queue,
    /// Send it on the calling thread, which asks meanwhile whether to end.
    SendHere(Interrupt<'a>),
}

impl Bulk {
    /// Completes what is done, and sends what may be sent. Does not wait for an answer.
    pub(super) fn pump(&mut self) {
        self.pump_with(WithoutThread::Queue);
    }

    /// [`pump`](Self::pump) that sends one request itself when the system gives no thread:
    /// the stream would never end otherwise.
    pub(super) fn pump_or_send(&mut self, interrupt: Interrupt<'_>) {
        self.pump_with(WithoutThread::SendHere(interrupt));
    }

    fn pump_with(&mut self, without_thread: WithoutThread<'_>) {
        self.rows_since_pump = 0;
        self.pumped_at = self.now();
        if self.owner.refresh() {
            return;
        }
        for (job, delivered) in self.pool.drain_done() {
            self.finish_batch(job.slots, delivered);
        }
        self.pool.resume();
        if self.sender.is_closed() {
            self.complete_queued(StopReason::Closed);
        }
        let since = self.failing_since;
        if since.is_some_and(|since| self.pumped_at.saturating_sub(since) >= self.outage_timeout) {
            self.give_up(AbortReason::NoAnswer);
        }
        if !self.halted {
            self.dispatch(without_thread);
        }
    }

    fn dispatch(&mut self, without_thread: WithoutThread<'_>) {
        while self.pool.has_capacity() {
            let now = Duration::from_millis(self.pumped_at);
            if !self.breaker.allows(now, self.pool.in_flight()) {
                return;
            }
            // A request that is not full travels when no row can come to fill it.
            let flush = !self.wants_row() && self.pool.has_idle_thread();
            let breaker_open = self.breaker.is_open();
            let slots = self.queue.next_batch(self.pumped_at, flush, breaker_open);
            if slots.is_empty() {
                return;
            }
            let slots = self.hold_back(slots);
            if slots.is_empty() {
                continue;
            }
            if self.dry_run {
                self.requests += 1;
                for slot in slots {
                    self.complete(slot, ItemOutcome::new(Reason::Accepted, None));
                }
            } else if !self.send(slots, without_thread) {
                return;
            }
        }
    }

    /// Whether a thread sends it.
    fn send(&mut self, slots: Vec<Slot>, without_thread: WithoutThread<'_>) -> bool {
        let mut bytes = Vec::with_capacity(slots.len() * 64);
        let mut ends = Vec::with_capacity(slots.len());
        for slot in &slots {
            bytes.extend_from_slice(self.queue.body(*slot));
            ends.push(bytes.len());
        }
        let Err(mut batch) = self.pool.submit(BatchJob { slots, bytes, ends }) else {
            return true;
        };
        match without_thread {
            WithoutThread::Queue => self.queue_again(batch.slots),
            WithoutThread::SendHere(interrupt) => {
                let sender = self.sender.with_interrupt(interrupt);
                let delivered = run_job(&mut batch, &sender);
                self.pumped_at = self.now();
                self.finish_batch(batch.slots, delivered);
            }
        }
        false
    }

    /// Answers those that may be sent; the others would overtake a row that is to be
    /// submitted again.
    fn hold_back(&mut self, slots: Vec<Slot>) -> Vec<Slot> {
        if self.blocked.is_empty() {
            return slots;
        }
        let mut free = Vec::with_capacity(slots.len());
        for slot in slots {
            let keys = all_keys(EncodedOperation(self.queue.body(slot)));
            match self.blocked.held_back(keys) {
                None => free.push(slot),
                Some(held_back) => {
                    let outcome = self.last.remove(&slot).unwrap_or(held_back);
                    self.complete(slot, outcome);
                }
            }
        }
        free
    }

    /// A batch was sent: completes its rows, or queues them again.
    fn finish_batch(&mut self, slots: Vec<Slot>, delivered: Delivered) {
        self.requests += u64::from(delivered.requests);
        for warning in delivered.warnings {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
        let outcomes = delivered.outcomes;
        self.record_health(&outcomes);
        let caller_refused = outcomes.iter().all(ItemOutcome::refuses_caller);
        // A request that failed as a whole begins anew; of one that was answered, what
        // failed has had its attempts.
        let whole = outcomes.iter().all(is_transient);
        let batch = slots.len();
        for (slot, outcome) in slots.into_iter().zip(outcomes) {
            let decision = self.decide(slot, &outcome, batch);
            let mut merged = match self.last.remove(&slot) {
                Some(earlier) => merge(earlier, outcome),
                None => outcome,
            };
            match decision {
                Decision::Alone => self.send_again(slot, merged, true),
                Decision::Again { .. } if whole => self.send_again(slot, merged, false),
                Decision::Again { .. } | Decision::GiveUp(_) | Decision::Done => {
                    if let Some(reason) = delivered.gave_up {
                        reason.explain_transient([&mut merged]);
                    }
                    self.complete(slot, merged);
                }
            }
        }
        if caller_refused {
            self.give_up(AbortReason::Refused);
        }
    }

    fn record_health(&mut self, outcomes: &[ItemOutcome]) {
        let health = service_health(outcomes);
        let now = Duration::from_millis(self.pumped_at);
        self.breaker.record(health, now, None, fastrand::f64());
        if health == ServiceHealth::Healthy {
            self.failing_since = None;
        } else {
            self.failing_since.get_or_insert(self.pumped_at);
            self.withdraw_queued();
        }
    }

    fn decide(&self, slot: Slot, outcome: &ItemOutcome, batch: usize) -> Decision {
        let may_send = self.abort_reason.is_none() && !self.halted && !self.sender.is_closed();
        let at = Situation {
            attempts: u32::from(self.queue.attempts(slot)) + 1,
            batch,
            breaker_open: self.breaker.is_open(),
            asked: None,
            left: if may_send {
                Duration::MAX
            } else {
                Duration::ZERO
            },
            random: 1.0,
            backoff: &self.backoff,
            budget: None,
        };
        decide(RetryMode::Stream, [outcome], &at)
    }

    fn send_again(&mut self, slot: Slot, outcome: ItemOutcome, alone: bool) {
        self.queue.count_attempt(slot);
        self.last.insert(slot, outcome);
        self.queue.retry(slot, self.pumped_at, alone);
    }

    /// Takes back what no thread has begun.
    pub(super) fn withdraw_queued(&mut self) {
        for batch in self.pool.withdraw_queued() {
            self.queue_again(batch.slots);
        }
    }

    /// Queues rows again that were not sent.
    fn queue_again(&mut self, slots: Vec<Slot>) {
        for slot in slots {
            self.queue.retry(slot, self.pumped_at, false);
        }
    }

    /// A row has its outcome: what waited behind it may be sent, or is held back.
    fn complete(&mut self, slot: Slot, outcome: ItemOutcome) {
        if blocks(&outcome) {
            let keys = all_keys(EncodedOperation(self.queue.body(slot)));
            let row = self.queue.tag(slot) + 1;
            self.blocked.block(keys, row, outcome.state());
            self.warn_when_all_is_held_back();
        }
        let removed = self.queue.complete(slot);
        let at = usize::try_from(removed.tag - self.first).ok();
        if let Some(row) = at.and_then(|at| self.rows.get_mut(at)) {
            *row = Some(outcome);
        }
    }

    /// Once: what is known of blocked keys does not become more then.
    pub(super) fn warn_when_all_is_held_back(&mut self) {
        let kind = WarningKind::AllHeldBack;
        if self.blocked.is_full() && self.warnings.iter().all(|known| known.kind() != kind) {
            let message = self.blocked.behind_too_many();
            self.warnings.push(Warning::new(kind, None, message));
        }
    }

    fn give_up(&mut self, why: AbortReason) {
        if self.abort_reason.is_none() {
            self.abort_reason = Some(why);
        }
        self.complete_queued(why.into());
    }

    /// Completes what is queued with what is known of it.
    fn complete_queued(&mut self, why: StopReason) {
        self.withdraw_queued();
        for slot in self.queue.take_all() {
            let outcome = match self.last.remove(&slot) {
                Some(mut outcome) => {
                    GiveUpReason::from(why).explain_transient([&mut outcome]);
                    outcome
                }
                None => why.not_sent(),
            };
            self.complete(slot, outcome);
        }
    }

    /// Whether a request may be sent for which the system gave no thread:
    /// [`wait`](Self::wait) sends it.
    #[doc(hidden)]
    pub fn needs_wait(&self) -> bool {
        self.pool.lacks_threads() && self.next_request().is_some_and(|due| due <= self.now())
    }

    /// When the next request may be sent.
    fn next_request(&self) -> Option<Millis> {
        if self.halted || !self.pool.has_idle_thread() {
            return None;
        }
        let allowed =
            Millis::try_from(self.breaker.next_allowed_at().as_millis()).unwrap_or(Millis::MAX);
        self.queue.next_due().map(|due| due.max(allowed))
    }

    /// How long there is nothing to do unless a request ends.
    pub(super) fn next_due(&self) -> Duration {
        const LEAST: Millis = 1;
        // The pool wakes nobody while enough requests are queued.
        const MOST: Millis = 100;
        let now = self.now();
        let ready = self.next_request();
        let patience = self
            .failing_since
            .map(|at| at.saturating_add(self.outage_timeout));
        let due = ready.into_iter().chain(patience).min();
        Duration::from_millis(due.map_or(MOST, |due| due.saturating_sub(now).clamp(LEAST, MOST)))
    }
}

/// What is known of a row after it was sent again.
fn merge(earlier: ItemOutcome, later: ItemOutcome) -> ItemOutcome {
    let attempts = earlier.attempts.saturating_add(later.attempts);
    let mut merged = merge_attempts(earlier, later, false);
    merged.attempts = attempts;
    merged
}

impl From<AbortReason> for StopReason {
    fn from(why: AbortReason) -> Self {
        match why {
            AbortReason::NoAnswer => Self::NoAnswer,
            AbortReason::Refused => Self::CallerRefused,
        }
    }
}
