//! The outcomes of a request while its parts are under way.

use crate::model::outcome::{ItemOutcome, Outcome, State, Warning};
use crate::model::request::Request;
use crate::ordering::blocked::{BlockedKeys, ItemKind, blocks};
use crate::ordering::request_queue::{RequestQueue, keys_of};
use crate::protocol::classify::{ResponseNotes, merge_attempts};
use crate::retry::GiveUpReason;

/// The items of one part, each with its latest outcome.
#[derive(Debug, Clone)]
pub(crate) struct PartProgress {
    items: Vec<u32>,
    outcomes: Vec<Option<ItemOutcome>>,
    is_query: bool,
}

impl PartProgress {
    pub(crate) fn new(items: Vec<u32>, is_query: bool) -> Self {
        Self {
            is_query,
            outcomes: vec![None; items.len()],
            items,
        }
    }

    /// The items to send now: those without an outcome, and those whose outcome
    /// `again` wants to try once more.
    pub(crate) fn items_to_send(&self, again: impl Fn(&ItemOutcome) -> bool) -> Vec<u32> {
        let pairs = self.items.iter().zip(&self.outcomes);
        let chosen = pairs.filter(|(_, outcome)| outcome.as_ref().is_none_or(&again));
        let mut items = Vec::with_capacity(self.items.len());
        items.extend(chosen.map(|(item, _)| *item));
        items
    }

    /// Gives the items that were never sent their outcome, when sending ended for this
    /// reason.
    pub(crate) fn fill_unsent(&mut self, reason: GiveUpReason) {
        if let GiveUpReason::Stopped(stop) = reason {
            for outcome in &mut self.outcomes {
                outcome.get_or_insert_with(|| stop.not_sent());
            }
        }
    }

    /// Says in the outcomes that are worth another attempt why there is none.
    pub(crate) fn explain(&mut self, reason: GiveUpReason) {
        reason.explain_transient(self.outcomes.iter_mut().flatten());
    }

    /// The outcomes in the order of the items; every one must be known.
    pub(crate) fn into_outcomes(self) -> Vec<ItemOutcome> {
        let mut outcomes = Vec::with_capacity(self.outcomes.len());
        outcomes.extend(self.outcomes.into_iter().flatten());
        outcomes
    }

    /// Records the outcomes of one attempt, in the order of `sent_items`, which is a
    /// subsequence of the items.
    pub(crate) fn record(
        &mut self,
        sent_items: &[u32],
        outcomes: impl IntoIterator<Item = ItemOutcome>,
    ) {
        let mut at = 0;
        for (item, mut later) in sent_items.iter().zip(outcomes) {
            while self.items[at] != *item {
                at += 1;
            }
            let known = &mut self.outcomes[at];
            let sent = u16::from(later.state() != State::NotSent);
            let before = known.as_ref().map_or(0, ItemOutcome::attempts);
            later = match known.take() {
                Some(earlier) => merge_attempts(earlier, later, self.is_query),
                None => later,
            };
            later.attempts = before.saturating_add(sent);
            *known = Some(later);
        }
    }
}

/// Everything that is known of a call so far, and what of it may be sent.
#[derive(Debug)]
pub(crate) struct RequestProgress {
    items: Vec<Option<ItemOutcome>>,
    warnings: Vec<Warning>,
    extra: Vec<(String, String)>,
    queue: RequestQueue,
    is_query: bool,
    pub(crate) requests: u32,
}

impl RequestProgress {
    /// Nothing is known of a request yet.
    pub(crate) fn new(request: &Request, warnings: Vec<Warning>) -> Self {
        Self {
            items: vec![None; request.len()],
            warnings,
            extra: Vec::new(),
            queue: RequestQueue::new(request),
            is_query: request.is_query(),
            requests: 0,
        }
    }

    /// The next items to send together, if any may be sent before others end.
    pub(crate) fn next_batch(&mut self) -> Option<Vec<u32>> {
        self.queue.next_batch()
    }

    /// Whether there is such a batch.
    pub(crate) fn has_ready(&self) -> bool {
        self.queue.has_ready()
    }

    /// Whether an item may be sent: every earlier one on its keys is completed. One that
    /// is to be submitted again is not, or it would be overtaken.
    pub(crate) fn is_ready(&self, item: u32) -> bool {
        !self.queue.waits(item)
    }

    pub(crate) fn warn(&mut self, warning: Warning) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Adds what a response says beside its items.
    pub(crate) fn add_notes(&mut self, notes: ResponseNotes) {
        for (name, value) in notes.extra {
            if self.extra.iter().all(|(known, _)| *known != name) {
                self.extra.push((name, value));
            }
        }
        for warning in notes.warnings {
            self.warn(warning);
        }
    }

    /// Records what is known of the items of a part. What waited for them may be sent, but
    /// for those that are to be submitted again.
    pub(crate) fn record(&mut self, request: &Request, part: &PartProgress) {
        for (item, outcome) in part.items.iter().zip(&part.outcomes) {
            let known = &mut self.items[*item as usize];
            let was_open = known.as_ref().is_none_or(blocks);
            known.clone_from(outcome);
            if was_open && outcome.as_ref().is_some_and(|outcome| !blocks(outcome)) {
                self.queue.complete(request, *item);
            }
        }
    }

    /// The outcome. An item that was never sent is `unsent`, unless it was held back.
    pub(crate) fn into_outcome(self, request: &Request, unsent: &ItemOutcome) -> Outcome {
        let mut blocked = BlockedKeys::new(ItemKind::Item, usize::MAX);
        // In their order, so one that is held back holds back the next.
        let items = self.items.into_iter().zip(0..).map(|(outcome, item)| {
            let keys = || keys_of(&request.items, item);
            let outcome = outcome
                .or_else(|| blocked.held_back(keys()))
                .unwrap_or_else(|| unsent.clone());
            if !self.is_query && blocks(&outcome) {
                blocked.block(keys(), item.into(), outcome.state());
            }
            outcome
        });
        Outcome {
            items: items.collect(),
            warnings: self.warnings,
            extra: self.extra,
            requests: self.requests,
        }
    }
}
