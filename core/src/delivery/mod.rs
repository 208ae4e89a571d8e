//! Which operations go next, and what an attempt decides: the queue, the circuit breaker,
//! and what is known of what is to be sent again. For whoever delivers until each operation
//! has its outcome: the outbox, from memory and its file, and the relay of a fleet.

mod attempt;
mod ending;

use std::collections::HashMap;
use std::time::Duration;

use crate::model::outcome::ItemOutcome;
use crate::ordering::queue::{Entry, Millis, Queue, Removed, Slot, millis};
use crate::retry::{Backoff, CircuitBreaker};

pub(crate) use attempt::{Judged, was_sent};
pub(crate) use ending::{maybe_sent_before, superseded};

/// Operations on their way to their outcomes. Times are [`Millis`] from a moment that its
/// user chooses.
#[derive(Debug)]
pub(crate) struct Delivery {
    queue: Queue,
    breaker: CircuitBreaker,
    backoff: Backoff,
    linger: Millis,
    /// What is known of operations that are to be sent again.
    last: HashMap<Slot, ItemOutcome>,
}

impl Delivery {
    pub(crate) fn new(backoff: Backoff, linger: Millis) -> Self {
        Self {
            queue: Self::queue_of(linger),
            breaker: CircuitBreaker::new(backoff),
            backoff,
            linger,
            last: HashMap::new(),
        }
    }

    fn queue_of(linger: Millis) -> Queue {
        Queue::new(linger).prioritising_removals()
    }

    /// Forgets every operation, those in flight included, and not what is known of the
    /// service.
    pub(crate) fn forget(&mut self) {
        self.queue = Self::queue_of(self.linger);
        self.last.clear();
    }

    /// For those who look.
    pub(crate) fn queue(&self) -> &Queue {
        &self.queue
    }

    /// What is known of an operation that was sent, or may have been, and has no outcome.
    pub(crate) fn last(&self, slot: Slot) -> Option<&ItemOutcome> {
        self.last.get(&slot)
    }

    /// Takes an operation in behind all that are there; those that it makes pointless leave
    /// and go to `superseded`.
    pub(crate) fn push(&mut self, entry: Entry, superseded: &mut Vec<Removed>) -> Slot {
        let before = superseded.len();
        let slot = self.queue.push(entry, superseded);
        for gone in &superseded[before..] {
            self.last.remove(&gone.slot);
        }
        slot
    }

    /// Takes an operation in behind all that are there. One that it makes pointless stays in
    /// its place, taken, with its outcome: this one is not sent before that is completed.
    pub(crate) fn push_behind(&mut self, entry: Entry) -> (Slot, Option<(Slot, ItemOutcome)>) {
        let pointless = self.queue.take_superseded(&entry);
        let slot = self.queue.append(entry);
        (slot, pointless.map(|slot| (slot, superseded())))
    }

    /// Notes what is known of an operation from before it came here.
    pub(crate) fn recall(&mut self, slot: Slot, outcome: ItemOutcome) {
        self.last.insert(slot, outcome);
    }

    /// Whether a request may leave while `in_flight` others are under way.
    pub(crate) fn allows(&self, now: Millis, in_flight: usize) -> bool {
        self.breaker.allows(Duration::from_millis(now), in_flight)
    }

    /// When it may allow what it does not allow now.
    pub(crate) fn next_allowed_at(&self) -> Millis {
        millis(self.breaker.next_allowed_at())
    }

    /// Whether the circuit breaker is open: one request at a time leaves.
    pub(crate) fn is_open(&self) -> bool {
        self.breaker.is_open()
    }

    /// The next operations to send together, taken; none while there are none. `flush`:
    /// without waiting for more.
    pub(crate) fn next_batch(&mut self, now: Millis, flush: bool) -> Vec<Slot> {
        self.queue.next_batch(now, flush, self.breaker.is_open())
    }

    /// Puts taken operations that were not sent back in their places, to be sent from `due`
    /// on.
    pub(crate) fn put_back(&mut self, slots: impl IntoIterator<Item = Slot>, due: Millis) {
        for slot in slots {
            self.queue.retry(slot, due, false);
        }
    }

    /// A taken operation is done with: what waited behind it may be sent.
    pub(crate) fn complete(&mut self, slot: Slot) -> Removed {
        self.queue.complete(slot)
    }
}
