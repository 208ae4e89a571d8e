//! The bindings of tokens and accounts: now, delayed, and as a snapshot.

pub(crate) mod bindings;
pub(crate) mod delayed;
pub(crate) mod snapshot;
