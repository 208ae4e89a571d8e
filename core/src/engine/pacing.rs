//! A rate that the user sets. No document gives one for the account APIs, so
//! there is none by default.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Spaces requests evenly: the n-th may go at the earliest n intervals after the
/// first. Idle time is not saved up.
#[derive(Debug)]
pub(crate) struct Pacer {
    interval: Option<Duration>,
    next: Mutex<Duration>,
}

impl Pacer {
    /// `per_second` 0 means no rate.
    pub(crate) fn new(per_second: u32) -> Self {
        Self {
            interval: (per_second > 0).then(|| Duration::from_secs(1) / per_second),
            next: Mutex::new(Duration::ZERO),
        }
    }

    /// Reserves the next place and says how long to wait for it; `None` if that
    /// is longer than `most`, and then nothing is reserved.
    pub(crate) fn reserve(&self, now: Duration, most: Duration) -> Option<Duration> {
        let Some(interval) = self.interval else {
            return Some(Duration::ZERO);
        };
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = next.saturating_sub(now);
        if wait > most {
            return None;
        }
        *next = now.saturating_add(wait).saturating_add(interval);
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn requests_are_spaced_evenly_without_saving_idle_time() {
        let pacer = Pacer::new(10);
        let steps = [
            (0, 0),
            (0, 100),
            (50, 150),
            (250, 50),
            (5000, 0),
            (5000, 100),
        ];
        for (now, wait) in steps {
            assert_eq!(
                pacer.reserve(now * MS, Duration::MAX),
                Some(wait * MS),
                "at {now}"
            );
        }
    }

    #[test]
    fn place_after_the_deadline_is_not_reserved() {
        let pacer = Pacer::new(10);
        assert_eq!(pacer.reserve(Duration::ZERO, 50 * MS), Some(Duration::ZERO));
        assert_eq!(pacer.reserve(Duration::ZERO, 50 * MS), None);
        assert_eq!(pacer.reserve(100 * MS, 50 * MS), Some(Duration::ZERO));
    }

    #[test]
    fn request_without_a_rate_does_not_wait() {
        let pacer = Pacer::new(0);
        for _ in 0..3 {
            assert_eq!(pacer.reserve(MS, Duration::ZERO), Some(Duration::ZERO));
        }
    }
}
