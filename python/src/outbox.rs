//! The outbox, and its reports.

use std::time::{Duration, Instant};

use pyo3::prelude::*;
use xgpush::Operation;

use crate::bulk::operator;
use crate::cancel::{CancelFlag, is_cancelled};
use crate::client::{config, seconds};
use crate::errors::exception;
use crate::items;
use crate::log;
use crate::pickle::{Reduced, reduced};
use crate::request::Request;

/// How long a wait goes on before the interpreter is asked for signals.
const SLICE: Duration = Duration::from_millis(50);

/// Background delivery.
#[pyclass(frozen, module = "xgpush._native")]
pub(crate) struct Outbox(xgpush::Outbox);

#[pymethods]
impl Outbox {
    #[new]
    fn new(py: Python<'_>, options: Vec<(String, String)>, from_env: bool) -> PyResult<Self> {
        let config = config(options, from_env)?;
        let opened = py.detach(|| xgpush::Outbox::open(&config));
        Ok(Self(opened.map_err(|e| exception(&e))?))
    }

    /// Submits one operation; waits up to `wait` seconds while the outbox is full.
    #[expect(clippy::too_many_arguments, reason = "what the interpreter hands over")]
    fn submit(
        &self,
        py: Python<'_>,
        operation: &str,
        token: &str,
        accounts: &Bound<'_, PyAny>,
        platform: Option<&str>,
        tag: u64,
        wait: f64,
    ) -> PyResult<()> {
        let operator = operator(operation)?;
        let accounts = items::unchecked_accounts(accounts)?;
        let accounts: Vec<_> = accounts
            .iter()
            .map(|(name, kind)| (name.as_str(), *kind))
            .collect();
        let mut operation = Operation::new(operator, token, &accounts);
        if let Some(platform) = platform {
            operation = operation.with_platform(platform.parse().map_err(|e| exception(&e))?);
        }
        let ends = Instant::now() + seconds("wait", wait)?;
        loop {
            let left = ends.saturating_duration_since(Instant::now()).min(SLICE);
            let handed_in = if wait == 0.0 {
                self.0.submit(&operation, tag)
            } else {
                py.detach(|| self.0.submit_waiting(&operation, tag, left))
            };
            match handed_in {
                Ok(()) => return Ok(()),
                Err(error) if error.kind() == xgpush::ErrorKind::Full && Instant::now() < ends => {
                    py.check_signals()?;
                }
                Err(error) => return Err(exception(&error)),
            }
        }
    }

    /// Submits every item of a request.
    fn submit_all(&self, py: Python<'_>, request: &Request, first_tag: u64) -> PyResult<()> {
        let request = request.get(py)?;
        self.0
            .submit_all(&request, first_tag)
            .map_err(|e| exception(&e))
    }

    /// Up to `most` reports; waits up to `timeout` seconds for the first one.
    fn reports(&self, py: Python<'_>, most: usize, timeout: f64) -> PyResult<Vec<Report>> {
        let ends = Instant::now() + seconds("timeout", timeout)?;
        loop {
            let left = ends.saturating_duration_since(Instant::now());
            let reports = py.detach(|| self.0.reports(most, left.min(SLICE)));
            if !reports.is_empty() || left.is_zero() || self.0.is_drained() {
                return Ok(reports.into_iter().map(Report).collect());
            }
            py.check_signals()?;
        }
    }

    #[getter]
    fn is_drained(&self) -> bool {
        self.0.is_drained()
    }

    fn fileno(&self) -> PyResult<i32> {
        self.0.reports_fd().map_err(|e| exception(&e))
    }

    /// With a flag it asks that, and no signals.
    #[pyo3(signature = (timeout, cancel=None))]
    fn flush(&self, py: Python<'_>, timeout: f64, cancel: Option<&CancelFlag>) -> PyResult<usize> {
        let ends = Instant::now() + seconds("timeout", timeout)?;
        loop {
            let left = ends.saturating_duration_since(Instant::now());
            let open = py.detach(|| self.0.flush(left.min(SLICE)));
            let open = open.map_err(|e| exception(&e))?;
            if open == 0 || left.is_zero() || is_cancelled(py, cancel)? {
                return Ok(open);
            }
        }
    }

    /// With a flag it asks that, and no signals.
    #[pyo3(signature = (timeout, cancel=None))]
    fn sync(&self, py: Python<'_>, timeout: f64, cancel: Option<&CancelFlag>) -> PyResult<()> {
        let ends = Instant::now() + seconds("timeout", timeout)?;
        // What is handed in while this waits is not waited for.
        let taken = self.0.taken();
        loop {
            let left = ends.saturating_duration_since(Instant::now());
            match py.detach(|| self.0.sync_up_to(taken, left.min(SLICE))) {
                Ok(()) => return Ok(()),
                Err(error) if error.is_retryable() && !left.is_zero() => {
                    if is_cancelled(py, cancel)? {
                        return Err(exception(&error));
                    }
                }
                Err(error) => return Err(exception(&error)),
            }
        }
    }

    /// Cancelled, it does not end: nothing is taken any more, and what is there is
    /// delivered.
    #[pyo3(signature = (timeout, cancel=None))]
    fn close(&self, py: Python<'_>, timeout: f64, cancel: Option<&CancelFlag>) -> PyResult<usize> {
        let ends = Instant::now() + seconds("timeout", timeout)?;
        if !self.0.is_forked() {
            self.0.begin_close();
            // Answers Ctrl-C; then nothing is left, or no time.
            let open = self.flush(py, timeout, cancel)?;
            if cancel.is_some_and(CancelFlag::is_set) {
                return Ok(open);
            }
        }
        let left = ends.saturating_duration_since(Instant::now());
        // The log may want the interpreter.
        Ok(py.detach(|| {
            let left = self.0.close(left);
            self.0.set_log(None);
            left
        }))
    }

    #[pyo3(signature = (token, account, most, timeout, cancel=None))]
    fn look(
        &self,
        py: Python<'_>,
        token: Option<&str>,
        account: Option<&str>,
        most: usize,
        timeout: f64,
        cancel: Option<&CancelFlag>,
    ) -> PyResult<String> {
        let ends = Instant::now() + seconds("timeout", timeout)?;
        loop {
            let left = ends.saturating_duration_since(Instant::now());
            match py.detach(|| self.0.look(token, account, most, left.min(SLICE))) {
                Ok(list) => return Ok(xgpush::Waiting::list_to_json(&list)),
                Err(error) if error.kind() == xgpush::ErrorKind::Unknown && !left.is_zero() => {
                    if is_cancelled(py, cancel)? {
                        return Err(exception(&error));
                    }
                }
                Err(error) => return Err(exception(&error)),
            }
        }
    }

    fn set_secret_key(&self, key: &str) -> PyResult<()> {
        self.0.set_secret_key(key).map_err(|e| exception(&e))
    }

    fn stats_json(&self) -> String {
        self.0.stats().to_json()
    }

    #[getter]
    fn trouble(&self) -> String {
        self.0.trouble()
    }

    /// With the numbers of the others on the same page.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "what the interpreter hands over"
    )]
    fn prometheus(&self, others: Vec<Py<Self>>) -> String {
        let stats: Vec<_> = std::iter::once(&self.0)
            .chain(others.iter().map(|other| &other.get().0))
            .map(|outbox| (outbox.name(), outbox.stats()))
            .collect();
        xgpush::prometheus_page(stats.iter().map(|(name, stats)| (*name, stats)))
    }

    /// The function is given the level, as a number of `logging`, and the line.
    fn set_log(&self, py: Python<'_>, function: Option<Py<PyAny>>) {
        let log = function.map(log::to);
        // A line that is on its way may want the interpreter.
        py.detach(|| self.0.set_log(log));
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        const REST: Duration = Duration::from_secs(2);
        if self.0.is_forked() {
            return;
        }
        // Closing waits for the outbox's thread, which may want to log, and the
        // other threads of the program need not wait for it.
        Python::try_attach(|py| py.detach(|| self.0.close_once(REST)));
    }
}

/// What waits in a file that no outbox holds, as JSON.
#[pyfunction]
#[expect(
    clippy::needless_pass_by_value,
    reason = "what the interpreter hands over"
)]
pub(crate) fn look_at_file(
    py: Python<'_>,
    path: std::path::PathBuf,
    token: Option<&str>,
    account: Option<&str>,
    most: usize,
) -> PyResult<String> {
    let list = py.detach(|| xgpush::look_at_file(&path, token, account, most));
    let list = list.map_err(|e| exception(&e))?;
    Ok(xgpush::Waiting::list_to_json(&list))
}

/// To be called in a child after `fork`.
#[pyfunction]
pub(crate) fn mark_forked() {
    xgpush::mark_forked();
    log::mark_forked();
}

/// What became of an operation.
#[pyclass(frozen, module = "xgpush._native")]
pub(crate) struct Report(xgpush::Report);

#[pymethods]
impl Report {
    /// What the operation was handed in with; by an earlier run if ``is_recovered``.
    #[getter]
    fn tag(&self) -> u64 {
        self.0.tag()
    }

    /// Whether an earlier run handed it in, and the file brought it back: then the tag is of
    /// that run.
    #[getter]
    fn is_recovered(&self) -> bool {
        self.0.is_recovered()
    }

    /// Whether this is the last word: of each operation exactly one is. Others tell that it
    /// is in the file (``durable_notices``).
    #[getter]
    fn is_final(&self) -> bool {
        self.0.is_final()
    }

    /// ``accepted``, ``rejected``, ``unknown`` or ``not_sent``; ``None`` unless final.
    #[getter]
    fn state(&self) -> Option<&'static str> {
        self.0.state().map(xgpush::State::name)
    }

    /// Whether the service took the task. It is asynchronous: accepted is not applied.
    #[getter]
    fn accepted(&self) -> bool {
        self.0.state() == Some(xgpush::State::Accepted)
    }

    /// Why it is in this state: a stable name, such as ``item_refused`` or ``timed_out``
    /// (docs/reasons.md).
    #[getter]
    fn reason(&self) -> Option<&'static str> {
        self.0.reason().map(xgpush::Reason::name)
    }

    /// The code of the service, where it gave one (docs/codes.md).
    #[getter]
    fn code(&self) -> Option<i64> {
        self.0.code()
    }

    /// The HTTP status of the last answer, where one came.
    #[getter]
    fn http_status(&self) -> Option<u16> {
        self.0.http_status()
    }

    /// How many requests carried it. What an earlier run may have sent counts one for that.
    #[getter]
    fn attempts(&self) -> u16 {
        self.0.attempts()
    }

    /// What happened and what to do, for people. Empty for what was accepted.
    #[getter]
    fn message(&self) -> &str {
        self.0.message()
    }

    /// When it was handed in, in milliseconds since 1970.
    #[getter]
    fn handed_in_ms(&self) -> u64 {
        self.0.handed_in_ms()
    }

    /// When this was decided, in milliseconds since 1970.
    #[getter]
    fn at_ms(&self) -> u64 {
        self.0.at_ms()
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        reduced(py, "make_report", (self.0.to_json(),))
    }

    fn __repr__(&self) -> String {
        let what = self.0.reason().map_or("durable", xgpush::Reason::name);
        format!("<Report {}: {what} {:?}>", self.0.tag(), self.0.message())
    }
}

/// The `Report` that a pickle holds.
#[pyfunction]
pub(crate) fn make_report(json: &str) -> PyResult<Report> {
    let report = xgpush::Report::from_json(json.as_bytes());
    report.map(Report).map_err(|e| exception(&e))
}
