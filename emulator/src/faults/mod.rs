//! What can go wrong on demand, and when.

pub(crate) mod fault;
pub(crate) mod schedule;
