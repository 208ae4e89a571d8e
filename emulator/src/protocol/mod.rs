//! What a request is: its endpoint, who sent it, its JSON.

pub(crate) mod auth;
pub(crate) mod codes;
pub(crate) mod endpoint;
pub(crate) mod request;
