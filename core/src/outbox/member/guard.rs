//! Until when a request may leave.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ordering::queue::Millis;

/// Written by the outbox's thread, and asked by those that send, at the last moment.
#[derive(Debug, Default)]
pub(super) struct Guard(Mutex<State>);

#[derive(Debug, Default, Clone, Copy)]
struct State {
    /// Grows whenever what was loaded is of no use any more: somebody else may have sent it,
    /// and what comes behind it, since.
    reign: u64,
    leave_by: Millis,
}

impl Guard {
    /// The reign of now.
    pub(super) fn reign(&self) -> u64 {
        self.lock().reign
    }

    /// A request of this reign may leave before then; 0: none may.
    pub(super) fn set(&self, leave_by: Millis) {
        self.lock().leave_by = leave_by;
    }

    /// No request of this reign leaves any more.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.reign += 1;
        state.leave_by = 0;
    }

    pub(super) fn allows(&self, reign: u64, now: Millis) -> bool {
        let state = *self.lock();
        state.reign == reign && now < state.leave_by
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_of_an_earlier_reign_never_leaves() {
        let guard = Guard::default();
        let reign = guard.reign();
        assert!(!guard.allows(reign, 0), "nothing was taken yet");
        guard.set(100);
        assert!(guard.allows(reign, 99) && !guard.allows(reign, 100));
        guard.close();
        guard.set(200);
        assert!(
            !guard.allows(reign, 50),
            "somebody else may have relayed meanwhile"
        );
        assert!(guard.allows(guard.reign(), 150));
    }
}
