//! How long to pause before the next attempt.

use std::time::Duration;

use crate::options::Config;

/// Kinds of transient failures. The kind sets the pause, what a retry costs of the budget
/// ([`RetryBudget`](super::RetryBudget)), and whether the circuit breaker and
/// `RetryMode::NonIdempotent` take the service for throttling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TransientKind {
    /// Short: the failure may be over at once.
    Short,
    /// Longer: the service asked for fewer calls.
    Throttled,
}

/// The numbers behind the pauses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    pub(crate) max_attempts: u32,
    pub(crate) base: Duration,
    pub(crate) throttle_base: Duration,
    pub(crate) cap: Duration,
}

impl Backoff {
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            max_attempts: config.settings.max_attempts,
            base: config.settings.retry_base,
            throttle_base: config.settings.throttle_base,
            cap: config.settings.max_backoff,
        }
    }

    pub(crate) fn base_of(&self, kind: TransientKind) -> Duration {
        match kind {
            TransientKind::Short => self.base,
            TransientKind::Throttled => self.throttle_base,
        }
    }

    /// A base doubled so many times, at most the cap.
    pub(crate) fn doubled(&self, base: Duration, times: u32) -> Duration {
        base.saturating_mul(2_u32.saturating_pow(times))
            .min(self.cap)
    }
}
