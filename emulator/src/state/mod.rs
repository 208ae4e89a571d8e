//! The bindings of tokens and accounts: now, delayed, and as a snapshot.

pub(crate) mod application;
pub(crate) mod bindings;
pub(crate) mod change;
pub(crate) mod delayed;
mod ordered;
pub(crate) mod pushes;
pub(crate) mod snapshot;
pub(crate) mod tags;
