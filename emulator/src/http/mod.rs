//! The server: sockets, TLS, HTTP.

pub(crate) mod connection;
pub(crate) mod server;
pub(crate) mod tls;
