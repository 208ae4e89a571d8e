//! Tencent Push Notification Service (TPNS, formerly XG): binds device tokens to
//! accounts, unbinds them and looks them up, and tells what became of every
//! single item.
//!
//! [`Client`] makes blocking calls. [`Exchange`] is the same protocol without
//! I/O, for people who bring their own HTTP client; [`CallbackTransport`](transport::CallbackTransport) lets that
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
pub mod apply;
#[cfg(feature = "http")]
pub mod bulk;
#[cfg(feature = "http")]
mod client;
#[cfg(feature = "http")]
mod engine;
mod exchange;
pub mod options;
mod ordering;
#[cfg(feature = "outbox")]
pub mod outbox;
mod progress;
mod protocol;
mod retry;
#[cfg(feature = "http")]
pub mod sync;
#[cfg(feature = "http")]
#[allow(
    unsafe_code,
    reason = "the one module for it, with what nobody else offers"
)]
mod sys;
#[cfg(feature = "http")]
pub mod transport;

#[cfg(feature = "http")]
pub use client::{CallOptions, Client, Reply};
pub use exchange::Exchange;
pub use model::account::{
    Account, AccountType, MAX_TOKEN_BYTES, MIN_ACCOUNT_BYTES, Platform, Token,
};
pub use model::codes;
pub use model::error::{Error, ErrorKind, Result};
pub use model::operation::{Action, Binding, Lookup, Operation, Operator, Request};
pub use model::outcome::{
    Found, FoundAccount, ItemOutcome, Outcome, Reason, State, Warning, WarningKind,
};
pub use model::row::Row;
pub use options::{Config, Durability};
pub use ordering::MAX_ITEMS_PER_REQUEST;
#[cfg(feature = "outbox")]
pub use outbox::Outbox;
pub use protocol::access_point::AccessPoint;
pub use protocol::api_call::ApiCall;
pub use protocol::credentials::Scheme;
pub use protocol::message::{HttpRequest, HttpResponse, SendError, SendErrorKind};
pub use protocol::rules::ProtocolVersion;

/// For the C library, the Python package and the tests of this repository. No part of the
/// public API: it changes without notice.
#[doc(hidden)]
pub mod internal {
    pub use crate::protocol::credentials::Credentials;
    #[cfg(feature = "http")]
    pub use crate::sys::owner_process::mark_forked;
    #[cfg(feature = "http")]
    pub use crate::sys::threads::{no_thread, thread};
}

/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
