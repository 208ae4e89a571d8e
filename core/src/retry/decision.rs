//! [`decide`]: may an item be sent again, when, and how often? The one place that decides,
//! for every API. Also [`ItemOutcome::is_retryable`] and [`ItemOutcome::refuses_caller`].

use std::time::Duration;

use super::{Backoff, GiveUpReason, RetryBudget, StopReason, TransientKind};
use crate::model::codes::{self, Fault};
use crate::model::outcome::{ItemOutcome, Reason, State};

/// How often a request of a stream is sent with all the attempts of a call, while others
/// get through: the service may have gone away just then. Not fewer than the failures in
/// a row that open the breaker: in an outage that has begun no row is given up.
const STREAM_ROUNDS: u32 = 5;

/// Attempts after which an operation of the outbox whose request fails, while others get
/// through, is sent in a request of its own.
const ISOLATE_AFTER: u32 = 3;

/// How an API retries.
///
/// | | repeats | at most | pause | refused batch |
/// |---|---|---|---|---|
/// | `Idempotent` | transient failures | `max_attempts`, deadline, budget | full jitter, `Retry-After` | final |
/// | `NonIdempotent` | those that certainly had no effect | as `Idempotent` | as `Idempotent` | final |
/// | `Stream` | transient failures, after the attempts of a call | five rounds; no bound while the breaker is open | the breaker's | taken apart |
/// | `Outbox` | everything that is not permanent | its own deadline | full jitter, and the breaker's | taken apart |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryMode {
    /// An operation, a query, or a `call` that is declared repeatable.
    Idempotent,
    /// A `call` to an endpoint that this crate knows nothing of: it may push to a
    /// million phones.
    NonIdempotent,
    /// A row of a stream.
    Stream,
    /// An operation of the outbox.
    Outbox,
}

/// What is known when the decision is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Situation<'a> {
    /// How often it was sent, this attempt included.
    pub(crate) attempts: u32,
    /// How many items the request carried.
    pub(crate) batch: usize,
    /// Whether the circuit breaker is open.
    pub(crate) breaker_open: bool,
    /// What the service asked for (`Retry-After`): a lower bound, itself bounded by
    /// `max_backoff_ms`.
    pub(crate) asked: Option<Duration>,
    /// Until the deadline, which beats everything.
    pub(crate) left: Duration,
    /// Uniform in [0, 1): full jitter, so that many callers do not come back at once.
    pub(crate) random: f64,
    pub(crate) backoff: &'a Backoff,
    /// Pays for the retry: it is taken from only if the answer is [`Decision::Again`].
    pub(crate) budget: Option<&'a RetryBudget>,
}

/// What to do with items after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Nothing: accepted, or the answer would be the same.
    Done,
    /// Send it again after a pause.
    Again {
        kind: TransientKind,
        pause: Duration,
        /// In a request of its own: it failed often enough to be to blame.
        alone: bool,
    },
    /// Send it again at once in a request of its own: the request was refused as a
    /// whole, and another item in it may be to blame.
    Alone,
    /// It is worth another attempt and gets none.
    GiveUp(GiveUpReason),
}

/// Decides on items that were sent together and would be sent again together: the
/// slowest of them sets the pause.
pub(crate) fn decide<'a>(
    mode: RetryMode,
    outcomes: impl IntoIterator<Item = &'a ItemOutcome>,
    at: &Situation<'_>,
) -> Decision {
    let mut refused_together = false;
    let mut kind = None;
    for outcome in outcomes {
        let failure = failure(outcome);
        refused_together |= failure == Failure::WholeBatch;
        if mode.repeats(outcome) {
            kind = kind.max(Some(match failure {
                Failure::Transient(kind) => kind,
                _ => TransientKind::Short,
            }));
        }
    }
    let Some(kind) = kind else {
        let split = refused_together && at.batch > 1 && mode.splits_batches();
        return if split {
            Decision::Alone
        } else {
            Decision::Done
        };
    };
    if mode
        .max_attempts(at)
        .is_some_and(|most| at.attempts >= most)
    {
        return Decision::GiveUp(GiveUpReason::Attempts);
    }
    let pause = mode.pause(kind, at);
    if pause >= at.left {
        return Decision::GiveUp(StopReason::Deadline.into());
    }
    if at.budget.is_some_and(|budget| !budget.spend(kind)) {
        return Decision::GiveUp(GiveUpReason::Budget);
    }
    Decision::Again {
        kind,
        pause,
        alone: mode.isolates(at),
    }
}

/// What a failure says of the next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Failure {
    /// None, or one that comes again whatever is done.
    Permanent,
    /// One item of the request may be to blame.
    WholeBatch,
    /// Persists until an operator fixes a key, a gateway or a format, or because the caller
    /// ended it.
    NeedsIntervention,
    /// May be over soon.
    Transient(TransientKind),
}

pub(super) fn failure(outcome: &ItemOutcome) -> Failure {
    use Failure::{NeedsIntervention, Permanent, Transient, WholeBatch};
    match (outcome.reason, outcome.code) {
        (Reason::Accepted | Reason::Superseded | Reason::Expired | Reason::Invalid, _) => Permanent,
        (
            Reason::TimedOut | Reason::ConnectionLost | Reason::ConnectFailed | Reason::NotJson,
            _,
        ) => Transient(TransientKind::Short),
        (Reason::HttpError, _) => match outcome.http_status {
            Some(408 | 500..) => Transient(TransientKind::Short),
            _ => NeedsIntervention,
        },
        // The same request would bring the same answer, or the caller is done.
        (
            Reason::NotDocumented
            | Reason::ResultMissing
            | Reason::ResultCount
            | Reason::Contradiction
            | Reason::BodyTooLarge
            | Reason::Interrupted
            | Reason::Deadline
            | Reason::Cancelled
            | Reason::Closed
            | Reason::HeldBack,
            _,
        ) => NeedsIntervention,
        // Not the service's own refusal: a gateway's, or a wrong address.
        (Reason::ItemRefused | Reason::RequestRefused | Reason::HttpRefused, None) => {
            match outcome.http_status {
                Some(429) => Transient(TransientKind::Throttled),
                _ => NeedsIntervention,
            }
        }
        (reason, Some(code)) => match codes::retry(code) {
            codes::Retry::Backoff => Transient(TransientKind::Short),
            codes::Retry::Throttle => Transient(TransientKind::Throttled),
            // No item's own fault.
            _ if outcome.refuses_caller() => NeedsIntervention,
            _ if reason == Reason::RequestRefused => WholeBatch,
            codes::Retry::Never | codes::Retry::PerElement => Permanent,
        },
    }
}

/// Whether an outcome is worth another attempt soon.
///
/// The account operations set a state, so sending one again does no harm as
/// long as nothing newer on its keys was sent in between.
pub(crate) fn is_transient(outcome: &ItemOutcome) -> bool {
    matches!(failure(outcome), Failure::Transient(_))
}

impl ItemOutcome {
    /// Whether sending the item again later may end better. Submitting all retryable
    /// items again, in their order, keeps the order of every token and account.
    pub fn is_retryable(&self) -> bool {
        match failure(self) {
            Failure::Transient(_) => true,
            Failure::NeedsIntervention => self.state() != State::Rejected,
            Failure::Permanent | Failure::WholeBatch => false,
        }
    }

    /// Whether the service refused who asked: see [`Reason::refuses_caller`].
    pub fn refuses_caller(&self) -> bool {
        self.reason.refuses_caller(self.code, self.http_status)
    }
}

impl Reason {
    /// Whether an item that ended so, with this code and HTTP status, was refused
    /// because of who asked: the credentials, where the request came from, or what
    /// the console says of the application. Whatever the same caller sends next is
    /// refused as well.
    pub fn refuses_caller(self, code: Option<i64>, http_status: Option<u16>) -> bool {
        match code {
            _ if self.state() != State::Rejected => false,
            Some(code) => codes::lookup(code).is_some_and(|row| row.fault == Fault::Configuration),
            None => matches!(http_status, Some(401 | 403)),
        }
    }
}

impl RetryMode {
    /// Whether the caller may send it again later. What is unknown may have been done: a
    /// push to be pushed twice.
    pub(crate) fn caller_may_repeat(self, outcome: &ItemOutcome) -> bool {
        outcome.is_retryable() && (self != Self::NonIdempotent || outcome.state() != State::Unknown)
    }

    fn repeats(self, outcome: &ItemOutcome) -> bool {
        let failure = failure(outcome);
        match self {
            Self::Idempotent | Self::Stream => matches!(failure, Failure::Transient(_)),
            Self::NonIdempotent => match failure {
                // Throttled by the service or a gateway: it was not taken.
                Failure::Transient(TransientKind::Throttled) => outcome.state() == State::Rejected,
                Failure::Transient(TransientKind::Short) => outcome.state() == State::NotSent,
                _ => false,
            },
            Self::Outbox => matches!(failure, Failure::Transient(_) | Failure::NeedsIntervention),
        }
    }

    fn splits_batches(self) -> bool {
        match self {
            Self::Idempotent | Self::NonIdempotent => false,
            Self::Stream | Self::Outbox => true,
        }
    }

    /// `None`: no bound.
    fn max_attempts(self, at: &Situation<'_>) -> Option<u32> {
        match self {
            Self::Idempotent | Self::NonIdempotent => Some(at.backoff.max_attempts),
            Self::Stream => (!at.breaker_open).then_some(STREAM_ROUNDS),
            Self::Outbox => None,
        }
    }

    fn pause(self, kind: TransientKind, at: &Situation<'_>) -> Duration {
        let backoff = at.backoff;
        let jittered = |base| {
            let doublings = at.attempts.saturating_sub(1);
            backoff.doubled(base, doublings).mul_f64(at.random)
        };
        match self {
            Self::Idempotent | Self::NonIdempotent => {
                let asked = at.asked.unwrap_or_default().min(backoff.cap);
                jittered(backoff.base_of(kind)).max(asked)
            }
            // The breaker pauses the whole stream.
            Self::Stream => Duration::ZERO,
            // The breaker keeps to what the service asked for.
            Self::Outbox => jittered(backoff.base),
        }
    }

    /// Whether an item that failed together with others goes alone from now on.
    fn isolates(self, at: &Situation<'_>) -> bool {
        match self {
            Self::Idempotent | Self::NonIdempotent | Self::Stream => false,
            Self::Outbox => {
                // In an outage all fail: more patience.
                let patience = if at.breaker_open { 2 } else { 1 };
                at.batch > 1 && at.attempts >= patience * ISOLATE_AFTER
            }
        }
    }
}

#[cfg(test)]
mod tests;
