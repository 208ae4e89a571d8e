//! The outcomes of a request while its parts are under way.

use crate::model::operation::Request;
use crate::model::outcome::{ItemOutcome, Outcome, Reason, State, Warning};
use crate::ordering::plan::Order;
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

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The items to send now: those without an outcome, and those whose outcome
    /// `again` wants to try once more.
    pub(crate) fn open(&self, again: impl Fn(&ItemOutcome) -> bool) -> Vec<u32> {
        let pairs = self.items.iter().zip(&self.outcomes);
        let open = pairs.filter(|(_, outcome)| outcome.as_ref().is_none_or(&again));
        let mut items = Vec::with_capacity(self.items.len());
        items.extend(open.map(|(item, _)| *item));
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

    /// The outcomes in the order of the items; every one must have been taken.
    #[cfg(feature = "bulk")]
    pub(crate) fn into_outcomes(self) -> Vec<ItemOutcome> {
        let mut outcomes = Vec::with_capacity(self.outcomes.len());
        outcomes.extend(self.outcomes.into_iter().flatten());
        outcomes
    }

    /// Takes the outcomes of one attempt, in the order of `carried`, which is
    /// a subsequence of the items.
    pub(crate) fn take(
        &mut self,
        carried: &[u32],
        outcomes: impl IntoIterator<Item = ItemOutcome>,
    ) {
        let mut at = 0;
        for (item, mut later) in carried.iter().zip(outcomes) {
            while self.items[at] != *item {
                at += 1;
            }
            let slot = &mut self.outcomes[at];
            let sent = u16::from(later.state() != State::NotSent);
            let before = slot.as_ref().map_or(0, ItemOutcome::attempts);
            later = match slot.take() {
                Some(earlier) => merge_attempts(earlier, later, self.is_query),
                None => later,
            };
            later.attempts = before.saturating_add(sent);
            *slot = Some(later);
        }
    }
}

/// Everything that is known of a call so far.
#[derive(Debug)]
pub(crate) struct Progress {
    items: Vec<Option<ItemOutcome>>,
    warnings: Vec<Warning>,
    extra: Vec<(String, String)>,
    order: Order,
    pub(crate) requests: u32,
}

impl Progress {
    /// Nothing is known of a request yet.
    pub(crate) fn new(request: &Request, order: Order, warnings: Vec<Warning>) -> Self {
        Self {
            items: vec![None; request.len()],
            warnings,
            extra: Vec::new(),
            order,
            requests: 0,
        }
    }

    /// Whether an item may be sent: every earlier one on its keys is settled. One
    /// that is to be handed in again is not, or it would be overtaken.
    pub(crate) fn is_ready(&self, item: u32) -> bool {
        self.order.before(item).all(|earlier| {
            let earlier = self.items[earlier as usize].as_ref();
            earlier.is_some_and(|outcome| !outcome.is_retryable())
        })
    }

    pub(crate) fn warn(&mut self, warning: Warning) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Notes what a response says beside its items.
    pub(crate) fn note(&mut self, notes: ResponseNotes) {
        for (name, value) in notes.extra {
            if self.extra.iter().all(|(known, _)| *known != name) {
                self.extra.push((name, value));
            }
        }
        for warning in notes.warnings {
            self.warn(warning);
        }
    }

    /// Takes over what is known of the items of a part.
    pub(crate) fn settle(&mut self, part: &PartProgress) {
        for (item, outcome) in part.items.iter().zip(&part.outcomes) {
            self.items[*item as usize].clone_from(outcome);
        }
    }

    /// The outcome. An item that was never sent has `rest`, unless it was held
    /// back.
    pub(crate) fn finish(mut self, rest: &ItemOutcome) -> Outcome {
        for item in 0..self.items.len() {
            if self.items[item].is_none() {
                // In their order, so one that is held back holds back the next.
                let ready = u32::try_from(item).is_ok_and(|item| self.is_ready(item));
                self.items[item] = Some(if ready { rest.clone() } else { held_back() });
            }
        }
        Outcome {
            items: self.items.into_iter().flatten().collect(),
            warnings: self.warnings,
            extra: self.extra,
            requests: self.requests,
        }
    }
}

/// The outcome of an item that would overtake one that is not settled.
pub(crate) fn held_back() -> ItemOutcome {
    let message = "an earlier item on the same token or account is not settled, and this one must \
                   not overtake it: hand both in again, in this order";
    ItemOutcome::new(Reason::HeldBack, Some(message.into()))
}
