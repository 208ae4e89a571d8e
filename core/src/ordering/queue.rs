//! Order: what may be sent now, given what is queued and in flight. Pure code
//! over values, for the outbox and for bulk.
//!
//! The operations on one key form a chain, oldest first; one that is first on all
//! of its keys may be sent. It stays first, through retries, until it is settled.

mod ahead;
mod chains;
mod coalesce;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

use hashbrown::HashTable;

use crate::model::key::{Key, KeyHasher};
use crate::model::operation::single::Body;
use crate::ordering::plan::MAX_ITEMS_PER_REQUEST;

use ahead::{Choice, Lane, Turns};

/// Milliseconds from a moment that the user of the queue chooses.
pub(crate) type Millis = u64;

/// The number of a queued operation; used again once it is gone.
pub(crate) type Slot = u32;

/// An operation as it enters the queue.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The store's number for it; 0: it is not stored.
    pub(crate) id: u64,
    /// The caller's own number.
    pub(crate) tag: u64,
    /// When it was handed in.
    pub(crate) at: Millis,
    /// How often it may have been sent before it came here.
    pub(crate) attempts: u16,
    pub(crate) body: Box<[u8]>,
}

/// An operation that left the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gone {
    pub(crate) slot: Slot,
    pub(crate) id: u64,
    pub(crate) tag: u64,
    pub(crate) at: Millis,
    pub(crate) attempts: u16,
    pub(crate) bytes: usize,
}

const NONE: Slot = Slot::MAX;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not sent, or to be sent again.
    Waiting,
    /// In flight, or about to be settled.
    Taken,
    /// No operation.
    Free,
}

/// The neighbours of an operation on one of its keys.
#[derive(Debug, Clone, Copy)]
struct Link {
    prev: Slot,
    next: Slot,
}

#[derive(Debug)]
struct Queued {
    body: Box<[u8]>,
    id: u64,
    tag: u64,
    at: Millis,
    /// Of the first two keys: hardly any operation has more.
    links: [Link; 2],
    /// Grows with each one, and begins anew after 2^32.
    number: u32,
    /// On how many keys it is not the first.
    waits: u16,
    attempts: u16,
    state: State,
    /// How often it is in `ready`, `solo` and `delayed`: the number cannot be used
    /// again before it was taken out there.
    listed: u8,
    /// To travel alone.
    solo: bool,
    /// In `delayed`.
    delayed: bool,
    /// Takes access away, or something that does waits for it.
    goes_ahead: bool,
}

/// Which of an operation's keys: the token and at most a hundred accounts.
type Number = u8;

/// The last operation on a key. The key itself is read from there. Packed, because
/// there is one for each key, and a third of it would be padding.
#[derive(Debug, Clone, Copy)]
#[repr(Rust, packed)]
struct Tail {
    slot: Slot,
    key: Number,
}

/// Everything that is queued or in flight.
#[derive(Debug)]
pub(crate) struct Queue {
    slots: Vec<Queued>,
    free: Vec<Slot>,
    /// The links of the third key and on.
    more: HashMap<Slot, Box<[Link]>, KeyHasher>,
    tails: HashTable<Tail>,
    hasher: KeyHasher,
    /// What may be sent, by what may travel together, oldest first.
    ready: Vec<(Lane, VecDeque<Slot>)>,
    turns: Turns,
    solo: VecDeque<Slot>,
    delayed: BinaryHeap<Reverse<(Millis, Slot)>>,
    linger: Millis,
    next_number: u32,
    len: usize,
    /// How many listed numbers have no operation any more.
    stale: usize,
}

impl Queue {
    pub(crate) fn new(linger: Millis) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            more: HashMap::default(),
            tails: HashTable::new(),
            hasher: KeyHasher::default(),
            ready: Vec::new(),
            turns: Turns::default(),
            solo: VecDeque::new(),
            delayed: BinaryHeap::new(),
            linger,
            next_number: 0,
            len: 0,
            stale: 0,
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

    /// Where it stands, in a word.
    pub(crate) fn state_name(&self, slot: Slot) -> &'static str {
        let queued = &self.slots[slot as usize];
        match queued.state {
            State::Waiting if queued.waits > 0 => "behind",
            State::Waiting => "ready",
            State::Taken | State::Free => "sending",
        }
    }

    /// Every operation, in the order in which they came.
    pub(crate) fn in_order(&self) -> Vec<Slot> {
        let slots = (0..).zip(&self.slots);
        let queued = slots.filter(|(_, queued)| queued.state != State::Free);
        let mut all: Vec<Slot> = queued.map(|(slot, _)| slot).collect();
        let age = |slot: Slot| {
            self.next_number
                .wrapping_sub(self.slots[slot as usize].number)
        };
        all.sort_by_key(|slot| Reverse(age(*slot)));
        all
    }

    /// When the oldest operation was handed in.
    pub(crate) fn oldest(&self) -> Millis {
        let queued = self
            .slots
            .iter()
            .filter(|queued| queued.state != State::Free);
        queued.map(|queued| queued.at).min().unwrap_or_default()
    }

    pub(crate) fn attempts(&self, slot: Slot) -> u16 {
        self.slots[slot as usize].attempts
    }

    pub(crate) fn at(&self, slot: Slot) -> Millis {
        self.slots[slot as usize].at
    }

    /// Takes an operation in behind all that are there; those that it makes
    /// pointless leave the queue and go to `superseded`.
    pub(crate) fn push(&mut self, entry: Entry, superseded: &mut Vec<Gone>) -> Slot {
        while let Some(slot) = self.superseded_by(&entry) {
            superseded.push(self.remove(slot));
        }
        self.append(entry)
    }

    /// Takes an operation in behind all that are there.
    pub(crate) fn append(&mut self, entry: Entry) -> Slot {
        self.sweep();
        let slot = self.place(entry);
        self.append_to_chains(slot);
        self.len += 1;
        if self.slots[slot as usize].waits == 0 {
            self.list_ready(slot);
        } else if self.slots[slot as usize].goes_ahead {
            self.let_ahead_what_is_before(slot);
        }
        slot
    }

    fn place(&mut self, entry: Entry) -> Slot {
        let alone = Link {
            prev: NONE,
            next: NONE,
        };
        let queued = Queued {
            goes_ahead: self.turns.goes_ahead(&entry.body),
            body: entry.body,
            id: entry.id,
            tag: entry.tag,
            at: entry.at,
            links: [alone; 2],
            number: self.next_number,
            waits: 0,
            attempts: entry.attempts,
            state: State::Waiting,
            listed: 0,
            solo: false,
            delayed: false,
        };
        self.next_number = self.next_number.wrapping_add(1);
        if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = queued;
            return slot;
        }
        if self.slots.len() == self.slots.capacity() {
            // By a quarter: twice would be memory that nothing uses.
            self.slots.reserve_exact(self.slots.len() / 4 + 256);
        }
        self.slots.push(queued);
        // `submit` bounds the number far below.
        Slot::try_from(self.slots.len() - 1).expect("fewer than 2^32 operations")
    }

    /// The next operations to send together: of one kind, no two of them on one
    /// key. `flush`: without waiting for more. `probe`: whether the service
    /// answers is in doubt, so what failed before goes last; else it could be
    /// tried for ever in place of what is sound.
    pub(crate) fn take(&mut self, now: Millis, flush: bool, probe: bool) -> Vec<Slot> {
        self.list_due(now, probe);
        if probe {
            let batch = self.take_ready(now, flush, Choice::Other);
            return if batch.is_empty() {
                self.take_solo()
            } else {
                batch
            };
        }
        if self.turns.are_ahead() {
            let batch = self.take_ready(now, flush, Choice::Ahead);
            if !batch.is_empty() {
                self.turns.went_ahead();
                return batch;
            }
        }
        let mut batch = self.take_solo();
        if batch.is_empty() {
            batch = self.take_ready(now, flush, Choice::Rest);
        }
        if batch.is_empty() {
            return self.take_ready(now, flush, Choice::Ahead);
        }
        self.turns.rest_went();
        batch
    }

    fn take_solo(&mut self) -> Vec<Slot> {
        let mut batch = Vec::new();
        while batch.is_empty() {
            let Some(slot) = self.solo.pop_front() else {
                break;
            };
            self.unlist(slot, false, &mut batch);
        }
        batch
    }

    fn take_ready(&mut self, now: Millis, flush: bool, choice: Choice) -> Vec<Slot> {
        let mut batch = Vec::new();
        while batch.is_empty() {
            let candidates = self
                .ready
                .iter()
                .enumerate()
                .filter_map(|(at, (lane, list))| {
                    let first = self.at(*list.front()?);
                    let full = list.len() >= MAX_ITEMS_PER_REQUEST;
                    let due = flush || full || first.saturating_add(self.linger) <= now;
                    let rank = self.turns.rank(choice, *lane)?;
                    due.then_some((rank, first, at))
                });
            let Some((_, _, at)) = candidates.min() else {
                break;
            };
            let lane = self.ready[at].0;
            self.turns.took(lane);
            batch.reserve(MAX_ITEMS_PER_REQUEST);
            while batch.len() < MAX_ITEMS_PER_REQUEST {
                let Some(slot) = self.ready[at].1.pop_front() else {
                    break;
                };
                let moved = !lane.goes_ahead && self.slots[slot as usize].goes_ahead;
                self.unlist(slot, moved, &mut batch);
            }
        }
        batch
    }

    /// Takes numbers without an operation off the lists, before they are more than
    /// the operations: nothing else does while nothing is sent.
    fn sweep(&mut self) {
        if self.stale <= self.len + 1024 {
            return;
        }
        self.stale = 0;
        let Self {
            slots,
            free,
            ready,
            solo,
            delayed,
            ..
        } = self;
        let mut keep = |slot: Slot| {
            let queued = &mut slots[slot as usize];
            if queued.state == State::Waiting {
                return true;
            }
            queued.listed -= 1;
            if queued.state == State::Free && queued.listed == 0 {
                free.push(slot);
            }
            false
        };
        for (_, list) in ready {
            list.retain(|slot| keep(*slot));
        }
        solo.retain(|slot| keep(*slot));
        delayed.retain(|Reverse((_, slot))| keep(*slot));
    }

    /// Takes a number off a list; goes to `batch` if it is still to be sent, and was
    /// not moved to another list.
    fn unlist(&mut self, slot: Slot, moved: bool, batch: &mut Vec<Slot>) {
        let queued = &mut self.slots[slot as usize];
        queued.listed -= 1;
        match queued.state {
            State::Waiting if !moved => {
                queued.state = State::Taken;
                batch.push(slot);
            }
            State::Waiting | State::Taken => {}
            State::Free => self.reuse(slot),
        }
    }

    /// A number without an operation came off a list.
    fn reuse(&mut self, slot: Slot) {
        self.stale = self.stale.saturating_sub(1);
        if self.slots[slot as usize].listed == 0 {
            self.free.push(slot);
        }
    }

    /// Brings what was to be sent later, and is due, back to its place, or to the
    /// end of the list.
    fn list_due(&mut self, now: Millis, to_the_end: bool) {
        let mut back = Vec::new();
        while let Some(Reverse((due, slot))) = self.delayed.peek().copied() {
            if due > now {
                break;
            }
            self.delayed.pop();
            let queued = &mut self.slots[slot as usize];
            queued.listed -= 1;
            queued.delayed = false;
            match queued.state {
                State::Waiting if queued.solo => {
                    queued.listed += 1;
                    self.solo.push_back(slot);
                }
                State::Waiting if to_the_end => self.list_ready(slot),
                State::Waiting => back.push(slot),
                State::Taken => {}
                State::Free => self.reuse(slot),
            }
        }
        back.sort_unstable_by_key(|slot| {
            let queued = &self.slots[*slot as usize];
            (queued.at, queued.tag)
        });
        for slot in back.into_iter().rev() {
            self.list_ready_first(slot);
        }
    }

    fn list(&mut self, slot: Slot) -> &mut VecDeque<Slot> {
        let queued = &mut self.slots[slot as usize];
        queued.listed += 1;
        let lane = Lane {
            goes_ahead: queued.goes_ahead,
            kind: Body(&queued.body).kind(),
        };
        let at = self.ready.iter().position(|(known, _)| *known == lane);
        let at = at.unwrap_or_else(|| {
            self.ready.push((lane, VecDeque::new()));
            self.ready.len() - 1
        });
        &mut self.ready[at].1
    }

    fn list_ready(&mut self, slot: Slot) {
        self.list(slot).push_back(slot);
    }

    fn list_ready_first(&mut self, slot: Slot) {
        self.list(slot).push_front(slot);
    }

    /// When there may be something to take that is not there now.
    pub(crate) fn next_due(&self) -> Option<Millis> {
        let delayed = self.delayed.peek().map(|Reverse((due, _))| *due);
        let fronts = self.ready.iter().filter_map(|(_, list)| list.front());
        let lingering = fronts.map(|slot| self.at(*slot).saturating_add(self.linger));
        lingering.chain(delayed).min()
    }

    /// Notes that a taken operation was sent.
    pub(crate) fn count_attempt(&mut self, slot: Slot) {
        let attempts = &mut self.slots[slot as usize].attempts;
        *attempts = attempts.saturating_add(1);
    }

    /// Puts a taken operation back in its place, to be sent again from `due` on;
    /// `solo`: alone.
    pub(crate) fn retry(&mut self, slot: Slot, due: Millis, solo: bool) {
        let queued = &mut self.slots[slot as usize];
        queued.state = State::Waiting;
        queued.solo |= solo;
        queued.listed += 1;
        queued.delayed = true;
        self.delayed.push(Reverse((due, slot)));
    }

    /// Takes those out of the hands of `take` that were handed in before `before`
    /// and are not in flight; they stay first on their keys until they are
    /// settled.
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

    /// The largest number of the store among the operations that may have been sent;
    /// 0: none was.
    pub(crate) fn last_sent(&self) -> u64 {
        let sent = self
            .slots
            .iter()
            .filter(|queued| queued.state != State::Free && queued.attempts > 0);
        sent.map(|queued| queued.id).max().unwrap_or_default()
    }

    /// Every operation that is not in flight, oldest first, taken.
    pub(crate) fn take_all(&mut self) -> Vec<Slot> {
        let mut all = self.expire(Millis::MAX);
        all.sort_by_key(|slot| self.slots[*slot as usize].at);
        all
    }

    /// The operations that are in flight, or about to be settled.
    pub(crate) fn taken(&self) -> Vec<Slot> {
        let slots = (0..).zip(&self.slots);
        let taken = slots.filter(|(_, queued)| queued.state == State::Taken);
        taken.map(|(slot, _)| slot).collect()
    }

    /// A taken operation is done with: what waited behind it may be sent.
    pub(crate) fn settle(&mut self, slot: Slot) -> Gone {
        self.remove(slot)
    }
}

/// The token and the accounts; an account that is named twice comes twice.
pub(crate) fn all_keys(body: Body<'_>) -> impl Iterator<Item = Key<'_>> {
    let token = Some(body.raw_token()).filter(|token| !token.is_empty());
    let accounts = body.raw_accounts();
    token.map(Key::Token).into_iter().chain(
        accounts.map(|(name, account_type)| Key::Account(name, account_type.unwrap_or_default())),
    )
}

#[cfg(test)]
mod tests;
