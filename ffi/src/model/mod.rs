//! Requests and outcomes, for clients, outboxes and exchanges alike.

pub(crate) mod request;

mod items;

pub(crate) mod outcome;

mod details;
