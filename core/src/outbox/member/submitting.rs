//! From the intake into the file, if there is one, and to the sender.

use std::ops::RangeInclusive;

use super::open::OpenOperation;
use super::{Member, Millis};
use crate::fleet::command::Outgoing;
use crate::model::error::Error;
use crate::ordering::queue::Entry;
use crate::outbox::report::{Event, Report};
use crate::outbox::stats::add;
use crate::outbox::store::{NewRecord, Store as _};

/// How many operations go into one transaction.
const OPERATIONS_PER_COMMIT: usize = 2000;

/// How long after the last submission the thread looks by itself, so that nobody pays for
/// waking it.
const POLL_AFTER_SUBMIT: Millis = 1000;

/// When a file is tried again that failed.
pub(super) const SPOOL_RETRY: Millis = 1000;

impl Member {
    pub(super) fn drain_intake(&mut self) {
        let mut pending = self.shared.intake.drain(std::mem::take(&mut self.pending));
        if !pending.is_empty() {
            self.awake_until = self.now() + POLL_AFTER_SUBMIT;
            let mut entries = pending.entries();
            loop {
                let commit: Vec<Entry> = entries.by_ref().take(OPERATIONS_PER_COMMIT).collect();
                if commit.is_empty() {
                    break;
                }
                self.take_in(commit);
            }
        }
        // The memory of a burst is not kept.
        if pending.capacity() <= 4 * OPERATIONS_PER_COMMIT {
            pending.clear();
            self.pending = pending;
        }
    }

    fn take_in(&mut self, entries: Vec<Entry>) {
        let wall = self.shared.wall();
        let now = self.now();
        let records: Vec<NewRecord<'_>> = entries
            .iter()
            .map(|entry| NewRecord {
                tag: entry.tag,
                submitted_ms: wall.date(entry.at),
                body: &entry.body,
            })
            .collect();
        let (first, in_file) = match &mut self.spool {
            None => (self.next_number, false),
            // What an engine is given of it may be sent.
            Some(spool) => match spool.append_to_send(&records) {
                Ok(first) => {
                    self.health.store_works();
                    (first, true)
                }
                Err(error) => {
                    self.health.store_failed(&error, records.len());
                    (spool.skip(records.len()), false)
                }
            },
        };
        self.next_number = first + entries.len() as u64;
        for (number, entry) in (first..).zip(entries) {
            self.open.add(
                number,
                OpenOperation {
                    tag: entry.tag,
                    at: entry.at,
                    bytes: entry.body.len(),
                    durable: false,
                    in_file,
                },
            );
            let outgoing = Outgoing::new(number, entry.tag, wall.date(entry.at), entry.body);
            if let Some(run) = self.runs.last_mut() {
                run.sender.submit(outgoing, now);
            }
        }
    }

    /// These are in the engine: whoever waits for that is told.
    pub(super) fn became_durable(&mut self, numbers: RangeInclusive<u64>) {
        let wall = self.shared.wall();
        let at = wall.date(self.now());
        let mut count = 0;
        let mut notices = Vec::new();
        let notifies = self.options.durable_notices && self.options.reports;
        for (number, operation) in self.open.range_mut(numbers) {
            if operation.durable {
                continue;
            }
            operation.durable = true;
            count += 1;
            if notifies && number >= self.first_own {
                notices.push(Report {
                    tag: operation.tag,
                    event: Event::Durable,
                    submitted: wall.date(operation.at),
                    at,
                    recovered: false,
                });
            }
        }
        add(&self.shared.counters.durable, count);
        self.shared.reports.push(notices);
        self.shared.advance(count);
    }

    /// The file failed, and is tried again later.
    pub(super) fn spool_rests(&mut self, error: &Error) {
        self.health.store_failed(error, 0);
        self.spool_retry_at = self.now() + SPOOL_RETRY;
    }
}
