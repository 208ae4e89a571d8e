//! The order itself: the slots on each key form a chain, oldest first. A slot that is first
//! on all of its keys waits for nothing. It stays first until it is removed.

use std::collections::HashMap;

use crate::model::key::{Key, KeyHasher};

use super::key_index::{KeyIndex, KeyNumber, Keys, Slot, Tail};

const NONE: Tail = Tail {
    slot: Slot::MAX,
    number: 0,
};

/// The neighbours of a slot in the chain of one of its keys, with the number that the key
/// has there: to search for it would take as many steps as a neighbour has accounts.
#[derive(Debug, Clone, Copy)]
struct Link {
    prev: Tail,
    next: Tail,
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
        let prev = self.link(Tail { slot, number }).prev;
        (prev != NONE).then_some(prev.slot)
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
                self.link_mut(prev).next = here;
                self.link_mut(here).prev = prev;
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
            self.unlink(Tail { slot, number }, key, &mut freed);
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
    fn unlink(&mut self, here: Tail, key: Key<'_>, freed: &mut Vec<Slot>) {
        let Link { prev, next } = *self.link(here);
        if prev != NONE {
            self.link_mut(prev).next = next;
        }
        if next == NONE && self.sealed {
            return;
        }
        if next == NONE {
            let before = (prev != NONE).then_some(prev);
            return self.index.pop(here, key, before);
        }
        self.link_mut(next).prev = prev;
        if prev == NONE {
            let follower = &mut self.nodes[next.slot as usize];
            follower.waits -= 1;
            if follower.waits == 0 {
                freed.push(next.slot);
            }
        }
    }

    fn link(&self, of: Tail) -> &Link {
        let (slot, number) = (of.slot, usize::from(of.number));
        if number < 2 {
            return &self.nodes[slot as usize].links[number];
        }
        let more = self.more.get(&slot);
        &more.expect("a slot of many keys has its links")[number - 2]
    }

    fn link_mut(&mut self, of: Tail) -> &mut Link {
        let (slot, number) = (of.slot, usize::from(of.number));
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Slots with these keys; counts the keys that are read.
    struct Counted {
        slots: Vec<Vec<[u8; 2]>>,
        reads: Cell<usize>,
    }

    impl Keys for Counted {
        fn keys(&self, slot: Slot) -> impl Iterator<Item = Key<'_>> {
            let keys = self.slots[slot as usize].iter();
            keys.map(|key| {
                self.reads.set(self.reads.get() + 1);
                Key::Token(key)
            })
        }
    }

    fn key(number: u16) -> [u8; 2] {
        number.to_be_bytes()
    }

    /// How many keys are read while all slots are removed, oldest first.
    fn reads_of_removal(slots: Vec<Vec<[u8; 2]>>, seal: bool) -> usize {
        let count = Slot::try_from(slots.len()).unwrap();
        let keys = Counted {
            slots,
            reads: Cell::default(),
        };
        let mut chains = Chains::with_capacity(keys.slots.len());
        for slot in 0..count {
            chains.append(&keys, slot);
        }
        if seal {
            chains.seal();
        }
        keys.reads.set(0);
        for slot in 0..count {
            assert!(!chains.waits(slot));
            chains.remove(&keys, slot);
        }
        assert!(chains.is_empty());
        keys.reads.get()
    }

    /// Every order in which two bindings may name the same accounts, and a binding that
    /// shares each account with another one.
    #[test]
    fn removal_reads_each_key_once_wherever_the_neighbours_have_it() {
        const KEYS: u16 = 300;
        let up = || (0..KEYS).map(key).collect::<Vec<_>>();
        let down = || (0..KEYS).rev().map(key).collect::<Vec<_>>();
        let single = || (0..KEYS).map(|number| vec![key(number)]);
        for slots in [
            vec![up(), up(), up()],
            vec![up(), down(), up()],
            single().chain([down()]).collect(),
            std::iter::once(down()).chain(single()).collect(),
        ] {
            let all = slots.iter().map(Vec::len).sum::<usize>();
            for seal in [true, false] {
                let reads = reads_of_removal(slots.clone(), seal);
                assert!(reads <= all, "{reads} reads of {all} keys, sealed: {seal}");
            }
        }
    }

    /// There is one for each queued operation, hundreds of thousands of them.
    #[test]
    fn node_takes_no_more_than_26_bytes() {
        assert!(size_of::<Node>() <= 26, "{}", size_of::<Node>());
    }
}
