//! Whether the outbox may send now: a pause after each failure, a breaker after
//! five, a pause after throttling.

use std::time::Duration;

use super::Backoff;

/// What one request says of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// It answered for the items.
    Well,
    /// It did not answer, or lets nobody in.
    Failing,
    /// It asked for fewer calls.
    Throttled,
}

/// How many failures in a row open the breaker.
const BREAK_AFTER: u32 = 5;

/// Times are on the caller's clock, from an arbitrary start.
#[derive(Debug)]
pub(crate) struct Gate {
    backoff: Backoff,
    failures: u32,
    throttles: u32,
    closed_until: Duration,
}

impl Gate {
    pub(crate) fn new(backoff: Backoff) -> Self {
        Self {
            backoff,
            failures: 0,
            throttles: 0,
            closed_until: Duration::ZERO,
        }
    }

    /// Whether a request may leave while `in_flight` others are under way. An
    /// open breaker lets one through at a time.
    pub(crate) fn lets_pass(&self, now: Duration, in_flight: usize) -> bool {
        now >= self.closed_until && (!self.is_broken() || in_flight == 0)
    }

    /// When it may let something pass that it does not now.
    pub(crate) fn opens_at(&self) -> Duration {
        self.closed_until
    }

    /// Whether the breaker is open.
    pub(crate) fn is_broken(&self) -> bool {
        self.failures >= BREAK_AFTER
    }

    /// Takes note of a request's end. `after` is what the service asked for;
    /// `random` is uniform in [0, 1).
    pub(crate) fn note(
        &mut self,
        health: Health,
        now: Duration,
        after: Option<Duration>,
        random: f64,
    ) {
        let backoff = self.backoff;
        let asked = after.unwrap_or_default().min(backoff.cap);
        let pause = match health {
            Health::Well => {
                self.failures = 0;
                self.throttles = 0;
                return;
            }
            Health::Failing => {
                // Of those that left before the last pause each opens the breaker, and none
                // makes it last longer: many at once are one failure of the service.
                if now >= self.closed_until || self.failures < BREAK_AFTER {
                    self.failures = self.failures.saturating_add(1);
                }
                match self.failures.checked_sub(BREAK_AFTER) {
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
            Health::Throttled => {
                if now >= self.closed_until || self.throttles == 0 {
                    self.throttles = self.throttles.saturating_add(1);
                }
                backoff
                    .doubled(backoff.throttle_base, self.throttles - 1)
                    .mul_f64(0.5 + random / 2.0)
            }
        };
        let until = now.saturating_add(pause.max(asked));
        self.closed_until = self.closed_until.max(until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: Duration = Duration::from_millis(1);

    fn gate() -> Gate {
        Gate::new(Backoff {
            max_attempts: 3,
            base: 50 * MS,
            throttle_base: 1000 * MS,
            cap: 20_000 * MS,
        })
    }

    #[test]
    fn five_failures_in_a_row_leave_one_probe_at_a_time() {
        let mut gate = gate();
        for (n, pause) in [50, 100, 200, 400, 1000, 2000, 4000]
            .into_iter()
            .enumerate()
        {
            let now = gate.opens_at();
            assert!(gate.lets_pass(now, 0));
            assert_eq!(gate.lets_pass(now, 3), n < 5, "after {n} failures");
            gate.note(Health::Failing, now, None, 1.0);
            assert_eq!(gate.opens_at(), now + pause * MS, "after {n} failures");
            assert!(!gate.lets_pass(now, 0));
        }
        gate.note(Health::Well, Duration::ZERO, None, 1.0);
        assert!(!gate.is_broken());
    }

    #[test]
    fn throttling_pauses_everything_for_as_long_as_the_service_asks() {
        let mut gate = gate();
        gate.note(Health::Throttled, Duration::ZERO, Some(5000 * MS), 0.5);
        assert!(!gate.lets_pass(4999 * MS, 0));
        assert!(gate.lets_pass(5000 * MS, 7));
        gate.note(Health::Throttled, 5000 * MS, Some(9_000_000 * MS), 0.5);
        assert_eq!(gate.opens_at(), 25_000 * MS);
    }

    /// However many are under way when the service stops to answer, the first pause is
    /// that of five failures, or of one throttling.
    #[test]
    fn many_requests_at_once_fail_as_one() {
        for (health, longest) in [(Health::Failing, 1000), (Health::Throttled, 1000)] {
            let mut gate = gate();
            for _ in 0..256 {
                gate.note(health, 7 * MS, None, 1.0);
            }
            assert_eq!(gate.opens_at(), 7 * MS + longest * MS, "{health:?}");
        }
    }

    proptest! {
        /// A minute of failures is a few probes, whatever chance says.
        #[test]
        fn an_outage_of_a_minute_is_probed_a_few_times(random in prop::collection::vec(0.0..1.0f64, 100)) {
            let mut gate = gate();
            let mut attempts = 0;
            for random in random {
                let now = gate.opens_at();
                if now >= 60_000 * MS {
                    break;
                }
                attempts += 1;
                gate.note(Health::Failing, now, None, random);
            }
            prop_assert!(attempts <= 20, "{attempts}");
        }
    }
}
