//! How far operations are durable, for callers of `sync`.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Written by the worker, read by callers of `sync`.
#[derive(Debug, Default)]
pub(super) struct DurableProgress {
    /// How many operations went past the store, of all that ever came in.
    past: AtomicU64,
    /// How many of these are in memory only and not completed, because the store failed.
    volatile: AtomicU64,
    /// How many wait.
    waiting: AtomicUsize,
    /// What the store said last.
    trouble: Mutex<String>,
}

impl DurableProgress {
    /// So many more operations went past the store. Whether somebody waits for that.
    pub(super) fn advance(&self, operations: usize) -> bool {
        self.past.fetch_add(operations as u64, Ordering::SeqCst);
        self.waiting.load(Ordering::SeqCst) > 0
    }

    /// The store did not take these, which pass next.
    pub(super) fn fail(&self, operations: usize, why: &str) {
        self.volatile.fetch_add(operations as u64, Ordering::SeqCst);
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        why.clone_into(&mut trouble);
    }

    /// One that the store did not take is completed.
    pub(super) fn settle_volatile(&self) {
        self.volatile.fetch_sub(1, Ordering::SeqCst);
    }

    pub(super) fn wait_begins(&self) {
        self.waiting.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn wait_ends(&self) {
        self.waiting.fetch_sub(1, Ordering::SeqCst);
    }

    /// Whether so many operations went past the store.
    pub(super) fn has_reached(&self, operations: u64) -> bool {
        self.past.load(Ordering::SeqCst) >= operations
    }

    /// How many are in memory only, and why.
    pub(super) fn volatile(&self) -> Option<(u64, String)> {
        let count = self.volatile.load(Ordering::SeqCst);
        let trouble = || self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        (count > 0).then(|| (count, trouble().clone()))
    }
}
