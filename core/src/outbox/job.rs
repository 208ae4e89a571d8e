//! One request on its way: a single attempt.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::shared::Shared;
use crate::client::Client;
use crate::engine::Attempted;
use crate::engine::pool::Work;
use crate::model::operation::Operator;
use crate::ordering::queue::Slot;

/// Operations on their way.
pub(super) struct Job {
    pub(super) slots: Vec<Slot>,
    pub(super) operator: Operator,
    pub(super) body: Vec<u8>,
}

/// What became of them.
pub(super) struct Done {
    pub(super) slots: Vec<Slot>,
    pub(super) attempted: Attempted,
}

pub(super) struct Carrier {
    client: Client,
    shared: Arc<Shared>,
}

impl Carrier {
    pub(super) fn new(client: Client, shared: Arc<Shared>) -> Self {
        Self { client, shared }
    }
}

impl Work for Carrier {
    type Job = Job;
    type Done = Done;

    fn run(&self, job: Job) -> Done {
        let count = job.slots.len();
        let attempt = || self.client.attempt(job.operator, &job.body, count);
        let on_the_wire = &self.shared.counters.in_flight;
        on_the_wire.fetch_add(1, Ordering::Relaxed);
        let attempted =
            catch_unwind(AssertUnwindSafe(attempt)).unwrap_or_else(|_| Attempted::panicked(count));
        on_the_wire.fetch_sub(1, Ordering::Relaxed);
        Done {
            slots: job.slots,
            attempted,
        }
    }
}
