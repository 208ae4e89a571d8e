//! A stream as an iterator over the outcomes of rows that an iterator brings.

use std::time::Duration;

use super::Bulk;
use crate::model::outcome::ItemOutcome;
use crate::model::row::Row;

/// The outcomes of rows, in their order; made by
/// [`Client::bulk`](crate::Client::bulk). In a child after `fork` it has no more of
/// them.
#[derive(Debug)]
pub struct BulkRows<I> {
    bulk: Bulk,
    rows: I,
}

impl<I> BulkRows<I> {
    pub(super) fn new(bulk: Bulk, rows: I) -> Self {
        Self { bulk, rows }
    }

    /// The stream itself, for its numbers.
    pub fn bulk(&self) -> &Bulk {
        &self.bulk
    }
}

impl<I: Iterator<Item = Row>> BulkRows<I> {
    fn pull(&mut self) {
        match self.rows.next() {
            // It was asked before whether it wants one.
            Some(row) => drop(self.bulk.push_row(&row)),
            None => self.bulk.end(),
        }
    }
}

impl<I: Iterator<Item = Row>> Iterator for BulkRows<I> {
    type Item = ItemOutcome;

    fn next(&mut self) -> Option<ItemOutcome> {
        loop {
            // One row in for one out: a slow source delays no outcome by more.
            if let Some(outcome) = self.bulk.poll() {
                if self.bulk.wants_row() {
                    self.pull();
                }
                return Some(outcome);
            }
            if self.bulk.needs_wait() {
                self.bulk.wait(Duration::ZERO);
            }
            if self.bulk.wants_row() {
                self.pull();
            } else if self.bulk.is_finished() {
                return None;
            } else {
                self.bulk.wait(Duration::from_secs(3600));
            }
        }
    }
}
