//! One signed request once: pacing, the service's clock, the worker pool.

#[cfg(feature = "outbox")]
mod attempt;
pub(crate) mod cancel;
#[cfg(feature = "bulk")]
mod delivery;
pub(crate) mod pacing;
#[cfg(feature = "bulk")]
#[cfg_attr(
    not(feature = "outbox"),
    allow(dead_code, reason = "the outbox uses all of it")
)]
pub(crate) mod pool;
pub(crate) mod progress;
pub(crate) mod send;
pub(crate) mod skew;

#[cfg(feature = "outbox")]
pub(crate) use attempt::Attempted;
#[cfg(feature = "bulk")]
pub(crate) use delivery::{Delivered, Delivery};
