//! Time, injected so that tests need not wait for it.

use std::time::{Duration, Instant, SystemTime};

/// Where the client takes the time from.
pub(crate) trait Clock: Send + Sync {
    /// A time that never goes back, from an arbitrary start.
    fn elapsed(&self) -> Duration;
    /// The time of day.
    fn now(&self) -> SystemTime;
    /// Waits.
    fn sleep(&self, duration: Duration);
}

/// The machine's clock.
#[derive(Debug)]
pub(crate) struct SystemClock(Instant);

impl SystemClock {
    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

/// Seconds since 1970-01-01 UTC.
pub(crate) fn unix_seconds(time: SystemTime) -> i64 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX),
    }
}

/// How old the coarse clock may be when it is read.
pub(crate) const COARSE_STEP: Duration = Duration::from_millis(10);

/// A monotonic clock that costs next to nothing to read and is a kernel tick behind: up to
/// [`COARSE_STEP`].
#[cfg(target_os = "linux")]
pub(crate) fn coarse() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::MonotonicCoarse);
    Duration::try_from(now).unwrap_or_default()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn coarse() -> Duration {
    use std::sync::LazyLock;
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}
