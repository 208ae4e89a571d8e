//! One row, from anything that Python has for rows.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};
use xgpush::apply::RowChecker;
use xgpush::{Error, ErrorKind, Row};

use crate::values::{self, account_type, is_missing, named_fields, type_name};

/// The fields of a row, in the order of rows without names.
pub(crate) const FIELDS: [&str; 4] = Row::FIELDS;

/// The fields in the order of [`FIELDS`], as far as they are there.
type Fields<'py> = [Option<Bound<'py, PyAny>>; 4];

/// Reads a row of any of these kinds: with names, by name (dicts and other mappings, named
/// tuples, rows of databases, data classes); without, by position, where what comes
/// later may be left out.
pub(crate) fn read(
    given: &Bound<'_, PyAny>,
    row: &mut Row,
    checker: &mut RowChecker,
) -> Option<Error> {
    let read = fields(given).and_then(|fields| {
        take(&fields, row).map_err(Wrong::Text)?;
        checker
            .is_no_header(&row.token, &row.account)
            .map_err(Wrong::Error)?;
        take_type(&fields, row).map_err(Wrong::Text)
    });
    match read {
        Ok(()) => checker.check(row, None).err(),
        Err(wrong) => {
            checker.pass();
            Some(match wrong {
                Wrong::Text(text) => Error::new(ErrorKind::InvalidValue, text),
                Wrong::Error(error) => error,
            })
        }
    }
}

enum Wrong {
    Text(String),
    Error(Error),
}

impl From<String> for Wrong {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<PyErr> for Wrong {
    fn from(error: PyErr) -> Self {
        Self::Text(error.to_string())
    }
}

fn fields<'py>(given: &Bound<'py, PyAny>) -> Result<Fields<'py>, Wrong> {
    if given.is_exact_instance_of::<PyTuple>() || given.is_exact_instance_of::<PyList>() {
        return by_position(given);
    }
    if let Ok(fields) = given.cast::<PyDict>() {
        return by_name(fields.iter().map(Ok));
    }
    if let Some(names) = named_fields(given)? {
        return by_name(names.into_iter().map(Ok));
    }
    if given.is_instance_of::<PyTuple>() || given.is_instance_of::<PyList>() {
        return by_position(given);
    }
    let text = given.is_instance_of::<PyString>() || given.is_instance_of::<PyBytes>();
    if !text && given.hasattr("__getitem__")? && given.len().is_ok() {
        return by_position(given);
    }
    Err(Wrong::Text(format!(
        "a row is a sequence, a mapping or an object with these fields, not {}",
        type_name(given)
    )))
}

fn by_name<'py>(
    pairs: impl Iterator<Item = PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)>>,
) -> Result<Fields<'py>, Wrong> {
    let mut fields = Fields::default();
    for pair in pairs {
        let (name, value) = pair?;
        if is_rest(&name, &value) {
            continue;
        }
        if name.is_none() {
            return Err(Wrong::Text(
                "the row has more fields than the header".to_owned(),
            ));
        }
        let name = name.extract::<String>().unwrap_or_default();
        let at = FIELDS.iter().position(|known| *known == name);
        let at = at.ok_or_else(|| {
            format!("{name:?} is none of token, account, account_type and operation")
        })?;
        if fields[at].replace(value).is_some() {
            return Err(Wrong::Text(format!("the field {name} appears twice")));
        }
    }
    Ok(fields)
}

/// Whether a column has neither a name nor a value, as trailing commas make them.
fn is_rest(name: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> bool {
    let empty = |value: &Bound<'_, PyAny>| value.is_none() || value.eq("").unwrap_or(false);
    if !name.is_none() && !name.eq("").unwrap_or(false) {
        return false;
    }
    empty(value)
        || value
            .cast::<PyList>()
            .is_ok_and(|list| list.iter().all(|value| empty(&value)))
}

/// Whether a row without names is a header with another order of columns than such rows
/// have: all rows after it would be read wrongly.
pub(crate) fn is_other_header(given: &Bound<'_, PyAny>) -> bool {
    if !given.is_instance_of::<PyTuple>() && !given.is_instance_of::<PyList>() {
        return false;
    }
    // A subclass may claim any length, and memory is allocated for that.
    if !given
        .len()
        .is_ok_and(|len| (2..=FIELDS.len()).contains(&len))
    {
        return false;
    }
    let Ok(names) = given.extract::<Vec<String>>() else {
        return false;
    };
    let known = names.iter().all(|name| FIELDS.contains(&name.as_str()));
    let in_order = names.iter().zip(FIELDS).all(|(name, known)| name == known);
    known && !in_order
}

fn by_position<'py>(given: &Bound<'py, PyAny>) -> Result<Fields<'py>, Wrong> {
    let len = given.len()?;
    if !(1..=4).contains(&len) {
        return Err(Wrong::Text(format!(
            "a row has 1 to 4 fields (token, account, account_type, operation), not {len}"
        )));
    }
    let mut fields = Fields::default();
    for (at, field) in fields.iter_mut().enumerate().take(len) {
        *field = Some(given.get_item(at)?);
    }
    Ok(fields)
}

fn take(fields: &Fields<'_>, row: &mut Row) -> Result<(), String> {
    for (at, target) in [(0, &mut row.token), (1, &mut row.account)] {
        if let Some(text) = text(fields, at)? {
            *target = text;
        }
    }
    Ok(())
}

fn take_type(fields: &Fields<'_>, row: &mut Row) -> Result<(), String> {
    if let Some(value) = fields[2].as_ref().filter(|value| !is_missing(value)) {
        row.account_type = account_type(value)?;
    }
    if let Some(name) = text(fields, 3)?.filter(|name| !name.is_empty()) {
        row.operator = name.parse().map_err(|e: Error| e.to_string())?;
    }
    Ok(())
}

fn text(fields: &Fields<'_>, at: usize) -> Result<Option<String>, String> {
    let given = fields[at].as_ref().filter(|value| !is_missing(value));
    given
        .map(|value| values::text(value, FIELDS[at]))
        .transpose()
}
