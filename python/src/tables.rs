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

/// (code, meaning, fault, retry, advice, `meaning_zh`, `advice_zh`) of every return
/// code.
#[pyfunction]
pub(crate) fn codes() -> Vec<(
    i64,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
)> {
    let row = |c: &xgpush::codes::Code| {
        let (fault, retry) = (c.fault.name(), c.retry.name());
        let (meaning_zh, advice_zh) = (c.meaning_zh, c.advice_zh);
        (
            c.code, c.meaning, fault, retry, c.advice, meaning_zh, advice_zh,
        )
    };
    xgpush::codes::TABLE.iter().map(row).collect()
}
