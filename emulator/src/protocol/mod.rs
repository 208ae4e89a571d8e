//! Reading a request: endpoint, authentication, JSON.

pub(crate) mod audience;
pub(crate) mod auth;
pub(crate) mod codes;
pub(crate) mod date;
pub(crate) mod endpoint;
pub(crate) mod fields;
mod key;
mod near_miss;
pub(crate) mod push;
pub(crate) mod request;
pub(crate) mod tag;
pub(crate) mod upload;
