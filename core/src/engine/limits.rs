//! When a call ends early: its deadline, its caller, or because the client closes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::retry::StopReason;
use crate::transport::CancelCheck;

/// The caller's own question whether to end.
pub(crate) type Interrupt<'a> = Option<&'a CancelCheck>;

/// Whether a request may begin now, for who relays while it holds a lease.
pub(crate) type MayBegin = Arc<dyn Fn() -> bool + Send + Sync>;

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
    may_begin: Option<MayBegin>,
}

impl Limits {
    pub(super) fn new(ends: Duration, cancel: Arc<Cancel>, interrupt: Interrupt<'_>) -> Self {
        let interrupt = interrupt.cloned();
        let asked = Arc::clone(&cancel);
        Self {
            ends,
            cancel,
            cancelled: Arc::new(move || asked.check(interrupt.as_ref())),
            may_begin: None,
        }
    }

    /// The same, and requests begin only while this says so; it is asked last, after the
    /// wait for the rate. What has begun is not ended by it.
    pub(crate) fn beginning_while(self, may_begin: MayBegin) -> Self {
        Self {
            may_begin: Some(may_begin),
            ..self
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
            return Err(self.cancel.reason());
        }
        match &self.may_begin {
            Some(may_begin) if !may_begin() => Err(StopReason::LeaseEnded),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_that_ends_keeps_requests_from_beginning_and_ends_none() {
        let cancel = Arc::new(Cancel::new(Arc::default()));
        let holds = Arc::new(AtomicBool::new(true));
        let asked = Arc::clone(&holds);
        let limits = Limits::new(Duration::MAX, cancel, None)
            .beginning_while(Arc::new(move || asked.load(Ordering::Acquire)));
        assert_eq!(limits.check(), Ok(()));
        holds.store(false, Ordering::Release);
        assert_eq!(limits.check(), Err(StopReason::LeaseEnded));
        assert!(!(limits.cancelled)());
    }
}
