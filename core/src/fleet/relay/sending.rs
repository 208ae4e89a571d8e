//! Requests: what may leave, and what came of it.

use std::time::Duration;

use super::Relay;
use crate::delivery::Judged;
use crate::model::encoded::EncodedOperation;
use crate::model::operator::Operator;
use crate::model::outcome::ItemOutcome;
use crate::ordering::queue::{Millis, Slot};
use crate::protocol::wire;
use crate::retry::ServiceHealth;

/// Operations to send in one request.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) ticket: BatchTicket,
    pub(crate) operator: Operator,
    /// Of the HTTP request.
    pub(crate) body: Vec<u8>,
    /// Whoever has not begun to send by then must not: the lease may end before the answer.
    pub(crate) leave_by: Millis,
}

/// Names the operations of a request that is under way. To be given back just once, to
/// [`attempted`](Relay::attempted) or [`put_back`](Relay::put_back).
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(Clone))]
pub(crate) struct BatchTicket {
    slots: Vec<Slot>,
    window: u64,
}

impl BatchTicket {
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    #[cfg(test)]
    pub(crate) fn slots(&self) -> &[Slot] {
        &self.slots
    }
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attempted {
    pub(crate) judged: Judged,
    /// How many of its operations are sent again.
    pub(crate) again: usize,
}

impl Relay {
    /// The last moment at which a request may begin; 0: none may. Moves with each renewal.
    pub(crate) fn leave_by(&self) -> Millis {
        #[cfg(test)]
        if self.settings.mutant == crate::fleet::Mutant::NoGuard && self.lead.is_some() {
            return Millis::MAX;
        }
        let timeout = self.settings.request_timeout;
        let lead = self.lead.as_ref().filter(|_| self.releasing.is_none());
        lead.map_or(0, |lead| lead.leave_by(timeout))
    }

    fn may_send(&self, now: Millis) -> bool {
        let leads = now < self.leave_by();
        // What is under way from before may be of an operation that is here again.
        let is_alone = self.window.in_flight_before == 0;
        leads && is_alone && self.delivery().allows(now, self.window.in_flight)
    }

    /// The next operations to send together, if any may leave now. `flush`: without waiting
    /// for more.
    pub(crate) fn next_batch(&mut self, now: Millis, flush: bool) -> Option<Batch> {
        if !self.may_send(now) {
            return None;
        }
        let slots = self.window.delivery_mut().next_batch(now, flush);
        if slots.is_empty() {
            self.notice_blocked();
            return None;
        }
        self.is_blocked = false;
        self.window.in_flight += 1;
        let queue = self.delivery().queue();
        let bodies = slots.iter().map(|slot| EncodedOperation(queue.body(*slot)));
        let bodies: Vec<EncodedOperation<'_>> = bodies.collect();
        Some(Batch {
            operator: bodies[0].operator(),
            body: wire::body_of_operations(&bodies),
            ticket: BatchTicket {
                slots,
                window: self.window.number(),
            },
            leave_by: self.leave_by(),
        })
    }

    /// When there may be something to send that is not there now. With a lease that is over
    /// nothing is, until the engine answers.
    pub(crate) fn next_batch_due(&self, now: Millis) -> Option<Millis> {
        if now >= self.leave_by() || self.releasing.is_some() || self.window.in_flight_before > 0 {
            return None;
        }
        if self.delivery().is_open() && self.window.in_flight > 0 {
            return None;
        }
        let ready = self.delivery().queue().next_due()?;
        Some(ready.max(self.delivery().next_allowed_at()))
    }

    /// A window that is full, where everything waits for something that is under way or has
    /// just been sent, loads nothing more: one key is too hot.
    fn notice_blocked(&mut self) {
        let is_full = self.window.len() >= self.settings.window;
        if is_full && !self.is_blocked && self.delivery().queue().next_due().is_none() {
            self.is_blocked = true;
            self.numbers.blocked += 1;
        }
    }

    /// A request was sent once. `asked`: for how long the service asked to wait. Where it
    /// did not end well, what is queued to leave is to be put back.
    pub(crate) fn attempted(
        &mut self,
        now: Millis,
        ticket: &BatchTicket,
        outcomes: Vec<ItemOutcome>,
        asked: Option<Duration>,
    ) -> Attempted {
        let random = self.random.f64();
        let delivery = self.window.delivery_mut();
        let judged = delivery.judge(&outcomes, asked, now, random);
        if judged.health == ServiceHealth::Healthy {
            self.gave_away = false;
        }
        if !self.is_back(ticket) {
            return Attempted { judged, again: 0 };
        }
        let random = &mut self.random;
        let delivery = self.window.delivery_mut();
        let decided = delivery.decide(&ticket.slots, outcomes, now, || random.f64());
        self.window.decided(decided.done);
        Attempted {
            judged,
            again: decided.again,
        }
    }

    /// A request did not leave.
    pub(crate) fn put_back(&mut self, now: Millis, ticket: &BatchTicket) {
        if self.is_back(ticket) {
            let slots = ticket.slots.iter().copied();
            self.window.delivery_mut().put_back(slots, now);
        }
    }

    /// Whether it is of the window that is loaded now.
    fn is_back(&mut self, ticket: &BatchTicket) -> bool {
        let is_current = ticket.window == self.window.number();
        let in_flight = if is_current {
            &mut self.window.in_flight
        } else {
            &mut self.window.in_flight_before
        };
        debug_assert!(*in_flight > 0, "given back twice");
        *in_flight = in_flight.saturating_sub(1);
        is_current
    }
}
