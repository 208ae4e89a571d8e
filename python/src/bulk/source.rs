//! The rows of a stream: from an iterable, or from a file.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyIterator;
use xgpush::apply::{Format, Reading, RowChecker, RowFile};
use xgpush::{AccountType, Error, Operator, Row};

use crate::bulk::row;
use crate::cancel::POLL_INTERVAL;
use crate::errors::exception;

/// Where rows come from.
pub(crate) struct Source {
    origin: Origin,
    /// For rows that name none.
    operator: Operator,
    /// Of rows; files have their own.
    checker: RowChecker,
    first: bool,
}

enum Origin {
    Rows(Py<PyIterator>),
    File(Box<RowFile>),
}

/// A row as Python has it, as far as it could be read, and what is wrong with it.
type SourceRow = (Py<PyAny>, Row, Option<Error>);

impl Source {
    /// `rows` is an iterable, or the path of a file.
    pub(crate) fn new(
        rows: &Bound<'_, PyAny>,
        operator: Operator,
        format_name: Option<&str>,
        reading: &Reading,
    ) -> PyResult<Self> {
        let origin = if let Ok(path) = rows.extract::<PathBuf>() {
            let format = format(format_name, &path)?;
            let reading = reading.clone();
            let open = move || RowFile::open(&path, format, operator, &reading);
            Origin::File(Box::new(open_interruptibly(rows.py(), open)?))
        } else {
            Origin::Rows(rows.try_iter()?.unbind())
        };
        Ok(Self {
            origin,
            operator,
            checker: RowChecker::new(reading.check_level),
            first: true,
        })
    }

    /// The line of the file on which the row that was read last begins.
    pub(crate) fn line(&self) -> Option<u64> {
        match &self.origin {
            Origin::File(file) => Some(file.line()),
            Origin::Rows(_) => None,
        }
    }

    /// What is suspicious in the rows read so far.
    pub(crate) fn notices(&self) -> Vec<String> {
        let notices = match &self.origin {
            Origin::File(file) => file.notices(),
            Origin::Rows(_) => self.checker.notices(),
        };
        notices.iter().map(ToString::to_string).collect()
    }

    pub(crate) fn next(&mut self, py: Python<'_>) -> PyResult<Option<SourceRow>> {
        match &mut self.origin {
            Origin::File(file) => {
                let read = read_file(py, file)?;
                let line = file.line();
                let read = read.map(|(row, wrong)| (row, wrong.map(|e| e.at_line(line))));
                read.map(|(row, wrong)| Ok((to_python(py, &row)?, row, wrong)))
                    .transpose()
            }
            Origin::Rows(rows) => {
                let Some(given) = rows.bind(py).clone().next() else {
                    return Ok(None);
                };
                let given = given?;
                if std::mem::take(&mut self.first) && row::is_other_header(&given) {
                    return Err(PyValueError::new_err(
                        "the first row names the columns, in another order than token, account, \
                         account_type, operation, and rows without names are read by position: pass \
                         rows with names, such as those of csv.DictReader",
                    ));
                }
                let mut row = Row::new(self.operator, "", "");
                let wrong = row::read(&given, &mut row, &mut self.checker);
                Ok(Some((given.unbind(), row, wrong)))
            }
        }
    }
}

/// How a file is read.
pub(crate) fn reading(encoding: Option<String>, check: &str) -> PyResult<Reading> {
    let mut reading = Reading::new().with_check_level(check.parse().map_err(|e| exception(&e))?);
    reading.encoding = encoding;
    Ok(reading)
}

/// Opens a file on a thread: opening reads all of it or waits for a pipe, and signals must
/// be handled during that. An interrupted call abandons the thread, which runs no Python
/// code.
fn open_interruptibly(
    py: Python<'_>,
    open: impl FnOnce() -> xgpush::Result<RowFile> + Send + 'static,
) -> PyResult<RowFile> {
    let (hand_over, taken) = mpsc::sync_channel(1);
    let builder = std::thread::Builder::new().name("xgpush-open".to_owned());
    builder.spawn(move || drop(hand_over.send(open())))?;
    let taken = Mutex::new(taken);
    let wait = || {
        let taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.recv_timeout(POLL_INTERVAL)
    };
    loop {
        match py.detach(wait) {
            Ok(file) => return file.map_err(|e| exception(&e)),
            Err(RecvTimeoutError::Timeout) => py.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(PyRuntimeError::new_err("reading the table failed"));
            }
        }
    }
}

/// The next row of a file. Reading a pipe may wait; a signal ends the wait.
fn read_file(py: Python<'_>, file: &mut RowFile) -> PyResult<Option<(Row, Option<Error>)>> {
    if !file.may_wait() {
        return file.read().map_err(|e| exception(&e));
    }
    loop {
        let read = py.detach(|| file.read_within(POLL_INTERVAL));
        if let Some(read) = read.map_err(|e| exception(&e))? {
            return Ok(read);
        }
        py.check_signals()?;
    }
}

/// A row of a file as a tuple.
fn to_python(py: Python<'_>, row: &Row) -> PyResult<Py<PyAny>> {
    let account_type = row.account_type.map(|AccountType(number)| number);
    let row = (&row.token, &row.account, account_type, row.operator.name());
    Ok(row.into_pyobject(py)?.into_any().unbind())
}

/// The format that is named, or that of a file's name.
pub(crate) fn format(name: Option<&str>, path: &Path) -> PyResult<Format> {
    let format = name.map_or_else(|| Format::from_path(path), str::parse);
    format.map_err(|e| exception(&e))
}
