//! Streams of rows.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyFloatMethods, PyIterator, PyList, PyTuple};
use xgpush::{
    AccountType, BulkOptions, Error, ErrorKind, Format, ItemOutcome, Operator, Platform, Row,
    RowFile, State,
};

use crate::client::{Client, seconds};
use crate::errors::exception;

/// How long a wait goes on before the interpreter is asked for signals.
const SLICE: Duration = Duration::from_millis(50);

/// Where rows come from.
enum Source {
    Rows(Py<PyIterator>),
    File(RowFile),
}

/// A stream under way: an iterator over what became of each row.
#[pyclass(module = "xgpush._native")]
pub(crate) struct Bulk {
    stream: Option<xgpush::Bulk>,
    source: Source,
    operator: Operator,
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
        let operator = operator(operation)?;
        let source = if let Ok(path) = rows.extract::<PathBuf>() {
            let format = Format::of(&path).map_err(|e| exception(&e))?;
            let file = RowFile::open(&path, format, operator);
            Source::File(file.map_err(|e| exception(&e))?)
        } else {
            Source::Rows(rows.try_iter()?.unbind())
        };
        let options = BulkOptions {
            parallel,
            patience: seconds("patience", patience)?,
            ..BulkOptions::default()
        };
        let bulk = xgpush::Bulk::new(&client.client, &options);
        Ok(Self {
            stream: Some(bulk.map_err(|e| exception(&e))?),
            source,
            operator,
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
        let (given, row, wrong) = match &mut self.source {
            Source::File(file) => match file.read().map_err(|e| exception(&e)) {
                Ok(Some((row, wrong))) => (shown(py, &row)?, row, wrong),
                Ok(None) => {
                    bulk.end();
                    return Ok(());
                }
                Err(error) => return self.fails(py, error),
            },
            Source::Rows(rows) => match rows.bind(py).clone().next() {
                Some(Ok(given)) => {
                    let mut row = Row::new(self.operator, "", "");
                    let wrong = read(&given, &mut row).err();
                    let wrong = wrong.map(|text| Error::new(ErrorKind::InvalidValue, text));
                    (given.unbind(), row, wrong)
                }
                None => {
                    bulk.end();
                    return Ok(());
                }
                Some(Err(error)) => return self.fails(py, error),
            },
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

/// A row of a file as a row of Python.
fn shown(py: Python<'_>, row: &Row) -> PyResult<Py<PyAny>> {
    let account_type = row.account_type.map(|AccountType(number)| number);
    let row = (&row.token, &row.account, account_type, row.operator.name());
    Ok(row.into_pyobject(py)?.into_any().unbind())
}

/// Reads `(token, account, account_type, operation)`, where what comes later may
/// be left out, or a dict with these names.
fn read(given: &Bound<'_, PyAny>, row: &mut Row) -> Result<(), String> {
    if let Ok(fields) = given.cast::<PyTuple>() {
        return read_sequence(fields.len(), |at| fields.get_item(at), row);
    }
    if let Ok(fields) = given.cast::<PyList>() {
        return read_sequence(fields.len(), |at| fields.get_item(at), row);
    }
    let Ok(fields) = given.cast::<PyDict>() else {
        return Err(format!(
            "a row is a tuple, a list or a dict, not {}",
            type_name(given)
        ));
    };
    for (name, value) in fields {
        let name = name.extract::<String>().unwrap_or_default();
        let at = ["token", "account", "account_type", "operation"]
            .iter()
            .position(|known| *known == name)
            .ok_or_else(|| {
                format!("{name:?} is none of token, account, account_type and operation")
            })?;
        set(row, at, &value)?;
    }
    Ok(())
}

fn read_sequence<'py>(
    len: usize,
    get: impl Fn(usize) -> PyResult<Bound<'py, PyAny>>,
    row: &mut Row,
) -> Result<(), String> {
    if !(1..=4).contains(&len) {
        return Err(format!(
            "a row has 1 to 4 fields (token, account, account_type, operation), not {len}"
        ));
    }
    for at in 0..len {
        set(row, at, &get(at).map_err(|e| e.to_string())?)?;
    }
    Ok(())
}

fn set(row: &mut Row, at: usize, value: &Bound<'_, PyAny>) -> Result<(), String> {
    const NAMES: [&str; 4] = ["token", "account", "account_type", "operation"];
    if is_missing(value) {
        return Ok(());
    }
    if at == 2 {
        row.account_type = Some(AccountType(number(value)?));
        return Ok(());
    }
    let text = value
        .extract::<String>()
        .map_err(|_| format!("{} is {}, not str", NAMES[at], type_name(value)))?;
    match at {
        0 => row.token = text,
        1 => row.account = text,
        _ => row.operator = Operator::from_name(&text).map_err(|e| e.to_string())?,
    }
    Ok(())
}

/// Tables have `nan` where nothing is.
fn is_missing(value: &Bound<'_, PyAny>) -> bool {
    value.is_none() || value.cast::<PyFloat>().is_ok_and(|f| f.value().is_nan())
}

fn number(value: &Bound<'_, PyAny>) -> Result<i32, String> {
    if let Ok(number) = value.extract::<i32>() {
        return Ok(number);
    }
    let wrong = || format!("account_type {value:.40} is no integer of 32 bits");
    let float = value.extract::<f64>().map_err(|_| wrong())?;
    // What a column of integers becomes when some are missing.
    let whole =
        float.fract() == 0.0 && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&float);
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and in range")]
    let number = float as i32;
    whole.then_some(number).ok_or_else(wrong)
}

fn type_name(value: &Bound<'_, PyAny>) -> String {
    let name = value.get_type().name();
    name.map_or_else(|_| "?".to_owned(), |name| name.to_string())
}

/// What became of one row.
#[pyclass(frozen, module = "xgpush._native")]
pub(crate) struct BulkResult {
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

    #[getter]
    fn state(&self) -> &'static str {
        self.outcome.state().name()
    }

    #[getter]
    fn accepted(&self) -> bool {
        self.outcome.state() == State::Accepted
    }

    #[getter]
    fn reason(&self) -> &'static str {
        self.outcome.reason().name()
    }

    #[getter]
    fn code(&self) -> Option<i64> {
        self.outcome.code()
    }

    #[getter]
    fn http_status(&self) -> Option<u16> {
        self.outcome.http_status()
    }

    #[getter]
    fn attempts(&self) -> u16 {
        self.outcome.attempts()
    }

    #[getter]
    fn retryable(&self) -> bool {
        self.outcome.is_retryable()
    }

    #[getter]
    fn message(&self) -> &str {
        self.outcome.message()
    }

    fn __repr__(&self) -> String {
        format!("<BulkResult {} {:?}>", self.index, self.outcome)
    }
}
