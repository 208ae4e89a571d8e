//! One batch of rows, sent until it needs no more.

use crate::engine::pool::Job;
use crate::engine::{BatchSender, Delivered};
use crate::model::encoded::EncodedOperation;
use crate::model::outcome::{ItemOutcome, State};
use crate::ordering::queue::Slot;

/// Rows of one batch: their bodies, one behind the other, and where each ends.
pub(super) struct BatchJob {
    pub(super) slots: Vec<Slot>,
    pub(super) bytes: Vec<u8>,
    pub(super) ends: Vec<usize>,
}

impl BatchJob {
    fn bodies(&self) -> Vec<EncodedOperation<'_>> {
        let mut start = 0;
        let ends = self.ends.iter();
        ends.map(|end| EncodedOperation(&self.bytes[std::mem::replace(&mut start, *end)..*end]))
            .collect()
    }
}

impl Job for BatchJob {
    type Context = BatchSender;
    type Output = Delivered;

    fn run(&mut self, sender: &BatchSender) -> Delivered {
        sender.send(&self.bodies())
    }

    fn panicked(&self) -> Delivered {
        Delivered::panicked(self.slots.len())
    }

    /// Nothing was accepted: in an outage, or behind a wrong key, no more is to be sent.
    fn pauses_pool(delivered: &Delivered) -> bool {
        let accepted = |outcome: &ItemOutcome| outcome.state() == State::Accepted;
        !delivered.outcomes.iter().any(accepted)
    }
}
