//! Streams of rows.

use std::collections::VecDeque;
use std::time::Duration;

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use xgpush::{BulkOptions, ItemOutcome, Operator, Platform, Row, State};

use crate::client::{Client, seconds};
use crate::errors::exception;
use crate::outcome::{one_item, the_item};
use crate::pickle::{Reduced, reduced};
use crate::rows::Source;

/// How long a wait goes on before the interpreter is asked for signals.
const SLICE: Duration = Duration::from_millis(50);

/// A stream under way: an iterator over what became of each row.
#[pyclass(module = "xgpush._native")]
pub(crate) struct Bulk {
    stream: Option<xgpush::Bulk>,
    source: Source,
    platform: Option<Platform>,
    /// The rows whose outcome is not there yet.
    rows: VecDeque<Py<PyAny>>,
    next: u64,
    /// What the source raised: raised again behind the last outcome.
    raised: Option<PyErr>,
}

/// By the names in which the command and files give it.
pub(crate) fn operator(name: &str) -> PyResult<Operator> {
    Operator::from_name(name).map_err(|e| exception(&e))
}

pub(crate) fn platform(name: Option<&str>) -> PyResult<Option<Platform>> {
    let platform = name.map(Platform::parse).transpose();
    platform.map_err(|e| exception(&e))
}

#[pymethods]
impl Bulk {
    /// `rows` is an iterator, or the path of a file.
    #[new]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "what the interpreter hands over"
    )]
    fn new(
        client: PyRef<'_, Client>,
        rows: Bound<'_, PyAny>,
        operation: &str,
        platform_name: Option<&str>,
        parallel: u32,
        patience: f64,
    ) -> PyResult<Self> {
        let options = BulkOptions {
            parallel,
            patience: seconds("patience", patience)?,
            ..BulkOptions::default()
        };
        let bulk = xgpush::Bulk::new(&client.client, &options);
        Ok(Self {
            stream: Some(bulk.map_err(|e| exception(&e))?),
            source: Source::new(&rows, operator(operation)?)?,
            platform: platform(platform_name)?,
            rows: VecDeque::new(),
            next: 0,
            raised: None,
        })
    }

    fn __iter__(this: Bound<'_, Self>) -> Bound<'_, Self> {
        this
    }

    fn __next__(&mut self, py: Python<'_>) -> PyResult<Option<BulkResult>> {
        loop {
            let Some(bulk) = &mut self.stream else {
                return Ok(None);
            };
            let outcome = bulk.poll();
            if bulk.wants_row() {
                self.pull(py)?;
            } else if outcome.is_none() {
                if bulk.is_finished() {
                    self.close(py);
                    return self.raised.take().map_or(Ok(None), Err);
                }
                py.detach(|| bulk.wait(SLICE));
                py.check_signals()?;
            }
            if let Some(outcome) = outcome {
                return Ok(Some(self.result(py, outcome)));
            }
        }
    }

    /// Ends requests under way; the iterator has nothing more.
    fn close(&mut self, py: Python<'_>) {
        let bulk = self.stream.take();
        py.detach(|| drop(bulk));
        self.rows.clear();
    }

    fn __enter__(this: Bound<'_, Self>) -> Bound<'_, Self> {
        this
    }

    fn __exit__(
        &mut self,
        py: Python<'_>,
        _kind: &Bound<'_, PyAny>,
        _error: &Bound<'_, PyAny>,
        _trace: &Bound<'_, PyAny>,
    ) {
        self.close(py);
    }

    /// How many HTTP requests were sent.
    #[getter]
    fn requests(&self) -> u64 {
        self.stream.as_ref().map_or(0, xgpush::Bulk::requests)
    }

    /// How many rows are held at most.
    #[getter]
    fn window(&self) -> usize {
        self.stream.as_ref().map_or(0, xgpush::Bulk::window)
    }
}

impl Drop for Bulk {
    fn drop(&mut self) {
        // Its threads may wait for the interpreter, to log.
        if let Some(bulk) = self.stream.take() {
            Python::try_attach(|py| py.detach(|| drop(bulk)));
        }
    }
}

impl Bulk {
    /// Takes one row from the source.
    fn pull(&mut self, py: Python<'_>) -> PyResult<()> {
        let Some(bulk) = &mut self.stream else {
            return Ok(());
        };
        let (given, row, wrong) = match self.source.next(py) {
            Ok(Some(read)) => read,
            Ok(None) => {
                bulk.end();
                return Ok(());
            }
            Err(error) => return self.fails(py, error),
        };
        let row = Row {
            platform: self.platform,
            ..row
        };
        let pushed = match &wrong {
            None => bulk.push_row(&row),
            Some(wrong) => bulk.push_invalid(wrong),
        };
        self.rows.push_back(given);
        pushed.map_err(|e| exception(&e))
    }

    /// The source brings no more rows; the outcomes of those that it brought come
    /// first.
    fn fails(&mut self, py: Python<'_>, error: PyErr) -> PyResult<()> {
        if !error.is_instance_of::<PyException>(py) {
            return Err(error);
        }
        self.raised = Some(error);
        if let Some(bulk) = &mut self.stream {
            bulk.end();
        }
        Ok(())
    }

    fn result(&mut self, py: Python<'_>, outcome: ItemOutcome) -> BulkResult {
        let row = self.rows.pop_front();
        let index = self.next;
        self.next += 1;
        BulkResult {
            index,
            row: row.unwrap_or_else(|| py.None()),
            outcome,
        }
    }
}

/// What became of one row.
#[pyclass(frozen, module = "xgpush._native")]
pub(crate) struct BulkResult {
    /// The place of the row, from 0 on.
    #[pyo3(get)]
    index: u64,
    row: Py<PyAny>,
    outcome: ItemOutcome,
}

#[pymethods]
impl BulkResult {
    /// The row as it came.
    #[getter]
    fn row(&self, py: Python<'_>) -> Py<PyAny> {
        self.row.clone_ref(py)
    }

    /// ``accepted``, ``rejected``, ``unknown`` or ``not_sent``.
    #[getter]
    fn state(&self) -> &'static str {
        self.outcome.state().name()
    }

    /// Whether the service took the task. It is asynchronous: accepted is not applied.
    #[getter]
    fn accepted(&self) -> bool {
        self.outcome.state() == State::Accepted
    }

    /// Why it is in this state: a stable name, such as ``item_refused`` or ``timed_out``
    /// (docs/reasons.md).
    #[getter]
    fn reason(&self) -> &'static str {
        self.outcome.reason().name()
    }

    /// The code of the service, where it gave one (docs/codes.md).
    #[getter]
    fn code(&self) -> Option<i64> {
        self.outcome.code()
    }

    /// The HTTP status of the last answer, where one came.
    #[getter]
    fn http_status(&self) -> Option<u16> {
        self.outcome.http_status()
    }

    /// How many requests carried it.
    #[getter]
    fn attempts(&self) -> u16 {
        self.outcome.attempts()
    }

    /// Whether to hand it in again may help, and does no harm.
    #[getter]
    fn retryable(&self) -> bool {
        self.outcome.is_retryable()
    }

    /// What happened and what to do, for people. Empty for what was accepted.
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
