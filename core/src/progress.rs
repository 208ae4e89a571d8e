//! The outcomes of a request while its parts are under way.

use crate::judge::{self, Judgement};
use crate::operation::Request;
use crate::outcome::{ItemOutcome, Outcome, Reason, Warning};
use crate::plan::{self, Part};

/// The items of one part, each with its latest outcome.
#[derive(Debug, Clone)]
pub(crate) struct PartProgress {
    items: Vec<u32>,
    outcomes: Vec<Option<ItemOutcome>>,
}

impl PartProgress {
    pub(crate) fn new(part: &Part) -> Self {
        Self {
            items: part.items.clone(),
            outcomes: vec![None; part.items.len()],
        }
    }

    /// The items to send now: those without an outcome, and those whose outcome
    /// `again` wants to try once more.
    pub(crate) fn open(&self, again: impl Fn(&ItemOutcome) -> bool) -> Vec<u32> {
        let pairs = self.items.iter().zip(&self.outcomes);
        pairs
            .filter(|(_, outcome)| outcome.as_ref().is_none_or(&again))
            .map(|(item, _)| *item)
            .collect()
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
            let sent = u16::from(!matches!(
                later.reason,
                Reason::ConnectFailed | Reason::Deadline | Reason::Cancelled | Reason::Closed
            ));
            let before = slot.as_ref().map_or(0, ItemOutcome::attempts);
            later = match slot.take() {
                Some(earlier) => judge::after_another_attempt(earlier, later),
                None => later,
            };
            later.attempts = before + sent;
            *slot = Some(later);
        }
    }

    pub(crate) fn into_pairs(self) -> impl Iterator<Item = (u32, Option<ItemOutcome>)> {
        self.items.into_iter().zip(self.outcomes)
    }
}

/// Everything that is known of a call so far.
#[derive(Debug)]
pub(crate) struct Progress {
    items: Vec<Option<ItemOutcome>>,
    warnings: Vec<Warning>,
    extra: Vec<(String, String)>,
    pub(crate) requests: u32,
}

impl Progress {
    pub(crate) fn new(request: &Request, warnings: Vec<Warning>) -> Self {
        Self {
            items: vec![None; request.len()],
            warnings,
            extra: Vec::new(),
            requests: 0,
        }
    }

    pub(crate) fn warn(&mut self, warning: Warning) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Notes what a response says beside its items.
    pub(crate) fn note(&mut self, extra: Vec<(String, String)>, warnings: Vec<Warning>) {
        for (name, value) in extra {
            if self.extra.iter().all(|(known, _)| *known != name) {
                self.extra.push((name, value));
            }
        }
        for warning in warnings {
            self.warn(warning);
        }
    }

    pub(crate) fn settle(&mut self, part: PartProgress) {
        for (item, outcome) in part.into_pairs() {
            self.items[item as usize] = outcome;
        }
    }

    /// The outcome; an item that no part brought back has `rest`.
    pub(crate) fn finish(self, rest: &ItemOutcome) -> Outcome {
        let items = self.items.into_iter();
        Outcome {
            items: items.map(|i| i.unwrap_or_else(|| rest.clone())).collect(),
            warnings: self.warnings,
            extra: self.extra,
            requests: self.requests,
        }
    }
}

/// The parts of a request with nothing known of them.
pub(crate) fn start(request: &Request) -> Vec<(u32, PartProgress)> {
    let parts = plan::parts(request);
    parts
        .iter()
        .map(|part| (part.wave, PartProgress::new(part)))
        .collect()
}

/// Splits a judgement in what belongs to its items and what to the call.
pub(crate) type Remarks = (Vec<(String, String)>, Vec<Warning>);

impl Judgement {
    pub(crate) fn split(self) -> (Vec<ItemOutcome>, Remarks) {
        (self.items, (self.extra, self.warnings))
    }
}
