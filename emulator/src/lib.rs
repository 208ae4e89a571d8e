//! A Tencent Push Notification Service on localhost.
//!
//! It keeps bindings, tags and pushes under the documented rules, checks both kinds of
//! authentication, speaks every protocol version, and injects faults on demand: for
//! testing a client without an account at Tencent. It shares no code with the client, so
//! the two cannot be wrong together.
//!
//! ```
//! use xgpush_emulator::{Config, Emulator, Fault, FaultKind};
//!
//! let emulator = Emulator::start(Config::default())?;
//! emulator.push_fault(Fault::new(FaultKind::retry_after(503, "1")).times(2));
//! println!("the service address is {}", emulator.base_url());
//! # std::io::Result::Ok(())
//! ```
//!
//! Dropping the [`Emulator`] ends its only thread. No signal handler and no
//! logger is installed.
//!
//! # Where the documents are silent
//!
//! Open questions are options of [`Config`]. The README of the crate lists them with the
//! reasons of their defaults, and what is chosen once.
//!
//! # Programs in other languages
//!
//! The program `xgpush-emulator` prints its address. JSON over HTTP below `/_emulator/` on
//! the same port controls it; the README of the crate lists the paths.
#![forbid(unsafe_code)]

// The path of a request: http reads it; service selects a fault from faults, gets the
// response from its api (over protocol and state), injects the fault into it, logs and
// counts; http writes it. Paths below /_emulator/ go to admin instead.
mod admin;
pub mod cli;
mod config;
mod emulator;
mod faults;
mod http;
mod kept;
mod mention;
mod page;
mod protocol;
mod recording;
mod response;
mod service;
mod state;

pub use config::{
    App, AuthFailure, Clears, Config, LengthUnit, NotFound, OverLimit, Platform, PlatformField,
    Region, RepeatedPush, Spelling, TopLevelType, UnboundInList, Version,
};
pub use emulator::Emulator;
pub use faults::fault::Fault;
pub use faults::kind::FaultKind;
pub use faults::schedule::RandomFaults;
pub use protocol::auth::AuthKind;
pub use service::headers::RequestHeaders;
pub use service::log::{Counters, LogEntry};
pub use state::change::Change;
pub use state::pushes::{Push, PushStatus};
pub use state::snapshot::State;
