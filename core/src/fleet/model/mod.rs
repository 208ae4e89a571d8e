//! The model check: random histories of a fleet over an engine in memory that forgets.
//!
//! The machines are the real ones. What can go wrong: commands are lost, delayed, or carried
//! out without an answer; the engine stops, lags, and fails over with or without breaking
//! connections; processes are killed, paused, cut off, and closed; clocks run at different
//! rates; the service fails, and answers too late.

mod check;
mod connection;
pub(crate) mod engine;
mod plan;
mod process;
mod record;
mod tests;
mod world;
