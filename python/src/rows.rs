//! Rows from an iterable of Python's, or from a file.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyIterator, PyList, PyString, PyTuple};
use xgpush::{AccountType, Error, ErrorKind, Operator, Reading, Row, RowFile};

use crate::apply::format;
use crate::errors::exception;
use crate::running::SLICE;

/// Where rows come from.
pub(crate) struct Source {
    from: From,
    /// Of the rows that name none.
    operator: Operator,
}

enum From {
    Rows(Py<PyIterator>),
    File(Box<RowFile>),
}

/// A row as it came, as far as it could be read, and what was wrong with it.
type Read = (Py<PyAny>, Row, Option<Error>);

impl Source {
    /// `rows` is an iterable, or the path of a file.
    pub(crate) fn new(
        rows: &Bound<'_, PyAny>,
        operator: Operator,
        format_name: Option<&str>,
        reading: &Reading,
    ) -> PyResult<Self> {
        let from = if let Ok(path) = rows.extract::<PathBuf>() {
            let format = format(format_name, &path)?;
            let open = || RowFile::open(&path, format, operator, reading);
            let file = rows.py().detach(open);
            From::File(Box::new(file.map_err(|e| exception(&e))?))
        } else {
            From::Rows(rows.try_iter()?.unbind())
        };
        Ok(Self { from, operator })
    }

    pub(crate) fn next(&mut self, py: Python<'_>) -> PyResult<Option<Read>> {
        match &mut self.from {
            From::File(file) => {
                let read = read_file(py, file)?;
                read.map(|(row, wrong)| Ok((shown(py, &row)?, row, wrong)))
                    .transpose()
            }
            From::Rows(rows) => {
                let Some(given) = rows.bind(py).clone().next() else {
                    return Ok(None);
                };
                let given = given?;
                let mut row = Row::new(self.operator, "", "");
                let wrong = read(&given, &mut row).err();
                let wrong = wrong.map(|text| Error::new(ErrorKind::InvalidValue, text));
                Ok(Some((given.unbind(), row, wrong)))
            }
        }
    }
}

/// The next row of a file. A pipe may let it wait, and a signal end that.
fn read_file(py: Python<'_>, file: &mut RowFile) -> PyResult<Option<(Row, Option<Error>)>> {
    if !file.may_wait() {
        return file.read().map_err(|e| exception(&e));
    }
    loop {
        let read = py.detach(|| file.read_within(SLICE));
        if let Some(read) = read.map_err(|e| exception(&e))? {
            return Ok(read);
        }
        py.check_signals()?;
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
        row.account_type = Some(account_type(value)?);
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

/// What tables have where nothing is: `None`, NaN, and pandas' `NaT` and `NA`.
fn is_missing(value: &Bound<'_, PyAny>) -> bool {
    if value.is_none() {
        return true;
    }
    if value.is_exact_instance_of::<PyString>() {
        return false;
    }
    // NaN and NaT differ from themselves; NA says neither yes nor no.
    value
        .ne(value)
        .unwrap_or_else(|_| type_name(value) == "NAType")
}

fn account_type(value: &Bound<'_, PyAny>) -> Result<AccountType, String> {
    if let Ok(number) = value.extract::<i32>() {
        return Ok(AccountType(number));
    }
    let read = match value.cast::<PyString>() {
        Ok(text) => AccountType::parse(&text.to_string_lossy()),
        Err(_) => match value.extract::<f64>() {
            Ok(number) => AccountType::from_number(number),
            Err(_) => return Err(format!("account_type is {}, no integer", type_name(value))),
        },
    };
    read.map_err(|error| error.to_string())
}

fn type_name(value: &Bound<'_, PyAny>) -> String {
    let name = value.get_type().name();
    name.map_or_else(|_| "?".to_owned(), |name| name.to_string())
}
