//! The tables of options and return codes.

use pyo3::prelude::*;

/// (name, type, default, range, text) of every option.
#[pyfunction]
pub(crate) fn options() -> Vec<(
    &'static str,
    &'static str,
    &'static str,
    String,
    &'static str,
)> {
    let row =
        |o: &xgpush::options::ConfigOption| (o.name, o.type_name(), o.default, o.range(), o.text);
    xgpush::options::OPTIONS.iter().map(row).collect()
}

/// (code, meaning, fault, retry, advice) of every return code.
#[pyfunction]
pub(crate) fn codes() -> Vec<(i64, &'static str, &'static str, &'static str, &'static str)> {
    let row =
        |c: &xgpush::codes::Code| (c.code, c.meaning, c.fault.name(), c.retry.name(), c.advice);
    xgpush::codes::TABLE.iter().map(row).collect()
}
