//! The documented JSON, both ways: the only place that knows field names.

mod answer;
mod body;
mod object;
mod parse;

pub(crate) use answer::{Answer, Element};
pub(crate) use body::body;
pub(crate) use body::body_of_operations;
