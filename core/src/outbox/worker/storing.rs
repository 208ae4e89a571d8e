//! From the intake into the store and the queue; and the mark of what may have been sent.

use super::{
    HOUSEKEEPING_INTERVAL, Millis, OPERATIONS_PER_COMMIT, POLL_AFTER_SUBMIT, Slot, Worker, add,
};
use crate::model::error::Error;
use crate::ordering::queue::Entry;
use crate::outbox::report::{Event, Report};
use crate::outbox::store::NewRecord;

impl Worker {
    /// From the intake into the store, and then into the queue.
    pub(super) fn drain_intake(&mut self) {
        let mut pending = self.shared.intake.drain(std::mem::take(&mut self.pending));
        if !pending.is_empty() {
            self.awake_until = self.now() + POLL_AFTER_SUBMIT;
            let mut entries = pending.entries();
            loop {
                let mut commit: Vec<Entry> = entries.by_ref().take(OPERATIONS_PER_COMMIT).collect();
                if commit.is_empty() {
                    break;
                }
                self.store_all(&mut commit);
                self.shared.advance(commit.len());
                for entry in commit {
                    self.enqueue(entry);
                }
            }
        }
        // The memory of a burst is not kept.
        if pending.capacity() <= 4 * OPERATIONS_PER_COMMIT {
            pending.clear();
            self.pending = pending;
        }
    }

    fn enqueue(&mut self, entry: Entry) {
        self.delivery.push(entry, &mut self.superseded);
    }

    fn store_all(&mut self, entries: &mut [Entry]) {
        let to_send = self.is_sending();
        let wall = self.shared.wall();
        let Some(store) = &mut self.store else {
            return;
        };
        let records: Vec<NewRecord<'_>> = entries
            .iter()
            .map(|entry| NewRecord {
                tag: entry.tag,
                submitted_ms: wall.date(entry.at),
                body: &entry.body,
            })
            .collect();
        let appended = if to_send {
            store.append_to_send(&records)
        } else {
            store.append(&records)
        };
        match appended {
            Ok(first) => {
                self.appended = first + records.len() as u64 - 1;
                for (id, entry) in (first..).zip(entries.iter_mut()) {
                    entry.id = id;
                }
                self.health.store_works();
                add(&self.shared.counters.durable, entries.len());
                if self.options.durable_notices && self.options.reports {
                    let at = wall.date(self.shared.now());
                    self.shared.reports.push(entries.iter().map(|entry| Report {
                        tag: entry.tag,
                        event: Event::Durable,
                        submitted: wall.date(entry.at),
                        at,
                        recovered: false,
                    }));
                }
            }
            // They are delivered from memory, and not called durable.
            Err(error) => {
                self.shared.synced.fail(entries.len(), &error.to_string());
                self.health.store_failed(&error, entries.len());
            }
        }
    }

    /// Marks these operations in the store as perhaps sent, before they are: a later run
    /// must not call them never sent. One mark covers everything that is stored.
    pub(super) fn mark_sending(&mut self, slots: &[Slot], now: Millis) -> bool {
        let Some(store) = &mut self.store else {
            return true;
        };
        let queue = self.delivery.queue();
        let last = slots.iter().map(|slot| queue.id(*slot)).max();
        if last.unwrap_or_default() <= store.sent_mark() {
            return true;
        }
        if now < self.store_retry_at {
            return false;
        }
        match store.set_sent_mark(self.appended) {
            Ok(()) => {
                self.health.store_works();
                true
            }
            Err(error) => {
                self.store_rests(&error);
                false
            }
        }
    }

    /// At an orderly end it is known what was sent: a later run need not guess. Where
    /// this fails, it does.
    pub(super) fn lower_mark(&mut self) {
        let queue = self.delivery.queue();
        let sent = queue.last_sent();
        if let Some(store) = &mut self.store
            && queue.len() > 0
            && sent < store.sent_mark()
        {
            let _ = store.set_sent_mark(sent);
        }
    }

    /// The store failed, and is tried again a second later.
    pub(super) fn store_rests(&mut self, error: &Error) {
        self.health.store_failed(error, 0);
        self.store_retry_at = self.now() + HOUSEKEEPING_INTERVAL;
    }
}
