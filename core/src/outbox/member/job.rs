//! One request of the relay, sent once.

use std::sync::Arc;

use super::guard::Guard;
use crate::engine::pool::Job;
use crate::engine::{AttemptResult, Engine, Limits};
use crate::fleet::relay::BatchTicket;
use crate::model::operator::Operator;
use crate::outbox::job::OnTheWire;
use crate::outbox::shared::Shared;

/// The operations of one request.
pub(super) struct RelayJob {
    pub(super) ticket: BatchTicket,
    pub(super) operator: Operator,
    pub(super) body: Vec<u8>,
    /// The reign that it was made in.
    pub(super) reign: u64,
}

/// What sends them.
pub(super) struct RelaySender {
    pub(super) engine: Arc<Engine>,
    /// Until the client is closed.
    pub(super) limits: Limits,
    pub(super) shared: Arc<Shared>,
    pub(super) guard: Arc<Guard>,
}

impl Job for RelayJob {
    type Context = RelaySender;
    /// `None`: it was not sent, for this process does not relay any more.
    type Output = Option<AttemptResult>;

    fn run(&mut self, sender: &RelaySender) -> Option<AttemptResult> {
        let _on_the_wire = OnTheWire::new(&sender.shared);
        let (guard, shared, reign) = (
            Arc::clone(&sender.guard),
            Arc::clone(&sender.shared),
            self.reign,
        );
        let limits = sender
            .limits
            .without_interrupt()
            .beginning_while(Arc::new(move || guard.allows(reign, shared.now())));
        let body = std::mem::take(&mut self.body);
        let items = self.ticket.len();
        let sent = sender
            .engine
            .try_send_batch(self.operator, body, items, &limits);
        sent.ok()
    }

    fn panicked(&self) -> Option<AttemptResult> {
        Some(AttemptResult::panicked(self.ticket.len()))
    }
}
