//! The protocol of the service: rules, JSON, signatures, access points, and the
//! classification of responses.

pub(crate) mod access_point;
pub(crate) mod api;
pub(crate) mod api_call;
pub(crate) mod classify;
pub(crate) mod credentials;
pub(crate) mod message;
pub(crate) mod rules;
pub(crate) mod wire;
