//! Account APIs of the Tencent Push Notification Service (TPNS, formerly XG): bind device
//! tokens to accounts, unbind them, and look them up. Every item of a request gets an
//! outcome of its own.
//!
//! # A call
//!
//! [`Client`] makes blocking calls of any length: it splits them into requests of 20
//! items, signs, retries, and keeps the order on each token and account.
//!
//! ```
//! use xgpush::{AccessPoint, Binding, Client, Config, Request, State};
//! # use xgpush::HttpResponse;
//! # use xgpush::transport::{CallbackTransport, Transfer};
//!
//! let mut config = Config::new();
//! config.access_id("1500001048")?.secret_key("0123456789abcdef")?;
//! config.access_point(AccessPoint::Guangzhou)?;
//! # let answer = r#"{"ret_code":1008026,"err_msg":"","result":["0","1008006"]}"#;
//! # let service = move |transfer: Transfer| transfer.answer(HttpResponse::new(200, answer));
//! # let service = CallbackTransport::new(&config, service);
//! # let client = Client::with_transport(&config, service)?;
//! # /*
//! let client = Client::new(&config)?;
//! # */
//!
//! let request = Request::bind([
//!     Binding::try_from(("token-of-phone-1", "alice"))?,
//!     Binding::try_from(("token-of-phone-2", "bob"))?,
//! ]);
//! let outcome = client.batch_operate(&request)?;
//! assert_eq!(outcome[0].state(), State::Accepted);
//! for item in &outcome {
//!     println!("{} {}", item.state(), item.message());
//! }
//! # assert_eq!(outcome[1].code(), Some(1_008_006));
//! # Ok::<(), xgpush::Error>(())
//! ```
//!
//! *Accepted* means that the service took the task, which it carries out later; what
//! [`State`] and [`Reason`] say is never better than the answer. An [`Error`] is for what
//! was refused before anything was sent.
//!
//! # Background delivery
//!
//! [`Outbox`] never blocks: it copies an operation, delivers it from a thread of its own,
//! and reports the outcome. With the option `outbox_file` operations outlive the process.
//!
//! ```
//! use std::time::Duration;
//! use xgpush::{Config, Operation, Outbox, State};
//! # use xgpush::{Client, HttpResponse};
//! # use xgpush::transport::{CallbackTransport, Transfer};
//!
//! # let mut config = Config::new();
//! # config.access_id("1500001048")?.secret_key("0123456789abcdef")?;
//! # config.base_url("https://tpns.example")?;
//! # let answer = r#"{"ret_code":0,"err_msg":"","result":["0"]}"#;
//! # let service = move |transfer: Transfer| transfer.answer(HttpResponse::new(200, answer));
//! # let service = CallbackTransport::new(&config, service);
//! # let outbox = Outbox::with_client(&config, Client::with_transport(&config, service)?)?;
//! # /*
//! let outbox = Outbox::open(Config::new().set_from_env()?)?; // XGPUSH_ACCESS_ID …
//! # */
//! outbox.submit(&Operation::bind("token-of-phone-1", "alice"), 7)?;
//! for report in outbox.reports(100, Duration::from_secs(10)) {
//!     assert_eq!((report.tag(), report.state()), (7, Some(State::Accepted)));
//! }
//! # Ok::<(), xgpush::Error>(())
//! ```
//!
//! # What else there is
//!
//! * [`bulk`]: a stream of rows of any length, in bounded memory ([`Client::bulk`]);
//!   [`apply`]: a CSV or JSON Lines file of them, with a report and resume.
//! * [`sync`]: makes the service know exactly the accounts that are wanted
//!   ([`Client::sync`]).
//! * [`Client::call_api`]: any other v3 path, with the same signing and retries.
//! * [`transport`]: the host's own HTTP stack carries the bytes.
//! * [`Exchange`]: the protocol without I/O.
//! * [`options`] and [`codes`]: the tables of options and of return codes.
//!
//! # Features
//!
//! | feature | what it brings | default |
//! |---|---|---|
//! | `http` | [`Client`], [`sync`], [`bulk`], and the transport over `ureq` | by the others |
//! | `apply` | [`apply`]; takes `http` with it | yes |
//! | `outbox` | [`Outbox`], with `SQLite` for its file; takes `http` with it | yes |
//! | `outbox-redis` | one order for many processes, through Redis or Valkey; takes `outbox` with it | no |
//!
//! Without any, the crate does no I/O and starts no thread: the values, the protocol and
//! [`Exchange`] are left, which build for `wasm32-unknown-unknown`.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(unsafe_code)]
#![cfg_attr(
    not(all(feature = "apply", feature = "outbox-redis")),
    allow(
        dead_code,
        unreachable_pub,
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
#[cfg(feature = "outbox")]
mod delivery;
#[cfg(feature = "http")]
mod engine;
mod exchange;
#[cfg(feature = "outbox")]
#[allow(dead_code, reason = "the engines and the machines follow")]
mod fleet;
#[cfg(feature = "outbox-redis")]
pub mod fleet_admin;
pub mod options;
mod ordering;
#[cfg(feature = "outbox")]
pub mod outbox;
#[cfg(feature = "outbox-redis")]
#[allow(dead_code, unused_imports, reason = "the outbox over it follows")]
mod over_redis;
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
pub use model::account::{Account, AccountType, MIN_ACCOUNT_BYTES, Platform};
pub use model::codes;
pub use model::error::{Error, ErrorKind, Result};
pub use model::operation::{Accounts, Operation};
pub use model::operator::{Action, Lookup, Operator};
pub use model::outcome::{
    Found, FoundAccount, ItemOutcome, Outcome, Reason, State, Warning, WarningKind,
};
pub use model::request::{Binding, Request};
pub use model::row::Row;
pub use model::token::{MAX_TOKEN_BYTES, Token};
pub use options::{Config, Durability, EngineDurability, OutboxRole};
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
