//! From the queue to the senders, and what becomes of the rows.

use std::time::Duration;

use super::job::Batch;
use super::{Bulk, GivenUp};
use crate::engine::Delivered;
use crate::engine::progress::held_back;
use crate::model::operation::single::Body;
use crate::model::outcome::{ItemOutcome, Reason};
use crate::ordering::queue::{Millis, Slot};
use crate::protocol::classify;
use crate::retry::{Fate, Health, fate, health, worth_a_retry};

/// How often a request that fails with all of its retries begins anew while others
/// get through: the service may have gone away just then.
const ROUNDS: u16 = 2;

impl Bulk {
    /// Takes what is done, and sends what may be sent.
    pub(super) fn look(&mut self) {
        self.unseen = 0;
        self.looked = self.now();
        if self.owner.refresh() {
            return;
        }
        for (slots, delivered) in self.senders.done() {
            self.judge(slots, delivered);
        }
        self.senders.calm();
        if self.delivery.is_closed() {
            self.give_back(client_closed);
        }
        let since = self.failing_since;
        if since.is_some_and(|since| self.looked.saturating_sub(since) >= self.patience) {
            self.give_up(GivenUp::NoAnswer);
        }
        if !self.halted {
            self.dispatch();
        }
    }

    fn dispatch(&mut self) {
        while self.senders.has_room() {
            let now = Duration::from_millis(self.looked);
            if !self.gate.lets_pass(now, self.senders.in_flight()) {
                return;
            }
            // A request that is not full travels when no row can come to fill it.
            let flush = !self.wants_row() && self.senders.is_idle();
            let broken = self.gate.is_broken();
            let slots = self.queue.take(self.looked, flush, broken);
            if slots.is_empty() {
                return;
            }
            let slots = self.hold_back(slots);
            if slots.is_empty() {
                continue;
            }
            if self.rehearsal {
                self.requests += 1;
                for slot in slots {
                    self.settle(slot, ItemOutcome::new(Reason::Accepted, None));
                }
            } else if !self.send(slots) {
                return;
            }
        }
    }

    fn send(&mut self, slots: Vec<Slot>) -> bool {
        let mut bytes = Vec::with_capacity(slots.len() * 64);
        let mut ends = Vec::with_capacity(slots.len());
        for slot in &slots {
            bytes.extend_from_slice(self.queue.body(*slot));
            ends.push(bytes.len());
        }
        let sent = self.senders.send(Batch { slots, bytes, ends });
        if let Err(batch) = sent {
            // No thread can be had.
            const SOON: Millis = 100;
            for slot in batch.slots {
                self.queue.retry(slot, self.looked + SOON, false);
            }
            return false;
        }
        true
    }

    /// Keeps back those that would overtake a row that is not settled.
    fn hold_back(&mut self, slots: Vec<Slot>) -> Vec<Slot> {
        if self.held.is_empty() {
            return slots;
        }
        let (held, free): (Vec<_>, Vec<_>) = slots
            .into_iter()
            .partition(|slot| self.held.holds(Body(self.queue.body(*slot))));
        for slot in held {
            let outcome = self.last.remove(&slot).unwrap_or_else(held_back);
            self.settle(slot, outcome);
        }
        free
    }

    fn judge(&mut self, slots: Vec<Slot>, delivered: Delivered) {
        let Delivered {
            outcomes,
            requests,
            warnings,
        } = delivered;
        self.requests += u64::from(requests);
        for warning in warnings {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
        let refused = outcomes.iter().all(ItemOutcome::refuses_caller);
        let transient = outcomes.iter().all(|o| worth_a_retry(o).is_some());
        let service = health(&outcomes);
        let now = Duration::from_millis(self.looked);
        self.gate.note(service, now, None, fastrand::f64());
        if service == Health::Well {
            self.failing_since = None;
        } else {
            self.failing_since.get_or_insert(self.looked);
            self.recall();
        }
        let carried = slots.len();
        for (slot, outcome) in slots.into_iter().zip(outcomes) {
            let fate = fate(&outcome, carried);
            let merged = match self.last.remove(&slot) {
                Some(earlier) => merge(earlier, outcome),
                None => outcome,
            };
            // A request that is refused as a whole is taken apart: one bad row
            // must not take nineteen others with it.
            let alone = fate == Fate::Alone;
            let patient = transient && self.is_open();
            let again = patient && (self.gate.is_broken() || self.queue.attempts(slot) < ROUNDS);
            if alone || again {
                self.queue.count_attempt(slot);
                self.last.insert(slot, merged);
                self.queue.retry(slot, self.looked, alone);
            } else {
                self.settle(slot, merged);
            }
        }
        if refused {
            self.give_up(GivenUp::Refused);
        }
    }

    /// Takes back what no thread has begun.
    pub(super) fn recall(&mut self) {
        for slot in self.senders.recall().into_iter().flat_map(|b| b.slots) {
            self.queue.retry(slot, self.looked, false);
        }
    }

    /// A row is done with: what waited behind it may be sent, or is held back.
    fn settle(&mut self, slot: Slot, outcome: ItemOutcome) {
        if outcome.is_retryable() {
            self.held.add(Body(self.queue.body(slot)));
        }
        let gone = self.queue.settle(slot);
        let at = usize::try_from(gone.tag - self.first).ok();
        if let Some(row) = at.and_then(|at| self.rows.get_mut(at)) {
            *row = Some(outcome);
        }
    }

    fn give_up(&mut self, why: GivenUp) {
        if self.given_up.is_none() {
            self.given_up = Some(why);
        }
        self.give_back(|| given_up(why));
    }

    /// Settles what waits with what is known of it.
    fn give_back(&mut self, unsent: impl Fn() -> ItemOutcome) {
        self.recall();
        for slot in self.queue.take_all() {
            let outcome = self.last.remove(&slot);
            self.settle(slot, outcome.unwrap_or_else(&unsent));
        }
    }

    /// Whether what failed may be sent again.
    fn is_open(&self) -> bool {
        self.given_up.is_none() && !self.halted && !self.delivery.is_closed()
    }

    /// How long there is nothing to do unless a request ends.
    pub(super) fn next_due(&self) -> Duration {
        const LEAST: Millis = 1;
        // Nobody rings for an answer while enough requests lie ready.
        const MOST: Millis = 100;
        let now = self.now();
        let gate = Millis::try_from(self.gate.opens_at().as_millis()).unwrap_or(Millis::MAX);
        let ready = self.queue.next_due().map(|due| due.max(gate));
        let may_send = self.senders.is_idle() && !self.halted;
        let ready = ready.filter(|_| may_send);
        let patience = self
            .failing_since
            .map(|at| at.saturating_add(self.patience));
        let due = ready.into_iter().chain(patience).min();
        Duration::from_millis(due.map_or(MOST, |due| due.saturating_sub(now).clamp(LEAST, MOST)))
    }
}

/// What is known of a row after it was sent again.
fn merge(earlier: ItemOutcome, later: ItemOutcome) -> ItemOutcome {
    let attempts = earlier.attempts.saturating_add(later.attempts);
    let mut merged = classify::after_another_attempt(earlier, later, false);
    merged.attempts = attempts;
    merged
}

/// The outcome of a row that was not sent because the client was closed.
pub(super) fn client_closed() -> ItemOutcome {
    let message = "the client was closed before it was sent";
    ItemOutcome::new(Reason::Closed, Some(message.into()))
}

/// The outcome of a row that was not sent because the stream gave up.
pub(super) fn given_up(why: GivenUp) -> ItemOutcome {
    match why {
        GivenUp::NoAnswer => classify::unanswered(),
        GivenUp::Refused => classify::refused_anyway(),
    }
}
