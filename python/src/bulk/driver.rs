//! A stream and the source of its rows, driven by the thread that iterates.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use xgpush::{ItemOutcome, Platform};

use crate::bulk::result::BulkResult;
use crate::bulk::source::Source;
use crate::cancel::{CancelFlag, Interrupt, POLL_INTERVAL, is_cancelled};
use crate::errors::exception;

/// A stream under way.
pub(crate) struct BulkDriver {
    stream: xgpush::bulk::Bulk,
    source: Source,
    platform: Option<Platform>,
    /// The rows that have no outcome yet.
    rows: VecDeque<Py<PyAny>>,
    next: u64,
    /// The outcome of the first of them, kept while another row is read: an interruption
    /// there does not lose it.
    pending: Option<ItemOutcome>,
    /// What the source raised; raised again after the last outcome.
    raised: Option<PyErr>,
    /// Raised by the next step.
    interrupted: Option<PyErr>,
}

/// What ends a step from outside, and the count that others may read during it.
pub(crate) struct StopFlags<'a> {
    pub(crate) closing: &'a Arc<AtomicBool>,
    pub(crate) cancel: Option<&'a CancelFlag>,
    pub(crate) requests: &'a AtomicU64,
}

impl StopFlags<'_> {
    fn should_stop(&self) -> bool {
        self.closing.load(Ordering::Acquire) || self.cancel.is_some_and(CancelFlag::is_set)
    }

    /// [`should_stop`](Self::should_stop), to be called without the interpreter.
    fn interrupt(&self) -> Interrupt {
        let closing = Arc::clone(self.closing);
        let cancel = self.cancel.map(CancelFlag::interrupt);
        Arc::new(move || {
            closing.load(Ordering::Acquire) || cancel.as_ref().is_some_and(|is_set| is_set())
        })
    }
}

/// What a step yields.
pub(crate) enum Step {
    Result(BulkResult),
    /// Nothing without waiting.
    Nothing,
    /// The end, and what the source raised.
    End(Option<PyErr>),
}

impl BulkDriver {
    pub(crate) fn new(
        stream: xgpush::bulk::Bulk,
        source: Source,
        platform: Option<Platform>,
    ) -> Self {
        Self {
            stream,
            source,
            platform,
            rows: VecDeque::new(),
            next: 0,
            pending: None,
            raised: None,
            interrupted: None,
        }
    }

    /// Reads a row for each result that it yields. An error leaves the stream usable.
    pub(crate) fn step(
        &mut self,
        py: Python<'_>,
        flags: &StopFlags<'_>,
        waits: bool,
    ) -> PyResult<Step> {
        if let Some(error) = self.interrupted.take() {
            return Err(error);
        }
        loop {
            if flags.should_stop() {
                return Ok(Step::End(None));
            }
            if self.pending.is_none() {
                self.pending = self.stream.poll();
            }
            if self.pending.is_none() && !waits {
                return Ok(Step::Nothing);
            }
            if self.pending.is_none() && self.stream.needs_wait() {
                self.wait(py, flags, Duration::ZERO)?;
                self.pending = self.stream.poll();
            }
            if self.stream.wants_row() {
                self.read_row(py)?;
            } else if self.pending.is_none() {
                if self.stream.is_finished() {
                    self.stream
                        .ensure_same_process()
                        .map_err(|e| exception(&e))?;
                    return Ok(Step::End(self.raised.take()));
                }
                self.wait(py, flags, POLL_INTERVAL)?;
            }
            if let Some(outcome) = self.pending.take() {
                return Ok(Step::Result(self.result(py, outcome)));
            }
        }
    }

    /// Without the interpreter: it may send a request itself. A stop ends that; a signal is
    /// raised after it, since the stream stays usable.
    fn wait(&mut self, py: Python<'_>, flags: &StopFlags<'_>, time: Duration) -> PyResult<()> {
        let interrupt = flags.interrupt();
        py.detach(|| self.stream.wait_with(time, Some(&interrupt)));
        flags
            .requests
            .store(self.stream.requests(), Ordering::Relaxed);
        is_cancelled(py, flags.cancel).map(drop)
    }

    /// Raised by the next step.
    pub(crate) fn raise_next(&mut self, error: PyErr) {
        self.interrupted = Some(error);
    }

    pub(crate) fn notices(&self) -> Vec<String> {
        self.source.notices()
    }

    pub(crate) fn requests(&self) -> u64 {
        self.stream.requests()
    }

    /// Without the interpreter: threads of the stream may want it, to log.
    pub(crate) fn close(&mut self, py: Python<'_>) {
        py.detach(|| self.stream.close());
    }

    /// Reads one row from the source.
    fn read_row(&mut self, py: Python<'_>) -> PyResult<()> {
        let (given, mut row, wrong) = match self.source.next(py) {
            Ok(Some(read)) => read,
            Ok(None) => {
                self.stream.end();
                return Ok(());
            }
            Err(error) => return self.end_with(py, error),
        };
        row.platform = self.platform;
        let pushed = match &wrong {
            None => self.stream.push_row(&row),
            Some(wrong) => self.stream.push_invalid(wrong),
        };
        pushed.map_err(|e| exception(&e))?;
        self.rows.push_back(given);
        Ok(())
    }

    /// The source has failed. The outcomes of the rows before come first.
    fn end_with(&mut self, py: Python<'_>, error: PyErr) -> PyResult<()> {
        if !error.is_instance_of::<PyException>(py) {
            return Err(error);
        }
        self.raised = Some(error);
        self.stream.end();
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

impl Drop for BulkDriver {
    fn drop(&mut self) {
        Python::try_attach(|py| self.close(py));
    }
}
