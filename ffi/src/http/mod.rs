//! The caller's own HTTP: a transport that carries requests, or an exchange of bytes.

mod request;

pub(crate) mod transport;

mod send_error;

mod exchange;
