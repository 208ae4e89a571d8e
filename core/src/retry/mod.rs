//! When to send again: pure decisions over (attempt, failure, clock).

mod budget;
mod decision;
#[cfg(feature = "bulk")]
mod delivery;
#[cfg(feature = "bulk")]
mod gate;

pub(crate) use budget::RetryBudget;
pub(crate) use decision::{Backoff, Pace, asked_wait, next_attempt, retry_after, worth_a_retry};
#[cfg(feature = "bulk")]
pub(crate) use delivery::{Fate, fate, health};
#[cfg(feature = "bulk")]
pub(crate) use gate::{Gate, Health};
