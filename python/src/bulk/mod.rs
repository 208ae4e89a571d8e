//! [`Bulk`]: streams of rows, as Python iterators.

pub(crate) mod driver;
pub(crate) mod result;
pub(crate) mod row;
pub(crate) mod source;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use xgpush::bulk::BulkOptions;
use xgpush::{Operator, Platform};

use crate::bulk::driver::{BulkDriver, Step, StopFlags};
use crate::bulk::result::BulkResult;
use crate::bulk::source::{Source, reading};
use crate::cancel::CancelFlag;
use crate::client::{Client, seconds};
use crate::errors::exception;

/// How long `take` collects results after the first one.
const COLLECT_TIME: Duration = Duration::from_millis(20);

/// A stream under way: an iterator over the results of its rows.
///
/// The thread that iterates takes the driver out of its slot, so no lock is held while
/// Python runs, and other threads may close the stream or read its numbers at any time.
#[pyclass(frozen, module = "xgpush._native")]
pub(crate) struct Bulk {
    slot: Mutex<Slot>,
    /// Tells the thread that iterates to end the stream.
    closing: Arc<AtomicBool>,
    requests: AtomicU64,
    /// What was suspicious; set at the end.
    notices: Mutex<Vec<String>>,
    window: usize,
}

enum Slot {
    Idle(Box<BulkDriver>),
    InUse,
    Closed,
}

/// An operation by its name.
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
        reason = "the arguments of a Python call"
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
        let stream =
            xgpush::bulk::Bulk::new(&client.client, &options).map_err(|e| exception(&e))?;
        let reading = reading(encoding, check)?;
        let source = Source::new(&rows, operator(operation)?, format_name, &reading)?;
        Ok(Self {
            window: stream.window(),
            requests: AtomicU64::new(0),
            notices: Mutex::new(Vec::new()),
            closing: Arc::default(),
            slot: Mutex::new(Slot::Idle(Box::new(BulkDriver::new(
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
        let Some(mut driver) = self.take_driver()? else {
            return Ok(None);
        };
        match driver.step(py, &self.flags(None), true) {
            Ok(Step::Result(result)) => {
                self.put_back(py, driver);
                Ok(Some(result))
            }
            Ok(Step::End(raised)) => {
                self.finish(py, driver);
                raised.map_or(Ok(None), Err)
            }
            Ok(Step::Nothing) => unreachable!("it was to wait"),
            Err(error) => {
                self.put_back(py, driver);
                Err(error)
            }
        }
    }

    /// Up to ``most`` results; waits for the first one. An empty list is the end. Setting
    /// the flag ``cancel`` closes the stream.
    #[pyo3(signature = (most, cancel=None))]
    fn take(
        &self,
        py: Python<'_>,
        most: usize,
        cancel: Option<&CancelFlag>,
    ) -> PyResult<Vec<BulkResult>> {
        let mut results = Vec::new();
        let Some(mut driver) = self.take_driver()? else {
            return Ok(results);
        };
        let began = Instant::now();
        let failed = loop {
            // Results do not wait longer for a slow source.
            let enough = results.len() >= most || began.elapsed() >= COLLECT_TIME;
            if enough && !results.is_empty() {
                break None;
            }
            match driver.step(py, &self.flags(cancel), results.is_empty()) {
                Ok(Step::Result(result)) => results.push(result),
                Ok(Step::Nothing) => break None,
                Ok(Step::End(raised)) if results.is_empty() || raised.is_none() => {
                    self.finish(py, driver);
                    return raised.map_or(Ok(results), Err);
                }
                Ok(Step::End(raised)) => break raised,
                Err(error) => break Some(error),
            }
        };
        let failed = match failed {
            // The results come first.
            Some(error) if !results.is_empty() => {
                driver.raise_next(error);
                None
            }
            failed => failed,
        };
        self.put_back(py, driver);
        failed.map_or(Ok(results), Err)
    }

    /// Ends requests in flight and the iteration. From a signal handler or another thread it
    /// returns at once, and the iterating thread ends soon.
    fn close(&self, py: Python<'_>) {
        let mut slot = self.lock();
        self.closing.store(true, Ordering::Release);
        if let Slot::Idle(driver) = std::mem::replace(&mut *slot, Slot::Closed) {
            drop(slot);
            self.finish(py, driver);
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

    /// The number of HTTP requests sent.
    #[getter]
    fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// What is suspicious in the rows read so far, one text for each kind. For a file, what
    /// is suspicious in all of it.
    #[getter]
    fn notices(&self) -> Vec<String> {
        if let Slot::Idle(driver) = &*self.lock() {
            return driver.notices();
        }
        self.notices
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The most rows that are held at a time.
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
    /// Only for moving the driver in and out.
    fn lock(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the driver out of its slot, unless the stream is closed.
    fn take_driver(&self) -> PyResult<Option<Box<BulkDriver>>> {
        let mut slot = self.lock();
        match std::mem::replace(&mut *slot, Slot::InUse) {
            Slot::Idle(driver) => Ok(Some(driver)),
            Slot::Closed => {
                *slot = Slot::Closed;
                Ok(None)
            }
            Slot::InUse => Err(PyRuntimeError::new_err(
                "a stream is for one thread at a time, and another one is iterating",
            )),
        }
    }

    /// Puts the driver back, or ends the stream if it was closed during the step.
    fn put_back(&self, py: Python<'_>, driver: Box<BulkDriver>) {
        self.count(driver.requests());
        let mut slot = self.lock();
        if self.closing.load(Ordering::Acquire) {
            drop(slot);
            self.finish(py, driver);
        } else {
            *slot = Slot::Idle(driver);
        }
    }

    /// Ends the stream, whose driver was taken out.
    fn finish(&self, py: Python<'_>, mut driver: Box<BulkDriver>) {
        *self.lock() = Slot::Closed;
        driver.close(py);
        let notices = driver.notices();
        self.notices
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(&notices);
        for notice in notices {
            // Logging must not fail the stream.
            drop(warn(py, &notice));
        }
        self.count(driver.requests());
    }

    fn count(&self, requests: u64) {
        self.requests.store(requests, Ordering::Relaxed);
    }

    fn flags<'a>(&'a self, cancel: Option<&'a CancelFlag>) -> StopFlags<'a> {
        StopFlags {
            closing: &self.closing,
            cancel,
            requests: &self.requests,
        }
    }
}
