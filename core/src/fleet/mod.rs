//! One order and one quota for many processes: the decisions, over values.
//!
//! Every process has a [`sender`]: it appends what was submitted to a shared [`engine`], in
//! the order of submission, and takes the reports back. One process at a time is the
//! [`relay`]: it holds the lease, loads operations in the engine's order, sends them, and
//! settles them. Both are machines over the engine's answers and the time, with no clock,
//! socket or thread of their own: they say which [`command`] is next, and are told the
//! answer. `crate::over_redis` is an engine.
//!
//! One thread owns the machines of a process, and never waits for the engine; another owns
//! the engine with its one connection, and carries out one command after the other.

pub(crate) mod command;
pub(crate) mod engine;
mod pause;
pub(crate) mod quota;
pub(crate) mod relay;
pub(crate) mod report;
pub(crate) mod sender;

#[cfg(test)]
pub(crate) mod model;

/// A rule that is left out, to show that the model check notices.
#[cfg(test)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Mutant {
    #[default]
    None,
    /// A relay sends as long as it knows of no other.
    NoGuard,
    /// The engine takes a settle and a renewal of any epoch.
    NoFence,
    /// The engine appends what it has.
    NoIdempotence,
    /// Each operation is in one of four orders, by its token.
    FourPartitions,
    /// A successor goes on with the name and the numbers of its predecessor.
    ContinuedNumbers,
    /// What an engine confirmed is not checked afterwards.
    TrustsConfirm,
}

#[cfg(test)]
pub(crate) mod conformance_tests;
