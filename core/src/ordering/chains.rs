//! The order itself: the slots on each key form a chain, oldest first. A slot that is first
//! on all of its keys waits for nothing. It stays first until it is removed.

use std::collections::HashMap;

use crate::model::key::{Key, KeyHasher};

use super::key_index::{KeyIndex, KeyNumber, Keys, Slot, Tail};

const NONE: Slot = Slot::MAX;

/// The neighbours of a slot in the chain of one of its keys.
#[derive(Debug, Clone, Copy)]
struct Link {
    prev: Slot,
    next: Slot,
}

const ALONE: Link = Link {
    prev: NONE,
    next: NONE,
};

#[derive(Debug, Clone, Copy)]
struct Node {
    /// Of the first two keys: hardly any slot has more.
    links: [Link; 2],
    /// On how many keys it is not the first.
    waits: u16,
}

/// The chains of all keys.
#[derive(Debug, Default)]
pub(super) struct Chains {
    nodes: Vec<Node>,
    /// The links of the third key and on.
    more: HashMap<Slot, Box<[Link]>, KeyHasher>,
    index: KeyIndex,
    /// Nothing is appended any more, so the index is not kept.
    sealed: bool,
}

impl Chains {
    pub(super) fn with_capacity(slots: usize) -> Self {
        Self {
            nodes: Vec::with_capacity(slots),
            more: HashMap::default(),
            index: KeyIndex::with_capacity(2 * slots),
            sealed: false,
        }
    }

    /// The last slot on a key.
    pub(super) fn last(&self, keys: &impl Keys, key: Key<'_>) -> Option<Slot> {
        self.index.tail(keys, key)
    }

    /// The slot before this one on its n-th key.
    pub(super) fn before(&self, slot: Slot, number: KeyNumber) -> Option<Slot> {
        let prev = self.link(slot, number).prev;
        (prev != NONE).then_some(prev)
    }

    /// Whether another slot comes first on one of its keys.
    pub(super) fn waits(&self, slot: Slot) -> bool {
        self.nodes[slot as usize].waits > 0
    }

    /// Puts a slot at the end of the chain of each of its keys.
    pub(super) fn append(&mut self, keys: &impl Keys, slot: Slot) {
        debug_assert!(!self.sealed);
        self.add_node(slot);
        let count = keys.keys(slot).count();
        if count > 2 {
            let links = vec![ALONE; count - 2].into_boxed_slice();
            self.more.insert(slot, links);
        }
        for (number, key) in (0..).zip(keys.keys(slot)) {
            let here = Tail { slot, number };
            if let Some(prev) = self.index.push(keys, here, key) {
                self.link_mut(prev.slot, prev.number).next = slot;
                self.link_mut(slot, number).prev = prev.slot;
                self.nodes[slot as usize].waits += 1;
            }
        }
    }

    /// Nothing will be appended any more: removing a slot costs less then.
    pub(super) fn seal(&mut self) {
        self.index = KeyIndex::default();
        self.sealed = true;
    }

    fn add_node(&mut self, slot: Slot) {
        let node = Node {
            links: [ALONE; 2],
            waits: 0,
        };
        if let Some(known) = self.nodes.get_mut(slot as usize) {
            *known = node;
            return;
        }
        debug_assert_eq!(self.nodes.len(), slot as usize, "slots come one by one");
        super::grow_by_a_quarter(&mut self.nodes);
        self.nodes.push(node);
    }

    /// Takes a slot out of its chains; answers those that wait for nothing any more.
    pub(super) fn remove(&mut self, keys: &impl Keys, slot: Slot) -> Vec<Slot> {
        let mut freed = Vec::new();
        if self.sealed && self.has_no_neighbours(slot) {
            return freed;
        }
        for (number, key) in (0..).zip(keys.keys(slot)) {
            self.unlink(keys, Tail { slot, number }, key, &mut freed);
        }
        self.more.remove(&slot);
        freed
    }

    fn has_no_neighbours(&self, slot: Slot) -> bool {
        let alone = |link: &Link| link.prev == NONE && link.next == NONE;
        let node = &self.nodes[slot as usize];
        node.links.iter().all(alone) && !self.more.contains_key(&slot)
    }

    /// Of a key that the slot names twice only the first number is linked: the second has
    /// no neighbours and is not in the index, so nothing is done for it.
    fn unlink(&mut self, keys: &impl Keys, here: Tail, key: Key<'_>, freed: &mut Vec<Slot>) {
        let Link { prev, next } = *self.link(here.slot, here.number);
        let number_at_prev = (prev != NONE).then(|| self.number_at(keys, prev, here, key));
        if let Some(number) = number_at_prev {
            self.link_mut(prev, number).next = next;
        }
        if next == NONE && self.sealed {
            return;
        }
        if next == NONE {
            let before = number_at_prev.map(|number| Tail { slot: prev, number });
            return self.index.pop(here, key, before);
        }
        let number_at_next = self.number_at(keys, next, here, key);
        self.link_mut(next, number_at_next).prev = prev;
        if prev == NONE {
            let follower = &mut self.nodes[next as usize];
            follower.waits -= 1;
            if follower.waits == 0 {
                freed.push(next);
            }
        }
    }

    /// The number that a key has at a neighbour: mostly the same as here.
    fn number_at(&self, keys: &impl Keys, neighbour: Slot, here: Tail, key: Key<'_>) -> KeyNumber {
        let Tail { slot, number } = here;
        if self.has_number(neighbour, number) {
            let link = self.link(neighbour, number);
            if (link.prev == slot || link.next == slot) && keys.key(neighbour, number) == key {
                return number;
            }
        }
        let mut theirs = (0..).zip(keys.keys(neighbour));
        let found = theirs.find(|(_, theirs)| *theirs == key);
        found.expect("neighbours share the key of their chain").0
    }

    fn has_number(&self, slot: Slot, number: KeyNumber) -> bool {
        let more = || self.more.get(&slot).map_or(0, |links| links.len());
        number < 2 || usize::from(number) < 2 + more()
    }

    fn link(&self, slot: Slot, number: KeyNumber) -> &Link {
        let number = usize::from(number);
        if number < 2 {
            return &self.nodes[slot as usize].links[number];
        }
        let more = self.more.get(&slot);
        &more.expect("a slot of many keys has its links")[number - 2]
    }

    fn link_mut(&mut self, slot: Slot, number: KeyNumber) -> &mut Link {
        let number = usize::from(number);
        if number < 2 {
            return &mut self.nodes[slot as usize].links[number];
        }
        let more = self.more.get_mut(&slot);
        &mut more.expect("a slot of many keys has its links")[number - 2]
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.index.is_empty() && self.more.is_empty()
    }
}
