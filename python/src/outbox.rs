//! [`Outbox`] and its reports.

use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::types::PyString;
use xgpush::Operation;

use crate::bulk::operator;
use crate::cancel::{CancelFlag, POLL_INTERVAL, is_cancelled};
use crate::client::{config, seconds};
use crate::errors::exception;
use crate::items;
use crate::log;
use crate::pickle::{Reduced, reduced};
use crate::request::Request;

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
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Python call")]
    fn submit(
        &self,
        py: Python<'_>,
        operation: &str,
        token: &Bound<'_, PyString>,
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
        let token = items::unchecked_token(token)?;
        let mut operation = Operation::new(operator, &token, &accounts);
        if let Some(platform) = platform {
            operation = operation.with_platform(platform.parse().map_err(|e| exception(&e))?);
        }
        let ends = Instant::now() + seconds("wait", wait)?;
        loop {
            let left = ends
                .saturating_duration_since(Instant::now())
                .min(POLL_INTERVAL);
            let submitted = if wait == 0.0 {
                self.0.submit(&operation, tag)
            } else {
                py.detach(|| self.0.submit_waiting(&operation, tag, left))
            };
            match submitted {
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
            let reports = py.detach(|| self.0.reports(most, left.min(POLL_INTERVAL)));
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

    /// Watches the flag, or signals without one.
    #[pyo3(signature = (timeout, cancel=None))]
    fn flush(&self, py: Python<'_>, timeout: f64, cancel: Option<&CancelFlag>) -> PyResult<usize> {
        let ends = Instant::now() + seconds("timeout", timeout)?;
        loop {
            let left = ends.saturating_duration_since(Instant::now());
            let open = py.detach(|| self.0.flush(left.min(POLL_INTERVAL)));
            let open = open.map_err(|e| exception(&e))?;
            if open == 0 || left.is_zero() || is_cancelled(py, cancel)? {
                return Ok(open);
            }
        }
    }

    /// Watches the flag, or signals without one.
    #[pyo3(signature = (timeout, cancel=None))]
    fn sync(&self, py: Python<'_>, timeout: f64, cancel: Option<&CancelFlag>) -> PyResult<()> {
        let ends = Instant::now() + seconds("timeout", timeout)?;
        // Operations that are submitted during the wait are not waited for.
        let taken = self.0.taken();
        loop {
            let left = ends.saturating_duration_since(Instant::now());
            match py.detach(|| self.0.sync_up_to(taken, left.min(POLL_INTERVAL))) {
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

    /// If cancelled the outbox accepts no more operations, but goes on delivering.
    #[pyo3(signature = (timeout, cancel=None))]
    fn close(&self, py: Python<'_>, timeout: f64, cancel: Option<&CancelFlag>) -> PyResult<usize> {
        let ends = Instant::now() + seconds("timeout", timeout)?;
        if !self.0.is_forked() {
            self.0.begin_close();
            // Answers Ctrl-C while it waits.
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
    fn list_pending(
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
            match py.detach(|| {
                self.0
                    .list_pending(token, account, most, left.min(POLL_INTERVAL))
            }) {
                Ok(list) => return Ok(xgpush::outbox::PendingOperation::list_to_json(&list)),
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

    /// The stats of this outbox and the others on one page.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the arguments of a Python call"
    )]
    fn prometheus(&self, others: Vec<Py<Self>>) -> String {
        let stats: Vec<_> = std::iter::once(&self.0)
            .chain(others.iter().map(|other| &other.get().0))
            .map(|outbox| (outbox.name(), outbox.stats()))
            .collect();
        xgpush::outbox::prometheus_page(stats.iter().map(|(name, stats)| (*name, stats)))
    }

    /// The function gets the level, as a number of `logging`, and the line.
    fn set_log(&self, py: Python<'_>, function: Option<Py<PyAny>>) {
        let log = function.map(log::to);
        // A line in delivery may want the interpreter.
        py.detach(|| self.0.set_log(log));
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        const CLOSE_TIME: Duration = Duration::from_secs(2);
        if self.0.is_forked() {
            return;
        }
        // Without the interpreter: the outbox's thread may want to log, and other threads
        // should not wait.
        Python::try_attach(|py| py.detach(|| self.0.close_once(CLOSE_TIME)));
    }
}

/// The waiting operations in the file of an outbox that is not open, as JSON.
#[pyfunction]
#[expect(
    clippy::needless_pass_by_value,
    reason = "the arguments of a Python call"
)]
pub(crate) fn list_pending_in_file(
    py: Python<'_>,
    path: std::path::PathBuf,
    token: Option<&str>,
    account: Option<&str>,
    most: usize,
) -> PyResult<String> {
    let list = py.detach(|| xgpush::outbox::list_pending_in_file(&path, token, account, most));
    let list = list.map_err(|e| exception(&e))?;
    Ok(xgpush::outbox::PendingOperation::list_to_json(&list))
}

/// To be called in a child after `fork`.
#[pyfunction]
pub(crate) fn mark_forked() {
    xgpush::internal::mark_forked();
    log::mark_forked();
}

/// The result of an operation.
#[pyclass(frozen, module = "xgpush._native")]
pub(crate) struct Report(xgpush::outbox::Report);

#[pymethods]
impl Report {
    /// The tag that the operation was submitted with; by an earlier run if
    /// ``is_recovered``.
    #[getter]
    fn tag(&self) -> u64 {
        self.0.tag()
    }

    /// Whether this outbox did not submit it, so that the tag is somebody else's: an earlier
    /// run, from its file or under its ``outbox_name``, or another process of the group
    /// (``outbox_reports_to``).
    #[getter]
    fn is_recovered(&self) -> bool {
        self.0.is_recovered()
    }

    /// Whether this is the final report, of which each operation has exactly one. Others say
    /// that it is durable (``outbox_durable_notices``).
    #[getter]
    fn is_final(&self) -> bool {
        self.0.is_final()
    }

    /// ``accepted``, ``rejected``, ``unknown`` or ``not_sent``; ``None`` unless final.
    #[getter]
    fn state(&self) -> Option<&'static str> {
        self.0.state().map(xgpush::State::name)
    }

    /// Whether the service accepted it: it is queued there, and takes effect later.
    #[getter]
    fn accepted(&self) -> bool {
        self.0.state() == Some(xgpush::State::Accepted)
    }

    /// The reason for the state: a stable name, such as ``item_refused`` or ``timed_out``
    /// (docs/reasons.md).
    #[getter]
    fn reason(&self) -> Option<&'static str> {
        self.0.reason().map(xgpush::Reason::name)
    }

    /// The service's return code, if it gave one (docs/codes.md).
    #[getter]
    fn code(&self) -> Option<i64> {
        self.0.code()
    }

    /// The HTTP status of the last response, if there was one.
    #[getter]
    fn http_status(&self) -> Option<u16> {
        self.0.http_status()
    }

    /// The number of requests that carried it. If an earlier run may have sent it, that counts
    /// as one.
    #[getter]
    fn attempts(&self) -> u16 {
        self.0.attempts()
    }

    /// What happened and what to do, for people. Empty if it was accepted.
    #[getter]
    fn message(&self) -> &str {
        self.0.message()
    }

    /// When it was submitted, in milliseconds since 1970.
    #[getter]
    fn submitted_ms(&self) -> u64 {
        self.0.submitted_ms()
    }

    /// When this was decided, in milliseconds since 1970.
    #[getter]
    fn timestamp_ms(&self) -> u64 {
        self.0.timestamp_ms()
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
    let report = xgpush::outbox::Report::from_json(json.as_bytes());
    report.map(Report).map_err(|e| exception(&e))
}
