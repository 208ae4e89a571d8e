//! One order and one quota for many processes: the decisions, over values.
//!
//! Every process has a *sender*: it appends what was submitted to a shared [`engine`], in
//! the order of submission, and takes the reports back. One process at a time is the
//! *relay*: it holds the lease, loads operations in the engine's order, sends them, and
//! settles them. Both are machines over the engine's answers and the time, with no clock,
//! socket or thread of their own; `crate::over_redis` is an engine, and the outbox runs the
//! machines on threads.

pub(crate) mod engine;
