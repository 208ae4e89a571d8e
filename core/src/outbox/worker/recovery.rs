//! What an earlier run left in the store.

use std::sync::atomic::Ordering;

use super::{OPERATIONS_PER_COMMIT, Worker, add, millis};
use crate::delivery::maybe_sent_before;
use crate::model::error::Result;
use crate::ordering::queue::Entry;

impl Worker {
    /// Queues what the store has from before, and completes what is too old.
    pub(in crate::outbox) fn recover(&mut self) -> Result<()> {
        self.load_stored()?;
        let age = millis(self.options.recover_max_age);
        if age > 0 {
            let before = self.shared.opened.saturating_sub(age);
            self.completing.extend(self.delivery.drop_old(before));
        }
        Ok(())
    }

    fn load_stored(&mut self) -> Result<()> {
        let Some(store) = &mut self.store else {
            return Ok(());
        };
        let mark = store.sent_mark();
        let maybe_sent = maybe_sent_before();
        loop {
            let records = store.claim(self.appended, OPERATIONS_PER_COMMIT)?;
            let Some(last) = records.last() else {
                return Ok(());
            };
            self.appended = last.id;
            self.shared.recovered.store(last.id, Ordering::Relaxed);
            add(&self.shared.counters.recovered, records.len());
            self.shared.advance(records.len());
            for record in records {
                self.shared.intake.recover(record.body.len());
                let entry = Entry {
                    id: record.id,
                    tag: record.tag,
                    // The clock may have gone back since.
                    at: record.submitted_ms.min(self.shared.opened),
                    attempts: u16::from(record.id <= mark),
                    body: record.body,
                };
                let slot = self.delivery.push(entry, &mut self.superseded);
                if record.id <= mark {
                    self.delivery.recall(slot, maybe_sent.clone());
                }
            }
        }
    }
}
