//! Errors of core as the exceptions of `xgpush.errors`. Those are written in Python, because
//! native exceptions with attributes need `CPython` 3.12.

use pyo3::prelude::*;

/// The exception for an error of core.
pub(crate) fn exception(error: &xgpush::Error) -> PyErr {
    Python::attach(|py| {
        let make = || -> PyResult<Bound<'_, PyAny>> {
            py.import("xgpush.errors")?.getattr("make")?.call1((
                error.kind().name(),
                error.kind().number(),
                error.to_string(),
                error.item(),
                error.code(),
                error.http_status(),
                error.is_retryable(),
                error.retry_after().map(|wait| wait.as_secs()),
            ))
        };
        match make() {
            Ok(exception) => PyErr::from_value(exception),
            Err(failure) => failure,
        }
    })
}
