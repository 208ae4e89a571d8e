//! The operations of this process that have no end yet.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::ordering::queue::Millis;

/// An operation without an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OpenOperation {
    pub(super) tag: u64,
    /// When it was submitted.
    pub(super) at: Millis,
    pub(super) bytes: usize,
    /// It is in the engine.
    pub(super) durable: bool,
    /// It is in the file.
    pub(super) in_file: bool,
}

/// By their numbers.
#[derive(Debug, Default)]
pub(super) struct OpenOperations(BTreeMap<u64, OpenOperation>);

impl OpenOperations {
    pub(super) fn add(&mut self, number: u64, operation: OpenOperation) {
        self.0.insert(number, operation);
    }

    pub(super) fn remove(&mut self, number: u64) -> Option<OpenOperation> {
        self.0.remove(&number)
    }

    pub(super) fn get(&self, number: u64) -> Option<&OpenOperation> {
        self.0.get(&number)
    }

    pub(super) fn range_mut(
        &mut self,
        numbers: RangeInclusive<u64>,
    ) -> impl Iterator<Item = (u64, &mut OpenOperation)> {
        // An empty range of a map is a panic.
        let end = (*numbers.end()).max(*numbers.start());
        let is_empty = numbers.is_empty();
        let range = self.0.range_mut(*numbers.start()..=end);
        range
            .filter(move |_| !is_empty)
            .map(|(number, operation)| (*number, operation))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// When the oldest was submitted; 0: there is none.
    pub(super) fn oldest(&self) -> Millis {
        self.0.values().next().map_or(0, |operation| operation.at)
    }

    /// When the first of these was submitted.
    pub(super) fn first_in(&self, numbers: std::ops::Range<u64>) -> Option<Millis> {
        if numbers.is_empty() {
            return None;
        }
        self.0
            .range(numbers)
            .next()
            .map(|(_, operation)| operation.at)
    }
}
