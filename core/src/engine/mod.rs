//! One signed request once: pacing, the service's clock, the worker pool.

pub(crate) mod pacing;
pub(crate) mod progress;
#[cfg(feature = "bulk")]
#[cfg_attr(
    not(feature = "outbox"),
    allow(dead_code, reason = "the outbox uses all of it")
)]
pub(crate) mod senders;
pub(crate) mod skew;
