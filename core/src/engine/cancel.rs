//! Ending a call early: by its caller, or because the client closes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::client::Interrupt;
use crate::model::outcome::Reason;

/// Shared by the threads of one call.
pub(crate) struct Cancel {
    stopped: AtomicBool,
    closed: Arc<AtomicBool>,
}

impl Cancel {
    pub(crate) fn new(closed: Arc<AtomicBool>) -> Self {
        Self {
            stopped: AtomicBool::new(false),
            closed,
        }
    }

    /// Ends the call.
    #[cfg(feature = "bulk")]
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
    }

    /// Whether the call is to end; `interrupt` is asked first, so it may be
    /// given on the calling thread only.
    pub(crate) fn check(&self, interrupt: Interrupt<'_>) -> bool {
        if interrupt.is_some_and(|asked| asked()) {
            self.stopped.store(true, Ordering::Release);
        }
        self.stopped.load(Ordering::Acquire) || self.closed.load(Ordering::Acquire)
    }

    /// What becomes of an item that was not sent because of it.
    pub(crate) fn reason(&self) -> Reason {
        if self.closed.load(Ordering::Acquire) {
            Reason::Closed
        } else {
            Reason::Cancelled
        }
    }
}
