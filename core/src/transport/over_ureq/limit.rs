//! When a wait has to end.

use std::io;
use std::time::{Duration, Instant};

use ureq::Error;
use ureq::unversioned::transport::NextTimeout;

use super::progress;

/// How long a wait goes on before it asks whether to end.
pub(super) const SLICE: Duration = Duration::from_millis(50);

/// The end of a wait, and what to say then.
pub(super) struct Limit {
    ends: Option<Instant>,
    reason: ureq::Timeout,
}

impl Limit {
    pub(super) fn of(timeout: NextTimeout) -> Self {
        let ends = if timeout.after.is_not_happening() {
            None
        } else {
            Instant::now().checked_add(*timeout.after)
        };
        let attempt = progress::ends();
        Self {
            ends: ends.into_iter().chain(attempt).min(),
            reason: timeout.reason,
        }
    }

    /// The same, but at most this long from now.
    pub(super) fn within(&self, most: Duration) -> Self {
        Self {
            ends: Instant::now()
                .checked_add(most)
                .into_iter()
                .chain(self.ends)
                .min(),
            reason: self.reason,
        }
    }

    pub(super) fn left(&self) -> Result<Duration, Error> {
        let left = self.ends.map_or(Duration::MAX, |ends| {
            ends.saturating_duration_since(Instant::now())
        });
        if left.is_zero() {
            return Err(Error::Timeout(self.reason));
        }
        Ok(left)
    }

    /// The next slice to wait, unless the time is up or the caller ends it.
    pub(super) fn next_slice(&self) -> Result<Duration, Error> {
        if progress::cancelled() {
            return Err(cancelled());
        }
        Ok(self.left()?.min(SLICE))
    }
}

pub(super) fn cancelled() -> Error {
    Error::Io(io::Error::other("cancelled"))
}
