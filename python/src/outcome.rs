//! Outcomes. They stay in Rust: an item becomes a Python object when it is looked at.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use xgpush::{Error, Reason, State};

use crate::errors::exception;
use crate::pickle::{Reduced, reduced};

/// The outcome of every item of a call, in the order of the items.
#[pyclass(frozen, sequence, module = "xgpush._native")]
pub(crate) struct Outcome(Arc<xgpush::Outcome>);

impl From<xgpush::Outcome> for Outcome {
    fn from(outcome: xgpush::Outcome) -> Self {
        Self(Arc::new(outcome))
    }
}

#[pymethods]
impl Outcome {
    fn __len__(&self) -> usize {
        self.0.items().len()
    }

    fn __getitem__(&self, index: isize) -> PyResult<ItemOutcome> {
        let len = self.0.items().len();
        let at = if index < 0 {
            len.checked_sub(index.unsigned_abs())
        } else {
            Some(index.unsigned_abs())
        };
        match at {
            Some(at) if at < len => Ok(ItemOutcome::of(&self.0, at)),
            _ => Err(PyIndexError::new_err("there is no such item")),
        }
    }

    fn __iter__(&self) -> ItemIterator {
        ItemIterator(Arc::clone(&self.0), AtomicUsize::new(0))
    }

    /// The number of items in this state.
    fn count(&self, state: &str) -> PyResult<usize> {
        let state = state.parse();
        let state: State = state.map_err(|e: Error| PyValueError::new_err(e.to_string()))?;
        Ok(self.0.count(state))
    }

    /// The number of items in each state, by name.
    #[getter]
    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counts = PyDict::new(py);
        for state in State::ALL {
            counts.set_item(state.name(), self.0.count(*state))?;
        }
        Ok(counts)
    }

    /// Whether every item was accepted.
    #[getter]
    fn all_accepted(&self) -> bool {
        self.0.all_accepted()
    }

    /// The number of HTTP requests, retries included.
    #[getter]
    fn requests(&self) -> u32 {
        self.0.requests()
    }

    /// ``(name, item or None, message)`` of what is allowed but probably a mistake.
    #[getter]
    fn warnings(&self) -> Vec<(&'static str, Option<usize>, String)> {
        let warnings = self.0.warnings().iter();
        warnings
            .map(|w| (w.kind().name(), w.item(), w.message().to_owned()))
            .collect()
    }

    /// Undocumented top-level fields of the responses, as raw JSON.
    #[getter]
    fn extra<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let extra = PyDict::new(py);
        for (name, raw) in self.0.extra() {
            extra.set_item(name, raw)?;
        }
        Ok(extra)
    }

    /// The whole outcome as JSON.
    fn to_json(&self) -> String {
        self.0.to_json()
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        reduced(py, "make_outcome", (self.0.to_json(),))
    }

    fn __repr__(&self) -> String {
        let count = |state: &State| format!("{} {state}", self.0.count(*state));
        let counts: Vec<_> = State::ALL.iter().map(count).collect();
        format!(
            "<Outcome of {}: {}>",
            self.0.items().len(),
            counts.join(", ")
        )
    }
}

/// Iterates over the items. Threads that share an iterator get each item once.
#[pyclass(frozen, module = "xgpush._native")]
pub(crate) struct ItemIterator(Arc<xgpush::Outcome>, AtomicUsize);

#[pymethods]
impl ItemIterator {
    fn __iter__(this: Bound<'_, Self>) -> Bound<'_, Self> {
        this
    }

    fn __next__(&self) -> Option<ItemOutcome> {
        let at = self.1.fetch_add(1, Ordering::Relaxed);
        (at < self.0.items().len()).then(|| ItemOutcome::of(&self.0, at))
    }
}

/// The outcome of one item.
#[pyclass(frozen, module = "xgpush._native")]
pub(crate) struct ItemOutcome {
    outcome: Arc<xgpush::Outcome>,
    /// The place in `outcome`. Out of a pickle it differs from `index`, the place in the call.
    at: usize,
    index: usize,
}

impl ItemOutcome {
    fn of(outcome: &Arc<xgpush::Outcome>, at: usize) -> Self {
        Self {
            outcome: Arc::clone(outcome),
            at,
            index: at,
        }
    }

    fn item(&self) -> &xgpush::ItemOutcome {
        &self.outcome.items()[self.at]
    }
}

#[pymethods]
impl ItemOutcome {
    /// The place of the item in its call, from 0.
    #[getter]
    fn index(&self) -> usize {
        self.index
    }

    /// ``accepted``, ``rejected``, ``unknown`` or ``not_sent``.
    #[getter]
    fn state(&self) -> &'static str {
        self.item().state().name()
    }

    /// Whether the service accepted it: it is queued there, and takes effect later.
    #[getter]
    fn accepted(&self) -> bool {
        self.item().state() == State::Accepted
    }

    /// The reason for the state: a stable name, such as ``item_refused`` or ``timed_out``
    /// (docs/reasons.md).
    #[getter]
    fn reason(&self) -> &'static str {
        self.item().reason().name()
    }

    /// The service's return code, if it gave one (docs/codes.md).
    #[getter]
    fn code(&self) -> Option<i64> {
        self.item().code()
    }

    /// The HTTP status of the last response, if there was one.
    #[getter]
    fn http_status(&self) -> Option<u16> {
        self.item().http_status()
    }

    /// The number of requests that carried it.
    #[getter]
    fn attempts(&self) -> u16 {
        self.item().attempts()
    }

    /// Whether sending it again may succeed; it does no harm.
    #[getter]
    fn retryable(&self) -> bool {
        self.item().is_retryable()
    }

    /// What happened and what to do, for people. Empty if it was accepted.
    #[getter]
    fn message(&self) -> String {
        self.item().message().to_owned()
    }

    /// How many seconds to wait before sending it again, if the service says so
    /// (``Retry-After``).
    #[getter]
    fn retry_after(&self) -> Option<u64> {
        self.item().retry_after().map(|wait| wait.as_secs())
    }

    /// Whether a query showed it (``confirm``). ``None`` without ``confirm``, if the queries
    /// did not tell, or if a later item of the call changes the same.
    #[getter]
    fn confirmed(&self) -> Option<bool> {
        self.item().confirmed()
    }

    /// For a query by account: the tokens found.
    #[getter]
    fn tokens(&self) -> Vec<String> {
        self.item().tokens().to_vec()
    }

    /// For a query by token: the accounts found, as ``(account, type or None)``.
    #[getter]
    fn accounts(&self) -> Vec<(String, Option<i64>)> {
        let accounts = self.item().accounts().iter();
        accounts
            .map(|a| (a.account.clone(), a.account_type))
            .collect()
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.item() == other.item()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        let outcome = one_item(self.item())?;
        reduced(py, "make_item", (outcome, self.index))
    }

    fn __repr__(&self) -> String {
        format!("<ItemOutcome {} {:?}>", self.index, self.item())
    }
}

/// Whether the caller was refused and not the item.
#[pyfunction]
pub(crate) fn refuses_caller(reason: &str, code: Option<i64>, http_status: Option<u16>) -> bool {
    let reason = reason.parse::<Reason>();
    reason.is_ok_and(|reason| reason.refuses_caller(code, http_status))
}

/// One item as the JSON of an outcome.
pub(crate) fn one_item(item: &xgpush::ItemOutcome) -> PyResult<String> {
    let item = serde_json::to_string(item).map_err(|e| PyValueError::new_err(e.to_string()))?;
    Ok(format!("{{\"items\":[{item}]}}"))
}

/// The item of `one_item`.
pub(crate) fn the_item(json: &str) -> PyResult<xgpush::ItemOutcome> {
    let outcome = read(json)?;
    let item = outcome.items().first().cloned();
    item.ok_or_else(|| PyIndexError::new_err("there is no item"))
}

fn read(json: &str) -> PyResult<xgpush::Outcome> {
    xgpush::Outcome::from_json(json.as_bytes()).map_err(|e| exception(&e))
}

/// The `Outcome` that a pickle holds.
#[pyfunction]
pub(crate) fn make_outcome(json: &str) -> PyResult<Outcome> {
    read(json).map(Outcome::from)
}

/// The `ItemOutcome` that a pickle holds: an outcome of one item.
#[pyfunction]
pub(crate) fn make_item(json: &str, index: usize) -> PyResult<ItemOutcome> {
    let outcome = read(json)?;
    if outcome.items().is_empty() {
        return Err(PyIndexError::new_err("there is no item"));
    }
    Ok(ItemOutcome {
        outcome: Arc::new(outcome),
        at: 0,
        index,
    })
}
