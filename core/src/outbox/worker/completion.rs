//! What has its outcome: the store forgets it, and then it is reported.

use std::sync::atomic::Ordering;

use super::{HOUSEKEEPING_INTERVAL, Removed, Slot, Worker, millis};
use crate::delivery::superseded as pointless;
use crate::model::outcome::ItemOutcome;

impl Worker {
    /// Gives up what is older than the deadline.
    pub(super) fn expire(&mut self) {
        let now = self.now();
        if now < self.expires_at {
            return;
        }
        self.expires_at = now + HOUSEKEEPING_INTERVAL;
        let oldest = self.delivery.queue().oldest();
        self.shared.counters.oldest.store(oldest, Ordering::Relaxed);
        if self.options.deadline.is_zero() {
            return;
        }
        let before = now.saturating_sub(millis(self.options.deadline));
        // The time of what came from a file begins when it is opened.
        if before < self.shared.opened {
            return;
        }
        self.completing.extend(self.delivery.expire(before));
    }

    /// Removes what has its outcome from the store; only then is it reported, and only
    /// then what waited behind it sent. Otherwise a restart could send it again after
    /// what followed it.
    pub(super) fn acknowledge(&mut self) {
        self.complete_unstored();
        let now = self.now();
        let waits = !self.completing.is_empty() || !self.superseded.is_empty();
        let Some(store) = &mut self.store else {
            return;
        };
        if !waits || now < self.store_retry_at {
            return;
        }
        let queue = self.delivery.queue();
        let done = self.completing.iter().map(|(slot, _)| queue.id(*slot));
        let superseded = self.superseded.iter().map(|gone| gone.id);
        let ids: Vec<u64> = done.chain(superseded).collect();
        if let Err(error) = store.acknowledge(&ids) {
            self.store_rests(&error);
            return;
        }
        self.health.store_works();
        let superseded = std::mem::take(&mut self.superseded);
        let completing = std::mem::take(&mut self.completing);
        self.complete(superseded, completing);
    }

    /// Completes what is not in the store at once.
    fn complete_unstored(&mut self) {
        let queue = self.delivery.queue();
        let completing = self
            .completing
            .extract_if(.., |(slot, _)| queue.id(*slot) == 0);
        let completing = completing.collect();
        let superseded = self.superseded.extract_if(.., |gone| gone.id == 0);
        let superseded = superseded.collect();
        self.complete(superseded, completing);
    }

    fn complete(&mut self, superseded: Vec<Removed>, completing: Vec<(Slot, ItemOutcome)>) {
        let pointless = superseded.into_iter().map(|gone| (gone, pointless()));
        let mut completed: Vec<(Removed, ItemOutcome)> = pointless.collect();
        for (slot, outcome) in completing {
            completed.push((self.delivery.complete(slot), outcome));
        }
        self.shared.complete(completed);
    }

    /// What is left at the end: it stays in the file, or it is reported.
    pub(super) fn finish(mut self, knows_what_was_sent: bool) {
        self.ended = true;
        // Submitted between the last look and the closing.
        self.drain_intake();
        self.store_retry_at = 0;
        self.acknowledge();
        let left = self.delivery.queue().len();
        let mut completed = self.abandon_in_flight();
        if knows_what_was_sent {
            self.lower_mark();
        }
        for slot in self.delivery.take_all() {
            if self.store.is_some() && self.delivery.queue().id(slot) != 0 {
                continue;
            }
            let outcome = self.delivery.closed(slot);
            completed.push((self.delivery.complete(slot), outcome));
        }
        self.shared.complete(completed);
        self.health.report_recoveries(true);
        drop(self.store);
        self.engine.close();
        if self.pool.in_flight() == 0 {
            self.pool.join();
        } else {
            self.pool.shut_down();
        }
        self.shared.left.store(left, Ordering::Release);
    }

    /// Completes what a transport did not let go of. What is in the file stays there,
    /// marked as perhaps sent.
    fn abandon_in_flight(&mut self) -> Vec<(Removed, ItemOutcome)> {
        let mut completed = Vec::new();
        for slot in self.delivery.queue().taken() {
            self.delivery.count_attempt(slot);
            if self.delivery.queue().id(slot) != 0 {
                continue;
            }
            let outcome = self.delivery.abandoned(slot);
            completed.push((self.delivery.complete(slot), outcome));
        }
        completed
    }
}
