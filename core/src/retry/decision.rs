//! Retry by meaning: what failed, was it sent, is it worth it.

use std::time::Duration;

use super::RetryBudget;
use crate::model::codes;
use crate::model::outcome::{ItemOutcome, Reason};
use crate::options::Config;

/// How soon a retry may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pace {
    /// Soon: the failure may be over at once.
    Backoff,
    /// Later: the service asked for fewer calls.
    Throttle,
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

    /// A base doubled so many times, at most the cap.
    pub(crate) fn doubled(&self, base: Duration, times: u32) -> Duration {
        base.saturating_mul(2_u32.saturating_pow(times))
            .min(self.cap)
    }
}

/// Why there is no further attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    Attempts,
    Deadline,
    Budget,
}

/// Whether an item is worth another attempt, and at which pace.
///
/// The account operations set a state, so sending one again does no harm as
/// long as nothing newer on its keys was sent in between.
pub(crate) fn worth_a_retry(item: &ItemOutcome) -> Option<Pace> {
    match item.reason {
        Reason::TimedOut | Reason::ConnectionLost | Reason::ConnectFailed | Reason::NotJson => {
            Some(Pace::Backoff)
        }
        Reason::HttpError => match item.http_status {
            Some(408 | 500..) => Some(Pace::Backoff),
            _ => None,
        },
        Reason::HttpRefused => (item.http_status == Some(429)).then_some(Pace::Throttle),
        Reason::ItemRefused | Reason::RequestRefused => {
            match item.code.map_or(codes::Retry::Never, codes::retry) {
                codes::Retry::Backoff => Some(Pace::Backoff),
                codes::Retry::Throttle => Some(Pace::Throttle),
                codes::Retry::Never | codes::Retry::PerElement => None,
            }
        }
        // The same request would bring the same answer, or the caller is done.
        Reason::Accepted
        | Reason::NotDocumented
        | Reason::ResultMissing
        | Reason::ResultCount
        | Reason::Contradiction
        | Reason::BodyTooLarge
        | Reason::Interrupted
        | Reason::Deadline
        | Reason::Cancelled
        | Reason::Closed
        | Reason::HeldBack
        | Reason::Superseded
        | Reason::Expired
        | Reason::Invalid => None,
    }
}

/// Decides on the attempt after `made` ones (at least 1).
///
/// `random` is uniform in [0, 1): full jitter, so that many callers do not come
/// back at once. `after` is what the service asked for: a lower bound, itself
/// bounded by the cap. `left` is the time to the deadline, which beats all.
pub(crate) fn next_attempt(
    backoff: &Backoff,
    budget: &RetryBudget,
    pace: Pace,
    made: u32,
    after: Option<Duration>,
    left: Duration,
    random: f64,
) -> Result<Duration, Stop> {
    if made >= backoff.max_attempts {
        return Err(Stop::Attempts);
    }
    let base = match pace {
        Pace::Backoff => backoff.base,
        Pace::Throttle => backoff.throttle_base,
    };
    let jittered = backoff.doubled(base, made - 1).mul_f64(random);
    let pause = jittered.max(after.unwrap_or_default().min(backoff.cap));
    if pause >= left {
        return Err(Stop::Deadline);
    }
    if !budget.take(pace) {
        return Err(Stop::Budget);
    }
    Ok(pause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: Duration = Duration::from_millis(1);

    fn rules() -> Backoff {
        Backoff {
            max_attempts: 3,
            base: 50 * MS,
            throttle_base: 1000 * MS,
            cap: 20_000 * MS,
        }
    }

    #[test]
    fn the_decision_table() {
        let long = 60_000 * MS;
        let cases: &[(
            Pace,
            u32,
            Option<u32>,
            Duration,
            f64,
            Result<Duration, Stop>,
        )] = &[
            (Pace::Backoff, 1, None, long, 1.0, Ok(50 * MS)),
            (Pace::Backoff, 1, None, long, 0.0, Ok(Duration::ZERO)),
            (Pace::Backoff, 2, None, long, 1.0, Ok(100 * MS)),
            (Pace::Backoff, 3, None, long, 1.0, Err(Stop::Attempts)),
            (Pace::Throttle, 1, None, long, 0.5, Ok(500 * MS)),
            (Pace::Throttle, 2, None, long, 1.0, Ok(2000 * MS)),
            (Pace::Backoff, 1, Some(3000), long, 0.5, Ok(3000 * MS)),
            (
                Pace::Backoff,
                1,
                Some(9_000_000),
                long,
                0.5,
                Ok(20_000 * MS),
            ),
            (
                Pace::Backoff,
                1,
                Some(3000),
                3000 * MS,
                0.5,
                Err(Stop::Deadline),
            ),
            (Pace::Backoff, 1, None, 50 * MS, 1.0, Err(Stop::Deadline)),
        ];
        for (pace, made, after, left, random, expected) in cases {
            let budget = RetryBudget::new(500);
            let after = after.map(|ms| ms * MS);
            let got = next_attempt(&rules(), &budget, *pace, *made, after, *left, *random);
            assert_eq!(
                got, *expected,
                "{pace:?} {made} {after:?} {left:?} {random}"
            );
        }
        let empty = RetryBudget::new(13);
        let got = next_attempt(&rules(), &empty, Pace::Backoff, 1, None, long, 0.5);
        assert_eq!(got, Err(Stop::Budget));
    }

    proptest! {
        #[test]
        fn a_pause_is_within_its_bounds(
            made in 1u32..40, throttled: bool, random in 0.0..1.0f64,
            after in prop::option::of(0u32..100_000), left in 0u32..100_000,
        ) {
            let rules = Backoff { max_attempts: 50, ..rules() };
            let pace = if throttled { Pace::Throttle } else { Pace::Backoff };
            let budget = RetryBudget::new(500);
            let after = after.map(|ms| ms * MS);
            if let Ok(pause) = next_attempt(&rules, &budget, pace, made, after, left * MS, random) {
                prop_assert!(pause <= rules.cap);
                prop_assert!(pause < left * MS);
                prop_assert!(pause >= after.unwrap_or_default().min(rules.cap));
            }
        }
    }
}
