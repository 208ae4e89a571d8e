//! What goes ahead of what: a binding that is taken away late leaves a player's pushes
//! on a phone that is not theirs any more; one that is made late is a push too few.
//!
//! The order on each key is not touched: what waits for nothing is only chosen from
//! another list.

use super::{Body, Queue, Slot, State, all_keys};
use crate::model::operator::Operator;

/// So many requests go ahead before one with the rest.
const AHEAD: u8 = 3;

/// What may travel together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lane {
    pub(super) goes_ahead: bool,
    pub(super) kind: u8,
}

/// From which lanes to take.
#[derive(Debug, Clone, Copy)]
pub(super) enum Choice {
    /// Those that go ahead.
    Ahead,
    /// Those that do not.
    Rest,
    /// Any, another one than the last time if there is one: whatever is wrong with one
    /// lane does not keep the others from being tried.
    Other,
}

/// Whose turn it is.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Whether anything goes ahead here.
    preferring: bool,
    /// How many requests went ahead since one did not.
    ahead: u8,
    last: Option<Lane>,
}

impl Turns {
    pub(super) fn goes_ahead(&self, body: &[u8]) -> bool {
        let takes_away = match Body(body).operator() {
            Operator::Unbind | Operator::ClearToken | Operator::ClearAccount => true,
            Operator::Append | Operator::Bind => false,
        };
        self.preferring && takes_away
    }

    pub(super) fn are_ahead(&self) -> bool {
        self.ahead < AHEAD
    }

    pub(super) fn went_ahead(&mut self) {
        self.ahead += 1;
    }

    pub(super) fn rest_went(&mut self) {
        self.ahead = 0;
    }

    pub(super) fn took(&mut self, lane: Lane) {
        self.last = Some(lane);
    }

    /// The smallest goes first; `None` not at all.
    pub(super) fn rank(&self, choice: Choice, lane: Lane) -> Option<bool> {
        match choice {
            Choice::Ahead => lane.goes_ahead.then_some(false),
            Choice::Rest => (!lane.goes_ahead).then_some(false),
            Choice::Other => Some(self.last == Some(lane)),
        }
    }
}

impl Queue {
    /// Lets what takes access away go ahead of the rest, three requests to one.
    pub(crate) fn taking_away_first(mut self) -> Self {
        self.turns.preferring = true;
        self
    }

    /// What an operation that goes ahead waits for goes ahead as well. Each does so once,
    /// so this costs no more than submitting them did.
    pub(super) fn let_ahead_what_is_before(&mut self, slot: Slot) {
        let mut waiting = vec![slot];
        while let Some(slot) = waiting.pop() {
            let count = all_keys(Body(self.body(slot))).count();
            for number in (0..).take(count) {
                let Some(before) = self.chains.before(slot, number) else {
                    continue;
                };
                let queued = &mut self.slots[before as usize];
                if queued.goes_ahead {
                    continue;
                }
                queued.goes_ahead = true;
                let in_its_lane = !queued.send_alone && !queued.delayed;
                let is_ready = queued.state == State::Waiting && !self.chains.waits(before);
                if in_its_lane && is_ready {
                    self.list_ready(before);
                }
                waiting.push(before);
            }
        }
    }
}
