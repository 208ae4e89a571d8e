//! Streams of rows.

pub(crate) mod driver;
pub(crate) mod result;
pub(crate) mod row;
pub(crate) mod source;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use xgpush::{BulkOptions, Operator, Platform};

use crate::bulk::driver::{Running, Step, Watch};
use crate::bulk::result::BulkResult;
use crate::bulk::source::{Source, reading};
use crate::cancel::CancelFlag;
use crate::client::{Client, seconds};
use crate::errors::exception;

/// For how long results are gathered behind the first one.
const GATHER: Duration = Duration::from_millis(20);

/// A stream under way: an iterator over what became of each row.
///
/// Who is inside has taken the stream out of its place: no lock is held while
/// Python runs, and anyone may close it or look at its numbers meanwhile.
#[pyclass(frozen, module = "xgpush._native")]
pub(crate) struct Bulk {
    place: Mutex<Place>,
    /// Whether who is inside is to end it.
    closing: AtomicBool,
    requests: AtomicU64,
    /// What was suspicious, once it has ended.
    notices: Mutex<Vec<String>>,
    window: usize,
}

enum Place {
    Free(Box<Running>),
    Taken,
    Closed,
}

/// By the names in which the command and files give it.
pub(crate) fn operator(name: &str) -> PyResult<Operator> {
    name.parse().map_err(|e| exception(&e))
}

pub(crate) fn platform(name: Option<&str>) -> PyResult<Option<Platform>> {
    let platform = name.map(str::parse).transpose();
    platform.map_err(|e| exception(&e))
}

#[pymethods]
impl Bulk {
    /// `rows` is an iterator, or the path of a file.
    #[new]
    #[expect(
        clippy::needless_pass_by_value,
        clippy::too_many_arguments,
        reason = "what the interpreter hands over"
    )]
    fn new(
        client: PyRef<'_, Client>,
        rows: Bound<'_, PyAny>,
        operation: &str,
        platform_name: Option<&str>,
        parallel: u32,
        patience: f64,
        format_name: Option<&str>,
        encoding: Option<String>,
        check: &str,
    ) -> PyResult<Self> {
        let options = BulkOptions::new()
            .with_parallel(parallel)
            .with_outage_timeout(seconds("patience", patience)?);
        let stream = xgpush::Bulk::new(&client.client, &options).map_err(|e| exception(&e))?;
        let reading = reading(encoding, check)?;
        let source = Source::new(&rows, operator(operation)?, format_name, &reading)?;
        Ok(Self {
            window: stream.window(),
            requests: AtomicU64::new(0),
            notices: Mutex::new(Vec::new()),
            closing: AtomicBool::new(false),
            place: Mutex::new(Place::Free(Box::new(Running::new(
                stream,
                source,
                platform(platform_name)?,
            )))),
        })
    }

    fn __iter__(this: Bound<'_, Self>) -> Bound<'_, Self> {
        this
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<BulkResult>> {
        let Some(mut running) = self.enter()? else {
            return Ok(None);
        };
        match running.step(py, &self.watch(None), true) {
            Ok(Step::Result(result)) => {
                self.leave(py, running);
                Ok(Some(result))
            }
            Ok(Step::End(raised)) => {
                self.end(py, running);
                raised.map_or(Ok(None), Err)
            }
            Ok(Step::Nothing) => unreachable!("it was to wait"),
            Err(error) => {
                self.leave(py, running);
                Err(error)
            }
        }
    }

    /// Up to ``most`` results that are there; waits for the first one. An empty list is
    /// the end. A flag (``cancel``) that is set closes the stream.
    #[pyo3(signature = (most, cancel=None))]
    fn take(
        &self,
        py: Python<'_>,
        most: usize,
        cancel: Option<&CancelFlag>,
    ) -> PyResult<Vec<BulkResult>> {
        let mut results = Vec::new();
        let Some(mut running) = self.enter()? else {
            return Ok(results);
        };
        let began = Instant::now();
        let failed = loop {
            // A slow source holds back what is there no longer than that.
            let enough = results.len() >= most || began.elapsed() >= GATHER;
            if enough && !results.is_empty() {
                break None;
            }
            match running.step(py, &self.watch(cancel), results.is_empty()) {
                Ok(Step::Result(result)) => results.push(result),
                Ok(Step::Nothing) => break None,
                Ok(Step::End(raised)) if results.is_empty() || raised.is_none() => {
                    self.end(py, running);
                    return raised.map_or(Ok(results), Err);
                }
                Ok(Step::End(raised)) => break raised,
                Err(error) => break Some(error),
            }
        };
        let failed = match failed {
            // What there is comes first.
            Some(error) if !results.is_empty() => {
                running.fails_later(error);
                None
            }
            failed => failed,
        };
        self.leave(py, running);
        failed.map_or(Ok(results), Err)
    }

    /// Ends requests under way; the iterator has nothing more. From a signal handler or
    /// another thread it ends the one that is inside soon, and does not wait for that.
    fn close(&self, py: Python<'_>) {
        let mut place = self.lock();
        self.closing.store(true, Ordering::Release);
        if let Place::Free(running) = std::mem::replace(&mut *place, Place::Closed) {
            drop(place);
            self.end(py, running);
        }
    }

    fn __enter__(this: Bound<'_, Self>) -> Bound<'_, Self> {
        this
    }

    fn __exit__(
        &self,
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
        self.requests.load(Ordering::Relaxed)
    }

    /// What is suspicious in the rows that were read, one text for each kind: of a file
    /// all of it from the beginning.
    #[getter]
    fn notices(&self) -> Vec<String> {
        if let Place::Free(running) = &*self.lock() {
            return running.notices();
        }
        self.notices
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// How many rows are held at most.
    #[getter]
    fn window(&self) -> usize {
        self.window
    }
}

/// A warning of the logger `xgpush`.
fn warn(py: Python<'_>, text: &str) -> PyResult<()> {
    let logger = py
        .import("logging")?
        .call_method1("getLogger", ("xgpush",))?;
    logger.call_method1("warning", ("%s", text)).map(drop)
}

impl Bulk {
    /// Never for longer than it takes to move the stream.
    fn lock(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the stream, unless it is closed.
    fn enter(&self) -> PyResult<Option<Box<Running>>> {
        let mut place = self.lock();
        match std::mem::replace(&mut *place, Place::Taken) {
            Place::Free(running) => Ok(Some(running)),
            Place::Closed => {
                *place = Place::Closed;
                Ok(None)
            }
            Place::Taken => Err(PyRuntimeError::new_err(
                "a stream is for one thread at a time, and one is inside",
            )),
        }
    }

    /// Puts it back, unless it was closed meanwhile.
    fn leave(&self, py: Python<'_>, running: Box<Running>) {
        self.count(running.requests());
        let mut place = self.lock();
        if self.closing.load(Ordering::Acquire) {
            drop(place);
            self.end(py, running);
        } else {
            *place = Place::Free(running);
        }
    }

    /// It was taken out, and is not put back.
    fn end(&self, py: Python<'_>, mut running: Box<Running>) {
        *self.lock() = Place::Closed;
        running.close(py);
        let notices = running.notices();
        self.notices
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(&notices);
        for notice in notices {
            // Who does not log hears nothing.
            drop(warn(py, &notice));
        }
        self.count(running.requests());
    }

    fn count(&self, requests: u64) {
        self.requests.store(requests, Ordering::Relaxed);
    }

    fn watch<'a>(&'a self, cancel: Option<&'a CancelFlag>) -> Watch<'a> {
        Watch {
            closing: &self.closing,
            cancel,
            requests: &self.requests,
        }
    }
}
