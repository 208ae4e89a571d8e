//! The lists of slots that may be sent, and which slots are free.
//!
//! A slot that is removed from the queue stays where it is in the lists: to look for it
//! would cost more than to skip it later. Until then it is a tombstone, and its number
//! cannot be used again.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::priority::Lane;
use super::{Millis, Slot};
use crate::ordering::grow_by_a_quarter;

/// More tombstones than operations, and than this, are removed.
const TOMBSTONES: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct ReadyLists {
    /// What may be sent, by what may travel together, oldest first.
    lanes: Vec<(Lane, VecDeque<Slot>)>,
    /// What is to travel alone.
    alone: VecDeque<Slot>,
    /// What may be sent later.
    delayed: BinaryHeap<Reverse<(Millis, Slot)>>,
    slots: Vec<Listing>,
    /// Vacant, and in no list.
    free: Vec<Slot>,
    /// How many entries of the lists are of vacant slots.
    tombstones: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Listing {
    /// How often it is in the lists.
    entries: u8,
    /// It has no operation.
    vacant: bool,
}

/// A lane with something in it.
pub(super) struct LaneHead {
    pub(super) at: usize,
    pub(super) lane: Lane,
    /// The first in the lane, perhaps a tombstone.
    pub(super) first: Slot,
    /// Tombstones included.
    pub(super) len: usize,
}

impl ReadyLists {
    /// A slot for a new operation: a free one, or the next.
    pub(super) fn occupy(&mut self) -> Slot {
        if let Some(slot) = self.free.pop() {
            self.slots[slot as usize].vacant = false;
            return slot;
        }
        grow_by_a_quarter(&mut self.slots);
        self.slots.push(Listing::default());
        // `submit` bounds the number far below.
        Slot::try_from(self.slots.len() - 1).expect("fewer than 2^32 operations")
    }

    /// The operation of a slot is gone.
    pub(super) fn vacate(&mut self, slot: Slot) {
        let listing = &mut self.slots[slot as usize];
        listing.vacant = true;
        self.tombstones += usize::from(listing.entries);
        if listing.entries == 0 {
            self.free.push(slot);
        }
    }

    pub(super) fn push_back(&mut self, lane: Lane, slot: Slot) {
        self.lane(lane, slot).push_back(slot);
    }

    pub(super) fn push_front(&mut self, lane: Lane, slot: Slot) {
        self.lane(lane, slot).push_front(slot);
    }

    pub(super) fn push_alone(&mut self, slot: Slot) {
        self.slots[slot as usize].entries += 1;
        self.alone.push_back(slot);
    }

    pub(super) fn push_delayed(&mut self, due: Millis, slot: Slot) {
        self.slots[slot as usize].entries += 1;
        self.delayed.push(Reverse((due, slot)));
    }

    fn lane(&mut self, lane: Lane, slot: Slot) -> &mut VecDeque<Slot> {
        self.slots[slot as usize].entries += 1;
        let at = self.lanes.iter().position(|(known, _)| *known == lane);
        let at = at.unwrap_or_else(|| {
            self.lanes.push((lane, VecDeque::new()));
            self.lanes.len() - 1
        });
        &mut self.lanes[at].1
    }

    /// The lanes that are not empty.
    pub(super) fn heads(&self) -> impl Iterator<Item = LaneHead> {
        let lanes = self.lanes.iter().enumerate();
        lanes.filter_map(|(at, (lane, list))| {
            Some(LaneHead {
                at,
                lane: *lane,
                first: *list.front()?,
                len: list.len(),
            })
        })
    }

    /// The next one of a lane.
    pub(super) fn pop_lane(&mut self, at: usize) -> Option<Slot> {
        self.pop(|lists| lists.lanes[at].1.pop_front())
    }

    /// The next one that is to travel alone.
    pub(super) fn pop_alone(&mut self) -> Option<Slot> {
        self.pop(|lists| lists.alone.pop_front())
    }

    /// The next delayed one whose time has come.
    pub(super) fn pop_due(&mut self, now: Millis) -> Option<Slot> {
        self.pop(|lists| {
            let Reverse((due, slot)) = *lists.delayed.peek()?;
            if due > now {
                return None;
            }
            lists.delayed.pop();
            Some(slot)
        })
    }

    /// When the first delayed one is due.
    pub(super) fn next_delayed(&self) -> Option<Millis> {
        self.delayed.peek().map(|Reverse((due, _))| *due)
    }

    /// The next entry that is no tombstone.
    fn pop(&mut self, mut next: impl FnMut(&mut Self) -> Option<Slot>) -> Option<Slot> {
        loop {
            let slot = next(self)?;
            let listing = &mut self.slots[slot as usize];
            listing.entries -= 1;
            if !listing.vacant {
                return Some(slot);
            }
            self.tombstones -= 1;
            if listing.entries == 0 {
                self.free.push(slot);
            }
        }
    }

    /// Removes tombstones before they are more than the operations, and with them the
    /// entries of slots that are not to be sent: nothing else does while nothing is sent.
    pub(super) fn compact(&mut self, operations: usize, is_waiting: impl Fn(Slot) -> bool) {
        if self.tombstones <= operations + TOMBSTONES {
            return;
        }
        let (slots, free) = (&mut self.slots, &mut self.free);
        let mut keep = |slot: Slot| {
            let listing = &mut slots[slot as usize];
            if !listing.vacant && is_waiting(slot) {
                return true;
            }
            listing.entries -= 1;
            if listing.vacant && listing.entries == 0 {
                free.push(slot);
            }
            false
        };
        for (_, list) in &mut self.lanes {
            list.retain(|slot| keep(*slot));
        }
        self.alone.retain(|slot| keep(*slot));
        self.delayed.retain(|Reverse((_, slot))| keep(*slot));
        self.tombstones = 0;
        debug_assert!(self.is_consistent());
    }

    /// Whether each slot knows how often it is listed, and a slot is free just if it is
    /// vacant and not listed. Looks at every entry.
    pub(super) fn is_consistent(&self) -> bool {
        let mut entries = vec![0; self.slots.len()];
        let lanes = self.lanes.iter().flat_map(|(_, list)| list);
        let delayed = self.delayed.iter().map(|Reverse((_, slot))| slot);
        for slot in lanes.chain(&self.alone).chain(delayed) {
            entries[*slot as usize] += 1;
        }
        let counted = self.slots.iter().map(|listing| listing.entries);
        let vacant = self.slots.iter().copied().filter(|listing| listing.vacant);
        let (listed, free): (Vec<Listing>, Vec<Listing>) =
            vacant.partition(|listing| listing.entries > 0);
        let tombstones: usize = listed.iter().map(|l| usize::from(l.entries)).sum();
        let mut known = self.free.clone();
        known.sort_unstable();
        known.dedup();
        let is_free = |slot: &Slot| {
            let listing = self.slots[*slot as usize];
            listing.vacant && listing.entries == 0
        };
        counted.eq(entries)
            && tombstones == self.tombstones
            && known.len() == self.free.len()
            && known.len() == free.len()
            && known.iter().all(is_free)
    }

    /// How many slots there are, and how many of them are free.
    #[cfg(test)]
    pub(super) fn count(&self) -> (usize, usize) {
        (self.slots.len(), self.free.len())
    }
}
