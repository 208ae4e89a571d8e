//! Who is bound to what.

pub(crate) mod bindings;
pub(crate) mod delayed;
pub(crate) mod snapshot;
