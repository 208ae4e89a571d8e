//! Waiting in slices: until the time is up or the caller ends it.

use std::io;
use std::time::{Duration, Instant};

use ureq::Error;

use super::attempt_state::AttemptState;

/// How long a wait goes on before it asks whether to end.
pub(super) const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The end of a wait of an attempt.
pub(super) struct Deadline<'a> {
    ends: Option<Instant>,
    attempt_state: &'a AttemptState,
}

impl<'a> Deadline<'a> {
    pub(super) fn of(attempt_state: &'a AttemptState) -> Self {
        let ends = attempt_state.ends();
        Self {
            ends,
            attempt_state,
        }
    }

    pub(super) fn left(&self) -> Result<Duration, Error> {
        let left = self.ends.map_or(Duration::MAX, |ends| {
            ends.saturating_duration_since(Instant::now())
        });
        if left.is_zero() {
            return Err(Error::Timeout(ureq::Timeout::Global));
        }
        Ok(left)
    }

    /// The next slice to wait, unless the time is up or the caller ends it.
    pub(super) fn next_wait(&self) -> Result<Duration, Error> {
        if self.attempt_state.cancelled() {
            return Err(cancelled());
        }
        Ok(self.left()?.min(POLL_INTERVAL))
    }
}

pub(super) fn cancelled() -> Error {
    Error::Io(io::Error::other("cancelled"))
}
