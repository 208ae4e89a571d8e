//! The command `xgpush apply`: a file through a stream.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;
use xgpush::apply::{ApplyEnd, ApplyInput, ApplyOptions};
use xgpush::bulk::BulkOptions;

use crate::bulk::source::{format, reading};
use crate::bulk::{operator, platform};
use crate::client::{Client, seconds};
use crate::errors::exception;

/// A run over one file.
#[pyclass(frozen, module = "xgpush._native")]
pub(crate) struct Apply(Mutex<xgpush::apply::Apply>);

impl Apply {
    /// Call it without the interpreter: `work` holds the lock for a while.
    fn lock(&self) -> MutexGuard<'_, xgpush::apply::Apply> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Apply {
    /// `read_from` is read instead of `path`, which names the run.
    #[new]
    #[expect(
        clippy::too_many_arguments,
        clippy::needless_pass_by_value,
        reason = "the arguments of a Python call"
    )]
    fn new(
        py: Python<'_>,
        client: PyRef<'_, Client>,
        path: PathBuf,
        read_from: Option<PathBuf>,
        operation: &str,
        platform_name: Option<&str>,
        parallel: u32,
        patience: f64,
        dry_run: bool,
        report: Option<PathBuf>,
        rejects: Option<PathBuf>,
        state: Option<PathBuf>,
        format_name: Option<&str>,
        encoding: Option<String>,
        check: &str,
        made_of_another: bool,
        escape_formulas: bool,
    ) -> PyResult<Self> {
        let format = format(format_name, &path)?;
        let mut reading = reading(encoding, check)?;
        reading.has_lines = !made_of_another;
        let mut input = ApplyInput::new(path, format).with_reading(reading);
        input.read_from = read_from;
        let mut options = ApplyOptions::new(operator(operation)?)
            .with_bulk(
                BulkOptions::new()
                    .with_parallel(parallel)
                    .with_outage_timeout(seconds("patience", patience)?)
                    .with_dry_run(dry_run),
            )
            .with_escape_formulas(escape_formulas);
        options.platform = platform(platform_name)?;
        options.report = report;
        options.rejects = rejects;
        options.state = state;
        let client = client.client.clone();
        let opened = py.detach(|| xgpush::apply::Apply::open(&client, &input, &options));
        Ok(Self(Mutex::new(opened.map_err(|e| exception(&e))?)))
    }

    /// Works for about that many seconds. Returns how the run ended, once it has.
    fn work(&self, py: Python<'_>, time: f64) -> PyResult<Option<&'static str>> {
        let time: Duration = seconds("time", time)?;
        let end = py.detach(|| self.lock().work(time));
        let end = end.map_err(|e| exception(&e))?;
        Ok(end.map(ApplyEnd::name))
    }

    fn halt(&self, py: Python<'_>) {
        py.detach(|| self.lock().halt());
    }

    /// The number of rows by state, and of requests.
    #[getter]
    fn progress(&self, py: Python<'_>) -> Vec<(&'static str, u64)> {
        let progress = py.detach(|| self.lock().progress());
        vec![
            ("rows", progress.rows),
            ("accepted", progress.accepted),
            ("rejected", progress.rejected),
            ("unknown", progress.unknown),
            ("not_sent", progress.not_sent),
            ("resumed", progress.resumed),
            ("requests", progress.requests),
        ]
    }

    /// The number of rows, if it is known beforehand.
    #[getter]
    fn counted(&self, py: Python<'_>) -> Option<u64> {
        py.detach(|| self.lock().counted())
    }

    /// What is suspicious in the rows. For a file, complete from the beginning.
    #[getter]
    fn notices(&self, py: Python<'_>) -> Vec<String> {
        py.detach(|| {
            let apply = self.lock();
            apply.notices().iter().map(ToString::to_string).collect()
        })
    }

    /// The number of empty rows that were skipped.
    #[getter]
    fn empty_rows(&self, py: Python<'_>) -> u64 {
        py.detach(|| self.lock().empty_rows())
    }

    /// (row, line, state, reason, message) of the first rows that were not accepted.
    #[getter]
    fn failures(&self, py: Python<'_>) -> Vec<(u64, u64, &'static str, &'static str, String)> {
        py.detach(|| {
            let apply = self.lock();
            let failures = apply.failures().iter();
            let rows = failures.map(|f| {
                let outcome = &f.outcome;
                let names = (outcome.state().name(), outcome.reason().name());
                (
                    f.row,
                    f.line,
                    names.0,
                    names.1,
                    outcome.message().to_owned(),
                )
            });
            rows.collect()
        })
    }

    /// Which file could not be read or written, and why.
    #[getter]
    fn error(&self, py: Python<'_>) -> Option<String> {
        py.detach(|| self.lock().error().map(ToString::to_string))
    }

    #[getter]
    fn warnings(&self, py: Python<'_>) -> Vec<String> {
        py.detach(|| {
            let apply = self.lock();
            let sent = apply.bulk().warnings().iter();
            let sent = sent.map(|w| w.message().to_owned());
            apply.warnings().iter().cloned().chain(sent).collect()
        })
    }
}

/// The emulator's program, with the arguments behind its name; its exit status.
#[pyfunction]
pub(crate) fn emulator_program(py: Python<'_>, arguments: Vec<String>) -> i32 {
    let arguments = arguments.into_iter().map(Into::into);
    py.detach(|| xgpush_emulator::cli::run(arguments))
}
