//! Who is bound to what.

pub(crate) mod bindings;
pub(crate) mod snapshot;
