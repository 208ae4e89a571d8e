//! Waiting in slices: until the time is up or the caller ends it.

use std::io;
use std::time::{Duration, Instant};

use ureq::Error;

use super::watch::Watch;

/// How long a wait goes on before it asks whether to end.
pub(super) const SLICE: Duration = Duration::from_millis(50);

/// The end of a wait of an attempt.
pub(super) struct Limit<'a> {
    ends: Option<Instant>,
    watch: &'a Watch,
}

impl<'a> Limit<'a> {
    pub(super) fn of(watch: &'a Watch) -> Self {
        let ends = watch.ends();
        Self { ends, watch }
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
    pub(super) fn next_slice(&self) -> Result<Duration, Error> {
        if self.watch.cancelled() {
            return Err(cancelled());
        }
        Ok(self.left()?.min(SLICE))
    }
}

pub(super) fn cancelled() -> Error {
    Error::Io(io::Error::other("cancelled"))
}
