//! One rate for many processes.
//!
//! A [`clock`] in a shared store says when the next request of the application may leave
//! (GCRA): whoever has requests waiting reserves places for them, and each process sends at
//! its places. Each process has a [`member`]: it decides what to reserve, keeps the places,
//! and knows what to do while the store is away.
//!
//! While the store is away, every process keeps to a share of the rate by itself. The
//! shares of all never add up to more than the rate, because a process takes part of the
//! rate that was counted only if every other one has counted it (see [`share`]). After the
//! store is back, and when it forgot what it knew, everybody goes on with the shares until
//! everybody has heard of it ([`clock::SETTLE`]).

pub(crate) mod clock;
mod engine_time;
pub(crate) mod member;
pub(crate) mod share;

#[cfg(test)]
mod simulation;

use std::time::Duration;

use super::engine;
use clock::{Answer, Ask};

/// How long a process counts after it was heard of.
pub(crate) const COUNTED: Duration = Duration::from_secs(10);

/// How late a place may be used. Later it would meet those of others: 2 % of a second is
/// how much more than the rate may leave in one.
pub(crate) const LATE: Duration = Duration::from_millis(15);

/// Keeps the clock of an application, for many processes.
///
/// May block up to a time-out of the engine's own, and is called by one thread at a time,
/// never by a host's.
pub(crate) trait QuotaEngine: Send {
    /// Asks the clock, in one atomic step. The same question again costs places.
    fn ask(&mut self, ask: &Ask) -> engine::Result<Answer>;
    /// Whether the connection of the last question is still there.
    fn is_connected(&mut self) -> bool;
    /// Lets the connection go: the next question makes a new one.
    fn rest(&mut self);
    /// Where it is, for people; without a password.
    fn place(&self) -> String;
}
