//! What a client gets back, and what a fault makes of it.

pub(crate) mod body;
pub(crate) mod http;
pub(crate) mod inject;
pub(crate) mod logical;
