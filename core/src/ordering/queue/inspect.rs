//! What is in the queue, for people who ask and for the store.

use std::cmp::Reverse;

use super::{Key, Millis, Queue, Slot, State};

impl Queue {
    /// Where it stands, in a word.
    pub(crate) fn state_name(&self, slot: Slot) -> &'static str {
        let queued = &self.slots[slot as usize];
        match queued.state {
            State::Waiting if self.chains.waits(slot) => "behind",
            State::Waiting => "ready",
            State::Taken | State::Vacant => "sending",
        }
    }

    /// Every operation, in the order in which they came.
    pub(crate) fn in_order(&self) -> Vec<Slot> {
        let slots = (0..).zip(&self.slots);
        let queued = slots.filter(|(_, queued)| queued.state != State::Vacant);
        let mut all: Vec<Slot> = queued.map(|(slot, _)| slot).collect();
        let age = |slot: Slot| {
            self.next_sequence
                .wrapping_sub(self.slots[slot as usize].sequence)
        };
        all.sort_by_key(|slot| Reverse(age(*slot)));
        all
    }

    /// The operations on a token, oldest first.
    pub(crate) fn of_token(&self, token: &str) -> Vec<Slot> {
        let mut all = Vec::new();
        let mut next = self.last_on(Key::Token(token.as_bytes()));
        while let Some(slot) = next {
            all.push(slot);
            // The token is the first key of what has one.
            next = self.chains.before(slot, 0);
        }
        all.reverse();
        all
    }

    /// When the oldest operation was submitted.
    pub(crate) fn oldest(&self) -> Millis {
        let queued = self
            .slots
            .iter()
            .filter(|queued| queued.state != State::Vacant);
        queued.map(|queued| queued.at).min().unwrap_or_default()
    }

    /// The largest number of the store among the operations that may have been sent;
    /// 0: none was.
    pub(crate) fn last_sent(&self) -> u64 {
        let sent = self
            .slots
            .iter()
            .filter(|queued| queued.state != State::Vacant && queued.attempts > 0);
        sent.map(|queued| queued.id).max().unwrap_or_default()
    }

    /// The operations that are in flight, or about to be completed.
    pub(crate) fn taken(&self) -> Vec<Slot> {
        let slots = (0..).zip(&self.slots);
        let taken = slots.filter(|(_, queued)| queued.state == State::Taken);
        taken.map(|(slot, _)| slot).collect()
    }
}
