//! Bindings that change some time after an operation was accepted.

use std::collections::VecDeque;

use super::bindings::{Bindings, Full};
use super::change::Change;
use crate::config::Config;
use crate::protocol::request::{Batch, Raw, Rules};

/// An accepted operation that does not show yet.
struct Pending {
    /// The request's number in the log.
    request: u64,
    due_ms: u64,
    body: Vec<u8>,
    items: Vec<usize>,
    /// Those it was accepted under.
    rules: Rules,
}

/// The bindings, and what waits to change them. Times are of a clock that never goes back.
pub(crate) struct DelayedBindings {
    pub(crate) visible: Bindings,
    pending: VecDeque<Pending>,
    delay_ms: u64,
    rules: Rules,
    /// Items that were applied.
    pub(crate) applied: u64,
    /// What requests changed after their answer, each with its number in the log.
    late: Vec<(u64, Vec<Change>)>,
}

impl DelayedBindings {
    pub(crate) fn new(config: &Config, rules: Rules) -> Self {
        Self {
            visible: Bindings::new(config),
            pending: VecDeque::new(),
            delay_ms: config.apply_delay_ms,
            rules,
            applied: 0,
            late: Vec::new(),
        }
    }

    /// Follows other rules from now on; what was accepted stays.
    pub(crate) fn follow(&mut self, config: &Config, rules: Rules) {
        self.visible.follow(config);
        self.delay_ms = config.apply_delay_ms;
        self.rules = rules;
    }

    /// How many requests wait to be applied.
    pub(crate) fn waiting(&self) -> usize {
        self.pending.len()
    }

    /// What requests changed after their answer, since the last look.
    pub(crate) fn take_late(&mut self) -> Vec<(u64, Vec<Change>)> {
        std::mem::take(&mut self.late)
    }

    fn is_delayed(&self) -> bool {
        self.delay_ms > 0
    }

    /// Applies an item of a request, or, with a delay, says whether it would be taken.
    pub(crate) fn accept(&mut self, batch: &Batch<'_>, item: usize) -> Result<(), Full> {
        if self.is_delayed() {
            return self.visible.would_take(batch, item);
        }
        self.visible.apply(batch, item)?;
        self.applied += 1;
        Ok(())
    }

    /// With a delay, queues the items of a request that were accepted.
    pub(crate) fn queue_accepted(
        &mut self,
        request: u64,
        body: &[u8],
        items: Vec<usize>,
        now_ms: u64,
    ) {
        if self.is_delayed() && !items.is_empty() {
            self.pending.push_back(Pending {
                request,
                rules: self.rules,
                due_ms: now_ms.saturating_add(self.delay_ms),
                body: body.to_vec(),
                items,
            });
        }
    }

    /// When the next accepted operation is due.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.pending.front().map(|pending| pending.due_ms)
    }

    pub(crate) fn apply_due(&mut self, now_ms: u64) {
        while self.next_due().is_some_and(|due| due <= now_ms) {
            self.apply_first();
        }
    }

    /// Applies everything accepted, due or not.
    pub(crate) fn apply_all(&mut self) {
        while !self.pending.is_empty() {
            self.apply_first();
        }
    }

    fn apply_first(&mut self) {
        let Some(pending) = self.pending.pop_front() else {
            return;
        };
        if let Ok(batch) = Raw::read(&pending.body).and_then(|raw| raw.batch(pending.rules)) {
            for item in pending.items {
                if self.visible.apply(&batch, item).is_ok() {
                    self.applied += 1;
                }
            }
        }
        let changes = self.visible.journal.take();
        if !changes.is_empty() {
            self.late.push((pending.request, changes));
        }
    }
}
