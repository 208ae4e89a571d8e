//! A batch of kept operations, tried until it is settled, for those who keep the
//! order of batches themselves.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::cancel::Cancel;
use super::send::{self, Sender, Verdict};
use crate::client::{CallOptions, Client, Shared};
use crate::engine::progress::PartProgress;
use crate::model::error::Result;
use crate::model::operation::single::Body;
use crate::model::operation::{Action, Operation, Request};
use crate::model::outcome::{ItemOutcome, Warning};
use crate::protocol::classify;
use crate::protocol::message::{HttpRequest, HttpResponse, SendError};
use crate::protocol::wire;
use crate::retry;

/// What became of a batch.
pub(crate) struct Delivered {
    /// One per operation.
    pub(crate) outcomes: Vec<ItemOutcome>,
    /// How many HTTP requests were sent.
    pub(crate) requests: u32,
    pub(crate) warnings: Vec<Warning>,
}

/// Many batches that end together.
#[derive(Clone)]
pub(crate) struct Delivery {
    shared: Arc<Shared>,
    cancel: Arc<Cancel>,
}

impl Client {
    pub(crate) fn delivery(&self) -> Result<Delivery> {
        self.shared.still_open()?;
        Ok(Delivery {
            shared: Arc::clone(&self.shared),
            cancel: self.shared.cancel(),
        })
    }

    /// Checks one operation.
    pub(crate) fn check_operation(&self, operation: &Operation<'_>) -> Result<()> {
        self.shared.api.check_operation(operation)
    }

    /// The numbers behind the pauses.
    pub(crate) fn backoff(&self) -> retry::Backoff {
        self.shared.backoff
    }

    /// How many parts of a call travel at once.
    pub(crate) fn parallel(&self) -> u32 {
        self.shared.parallel
    }
}

impl Delivery {
    /// Sends operations of one kind, at most 20, and those that failed again, as
    /// a call does.
    pub(crate) fn deliver(&self, operations: &[Body<'_>]) -> Delivered {
        let shared = &*self.shared;
        let Some(first) = operations.first() else {
            return Delivered {
                outcomes: Vec::new(),
                requests: 0,
                warnings: Vec::new(),
            };
        };
        let mut sender = BatchSender {
            shared,
            // The items themselves matter to the answers of queries only.
            request: Request::new(Action::Batch(first.operator())),
            operations,
            part: PartProgress::new((0..).take(operations.len()).collect(), false),
            carried: Vec::new(),
            warnings: Vec::new(),
            requests: 0,
        };
        let call = shared.begin_with(&CallOptions::default(), Arc::clone(&self.cancel));
        send::drive(shared, &call, None, &mut sender);
        Delivered {
            outcomes: sender.part.into_outcomes(),
            requests: sender.requests,
            warnings: sender.warnings,
        }
    }

    /// Whether the client was closed: no batch is sent any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire)
    }

    /// Ends every batch soon.
    pub(crate) fn stop(&self) {
        self.cancel.stop();
    }
}

struct BatchSender<'a> {
    shared: &'a Shared,
    request: Request,
    operations: &'a [Body<'a>],
    part: PartProgress,
    carried: Vec<u32>,
    warnings: Vec<Warning>,
    requests: u32,
}

impl Sender for BatchSender<'_> {
    fn request(&mut self, unix_seconds: i64) -> HttpRequest {
        self.carried = self.part.open(send::again);
        let chosen = self.carried.iter();
        let chosen: Vec<_> = chosen.map(|n| self.operations[*n as usize]).collect();
        let body = wire::body_of_operations(&chosen);
        let path = self.request.action().path();
        self.shared.api.sign(path, body, unix_seconds)
    }

    fn is_repeatable(&self) -> bool {
        true
    }

    fn read(&mut self, response: std::result::Result<&HttpResponse, &SendError>) -> Verdict {
        let outcomes = match response {
            Ok(response) => {
                self.requests += 1;
                classify::judge(&self.request, &self.carried, response).items
            }
            Err(error) => {
                self.requests += u32::from(error.sent);
                vec![classify::not_answered(error); self.carried.len()]
            }
        };
        let verdict = Verdict::of(&outcomes);
        self.part.take(&self.carried, outcomes);
        verdict
    }

    fn give_up(&mut self, rest: ItemOutcome) {
        let open = self.part.open(|_| false);
        let outcomes = vec![rest; open.len()];
        self.part.take(&open, outcomes);
    }

    fn warn(&mut self, warning: Warning) {
        self.warnings.push(warning);
    }
}
