//! Tencent Push Notification Service (TPNS, formerly XG): binds device tokens to
//! accounts, unbinds them and looks them up, and tells what became of every
//! single item.
//!
//! [`Client`] makes blocking calls. [`Exchange`] is the same protocol without
//! I/O, for people who bring their own HTTP client; [`CallbackTransport`] lets that
//! client carry the bytes while retries and order stay here.

#![deny(unsafe_code)]
#![cfg_attr(
    not(all(feature = "apply", feature = "outbox")),
    allow(
        dead_code,
        unused_imports,
        reason = "what is shared is written for all of the features"
    )
)]

#[macro_use]
mod model;

#[cfg(feature = "apply")]
mod apply;
#[cfg(feature = "http")]
mod bulk;
#[cfg(feature = "http")]
mod client;
#[cfg(feature = "http")]
mod engine;
mod exchange;
pub mod options;
mod ordering;
#[cfg(feature = "outbox")]
mod outbox;
mod progress;
mod protocol;
mod retry;
#[cfg(feature = "http")]
mod sync;
#[cfg(feature = "http")]
#[allow(
    unsafe_code,
    reason = "the one module for it, with what nobody else offers"
)]
mod sys;
#[cfg(feature = "http")]
mod transport;

#[cfg(feature = "apply")]
pub use apply::checks::{CheckLevel, Notice, RowChecker, Suspicion};
#[cfg(feature = "apply")]
pub use apply::{
    Apply, ApplyEnd, ApplyInput, ApplyOptions, Failure, Format, Progress, Reading, RowFile,
};
#[cfg(feature = "http")]
pub use bulk::{AbortReason, Bulk, BulkOptions, BulkRows};
#[cfg(feature = "http")]
pub use client::{CallOptions, Client, Reply};
pub use exchange::Exchange;
pub use model::account::{
    Account, AccountType, MAX_TOKEN_BYTES, MIN_ACCOUNT_BYTES, Platform, Token,
};
pub use model::codes;
pub use model::desired::{Change, Wanted};
pub use model::error::{Error, ErrorKind, Result};
pub use model::operation::{Action, Binding, Lookup, Operation, Operator, Request};
pub use model::outcome::{
    Found, FoundAccount, ItemOutcome, Outcome, Reason, State, Warning, WarningKind,
};
pub use model::row::Row;
pub use options::{Config, Durability};
pub use ordering::MAX_ITEMS_PER_REQUEST;
#[cfg(feature = "outbox")]
pub use outbox::{
    LogLevel, NewRecord, Outbox, OutboxStats, Record, Report, Store, Waiting, WaitingAccount,
    look_at_file, prometheus_page,
};
pub use protocol::access_point::{AccessPoint, BaseUrl};
pub use protocol::api_call::ApiCall;
pub use protocol::credentials::{Credentials, Scheme};
pub use protocol::message::{HttpRequest, HttpResponse, SendError, SendErrorKind};
pub use protocol::rules::ProtocolVersion;
#[cfg(feature = "http")]
pub use sync::{SyncOptions, SyncState, Synced};
#[cfg(feature = "http")]
pub use sys::owner_process::mark_forked;
#[cfg(feature = "http")]
#[doc(hidden)]
pub use sys::threads::{no_thread, thread};
#[cfg(feature = "http")]
pub use transport::{Attempt, CallbackTransport, Transfer, Transport};

/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
