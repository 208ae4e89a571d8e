//! The server: sockets, TLS, HTTP.

mod connection;
mod response;
pub(crate) mod server;
pub(crate) mod tls;
