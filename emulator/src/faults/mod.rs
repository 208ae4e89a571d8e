//! Faults on demand: their kinds, and which requests they hit.

pub(crate) mod fault;
pub(crate) mod kind;
pub(crate) mod schedule;
