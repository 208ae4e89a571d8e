//! The circuit breaker of streams and outboxes: a pause after each failure, one probe at
//! a time after five in a row, a pause after throttling.

use std::time::Duration;

use super::decision::{Failure, failure};
use super::{Backoff, TransientKind};
use crate::model::outcome::{ItemOutcome, Reason};

/// What one request says of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServiceHealth {
    /// It answered for the items.
    Healthy,
    /// No valid response, or it refuses the caller.
    Failing,
    /// It asked for fewer calls.
    Throttled,
}

/// What a request's outcomes say of the service.
pub(crate) fn service_health(items: &[ItemOutcome]) -> ServiceHealth {
    let failures = || items.iter().map(|item| (item, failure(item)));
    let throttled = Failure::Transient(TransientKind::Throttled);
    if failures().any(|(_, failure)| failure == throttled) {
        return ServiceHealth::Throttled;
    }
    let answered = |(item, failure): (&ItemOutcome, Failure)| {
        matches!(failure, Failure::Permanent | Failure::WholeBatch)
            || item.reason == Reason::ItemRefused
    };
    if failures().any(answered) {
        ServiceHealth::Healthy
    } else {
        ServiceHealth::Failing
    }
}

/// How many failures in a row open the breaker.
const OPEN_AFTER: u32 = 5;

/// Times are on the caller's clock, from an arbitrary start.
#[derive(Debug)]
pub(crate) struct CircuitBreaker {
    backoff: Backoff,
    failures: u32,
    throttles: u32,
    paused_until: Duration,
}

impl CircuitBreaker {
    pub(crate) fn new(backoff: Backoff) -> Self {
        Self {
            backoff,
            failures: 0,
            throttles: 0,
            paused_until: Duration::ZERO,
        }
    }

    /// Whether a request may leave while `in_flight` others are under way. An
    /// open breaker lets one through at a time.
    pub(crate) fn allows(&self, now: Duration, in_flight: usize) -> bool {
        now >= self.paused_until && (!self.is_open() || in_flight == 0)
    }

    /// When it may allow what it does not allow now.
    pub(crate) fn next_allowed_at(&self) -> Duration {
        self.paused_until
    }

    /// Whether the breaker is open.
    pub(crate) fn is_open(&self) -> bool {
        self.failures >= OPEN_AFTER
    }

    /// Records the end of a request. `after` is what the service asked for; `random`
    /// is uniform in [0, 1).
    pub(crate) fn record(
        &mut self,
        health: ServiceHealth,
        now: Duration,
        after: Option<Duration>,
        random: f64,
    ) {
        let backoff = self.backoff;
        let asked = after.unwrap_or_default().min(backoff.cap);
        let pause = match health {
            ServiceHealth::Healthy => {
                self.failures = 0;
                self.throttles = 0;
                return;
            }
            ServiceHealth::Failing => {
                // Failures of requests that were in flight before the last pause can open the
                // breaker but never lengthen its pause: they are one failure of the service.
                if now >= self.paused_until || self.failures < OPEN_AFTER {
                    self.failures = self.failures.saturating_add(1);
                }
                match self.failures.checked_sub(OPEN_AFTER) {
                    // Full jitter while it may be over at once.
                    None => backoff
                        .doubled(backoff.base, self.failures - 1)
                        .mul_f64(random),
                    // At least half: probes are to stay few.
                    Some(probes) => backoff
                        .doubled(backoff.throttle_base, probes)
                        .mul_f64(0.5 + random / 2.0),
                }
            }
            ServiceHealth::Throttled => {
                if now >= self.paused_until || self.throttles == 0 {
                    self.throttles = self.throttles.saturating_add(1);
                }
                backoff
                    .doubled(backoff.throttle_base, self.throttles - 1)
                    .mul_f64(0.5 + random / 2.0)
            }
        };
        let until = now.saturating_add(pause.max(asked));
        self.paused_until = self.paused_until.max(until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: Duration = Duration::from_millis(1);

    fn breaker() -> CircuitBreaker {
        CircuitBreaker::new(Backoff {
            max_attempts: 3,
            base: 50 * MS,
            throttle_base: 1000 * MS,
            cap: 20_000 * MS,
        })
    }

    #[test]
    fn request_says_whether_the_service_is_healthy() {
        use ServiceHealth::{Failing, Healthy, Throttled};
        let item = |reason, code, status| {
            let mut item = ItemOutcome::new(reason, None);
            item.code = code;
            item.http_status = status;
            item
        };
        let refused = |code| item(Reason::RequestRefused, Some(code), Some(200));
        let item_refused = |code| item(Reason::ItemRefused, Some(code), Some(200));
        let accepted = || item(Reason::Accepted, Some(0), Some(200));
        let cases = [
            (vec![accepted()], Healthy),
            (vec![item_refused(1_008_006)], Healthy),
            // It answers for items, if not for this one.
            (vec![item_refused(1_008_004)], Healthy),
            (vec![accepted(), item_refused(1_008_004)], Healthy),
            (vec![refused(1_008_007)], Healthy),
            (vec![refused(1_008_004)], Failing),
            (vec![refused(1_008_003)], Failing),
            (vec![item(Reason::TimedOut, None, None)], Failing),
            (vec![item(Reason::ConnectFailed, None, None)], Failing),
            (vec![item(Reason::ResultCount, None, Some(200))], Failing),
            (vec![item(Reason::HttpRefused, None, Some(403))], Failing),
            (vec![item(Reason::HttpRefused, None, Some(429))], Throttled),
            (vec![accepted(), refused(1_008_028)], Throttled),
        ];
        for (items, health) in cases {
            assert_eq!(service_health(&items), health, "{items:?}");
        }
    }

    #[test]
    fn five_failures_in_a_row_allow_one_probe_at_a_time() {
        let mut breaker = breaker();
        for (n, pause) in [50, 100, 200, 400, 1000, 2000, 4000]
            .into_iter()
            .enumerate()
        {
            let now = breaker.next_allowed_at();
            assert!(breaker.allows(now, 0));
            assert_eq!(breaker.allows(now, 3), n < 5, "after {n} failures");
            breaker.record(ServiceHealth::Failing, now, None, 1.0);
            assert_eq!(
                breaker.next_allowed_at(),
                now + pause * MS,
                "after {n} failures"
            );
            assert!(!breaker.allows(now, 0));
        }
        breaker.record(ServiceHealth::Healthy, Duration::ZERO, None, 1.0);
        assert!(!breaker.is_open());
    }

    #[test]
    fn throttling_pauses_for_as_long_as_the_service_asks() {
        let mut breaker = breaker();
        breaker.record(
            ServiceHealth::Throttled,
            Duration::ZERO,
            Some(5000 * MS),
            0.5,
        );
        assert!(!breaker.allows(4999 * MS, 0));
        assert!(breaker.allows(5000 * MS, 7));
        breaker.record(
            ServiceHealth::Throttled,
            5000 * MS,
            Some(9_000_000 * MS),
            0.5,
        );
        assert_eq!(breaker.next_allowed_at(), 25_000 * MS);
    }

    /// However many are under way when the service stops to answer, the first pause is
    /// that of five failures, or of one throttling.
    #[test]
    fn failures_of_requests_at_once_count_as_one() {
        for (health, longest) in [
            (ServiceHealth::Failing, 1000),
            (ServiceHealth::Throttled, 1000),
        ] {
            let mut breaker = breaker();
            for _ in 0..256 {
                breaker.record(health, 7 * MS, None, 1.0);
            }
            assert_eq!(
                breaker.next_allowed_at(),
                7 * MS + longest * MS,
                "{health:?}"
            );
        }
    }

    proptest! {
        /// A minute of failures is a few probes, whatever chance says.
        #[test]
        fn outage_of_a_minute_gets_few_probes(random in prop::collection::vec(0.0..1.0f64, 100)) {
            let mut breaker = breaker();
            let mut attempts = 0;
            for random in random {
                let now = breaker.next_allowed_at();
                if now >= 60_000 * MS {
                    break;
                }
                attempts += 1;
                breaker.record(ServiceHealth::Failing, now, None, random);
            }
            prop_assert!(attempts <= 20, "{attempts}");
        }
    }
}
