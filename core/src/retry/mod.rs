//! May it be sent again, when, and how often: pure decisions over (outcome,
//! attempts, clock).

mod backoff;
mod breaker;
mod budget;
mod decision;
mod give_up;

pub(crate) use backoff::{Backoff, TransientKind};
pub(crate) use breaker::{CircuitBreaker, ServiceHealth, service_health};
pub(crate) use budget::RetryBudget;
pub(crate) use decision::{Decision, RetryMode, Situation, decide, is_transient};
pub(crate) use give_up::{GiveUpReason, StopReason};
