//! The priority of unbind and clear: a binding that is removed late leaves a player's pushes
//! on a phone that is not theirs any more; one that is made late is a push too few.
//!
//! The order on each key is not touched: an operation that waits for nothing is only
//! chosen from another list.

use super::{EncodedOperation, Queue, Slot, State, all_keys};
use crate::model::operator::Operator;

/// So many priority requests are sent before one with the rest.
const PRIORITY_IN_A_ROW: u8 = 3;

/// What may travel together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lane {
    pub(super) is_priority: bool,
    pub(super) kind: u8,
}

/// From which lanes to take.
#[derive(Debug, Clone, Copy)]
pub(super) enum Choice {
    /// Those with priority.
    Priority,
    /// Those without.
    Rest,
    /// Any, another one than the last time if there is one: whatever is wrong with one
    /// lane does not keep the others from being tried.
    Other,
}

/// Whose turn it is.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Whether anything has priority here.
    prefers_removals: bool,
    /// How many priority requests were sent since one without.
    priority_in_a_row: u8,
    last: Option<Lane>,
}

impl Turns {
    pub(super) fn is_priority(&self, body: &[u8]) -> bool {
        let removes = match EncodedOperation(body).operator() {
            Operator::Unbind | Operator::ClearToken | Operator::ClearAccount => true,
            Operator::Append | Operator::Bind => false,
        };
        self.prefers_removals && removes
    }

    pub(super) fn priority_is_next(&self) -> bool {
        self.priority_in_a_row < PRIORITY_IN_A_ROW
    }

    pub(super) fn priority_was_sent(&mut self) {
        self.priority_in_a_row += 1;
    }

    pub(super) fn rest_was_sent(&mut self) {
        self.priority_in_a_row = 0;
    }

    pub(super) fn took(&mut self, lane: Lane) {
        self.last = Some(lane);
    }

    /// The smallest goes first; `None` not at all.
    pub(super) fn rank(&self, choice: Choice, lane: Lane) -> Option<bool> {
        match choice {
            Choice::Priority => lane.is_priority.then_some(false),
            Choice::Rest => (!lane.is_priority).then_some(false),
            Choice::Other => Some(self.last == Some(lane)),
        }
    }
}

impl Queue {
    /// Gives operations that remove a binding priority over the rest, three requests to one.
    pub(crate) fn prioritising_removals(mut self) -> Self {
        self.turns.prefers_removals = true;
        self
    }

    /// Gives priority to what an operation with priority waits for. Each gets it once,
    /// so this costs no more than submitting them did.
    pub(super) fn promote_predecessors(&mut self, slot: Slot) {
        let mut waiting = vec![slot];
        while let Some(slot) = waiting.pop() {
            let count = all_keys(EncodedOperation(self.body(slot))).count();
            for number in (0..).take(count) {
                let Some(before) = self.chains.before(slot, number) else {
                    continue;
                };
                let queued = &mut self.slots[before as usize];
                if queued.is_priority {
                    continue;
                }
                queued.is_priority = true;
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
