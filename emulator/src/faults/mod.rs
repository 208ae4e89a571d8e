//! What can go wrong on demand, and when.

pub(crate) mod fault;
pub(crate) mod kind;
pub(crate) mod schedule;
