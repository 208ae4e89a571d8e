//! Tencent Push Notification Service (TPNS, formerly XG): binds device tokens to
//! accounts, unbinds them and looks them up, and tells what became of every
//! single item.
//!
//! [`Client`] makes blocking calls. [`Exchange`] is the same protocol without
//! I/O, for people who bring their own HTTP client; [`CallbackTransport`] lets that
//! client carry the bytes while retries and order stay here.

#![deny(unsafe_code)]

mod access_point;
mod account;
mod api;
#[cfg(feature = "apply")]
mod apply;
#[cfg(feature = "bulk")]
mod bulk;
mod client;
mod clock;
pub mod codes;
mod config;
mod credentials;
mod error;
mod exchange;
#[cfg_attr(
    not(feature = "bulk"),
    allow(dead_code, reason = "streams and the outbox use all of it")
)]
mod fork;
mod judge;
mod key;
mod operation;
pub mod options;
#[cfg(feature = "outbox")]
mod outbox;
mod outcome;
mod plain;
mod plan;
mod policy;
mod progress;
#[cfg(feature = "http")]
mod proxy;
#[cfg(feature = "bulk")]
#[cfg_attr(
    not(feature = "outbox"),
    allow(dead_code, reason = "the outbox uses all of it")
)]
mod queue;
mod rules;
#[cfg(feature = "bulk")]
#[cfg_attr(
    not(feature = "outbox"),
    allow(dead_code, reason = "the outbox uses all of it")
)]
mod senders;
mod sync;
#[cfg(feature = "outbox")]
#[allow(
    unsafe_code,
    reason = "the one room for it, with what nobody else offers"
)]
mod sys;
#[cfg(feature = "apply")]
mod table;
mod threads;
mod transport;
mod wire;

pub use access_point::{AccessPoint, BaseUrl};
pub use account::{Account, AccountType, MAX_TOKEN_BYTES, MIN_ACCOUNT_BYTES, Platform, Token};
#[cfg(feature = "apply")]
pub use apply::{
    Apply, ApplyEnd, ApplyInput, ApplyOptions, Failure, Format, Progress, Reading, RowFile,
};
#[cfg(feature = "bulk")]
pub use bulk::{Bulk, BulkOptions, BulkRows, GivenUp, Row};
pub use client::{ApiCall, CallOptions, Client, Reply, SyncOptions, SyncState, Synced};
pub use config::{Config, Durability};
pub use credentials::{Credentials, Scheme};
pub use error::{Error, ErrorKind, Result};
pub use exchange::Exchange;
pub use fork::note_fork;
#[cfg(feature = "bulk")]
pub use operation::Operation;
pub use operation::{Action, Binding, Lookup, Operator, Request};
#[cfg(feature = "outbox")]
pub use outbox::{
    LogLevel, NewRecord, Outbox, OutboxStats, Record, Report, Store, Waiting, WaitingAccount,
    look_at_file, prometheus_page,
};
pub use outcome::{Found, FoundAccount, ItemOutcome, Outcome, Reason, State, Warning, WarningKind};
pub use plan::MAX_ITEMS_PER_REQUEST;
pub use rules::ProtocolVersion;
pub use sync::{Change, Wanted};
#[cfg(feature = "apply")]
pub use table::{Judge, Notice, Scrutiny, Suspicion};
#[doc(hidden)]
pub use threads::{no_thread, thread};
pub use transport::{
    Attempt, CallbackTransport, HttpRequest, HttpResponse, SendError, SendErrorKind, Transfer,
    Transport,
};

/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
