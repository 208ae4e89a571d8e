//! The bounded queue between the threads that submit and the worker. Nothing here waits
//! for I/O.

use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::waker::Waker;
use crate::model::operation::Operation;
use crate::ordering::queue::{Entry, Millis};

/// Why an operation was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SubmitError {
    Full,
    Closed,
}

/// So many entries wake the worker out of a nap.
const WAKE_AT: usize = 1024;

/// Padded to avoid false sharing between producers and the worker.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct CachePadded<T>(T);

impl<T> Deref for CachePadded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Intake {
    producers: CachePadded<Producers>,
    completed: CachePadded<Completed>,
    pub(crate) waker: CachePadded<Waker>,
    max_operations: u64,
    max_bytes: u64,
}

/// What producers write.
#[derive(Debug)]
struct Producers {
    inbox: Mutex<Inbox>,
    /// All operations and bytes that ever came in; written under the lock.
    operations: AtomicU64,
    bytes: AtomicU64,
}

/// Operations that the worker has not drained, one after the other in memory that is used
/// again: submitting allocates nothing.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    heads: Vec<PendingHead>,
    bodies: Vec<u8>,
}

#[derive(Debug)]
struct PendingHead {
    tag: u64,
    at: Millis,
    bytes: usize,
}

impl Pending {
    /// Whether there was memory for it.
    fn push(&mut self, operation: &Operation<'_>, bytes: usize, tag: u64, at: Millis) -> bool {
        let has_room = self.has_memory(bytes);
        if has_room {
            operation.encode_to(&mut self.bodies);
            self.heads.push(PendingHead { tag, at, bytes });
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
    pending: Pending,
    open: bool,
    /// What was seen of `Completed` when it mattered last.
    left: u64,
    settled_bytes: u64,
    /// The bytes of the operation whose submission failed last for lack of room.
    refused: usize,
}

/// What the worker and the readers of reports write: totals.
#[derive(Debug, Default)]
struct Completed {
    /// Completed operations, and their bytes.
    settled: AtomicU64,
    settled_bytes: AtomicU64,
    /// Completed operations whose report was read as well: their places are free.
    places: AtomicU64,
}

impl Intake {
    pub(crate) fn new(max_operations: u32, max_bytes: u32) -> Self {
        let inbox = Inbox {
            pending: Pending::default(),
            open: true,
            left: 0,
            settled_bytes: 0,
            refused: 0,
        };
        Self {
            producers: CachePadded(Producers {
                inbox: Mutex::new(inbox),
                operations: AtomicU64::new(0),
                bytes: AtomicU64::new(0),
            }),
            completed: CachePadded(Completed::default()),
            waker: CachePadded(Waker::default()),
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
    ) -> Result<(), SubmitError> {
        let bytes = operation.encoded_len();
        let mut inbox = self.lock();
        if !inbox.open {
            return Err(SubmitError::Closed);
        }
        if !self.has_room(&mut inbox, bytes as u64)
            || !inbox.pending.push(operation, bytes, tag, at)
        {
            return Err(SubmitError::Full);
        }
        self.count(bytes as u64);
        let count = inbox.pending.heads.len();
        drop(inbox);
        if count == WAKE_AT {
            self.waker.wake();
        } else {
            self.waker.wake_if_parked();
        }
        Ok(())
    }

    /// A submission failed for lack of room, and its caller does not wait in it: `room`
    /// is for one of this size.
    pub(crate) fn note_refused(&self, bytes: usize) {
        self.lock().refused = bytes;
    }

    /// Whether an operation of so many bytes is not refused as [`SubmitError::Full`].
    pub(crate) fn has_room_for(&self, bytes: usize) -> bool {
        let mut inbox = self.lock();
        !inbox.open || self.has_room(&mut inbox, bytes as u64) && inbox.pending.has_memory(bytes)
    }

    /// How many operations it takes now, as far as their number goes, or none while there
    /// is no room for the one that was refused last; `None` when it is closed. For callers
    /// whose next operation is not known.
    pub(crate) fn room(&self) -> Option<u64> {
        let mut inbox = self.lock();
        if !inbox.open {
            return None;
        }
        let refused = inbox.refused;
        if !self.has_room(&mut inbox, refused as u64) || !inbox.pending.has_memory(refused) {
            return Some(0);
        }
        inbox.refused = 0;
        let left = self.completed.places.load(Ordering::Acquire);
        let held = self.producers.operations.load(Ordering::Relaxed) - left;
        Some(self.max_operations.saturating_sub(held))
    }

    fn has_room(&self, inbox: &mut Inbox, bytes: u64) -> bool {
        let operations = self.producers.operations.load(Ordering::Relaxed);
        if operations - inbox.left >= self.max_operations {
            inbox.left = self.completed.places.load(Ordering::Acquire);
            if operations - inbox.left >= self.max_operations {
                return false;
            }
        }
        // One that is longer than the bound fits into an empty outbox.
        let too_long = |settled| {
            let held = self.producers.bytes.load(Ordering::Relaxed) - settled;
            held > 0 && held + bytes > self.max_bytes
        };
        if too_long(inbox.settled_bytes) {
            inbox.settled_bytes = self.completed.settled_bytes.load(Ordering::Acquire);
            return !too_long(inbox.settled_bytes);
        }
        true
    }

    /// Under the lock, so loading and storing is enough.
    fn count(&self, bytes: u64) {
        let add = |to: &AtomicU64, more| {
            to.store(to.load(Ordering::Relaxed) + more, Ordering::Release);
        };
        add(&self.producers.operations, 1);
        add(&self.producers.bytes, bytes);
    }

    /// Recovered operations count even beyond the bounds.
    pub(crate) fn recover(&self, bytes: usize) {
        let _inbox = self.lock();
        self.count(bytes as u64);
    }

    /// An operation is completed; its place stays taken until `release`.
    pub(crate) fn complete(&self, bytes: usize) {
        self.completed
            .settled_bytes
            .fetch_add(bytes as u64, Ordering::Release);
        self.completed.settled.fetch_add(1, Ordering::Release);
    }

    pub(crate) fn release(&self, operations: usize) {
        self.completed
            .places
            .fetch_add(operations as u64, Ordering::Release);
    }

    /// All operations that ever came in.
    pub(crate) fn submitted(&self) -> u64 {
        self.producers.operations.load(Ordering::Acquire)
    }

    /// Operations not completed.
    pub(crate) fn open(&self) -> usize {
        // In this order: what came in is never less than what went.
        let settled = self.completed.settled.load(Ordering::Acquire);
        usize::try_from(self.submitted() - settled).unwrap_or(usize::MAX)
    }

    /// Bytes of tokens and accounts not completed.
    pub(crate) fn bytes(&self) -> usize {
        let settled = self.completed.settled_bytes.load(Ordering::Acquire);
        let entered = self.producers.bytes.load(Ordering::Acquire);
        usize::try_from(entered - settled).unwrap_or(usize::MAX)
    }

    /// Takes everything submitted, in order; `replacement` takes its place.
    pub(crate) fn drain(&self, replacement: Pending) -> Pending {
        std::mem::replace(&mut self.lock().pending, replacement)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().pending.is_empty()
    }

    /// Accepts nothing more.
    pub(crate) fn close(&self) {
        self.lock().open = false;
    }

    fn lock(&self) -> MutexGuard<'_, Inbox> {
        self.producers
            .inbox
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Submits so many bytes.
    fn submit(intake: &Intake, bytes: usize) -> Result<(), SubmitError> {
        let token = "t".repeat(bytes.saturating_sub(2));
        intake.submit(&Operation::clear_token(&token), 0, 0)
    }

    #[test]
    fn full_is_an_answer_and_a_place_is_free_when_it_was_left() {
        let intake = Intake::new(3, 100);
        assert_eq!(submit(&intake, 60), Ok(()));
        assert_eq!(submit(&intake, 41), Err(SubmitError::Full), "bytes");
        assert_eq!(submit(&intake, 40), Ok(()));
        intake.complete(60);
        assert_eq!(submit(&intake, 60), Ok(()));
        intake.complete(60);
        assert_eq!(submit(&intake, 1), Err(SubmitError::Full), "a report waits");
        intake.release(1);
        assert_eq!(submit(&intake, 1), Ok(()));
        assert_eq!((intake.open(), intake.submitted()), (2, 4));
        intake.close();
        intake.release(1);
        assert_eq!(submit(&intake, 1), Err(SubmitError::Closed));
        assert_eq!(intake.drain(Pending::default()).heads.len(), 4);
        let full = Intake::new(3, 100);
        assert_eq!(submit(&full, 60), Ok(()));
        assert_eq!(full.room(), Some(2));
        assert_eq!(submit(&full, 50), Err(SubmitError::Full));
        full.note_refused(50);
        assert_eq!(full.room(), Some(0), "not for what was refused");
        assert!(full.has_room_for(40) && !full.has_room_for(50));
        full.complete(60);
        assert_eq!(full.room(), Some(2));
        let roomy = Intake::new(3, 10);
        assert_eq!(submit(&roomy, 11), Ok(()), "the only one");
    }
}
