//! Redis as the engine of a fleet, spoken to over sockets of our own.
//!
//! The protocol is small, and the bounds that the fleet needs are not those of a general
//! client: one end in time for a whole command however its bytes trickle in, name look-up
//! and TLS handshake included; one TLS provider by name, so that a host program with another
//! one is not harmed; no error that repeats a password or an account.

mod connect;
mod connection;
mod entry;
mod failure;
mod resp;
mod sentinel;
mod settings;
mod stream;

pub(crate) mod checks;
pub(crate) mod engine;
pub(crate) mod keys;
pub(crate) mod link;
pub(crate) mod quota;
pub(crate) mod url;

pub(crate) use checks::Finding;
pub(crate) use link::{Commands, Link, Script};
pub(crate) use resp::Reply;
pub(crate) use url::RedisUrl;

#[cfg(test)]
#[path = "../../tests/common/redis.rs"]
pub(crate) mod server;
