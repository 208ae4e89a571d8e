//! The caller's own HTTP: a transport that carries requests, or an exchange of bytes.

pub(crate) mod transport;

pub(crate) mod exchange;
