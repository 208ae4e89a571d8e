//! When to send, and when to send again: pure decisions over (attempt, failure,
//! clock).

#[cfg(feature = "outbox")]
mod alarm;
mod budget;
#[cfg(feature = "bulk")]
mod delivery;
#[cfg(feature = "bulk")]
mod gate;
mod pacing;
mod retry;
mod skew;

#[cfg(feature = "outbox")]
pub(crate) use alarm::Alarm;
pub(crate) use budget::RetryBudget;
#[cfg(feature = "bulk")]
pub(crate) use delivery::{Fate, fate, health};
#[cfg(feature = "bulk")]
pub(crate) use gate::{Gate, Health};
pub(crate) use pacing::Pacer;
pub(crate) use retry::{Backoff, Pace, asked_wait, next_attempt, retry_after, worth_a_retry};
pub(crate) use skew::{MIN_SKEW, clock_skew};
