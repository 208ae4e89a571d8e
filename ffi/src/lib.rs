//! The C ABI of xgpush: conversions only. What the API allows is decided in the
//! crate `xgpush`; the contract of each function stands in `include/xgpush.h`,
//! which is generated from here.
//!
//! Three rules hold for every export and are kept by types:
//!
//! * a body runs inside [`guard`], which turns a panic into `XG_INTERNAL` or a
//!   stated default;
//! * a pointer becomes a reference only through [`handle`], a text only through
//!   [`text`], and both refuse what they cannot take;
//! * an output is written as the last step of a body that succeeded.

#![allow(non_camel_case_types, reason = "the names are those of the C header")]

mod caller;
mod client;
mod code;
mod config;
mod context;
mod error;
mod exchange;
mod guard;
mod hand_in;
mod handle;
mod names;
mod outbox;
mod outcome;
mod pending;
mod reply;
mod reports;
mod request;
mod stats;
mod text;
mod transport;
mod version;
