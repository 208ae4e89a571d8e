//! The results of streams.

use pyo3::prelude::*;
use xgpush::{ItemOutcome, State};

use crate::outcome::{one_item, the_item};
use crate::pickle::{Reduced, reduced};

/// The result of one row.
#[pyclass(frozen, module = "xgpush._native")]
pub(crate) struct BulkResult {
    /// The number of the row, from 0.
    #[pyo3(get)]
    pub(crate) index: u64,
    pub(crate) row: Py<PyAny>,
    pub(crate) outcome: ItemOutcome,
}

#[pymethods]
impl BulkResult {
    /// The row as the source had it.
    #[getter]
    fn row(&self, py: Python<'_>) -> Py<PyAny> {
        self.row.clone_ref(py)
    }

    /// ``accepted``, ``rejected``, ``unknown`` or ``not_sent``.
    #[getter]
    fn state(&self) -> &'static str {
        self.outcome.state().name()
    }

    /// Whether the service accepted it: it is queued there, and takes effect later.
    #[getter]
    fn accepted(&self) -> bool {
        self.outcome.state() == State::Accepted
    }

    /// The reason for the state: a stable name, such as ``item_refused`` or ``timed_out``
    /// (docs/reasons.md).
    #[getter]
    fn reason(&self) -> &'static str {
        self.outcome.reason().name()
    }

    /// The service's return code, if it gave one (docs/codes.md).
    #[getter]
    fn code(&self) -> Option<i64> {
        self.outcome.code()
    }

    /// The HTTP status of the last response, if there was one.
    #[getter]
    fn http_status(&self) -> Option<u16> {
        self.outcome.http_status()
    }

    /// The number of requests that carried it.
    #[getter]
    fn attempts(&self) -> u16 {
        self.outcome.attempts()
    }

    /// Whether sending it again may succeed; it does no harm.
    #[getter]
    fn retryable(&self) -> bool {
        self.outcome.is_retryable()
    }

    /// What happened and what to do, for people. Empty if it was accepted.
    #[getter]
    fn message(&self) -> &str {
        self.outcome.message()
    }

    fn __eq__(&self, py: Python<'_>, other: &Self) -> PyResult<bool> {
        let same = self.index == other.index && self.outcome == other.outcome;
        Ok(same && self.row.bind(py).eq(other.row.bind(py))?)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        let outcome = one_item(&self.outcome)?;
        let row = self.row.bind(py);
        reduced(py, "make_bulk_result", (self.index, row, outcome))
    }

    fn __repr__(&self) -> String {
        format!("<BulkResult {} {:?}>", self.index, self.outcome)
    }
}

/// The `BulkResult` that a pickle holds.
#[pyfunction]
pub(crate) fn make_bulk_result(index: u64, row: Py<PyAny>, outcome: &str) -> PyResult<BulkResult> {
    let outcome = the_item(outcome)?;
    Ok(BulkResult {
        index,
        row,
        outcome,
    })
}
