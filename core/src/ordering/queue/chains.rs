//! The chain of each key, and the index of their ends.

use hashbrown::hash_table;

use super::{Body, Gone, Key, Link, NONE, Number, Queue, Queued, Slot, State, Tail, all_keys};

const ALONE: Link = Link {
    prev: NONE,
    next: NONE,
};

impl Queue {
    /// The last operation on a key.
    pub(super) fn tail(&self, key: Key<'_>) -> Option<Slot> {
        let hash = key.hash_by(&self.hasher);
        let same = |tail: &Tail| key_of(&self.slots, tail.slot, tail.key) == key;
        self.tails.find(hash, same).map(|tail| tail.slot)
    }

    /// The operations on a token, oldest first.
    pub(crate) fn of_token(&self, token: &str) -> Vec<Slot> {
        let mut all = Vec::new();
        let mut next = self.tail(Key::Token(token.as_bytes()));
        while let Some(slot) = next {
            all.push(slot);
            // The token is the first key of what has one.
            let before = self.slots[slot as usize].links[0].prev;
            next = (before != NONE).then_some(before);
        }
        all.reverse();
        all
    }

    /// Puts an operation at the end of the chain of each of its keys.
    pub(super) fn append_to_chains(&mut self, slot: Slot) {
        let count = all_keys(Body(self.body(slot))).count();
        if count > 2 {
            let links = vec![ALONE; count - 2].into_boxed_slice();
            self.more.insert(slot, links);
        }
        for number in 0..Number::try_from(count).unwrap_or(Number::MAX) {
            if self.is_named_before(slot, number) {
                continue;
            }
            if let Some(prev) = self.replace_tail(slot, number) {
                let there = self.number_at(prev, slot, number);
                self.link(prev, there).next = slot;
                self.link(slot, number).prev = prev;
                self.slots[slot as usize].waits += 1;
            }
        }
    }

    /// Makes an operation the last one on one of its keys; answers the one
    /// that was.
    fn replace_tail(&mut self, slot: Slot, number: Number) -> Option<Slot> {
        let (slots, hasher) = (&self.slots, &self.hasher);
        let key = key_of(slots, slot, number);
        let mine = Tail { slot, key: number };
        let entry = self.tails.entry(
            key.hash_by(hasher),
            |tail| key_of(slots, tail.slot, tail.key) == key,
            |tail| key_of(slots, tail.slot, tail.key).hash_by(hasher),
        );
        match entry {
            hash_table::Entry::Occupied(mut known) => {
                Some(std::mem::replace(known.get_mut(), mine).slot)
            }
            hash_table::Entry::Vacant(place) => {
                place.insert(mine);
                None
            }
        }
    }

    /// Takes an operation out of the queue.
    pub(super) fn remove(&mut self, slot: Slot) -> Gone {
        let count = all_keys(Body(self.body(slot))).count();
        for number in 0..Number::try_from(count).unwrap_or(Number::MAX) {
            if !self.is_named_before(slot, number) {
                self.unlink(slot, number);
            }
        }
        self.more.remove(&slot);
        self.len -= 1;
        let queued = &mut self.slots[slot as usize];
        queued.state = State::Free;
        let body = std::mem::take(&mut queued.body);
        let gone = Gone {
            slot,
            id: queued.id,
            tag: queued.tag,
            at: queued.at,
            attempts: queued.attempts,
            bytes: body.len(),
        };
        if queued.listed > 0 {
            self.stale += usize::from(queued.listed);
        } else {
            self.free.push(slot);
        }
        gone
    }

    fn unlink(&mut self, slot: Slot, number: Number) {
        let Link { prev, next } = *self.link(slot, number);
        if prev != NONE {
            let there = self.number_at(prev, slot, number);
            self.link(prev, there).next = next;
        }
        if next == NONE {
            self.shorten(slot, number, prev);
            return;
        }
        let there = self.number_at(next, slot, number);
        self.link(next, there).prev = prev;
        if prev == NONE {
            let follower = &mut self.slots[next as usize];
            follower.waits -= 1;
            if follower.waits == 0 {
                self.list_ready(next);
            }
        }
    }

    /// The last operation on a key leaves: the one before is the last now.
    fn shorten(&mut self, slot: Slot, number: Number, prev: Slot) {
        let there = (prev != NONE).then(|| self.number_at(prev, slot, number));
        let hash = key_of(&self.slots, slot, number).hash_by(&self.hasher);
        let mine = |tail: &Tail| tail.slot == slot && tail.key == number;
        if let Ok(mut entry) = self.tails.find_entry(hash, mine) {
            if let Some(key) = there {
                *entry.get_mut() = Tail { slot: prev, key };
            } else {
                entry.remove();
            }
        }
    }

    pub(super) fn link(&mut self, slot: Slot, number: Number) -> &mut Link {
        let number = number as usize;
        if number < 2 {
            return &mut self.slots[slot as usize].links[number];
        }
        let more = self.more.get_mut(&slot);
        &mut more.expect("an operation of many keys has its links")[number - 2]
    }

    /// Whether a key of an operation is that of a smaller number: an account may
    /// be named twice.
    fn is_named_before(&self, slot: Slot, number: Number) -> bool {
        // The first two are a token and an account, or the only ones.
        number > 1 && {
            let body = Body(self.body(slot));
            let key = key_of(&self.slots, slot, number);
            all_keys(body)
                .take(number as usize)
                .any(|earlier| earlier == key)
        }
    }

    /// The number that a key of `slot` has at `neighbour`, which shares it.
    fn number_at(&self, neighbour: Slot, slot: Slot, number: Number) -> Number {
        let key = key_of(&self.slots, slot, number);
        let mut theirs = keys(Body(self.body(neighbour)));
        let found = theirs.find(|(_, theirs)| *theirs == key);
        found.expect("neighbours share the key of their chain").0
    }
}

/// The keys of an operation with their numbers; an account that is named twice
/// has the first one.
fn keys(body: Body<'_>) -> impl Iterator<Item = (Number, Key<'_>)> {
    (0..).zip(all_keys(body)).filter(move |(number, key)| {
        let mut before = all_keys(body).take(*number as usize);
        before.all(|earlier| earlier != *key)
    })
}

fn key_of(slots: &[Queued], slot: Slot, number: Number) -> Key<'_> {
    let mut keys = all_keys(Body(&slots[slot as usize].body));
    keys.nth(number as usize)
        .expect("a number of a key of this operation")
}
