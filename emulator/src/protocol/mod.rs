//! Reading a request: endpoint, authentication, JSON.

pub(crate) mod auth;
pub(crate) mod codes;
pub(crate) mod endpoint;
pub(crate) mod request;
