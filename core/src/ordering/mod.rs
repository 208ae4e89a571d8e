//! What may be sent now: splitting a call into batches, and the order on each token and
//! account. Decisions over values.

pub(crate) mod plan;
#[cfg(feature = "bulk")]
#[cfg_attr(
    not(feature = "outbox"),
    allow(dead_code, reason = "the outbox uses all of it")
)]
pub(crate) mod queue;
