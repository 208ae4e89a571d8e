//! From C to Rust and back: pointers, texts, panics. Nothing here is exported.

pub(crate) mod guard;
pub(crate) mod handle;
pub(crate) mod text;
pub(crate) mod user_data;
