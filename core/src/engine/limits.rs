//! When a call ends early: its deadline, its caller, or because the client closes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::retry::StopReason;
use crate::transport::CancelCheck;

/// The caller's own question whether to end.
pub(crate) type Interrupt<'a> = Option<&'a CancelCheck>;

/// Ends calls that belong together.
pub(crate) struct Cancel {
    cancelled: AtomicBool,
    closed: Arc<AtomicBool>,
}

impl Cancel {
    pub(super) fn new(closed: Arc<AtomicBool>) -> Self {
        Self {
            cancelled: AtomicBool::new(false),
            closed,
        }
    }

    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
    }

    /// Whether the calls are to end; `interrupt` is asked first.
    pub(crate) fn check(&self, interrupt: Interrupt<'_>) -> bool {
        if interrupt.is_some_and(|asked| asked()) {
            self.cancel();
        }
        self.cancelled.load(Ordering::Acquire) || self.closed.load(Ordering::Acquire)
    }

    /// Why they ended.
    pub(crate) fn reason(&self) -> StopReason {
        if self.closed.load(Ordering::Acquire) {
            StopReason::Closed
        } else {
            StopReason::Cancelled
        }
    }
}

/// The limits of one call, for one of its threads.
pub(crate) struct Limits {
    /// On the clock's own scale.
    pub(super) ends: Duration,
    cancel: Arc<Cancel>,
    /// Asks both the caller and `cancel`.
    pub(super) cancelled: CancelCheck,
}

impl Limits {
    pub(super) fn new(ends: Duration, cancel: Arc<Cancel>, interrupt: Interrupt<'_>) -> Self {
        let interrupt = interrupt.cloned();
        let asked = Arc::clone(&cancel);
        Self {
            ends,
            cancel,
            cancelled: Arc::new(move || asked.check(interrupt.as_ref())),
        }
    }

    /// The same for another thread, where the caller's interrupt is not asked.
    pub(crate) fn without_interrupt(&self) -> Self {
        Self::new(self.ends, Arc::clone(&self.cancel), None)
    }

    /// # Errors
    /// Why the call is to end.
    pub(crate) fn check(&self) -> Result<(), StopReason> {
        if (self.cancelled)() {
            Err(self.cancel.reason())
        } else {
            Ok(())
        }
    }
}
