//! The C ABI of xgpush: conversions only. What the API allows is decided in the
//! crate `xgpush`; the contract of each function is in `include/xgpush.h`,
//! which is generated from here, in the order of the modules below.
//!
//! Three rules hold for every export and are kept by types:
//!
//! * a body runs inside [`guard`](boundary::guard), which turns a panic into
//!   `XG_INTERNAL` or a stated default;
//! * a pointer becomes a reference only through [`handle`](boundary::handle), a text
//!   only through [`text`](boundary::text), and both refuse what they cannot take;
//! * an output is written as the last step of a body that succeeded.

#![allow(non_camel_case_types, reason = "the names are those of the C header")]

// What every export stands on: no exports of its own.
mod boundary;

// Everything else: a folder for each group of functions of the header.
mod version;

mod error;

mod config;

mod model;

mod client;

mod outbox;

mod http;

mod tables;
