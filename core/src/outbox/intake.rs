//! Where operations are handed in: bounded, and never waiting for anything that
//! does I/O.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::Thread;

use crate::model::operation::single::Operation;
use crate::ordering::queue::{Entry, Millis};

/// Why an operation was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    Full,
    Closed,
}

/// So many entries wake the worker out of a nap.
const WAKE_AT: usize = 1024;

/// A part in cache lines of its own: what one side writes at each hand-in must
/// not slow the other side's down.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Apart<T>(T);

impl<T> Deref for Apart<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// The place between those who hand in and the worker.
#[derive(Debug)]
pub(crate) struct Intake {
    door: Apart<Door>,
    left: Apart<Left>,
    pub(crate) bell: Apart<Bell>,
    max_operations: u64,
    max_bytes: u64,
}

/// What those who hand in write.
#[derive(Debug)]
struct Door {
    inbox: Mutex<Inbox>,
    /// All operations and bytes that ever came in; written under the lock.
    operations: AtomicU64,
    bytes: AtomicU64,
}

/// What was handed in and not taken in, one after the other in memory that is used
/// again: handing in asks the allocator for nothing.
#[derive(Debug, Default)]
pub(crate) struct Handed {
    heads: Vec<Head>,
    bodies: Vec<u8>,
}

#[derive(Debug)]
struct Head {
    tag: u64,
    at: Millis,
    bytes: usize,
}

impl Handed {
    /// Whether there was memory for it.
    fn push(&mut self, operation: &Operation<'_>, bytes: usize, tag: u64, at: Millis) -> bool {
        let has_room = self.has_memory(bytes);
        if has_room {
            operation.encode_to(&mut self.bodies);
            self.heads.push(Head { tag, at, bytes });
        }
        has_room
    }

    fn has_memory(&mut self, bytes: usize) -> bool {
        has_room_for(&mut self.bodies, bytes) && has_room_for(&mut self.heads, 1)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// For how many there is memory.
    pub(crate) fn capacity(&self) -> usize {
        self.heads.capacity()
    }

    pub(crate) fn clear(&mut self) {
        self.heads.clear();
        self.bodies.clear();
    }

    /// In the order in which they came.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry> {
        let mut bodies = &self.bodies[..];
        self.heads.iter().map(move |head| {
            let (body, rest) = bodies.split_at(head.bytes);
            bodies = rest;
            Entry {
                id: 0,
                tag: head.tag,
                at: head.at,
                attempts: 0,
                body: body.into(),
            }
        })
    }
}

/// Makes room for so many more: as vectors do, or just for these where memory is short.
fn has_room_for<T>(list: &mut Vec<T>, more: usize) -> bool {
    list.try_reserve(more).is_ok() || list.try_reserve_exact(more).is_ok()
}

#[derive(Debug)]
struct Inbox {
    handed: Handed,
    open: bool,
    /// What was seen of `Left` when it mattered last.
    left: u64,
    settled_bytes: u64,
    /// The bytes of the operation that was refused last.
    refused: usize,
}

/// What the worker and those who take reports write: all that ever went.
#[derive(Debug, Default)]
struct Left {
    /// Settled operations, and their bytes.
    settled: AtomicU64,
    settled_bytes: AtomicU64,
    /// Settled operations whose report was taken as well: their places are free.
    places: AtomicU64,
}

impl Intake {
    pub(crate) fn new(max_operations: u32, max_bytes: u32) -> Self {
        let inbox = Inbox {
            handed: Handed::default(),
            open: true,
            left: 0,
            settled_bytes: 0,
            refused: 0,
        };
        Self {
            door: Apart(Door {
                inbox: Mutex::new(inbox),
                operations: AtomicU64::new(0),
                bytes: AtomicU64::new(0),
            }),
            left: Apart(Left::default()),
            bell: Apart(Bell::default()),
            max_operations: max_operations.into(),
            max_bytes: max_bytes.into(),
        }
    }

    /// The lock is held for a copy here and for a swap in `empty`, and for
    /// nothing else.
    pub(crate) fn submit(
        &self,
        operation: &Operation<'_>,
        tag: u64,
        at: Millis,
    ) -> Result<(), Refused> {
        let bytes = operation.encoded_len();
        let mut inbox = self.lock();
        if !inbox.open {
            return Err(Refused::Closed);
        }
        if !self.has_room(&mut inbox, bytes as u64) || !inbox.handed.push(operation, bytes, tag, at)
        {
            inbox.refused = bytes;
            return Err(Refused::Full);
        }
        self.enter(bytes as u64);
        let count = inbox.handed.heads.len();
        drop(inbox);
        if count == WAKE_AT {
            self.bell.ring();
        } else {
            self.bell.ring_if_asleep();
        }
        Ok(())
    }

    /// How many operations it takes now, as far as their number goes, or none while there
    /// is no room for the one that was refused last; `None` when it is closed.
    pub(crate) fn room(&self) -> Option<u64> {
        let mut inbox = self.lock();
        if !inbox.open {
            return None;
        }
        let refused = inbox.refused;
        if !self.has_room(&mut inbox, refused as u64) || !inbox.handed.has_memory(refused) {
            return Some(0);
        }
        inbox.refused = 0;
        let left = self.left.places.load(Ordering::Acquire);
        let held = self.door.operations.load(Ordering::Relaxed) - left;
        Some(self.max_operations.saturating_sub(held))
    }

    fn has_room(&self, inbox: &mut Inbox, bytes: u64) -> bool {
        let operations = self.door.operations.load(Ordering::Relaxed);
        if operations - inbox.left >= self.max_operations {
            inbox.left = self.left.places.load(Ordering::Acquire);
            if operations - inbox.left >= self.max_operations {
                return false;
            }
        }
        // One that is longer than the bound fits into an empty outbox.
        let too_long = |settled| {
            let held = self.door.bytes.load(Ordering::Relaxed) - settled;
            held > 0 && held + bytes > self.max_bytes
        };
        if too_long(inbox.settled_bytes) {
            inbox.settled_bytes = self.left.settled_bytes.load(Ordering::Acquire);
            return !too_long(inbox.settled_bytes);
        }
        true
    }

    /// Under the lock, so loading and storing is enough.
    fn enter(&self, bytes: u64) {
        let add = |to: &AtomicU64, more| {
            to.store(to.load(Ordering::Relaxed) + more, Ordering::Release);
        };
        add(&self.door.operations, 1);
        add(&self.door.bytes, bytes);
    }

    /// What a file brings comes in whatever the bounds say.
    pub(crate) fn recover(&self, bytes: usize) {
        let _inbox = self.lock();
        self.enter(bytes as u64);
    }

    /// An operation is settled; its place stays taken until `leave`.
    pub(crate) fn settle(&self, bytes: usize) {
        self.left
            .settled_bytes
            .fetch_add(bytes as u64, Ordering::Release);
        self.left.settled.fetch_add(1, Ordering::Release);
    }

    pub(crate) fn leave(&self, operations: usize) {
        self.left
            .places
            .fetch_add(operations as u64, Ordering::Release);
    }

    /// All operations that ever came in.
    pub(crate) fn entered(&self) -> u64 {
        self.door.operations.load(Ordering::Acquire)
    }

    /// Operations that are not settled.
    pub(crate) fn open(&self) -> usize {
        // In this order: what came in is never less than what went.
        let settled = self.left.settled.load(Ordering::Acquire);
        usize::try_from(self.entered() - settled).unwrap_or(usize::MAX)
    }

    /// Bytes of tokens and accounts that are not settled.
    pub(crate) fn bytes(&self) -> usize {
        let settled = self.left.settled_bytes.load(Ordering::Acquire);
        let entered = self.door.bytes.load(Ordering::Acquire);
        usize::try_from(entered - settled).unwrap_or(usize::MAX)
    }

    /// Everything that was handed in, in order; `emptied` takes its place.
    pub(crate) fn empty(&self, emptied: Handed) -> Handed {
        std::mem::replace(&mut self.lock().handed, emptied)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().handed.is_empty()
    }

    /// Takes nothing any more.
    pub(crate) fn close(&self) {
        self.lock().open = false;
    }

    fn lock(&self) -> MutexGuard<'_, Inbox> {
        self.door
            .inbox
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
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

    /// Hands in so many bytes.
    fn submit(intake: &Intake, bytes: usize) -> Result<(), Refused> {
        let token = "t".repeat(bytes.saturating_sub(2));
        intake.submit(&Operation::clear_token(&token), 0, 0)
    }

    #[test]
    fn full_is_an_answer_and_a_place_is_free_when_it_was_left() {
        let intake = Intake::new(3, 100);
        assert_eq!(submit(&intake, 60), Ok(()));
        assert_eq!(submit(&intake, 41), Err(Refused::Full), "bytes");
        assert_eq!(submit(&intake, 40), Ok(()));
        intake.settle(60);
        assert_eq!(submit(&intake, 60), Ok(()));
        intake.settle(60);
        assert_eq!(submit(&intake, 1), Err(Refused::Full), "a report waits");
        intake.leave(1);
        assert_eq!(submit(&intake, 1), Ok(()));
        assert_eq!((intake.open(), intake.entered()), (2, 4));
        intake.close();
        intake.leave(1);
        assert_eq!(submit(&intake, 1), Err(Refused::Closed));
        assert_eq!(intake.empty(Handed::default()).heads.len(), 4);
        let full = Intake::new(3, 100);
        assert_eq!(submit(&full, 60), Ok(()));
        assert_eq!(full.room(), Some(2));
        assert_eq!(submit(&full, 50), Err(Refused::Full));
        assert_eq!(full.room(), Some(0), "not for what was refused");
        full.settle(60);
        assert_eq!(full.room(), Some(2));
        let roomy = Intake::new(3, 10);
        assert_eq!(submit(&roomy, 11), Ok(()), "the only one");
    }
}
