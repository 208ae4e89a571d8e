//! Where operations are handed in: bounded, and never waiting for anything that
//! does I/O.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::Thread;

use super::queue::Entry;

/// Why an operation was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    Full,
    Closed,
}

/// So many entries wake the worker out of a nap.
const WAKE_AT: usize = 1024;

/// The place between those who hand in and the worker.
#[derive(Debug)]
pub(crate) struct Intake {
    inbox: Mutex<Inbox>,
    pub(crate) room: Room,
    pub(crate) bell: Bell,
}

#[derive(Debug)]
struct Inbox {
    entries: Vec<Entry>,
    open: bool,
}

impl Intake {
    pub(crate) fn new(room: Room) -> Self {
        Self {
            inbox: Mutex::new(Inbox {
                entries: Vec::new(),
                open: true,
            }),
            room,
            bell: Bell::default(),
        }
    }

    /// The lock is held for a push here and for a swap of two pointers in
    /// `empty`, and for nothing else.
    pub(crate) fn submit(&self, entry: Entry) -> Result<(), Refused> {
        let mut inbox = self.lock();
        if !inbox.open {
            return Err(Refused::Closed);
        }
        if !self.room.enter(entry.body.len()) {
            return Err(Refused::Full);
        }
        inbox.entries.push(entry);
        let count = inbox.entries.len();
        drop(inbox);
        if count == WAKE_AT {
            self.bell.ring();
        } else {
            self.bell.ring_if_asleep();
        }
        Ok(())
    }

    /// Everything that was handed in, in order; `emptied` takes its place.
    pub(crate) fn empty(&self, emptied: Vec<Entry>) -> Vec<Entry> {
        std::mem::replace(&mut self.lock().entries, emptied)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().entries.is_empty()
    }

    /// Takes nothing any more.
    pub(crate) fn close(&self) {
        self.lock().open = false;
    }

    fn lock(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bounds, and what is inside them.
#[derive(Debug)]
pub(crate) struct Room {
    max_operations: usize,
    max_bytes: usize,
    /// Handed in and not settled, or with a report that nobody took.
    operations: AtomicUsize,
    /// Of tokens and accounts that are not settled.
    bytes: AtomicUsize,
    /// Handed in and not settled.
    open: AtomicUsize,
}

impl Room {
    pub(crate) fn new(max_operations: usize, max_bytes: usize) -> Self {
        Self {
            max_operations,
            max_bytes,
            operations: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
        }
    }

    fn enter(&self, bytes: usize) -> bool {
        if self.operations.fetch_add(1, Ordering::Relaxed) >= self.max_operations {
            self.operations.fetch_sub(1, Ordering::Relaxed);
            return false;
        }
        let before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        // One that is longer than the bound fits into an empty outbox.
        if before > 0 && before.saturating_add(bytes) > self.max_bytes {
            self.bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.operations.fetch_sub(1, Ordering::Relaxed);
            return false;
        }
        self.open.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// What a file brings comes in whatever the bounds say.
    pub(crate) fn recover(&self, bytes: usize) {
        self.operations.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    /// An operation is settled; its place stays taken until `leave`.
    pub(crate) fn settle(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.open.fetch_sub(1, Ordering::Release);
    }

    pub(crate) fn leave(&self, operations: usize) {
        self.operations.fetch_sub(operations, Ordering::Relaxed);
    }

    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }

    #[cfg(test)]
    fn operations(&self) -> usize {
        self.operations.load(Ordering::Relaxed)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// Wakes the worker, and only one that sleeps: waking costs more than anything
/// else here.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    sleeps: AtomicBool,
    worker: OnceLock<Thread>,
}

impl Bell {
    pub(crate) fn belongs_to(&self, worker: Thread) {
        let _ = self.worker.set(worker);
    }

    /// The worker is about to sleep until it is woken; it looks for work once
    /// more after this.
    pub(crate) fn falls_asleep(&self) {
        self.sleeps.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_awake(&self) {
        self.sleeps.store(false, Ordering::SeqCst);
    }

    pub(crate) fn ring_if_asleep(&self) {
        if self.sleeps.load(Ordering::SeqCst) && self.sleeps.swap(false, Ordering::SeqCst) {
            self.ring();
        }
    }

    /// Wakes it out of a nap as well.
    pub(crate) fn ring(&self) {
        if let Some(worker) = self.worker.get() {
            worker.unpark();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(bytes: usize) -> Entry {
        Entry {
            id: 0,
            tag: 0,
            at: 0,
            body: vec![0; bytes].into(),
        }
    }

    #[test]
    fn full_is_an_answer_and_a_place_is_free_when_it_was_left() {
        let intake = Intake::new(Room::new(3, 100));
        assert_eq!(intake.submit(entry(60)), Ok(()));
        assert_eq!(intake.submit(entry(41)), Err(Refused::Full), "bytes");
        assert_eq!(intake.submit(entry(40)), Ok(()));
        intake.room.settle(60);
        assert_eq!(intake.submit(entry(60)), Ok(()));
        intake.room.settle(60);
        assert_eq!(
            intake.submit(entry(1)),
            Err(Refused::Full),
            "a report waits"
        );
        intake.room.leave(1);
        assert_eq!(intake.submit(entry(1)), Ok(()));
        assert_eq!((intake.room.open(), intake.room.operations()), (2, 3));
        intake.close();
        intake.room.leave(1);
        assert_eq!(intake.submit(entry(1)), Err(Refused::Closed));
        assert_eq!(intake.empty(Vec::new()).len(), 4);
        let roomy = Intake::new(Room::new(3, 10));
        assert_eq!(roomy.submit(entry(11)), Ok(()), "the only one");
    }
}
