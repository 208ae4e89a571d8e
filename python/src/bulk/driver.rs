//! A stream and its source, for the one who is inside.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use xgpush::{ItemOutcome, Platform, Row};

use crate::bulk::result::BulkResult;
use crate::bulk::source::Source;
use crate::cancel::{CancelFlag, is_cancelled};
use crate::errors::exception;

/// How long a wait goes on before the interpreter is asked for signals.
pub(crate) const SLICE: Duration = Duration::from_millis(50);

pub(crate) struct Running {
    stream: xgpush::Bulk,
    source: Source,
    platform: Option<Platform>,
    /// The rows whose outcome is not there yet.
    rows: VecDeque<Py<PyAny>>,
    next: u64,
    /// The outcome of the first of them: what interrupts the reading of another row
    /// takes it from nobody.
    in_hand: Option<ItemOutcome>,
    /// What the source raised: raised again behind the last outcome.
    raised: Option<PyErr>,
    /// What is raised before anything else.
    interrupted: Option<PyErr>,
}

/// What others see and say while one is inside.
pub(crate) struct Watch<'a> {
    pub(crate) closing: &'a AtomicBool,
    pub(crate) cancel: Option<&'a CancelFlag>,
    pub(crate) requests: &'a AtomicU64,
}

impl Watch<'_> {
    fn says_end(&self) -> bool {
        self.closing.load(Ordering::Acquire) || self.cancel.is_some_and(CancelFlag::is_set)
    }
}

/// What comes next.
pub(crate) enum Step {
    Result(BulkResult),
    /// Nothing that is there without waiting.
    Nothing,
    /// Nothing any more, and what the source raised.
    End(Option<PyErr>),
}

impl Running {
    pub(crate) fn new(stream: xgpush::Bulk, source: Source, platform: Option<Platform>) -> Self {
        Self {
            stream,
            source,
            platform,
            rows: VecDeque::new(),
            next: 0,
            in_hand: None,
            raised: None,
            interrupted: None,
        }
    }

    /// One row in for one out. An error leaves the stream as it is.
    pub(crate) fn step(
        &mut self,
        py: Python<'_>,
        watch: &Watch<'_>,
        waits: bool,
    ) -> PyResult<Step> {
        if let Some(error) = self.interrupted.take() {
            return Err(error);
        }
        loop {
            if watch.says_end() {
                return Ok(Step::End(None));
            }
            if self.in_hand.is_none() {
                self.in_hand = self.stream.poll();
            }
            if self.in_hand.is_none() && !waits {
                return Ok(Step::Nothing);
            }
            if self.stream.wants_row() {
                self.pull(py)?;
            } else if self.in_hand.is_none() {
                if self.stream.is_finished() {
                    self.stream
                        .ensure_same_process()
                        .map_err(|e| exception(&e))?;
                    return Ok(Step::End(self.raised.take()));
                }
                py.detach(|| self.stream.wait(SLICE));
                watch
                    .requests
                    .store(self.stream.requests(), Ordering::Relaxed);
                is_cancelled(py, watch.cancel)?;
            }
            if let Some(outcome) = self.in_hand.take() {
                return Ok(Step::Result(self.result(py, outcome)));
            }
        }
    }

    /// Raised by the next step.
    pub(crate) fn fails_later(&mut self, error: PyErr) {
        self.interrupted = Some(error);
    }

    pub(crate) fn notices(&self) -> Vec<String> {
        self.source.notices()
    }

    pub(crate) fn requests(&self) -> u64 {
        self.stream.requests()
    }

    /// Its threads may wait for the interpreter, to log.
    pub(crate) fn close(&mut self, py: Python<'_>) {
        py.detach(|| self.stream.close());
    }

    /// Takes one row from the source.
    fn pull(&mut self, py: Python<'_>) -> PyResult<()> {
        let (given, row, wrong) = match self.source.next(py) {
            Ok(Some(read)) => read,
            Ok(None) => {
                self.stream.end();
                return Ok(());
            }
            Err(error) => return self.fails(py, error),
        };
        let row = Row {
            platform: self.platform,
            ..row
        };
        let pushed = match &wrong {
            None => self.stream.push_row(&row),
            Some(wrong) => self.stream.push_invalid(wrong),
        };
        pushed.map_err(|e| exception(&e))?;
        self.rows.push_back(given);
        Ok(())
    }

    /// The source brings no more rows; the outcomes of those that it brought come
    /// first.
    fn fails(&mut self, py: Python<'_>, error: PyErr) -> PyResult<()> {
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

impl Drop for Running {
    fn drop(&mut self) {
        // Closed already, unless nobody ended it.
        Python::try_attach(|py| self.close(py));
    }
}
