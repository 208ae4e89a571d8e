//! One request, sent once.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::shared::Shared;
use crate::engine::pool::Job;
use crate::engine::{AttemptResult, Engine, Limits};
use crate::model::operator::Operator;
use crate::ordering::queue::Slot;

/// The operations of one request.
pub(super) struct AttemptJob {
    pub(super) slots: Vec<Slot>,
    pub(super) operator: Operator,
    pub(super) body: Vec<u8>,
}

/// What sends them.
pub(super) struct Sender {
    pub(super) engine: Arc<Engine>,
    /// Until the client is closed.
    pub(super) limits: Limits,
    pub(super) shared: Arc<Shared>,
}

impl Job for AttemptJob {
    type Context = Sender;
    type Output = AttemptResult;

    fn run(&mut self, sender: &Sender) -> AttemptResult {
        let _on_the_wire = OnTheWire::new(&sender.shared);
        let body = std::mem::take(&mut self.body);
        sender
            .engine
            .send_batch_once(self.operator, body, self.slots.len(), &sender.limits)
    }

    fn panicked(&self) -> AttemptResult {
        AttemptResult::panicked(self.slots.len())
    }
}

/// Counts a request while it is under way, however that ends.
pub(super) struct OnTheWire<'a>(&'a Shared);

impl<'a> OnTheWire<'a> {
    pub(super) fn new(shared: &'a Shared) -> Self {
        shared.counters.in_flight.fetch_add(1, Ordering::Relaxed);
        Self(shared)
    }
}

impl Drop for OnTheWire<'_> {
    fn drop(&mut self) {
        self.0.counters.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
