//! One batch on its way, retries included.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::engine::pool::Work;
use crate::engine::{Delivered, Delivery};
use crate::model::operation::single::Body;
use crate::model::outcome::{ItemOutcome, Reason, State};
use crate::ordering::queue::Slot;
use crate::protocol::classify;

/// Rows on their way: their bodies, one behind the other, and where each ends.
pub(super) struct Batch {
    pub(super) slots: Vec<Slot>,
    pub(super) bytes: Vec<u8>,
    pub(super) ends: Vec<usize>,
}

impl Batch {
    fn bodies(&self) -> Vec<Body<'_>> {
        let mut start = 0;
        let ends = self.ends.iter();
        ends.map(|end| Body(&self.bytes[std::mem::replace(&mut start, *end)..*end]))
            .collect()
    }
}

pub(super) struct Carrier(pub(super) Delivery);

impl Work for Carrier {
    type Job = Batch;
    type Done = (Vec<Slot>, Delivered);

    fn run(&self, batch: Batch) -> Self::Done {
        let deliver = || self.0.deliver(&batch.bodies());
        let delivered = catch_unwind(AssertUnwindSafe(deliver)).unwrap_or_else(|_| {
            let message = "a defect in xgpush: the request panicked".to_owned();
            Delivered {
                outcomes: vec![classify::unknown(Reason::Interrupted, message); batch.slots.len()],
                requests: 0,
                warnings: Vec::new(),
            }
        });
        (batch.slots, delivered)
    }

    /// Nothing was accepted: in an outage, or behind a wrong key, no more is to be sent.
    fn is_alarm((_, delivered): &Self::Done) -> bool {
        let accepted = |outcome: &ItemOutcome| outcome.state() == State::Accepted;
        !delivered.outcomes.iter().any(accepted)
    }
}
