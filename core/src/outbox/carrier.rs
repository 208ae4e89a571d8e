//! One request on its way: a single attempt.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::client::{Attempted, Client};
use crate::operation::Operator;
use crate::queue::Slot;
use crate::senders::Work;

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

pub(super) struct Carrier(pub(super) Client);

impl Work for Carrier {
    type Job = Job;
    type Done = Done;

    fn run(&self, job: Job) -> Done {
        let count = job.slots.len();
        let attempt = || self.0.attempt(job.operator, &job.body, count);
        let attempted =
            catch_unwind(AssertUnwindSafe(attempt)).unwrap_or_else(|_| Attempted::panicked(count));
        Done {
            slots: job.slots,
            attempted,
        }
    }
}
