//! Waking the worker.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;

/// Wakes the worker, and only one that sleeps: waking costs more than anything
/// else here.
#[derive(Debug, Default)]
pub(crate) struct Waker {
    sleeps: AtomicBool,
    worker: OnceLock<Thread>,
}

impl Waker {
    pub(crate) fn attach(&self, worker: Thread) {
        let _ = self.worker.set(worker);
    }

    /// The worker is about to sleep until it is woken; it looks for work once
    /// more after this.
    pub(crate) fn begin_park(&self) {
        self.sleeps.store(true, Ordering::SeqCst);
    }

    pub(crate) fn end_park(&self) {
        self.sleeps.store(false, Ordering::SeqCst);
    }

    pub(crate) fn wake_if_parked(&self) {
        if self.sleeps.load(Ordering::SeqCst) && self.sleeps.swap(false, Ordering::SeqCst) {
            self.wake();
        }
    }

    /// Wakes it out of a nap as well.
    pub(crate) fn wake(&self) {
        if let Some(worker) = self.worker.get() {
            worker.unpark();
        }
    }
}
