//! When to send again: pure decisions over (attempt, failure, clock).

#[cfg(feature = "bulk")]
mod breaker;
mod budget;
mod decision;
#[cfg(feature = "bulk")]
mod delivery;

#[cfg(feature = "bulk")]
pub(crate) use breaker::{Gate, Health};
pub(crate) use budget::RetryBudget;
pub(crate) use decision::{Backoff, Pace, next_attempt, worth_a_retry};
#[cfg(feature = "bulk")]
pub(crate) use delivery::{Fate, fate, health};
