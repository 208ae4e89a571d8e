//! Responses: logical, as HTTP, and with a fault injected.

pub(crate) mod body;
pub(crate) mod http;
pub(crate) mod inject;
pub(crate) mod logical;
