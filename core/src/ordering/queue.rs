//! What of a stream of operations may be sent now, given what is queued and in flight. For
//! the outbox and for bulk.
//!
//! [`Chains`] keep the order of each key, [`ReadyLists`] what waits for nothing. An
//! operation stays in its chains, through retries, until it is completed.

mod inspect;
mod priority;
mod ready;
mod supersede;

use std::time::Duration;

use super::chains::Chains;
use super::key_index::Keys;
use super::{MAX_ITEMS_PER_REQUEST, grow_by_a_quarter};
use crate::model::encoded::EncodedOperation;
use crate::model::key::Key;

use priority::{Choice, Lane, Turns};
use ready::ReadyLists;

pub(crate) use super::key_index::Slot;

/// Milliseconds from a moment that the user of the queue chooses.
pub(crate) type Millis = u64;

pub(crate) fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}

/// An operation as it enters the queue.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The store's number for it; 0: it is not stored.
    pub(crate) id: u64,
    /// The caller's own number.
    pub(crate) tag: u64,
    /// When it was submitted.
    pub(crate) at: Millis,
    /// How often it may have been sent before it came here.
    pub(crate) attempts: u16,
    pub(crate) body: Box<[u8]>,
}

/// An operation that left the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Removed {
    pub(crate) slot: Slot,
    pub(crate) id: u64,
    pub(crate) tag: u64,
    pub(crate) at: Millis,
    pub(crate) attempts: u16,
    pub(crate) bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not sent, or to be sent again.
    Waiting,
    /// In flight, or about to be completed.
    Taken,
    /// No operation.
    Vacant,
}

#[derive(Debug)]
struct Queued {
    body: Box<[u8]>,
    id: u64,
    tag: u64,
    at: Millis,
    /// Grows with each one, and begins anew after 2^32.
    sequence: u32,
    attempts: u16,
    state: State,
    send_alone: bool,
    /// To be sent later.
    delayed: bool,
    /// Removes a binding, or something that does waits for it.
    is_priority: bool,
}

impl Keys for Vec<Queued> {
    fn keys(&self, slot: Slot) -> impl Iterator<Item = Key<'_>> {
        all_keys(EncodedOperation(&self[slot as usize].body))
    }
}

/// Everything that is queued or in flight.
#[derive(Debug)]
pub(crate) struct Queue {
    slots: Vec<Queued>,
    chains: Chains,
    ready: ReadyLists,
    turns: Turns,
    linger: Millis,
    next_sequence: u32,
    len: usize,
}

impl Queue {
    pub(crate) fn new(linger: Millis) -> Self {
        Self {
            slots: Vec::new(),
            chains: Chains::default(),
            ready: ReadyLists::default(),
            turns: Turns::default(),
            linger,
            next_sequence: 0,
            len: 0,
        }
    }

    /// How many operations are queued or in flight.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn body(&self, slot: Slot) -> &[u8] {
        &self.slots[slot as usize].body
    }

    pub(crate) fn id(&self, slot: Slot) -> u64 {
        self.slots[slot as usize].id
    }

    pub(crate) fn tag(&self, slot: Slot) -> u64 {
        self.slots[slot as usize].tag
    }

    pub(crate) fn attempts(&self, slot: Slot) -> u16 {
        self.slots[slot as usize].attempts
    }

    pub(crate) fn at(&self, slot: Slot) -> Millis {
        self.slots[slot as usize].at
    }

    /// Takes an operation in behind all that are there; those that it makes
    /// pointless leave the queue and go to `superseded`.
    pub(crate) fn push(&mut self, entry: Entry, superseded: &mut Vec<Removed>) -> Slot {
        while let Some(slot) = self.superseded_by(&entry) {
            superseded.push(self.remove(slot));
        }
        self.append(entry)
    }

    /// Takes an operation in behind all that are there.
    pub(crate) fn append(&mut self, entry: Entry) -> Slot {
        let slots = &self.slots;
        let is_waiting = |slot: Slot| slots[slot as usize].state == State::Waiting;
        self.ready.compact(self.len, is_waiting);
        let slot = self.place(entry);
        self.chains.append(&self.slots, slot);
        self.len += 1;
        if !self.chains.waits(slot) {
            self.list_ready(slot);
        } else if self.slots[slot as usize].is_priority {
            self.promote_predecessors(slot);
        }
        slot
    }

    fn place(&mut self, entry: Entry) -> Slot {
        let queued = Queued {
            is_priority: self.turns.is_priority(&entry.body),
            body: entry.body,
            id: entry.id,
            tag: entry.tag,
            at: entry.at,
            sequence: self.next_sequence,
            attempts: entry.attempts,
            state: State::Waiting,
            send_alone: false,
            delayed: false,
        };
        self.next_sequence = self.next_sequence.wrapping_add(1);
        let slot = self.ready.occupy();
        if let Some(vacant) = self.slots.get_mut(slot as usize) {
            *vacant = queued;
        } else {
            grow_by_a_quarter(&mut self.slots);
            self.slots.push(queued);
        }
        slot
    }

    /// Takes an operation out of the queue; what waited for it alone may be sent.
    fn remove(&mut self, slot: Slot) -> Removed {
        let freed = self.chains.remove(&self.slots, slot);
        for next in freed {
            self.list_ready(next);
        }
        self.ready.vacate(slot);
        self.len -= 1;
        let queued = &mut self.slots[slot as usize];
        queued.state = State::Vacant;
        Removed {
            slot,
            id: queued.id,
            tag: queued.tag,
            at: queued.at,
            attempts: queued.attempts,
            bytes: std::mem::take(&mut queued.body).len(),
        }
    }

    /// The last operation on a key.
    fn last_on(&self, key: Key<'_>) -> Option<Slot> {
        self.chains.last(&self.slots, key)
    }

    /// The next operations to send together: of one kind, no two of them on one
    /// key. `flush`: without waiting for more. `probe`: whether the service
    /// answers is in doubt, so what failed before goes last; else it could be
    /// tried forever in place of what is sound.
    pub(crate) fn next_batch(&mut self, now: Millis, flush: bool, probe: bool) -> Vec<Slot> {
        self.list_due(now, probe);
        if probe {
            let batch = self.take_ready(now, flush, Choice::Other);
            return if batch.is_empty() {
                self.take_alone()
            } else {
                batch
            };
        }
        if self.turns.priority_is_next() {
            let batch = self.take_ready(now, flush, Choice::Priority);
            if !batch.is_empty() {
                self.turns.priority_was_sent();
                return batch;
            }
        }
        let mut batch = self.take_alone();
        if batch.is_empty() {
            batch = self.take_ready(now, flush, Choice::Rest);
        }
        if batch.is_empty() {
            return self.take_ready(now, flush, Choice::Priority);
        }
        self.turns.rest_was_sent();
        batch
    }

    fn take_alone(&mut self) -> Vec<Slot> {
        while let Some(slot) = self.ready.pop_alone() {
            if self.take_if_waiting(slot) {
                return vec![slot];
            }
        }
        Vec::new()
    }

    fn take_ready(&mut self, now: Millis, flush: bool, choice: Choice) -> Vec<Slot> {
        let mut batch = Vec::new();
        while batch.is_empty() {
            let heads = self.ready.heads().filter_map(|head| {
                let first = self.at(head.first);
                let full = head.len >= MAX_ITEMS_PER_REQUEST;
                let due = flush || full || first.saturating_add(self.linger) <= now;
                let rank = self.turns.rank(choice, head.lane)?;
                due.then_some(((rank, first, head.at), head.lane))
            });
            let Some(((_, _, at), lane)) = heads.min_by_key(|(rank, _)| *rank) else {
                break;
            };
            self.turns.took(lane);
            batch.reserve(MAX_ITEMS_PER_REQUEST);
            while batch.len() < MAX_ITEMS_PER_REQUEST {
                let Some(slot) = self.ready.pop_lane(at) else {
                    break;
                };
                // It was listed again with priority.
                let moved = !lane.is_priority && self.slots[slot as usize].is_priority;
                if !moved && self.take_if_waiting(slot) {
                    batch.push(slot);
                }
            }
        }
        batch
    }

    /// Whether an operation that came off a list is still to be sent; it is taken then.
    fn take_if_waiting(&mut self, slot: Slot) -> bool {
        let state = &mut self.slots[slot as usize].state;
        let waits = *state == State::Waiting;
        if waits {
            *state = State::Taken;
        }
        waits
    }

    /// Brings what was to be sent later, and is due, back to its place, or to the
    /// end of the list.
    fn list_due(&mut self, now: Millis, to_the_end: bool) {
        let mut back = Vec::new();
        while let Some(slot) = self.ready.pop_due(now) {
            let queued = &mut self.slots[slot as usize];
            queued.delayed = false;
            if queued.state != State::Waiting {
                continue;
            }
            if queued.send_alone {
                self.ready.push_alone(slot);
            } else if to_the_end {
                self.list_ready(slot);
            } else {
                back.push(slot);
            }
        }
        back.sort_unstable_by_key(|slot| {
            let queued = &self.slots[*slot as usize];
            (queued.at, queued.tag)
        });
        for slot in back.into_iter().rev() {
            self.ready.push_front(self.lane_of(slot), slot);
        }
    }

    fn list_ready(&mut self, slot: Slot) {
        self.ready.push_back(self.lane_of(slot), slot);
    }

    fn lane_of(&self, slot: Slot) -> Lane {
        let queued = &self.slots[slot as usize];
        Lane {
            is_priority: queued.is_priority,
            kind: EncodedOperation(&queued.body).kind(),
        }
    }

    /// When there may be something to take that is not there now.
    pub(crate) fn next_due(&self) -> Option<Millis> {
        let heads = self.ready.heads();
        let lingering = heads.map(|head| self.at(head.first).saturating_add(self.linger));
        lingering.chain(self.ready.next_delayed()).min()
    }

    /// Notes that a taken operation was sent.
    pub(crate) fn count_attempt(&mut self, slot: Slot) {
        let attempts = &mut self.slots[slot as usize].attempts;
        *attempts = attempts.saturating_add(1);
    }

    /// Puts a taken operation back in its place, to be sent again from `due` on;
    /// `alone`: in a request of its own.
    pub(crate) fn retry(&mut self, slot: Slot, due: Millis, alone: bool) {
        let queued = &mut self.slots[slot as usize];
        queued.state = State::Waiting;
        queued.send_alone |= alone;
        queued.delayed = true;
        self.ready.push_delayed(due, slot);
    }

    /// Takes those that were submitted before `before` and are not in flight; they stay
    /// in their chains until they are completed.
    pub(crate) fn expire(&mut self, before: Millis) -> Vec<Slot> {
        let mut expired = Vec::new();
        for (slot, queued) in (0..).zip(&mut self.slots) {
            if queued.state == State::Waiting && queued.at < before {
                queued.state = State::Taken;
                expired.push(slot);
            }
        }
        expired
    }

    /// Every operation that is not in flight, oldest first, taken.
    pub(crate) fn take_all(&mut self) -> Vec<Slot> {
        let mut all = self.expire(Millis::MAX);
        all.sort_by_key(|slot| self.slots[*slot as usize].at);
        all
    }

    /// A taken operation is done with: what waited behind it may be sent.
    pub(crate) fn complete(&mut self, slot: Slot) -> Removed {
        self.remove(slot)
    }
}

/// The token and the accounts; an account that is named twice comes twice.
pub(crate) fn all_keys(body: EncodedOperation<'_>) -> impl Iterator<Item = Key<'_>> {
    let token = Some(body.raw_token()).filter(|token| !token.is_empty());
    let accounts = body.raw_accounts();
    token.map(Key::Token).into_iter().chain(
        accounts.map(|(name, account_type)| Key::Account(name, account_type.unwrap_or_default())),
    )
}

#[cfg(test)]
mod tests;
