//! What an operation ends with that is not sent any more.

use super::Delivery;
use crate::model::outcome::{ItemOutcome, Reason};
use crate::ordering::queue::{Millis, Slot};
use crate::protocol::classify::merge_attempts;
use crate::retry::{GiveUpReason, StopReason};

impl Delivery {
    /// Takes what was submitted before `before` and is not in flight, with its outcome:
    /// `outbox_deadline_ms` is over.
    pub(crate) fn expire(&mut self, before: Millis) -> Vec<(Slot, ItemOutcome)> {
        let expired = self.queue.expire(before);
        self.end(expired, |earlier| {
            ended(earlier, StopReason::OutboxDeadline)
        })
    }

    /// Takes what was submitted before `before`, with the outcome of what lay in a store for
    /// longer than `outbox_recover_max_age_ms`.
    pub(crate) fn drop_old(&mut self, before: Millis) -> Vec<(Slot, ItemOutcome)> {
        let old = self.queue.expire(before);
        self.end(old, too_old)
    }

    /// Takes everything that is not in flight, oldest first.
    pub(crate) fn take_all(&mut self) -> Vec<Slot> {
        self.queue.take_all()
    }

    /// The outcome of a taken operation when the outbox closes.
    pub(crate) fn closed(&mut self, slot: Slot) -> ItemOutcome {
        ended(self.last.remove(&slot), StopReason::OutboxClosed)
    }

    /// The outcome of a taken operation when the outbox closes and a transport did not let
    /// go of its request, which counts as an attempt.
    pub(crate) fn abandoned(&mut self, slot: Slot) -> ItemOutcome {
        let message = "the outbox was closed, and the transport did not let go of the request";
        let outcome = ItemOutcome::with_message(Reason::Interrupted, message);
        match self.last.remove(&slot) {
            Some(earlier) => merge_attempts(earlier, outcome, false),
            None => outcome,
        }
    }

    /// Counts an attempt of which nothing is known.
    pub(crate) fn count_attempt(&mut self, slot: Slot) {
        self.queue.count_attempt(slot);
    }

    fn end(
        &mut self,
        slots: Vec<Slot>,
        outcome: impl Fn(Option<ItemOutcome>) -> ItemOutcome,
    ) -> Vec<(Slot, ItemOutcome)> {
        let ended = slots.into_iter();
        ended
            .map(|slot| (slot, outcome(self.last.remove(&slot))))
            .collect()
    }
}

/// The outcome of what is not sent any more.
fn ended(earlier: Option<ItemOutcome>, why: StopReason) -> ItemOutcome {
    match earlier {
        Some(mut outcome) => {
            GiveUpReason::from(why).explain(&mut outcome);
            outcome
        }
        None => why.not_sent(),
    }
}

/// The outcome of what a newer operation made pointless before it was sent.
pub(crate) fn superseded() -> ItemOutcome {
    let message = "a newer operation on the same token came before it was sent";
    ItemOutcome::with_message(Reason::Superseded, message)
}

/// What is known of an operation that an earlier run, or another process, may have sent.
pub(crate) fn maybe_sent_before() -> ItemOutcome {
    let message = "an earlier run may have sent it before it ended, and nobody knows of an answer";
    ItemOutcome::with_message(Reason::Interrupted, message)
}

/// The outcome of what came out of a store after `outbox_recover_max_age_ms`.
fn too_old(maybe_sent: Option<ItemOutcome>) -> ItemOutcome {
    let why = "expired: older than outbox_recover_max_age_ms when the file was opened";
    match maybe_sent {
        None => ItemOutcome::with_message(Reason::Expired, why),
        Some(mut earlier) => {
            earlier.append_message(why);
            earlier
        }
    }
}
