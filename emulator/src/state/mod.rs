//! The bindings of tokens and accounts: now, delayed, and as a snapshot.

pub(crate) mod bindings;
pub(crate) mod change;
pub(crate) mod delayed;
mod ordered;
pub(crate) mod snapshot;
