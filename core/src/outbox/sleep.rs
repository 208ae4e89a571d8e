//! How the outbox's thread sleeps.

use std::time::Duration;

use super::waker::Waker;
use crate::ordering::queue::Millis;

/// How to sleep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sleep {
    /// Not at all: something is due.
    Not,
    /// Without being woken by a submission: it looks soon enough by itself.
    Nap(Millis),
    /// Until a submission, or so long.
    Park(Millis),
}

impl Sleep {
    /// Until something is due. While operations are submitted it looks by itself, so often;
    /// 0: a submission wakes it.
    pub(super) fn until(due: Millis, now: Millis, longest_nap: Millis) -> Self {
        let left = due.saturating_sub(now);
        if left == 0 {
            Self::Not
        } else if longest_nap > 0 {
            Self::Nap(left.min(longest_nap))
        } else {
            Self::Park(left)
        }
    }

    /// Sleeps. `is_quiet`: nothing came that its waker woke nobody for.
    pub(super) fn take(self, waker: &Waker, is_quiet: impl FnOnce() -> bool) {
        match self {
            Self::Not => {}
            Self::Nap(time) => std::thread::park_timeout(Duration::from_millis(time)),
            Self::Park(time) => {
                waker.begin_park();
                // What wakes it after this ends the sleep at once.
                if is_quiet() {
                    std::thread::park_timeout(Duration::from_millis(time));
                }
                waker.end_park();
            }
        }
    }
}
