//! [`BatchSender`]: batches of operations, retried until final, for callers that keep the
//! order of batches themselves (bulk).

use std::sync::Arc;
use std::time::Duration;

use super::attempt::panicked;
use super::items_payload::ItemsPayload;
use super::{Cancel, Engine, Interrupt};
use crate::model::encoded::EncodedOperation;
use crate::model::operator::Action;
use crate::model::outcome::{ItemOutcome, Warning};
use crate::progress::PartProgress;
use crate::protocol::classify;
use crate::protocol::message::HttpResponse;
use crate::protocol::wire;
use crate::retry::GiveUpReason;
use crate::transport::CancelCheck;

/// The outcomes of a batch.
pub(crate) struct Delivered {
    /// One per operation.
    pub(crate) outcomes: Vec<ItemOutcome>,
    /// How many HTTP requests were sent.
    pub(crate) requests: u32,
    pub(crate) warnings: Vec<Warning>,
    /// Why there was no further attempt, where one was worth it.
    pub(crate) gave_up: Option<GiveUpReason>,
}

impl Delivered {
    /// Sending so many operations panicked.
    pub(crate) fn panicked(operations: usize) -> Self {
        Self {
            outcomes: panicked(operations),
            requests: 0,
            warnings: Vec::new(),
            gave_up: None,
        }
    }
}

/// Sends batches that end together.
#[derive(Clone)]
pub(crate) struct BatchSender {
    engine: Arc<Engine>,
    cancel: Arc<Cancel>,
    /// The time for one batch, retries included.
    deadline: Duration,
    interrupt: Option<CancelCheck>,
}

impl BatchSender {
    pub(crate) fn new(engine: Arc<Engine>, deadline: Duration) -> Self {
        Self {
            cancel: engine.cancel(),
            engine,
            deadline,
            interrupt: None,
        }
    }

    /// The same, which asks on the sending thread whether to end every batch.
    pub(crate) fn with_interrupt(&self, interrupt: Interrupt<'_>) -> Self {
        Self {
            interrupt: interrupt.cloned(),
            ..self.clone()
        }
    }

    /// Sends operations of one kind, at most 20, and those that failed again, as
    /// a call does.
    pub(crate) fn send(&self, operations: &[EncodedOperation<'_>]) -> Delivered {
        let operator = operations.first().map(|first| first.operator());
        let path = operator.map_or("", |operator| Action::Batch(operator).path());
        let body = |sent: &[u32]| {
            let chosen: Vec<_> = sent.iter().map(|n| operations[*n as usize]).collect();
            wire::body_of_operations(&chosen)
        };
        let classify =
            |sent: &[u32], response: &HttpResponse| classify::classify_batch(sent.len(), response);
        let part = PartProgress::new((0..).take(operations.len()).collect(), false);
        let mut payload = ItemsPayload::new(part, path, body, classify);
        let limits = self.engine.limits(
            self.deadline,
            Arc::clone(&self.cancel),
            self.interrupt.as_ref(),
        );
        let sent = self.engine.send(&mut payload, &limits);
        if let Some(reason) = sent.gave_up {
            payload.part.fill_unsent(reason);
        }
        Delivered {
            outcomes: payload.part.into_outcomes(),
            requests: sent.requests,
            warnings: sent.warnings,
            gave_up: sent.gave_up,
        }
    }

    /// Whether the client was closed: no batch is sent any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.engine.is_closed()
    }

    /// Ends every batch soon.
    pub(crate) fn cancel(&self) {
        self.cancel.cancel();
    }
}
