//! How far an attempt got, when it ends, and whom to ask whether to end it.
//!
//! `ureq` hands nothing of a request down to its connection. So each connection has one
//! of these, and its connectors and its connection hold it as well: it belongs to
//! the attempt, on whatever threads or coroutines that runs. Its lock is held for
//! a look only, never while something waits or the caller's code runs.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::super::{Attempt, CancelCheck};

/// What is known of an attempt.
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts that are found one by one"
)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// A byte of the request may have left.
    pub(super) sent: bool,
    /// An idle connection was used again, and it broke before it brought a byte.
    pub(super) went_stale: bool,
    /// It was ended by the caller.
    pub(super) cancelled: bool,
    /// What it is at.
    pub(super) step: Step,
    /// The step concerns the proxy, not the service.
    pub(super) at_proxy: bool,
    /// A request in plain HTTP was answered by a TLS record.
    pub(super) answered_in_tls: bool,
}

/// The steps of an attempt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Step {
    /// An idle connection is taken, or a new one begun.
    #[default]
    Start,
    /// The name is looked up.
    LookUp,
    /// TCP.
    Connect,
    /// The proxy was asked for the way to the service.
    Ask,
    /// TLS.
    Handshake,
    /// Request and answer.
    Exchange,
}

/// The state of the attempt that a connection is on.
pub(super) struct AttemptState(Mutex<State>);

struct State {
    progress: Progress,
    cancelled: Option<CancelCheck>,
    /// When it was last asked.
    asked: Instant,
    /// When the attempt ends.
    ends: Option<Instant>,
    /// When there has to be a connection.
    connected: Option<Instant>,
}

impl AttemptState {
    /// On no attempt.
    pub(super) fn new() -> Self {
        Self(Mutex::new(State {
            progress: Progress::default(),
            cancelled: None,
            asked: Instant::now(),
            ends: None,
            connected: None,
        }))
    }

    /// An attempt begins, with at most this long for a connection; it ends when what
    /// is returned is dropped.
    pub(super) fn begin(
        &self,
        attempt: &Attempt,
        ends: Option<Instant>,
        connect: Duration,
    ) -> AttemptGuard<'_> {
        let now = Instant::now();
        *self.lock() = State {
            progress: Progress::default(),
            cancelled: Some(CancelCheck::clone(&attempt.cancelled)),
            asked: now,
            ends,
            connected: now.checked_add(connect),
        };
        AttemptGuard(self)
    }

    pub(super) fn progress(&self) -> Progress {
        self.lock().progress
    }

    /// Notes something.
    pub(super) fn note(&self, change: impl FnOnce(&mut Progress)) {
        change(&mut self.lock().progress);
    }

    /// When the step that it is at has to end.
    pub(super) fn ends(&self) -> Option<Instant> {
        let state = self.lock();
        let connected = match state.progress.step {
            Step::Exchange => None,
            _ => state.connected,
        };
        state.ends.into_iter().chain(connected).min()
    }

    /// Whether it is this long since it was asked whether to end.
    pub(super) fn is_due(&self, after: Duration) -> bool {
        self.lock().asked.elapsed() >= after
    }

    /// Whether the attempt is to end; notes it.
    pub(super) fn cancelled(&self) -> bool {
        let question = {
            let mut state = self.lock();
            state.asked = Instant::now();
            state.cancelled.clone()
        };
        // Not locked while the caller's code runs: it may send, too.
        let ends = question.is_some_and(|asked| asked());
        if ends {
            self.note(|progress| progress.cancelled = true);
        }
        ends
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for AttemptState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("AttemptState")
            .field(&self.progress())
            .finish()
    }
}

/// An attempt under way.
pub(super) struct AttemptGuard<'a>(&'a AttemptState);

impl Drop for AttemptGuard<'_> {
    fn drop(&mut self) {
        let question = self.0.lock().cancelled.take();
        drop(question);
    }
}
