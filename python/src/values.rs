//! Values of Python as values of core: texts, account types, and the fields of what has
//! names.

use std::borrow::Cow;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyList, PyMapping, PyString, PyTuple, PyType};
use xgpush::AccountType;

/// A text; `name` is its field's, for the error.
pub(crate) fn text(value: &Bound<'_, PyAny>, name: &str) -> Result<String, String> {
    let Ok(text) = value.cast::<PyString>() else {
        return Err(format!("{name} is {}, not str", type_name(value)));
    };
    let text = text.to_cow().map(Cow::into_owned);
    text.map_err(|_| format!("{name} has a lone surrogate, which no UTF-8 can encode"))
}

/// Names and values of what has both: mappings, named tuples, rows of databases, data
/// classes. The index of a data frame is no field.
pub(crate) fn named_fields<'py>(
    given: &Bound<'py, PyAny>,
) -> PyResult<Option<Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>>> {
    if given.is_instance_of::<PyString>() || given.is_instance_of::<PyType>() {
        return Ok(None);
    }
    // Named tuples, and rows of SQLAlchemy and of Spark.
    for attribute in ["_fields", "__fields__"] {
        let Some(names) = given.getattr_opt(attribute)? else {
            continue;
        };
        if names.is_instance_of::<PyTuple>() || names.is_instance_of::<PyList>() {
            let names: Vec<_> = names.try_iter()?.collect::<PyResult<_>>()?;
            let values: Vec<_> = given.try_iter()?.collect::<PyResult<_>>()?;
            let index = |name: &Bound<'_, PyAny>| name.eq("Index").unwrap_or(false);
            // That of a frame, from itertuples().
            let skipped = usize::from(names.first().is_some_and(index));
            return Ok(Some(names.into_iter().zip(values).skip(skipped).collect()));
        }
    }
    if let Ok(mapping) = given.cast::<PyMapping>() {
        let items = mapping.items()?;
        let pairs = items.iter().map(|item| item.extract());
        return pairs.collect::<PyResult<_>>().map(Some);
    }
    // Records of numpy.
    let dtype = given.getattr_opt("dtype")?;
    let dtype_names = dtype.and_then(|dtype| dtype.getattr("names").ok());
    if let Some(names) = dtype_names.filter(|names| !names.is_none()) {
        let pairs = names.try_iter()?.map(|name| {
            let name = name?;
            let value = given.get_item(&name)?;
            Ok((name, value))
        });
        return pairs.collect::<PyResult<_>>().map(Some);
    }
    // Rows of sqlite3 and of other databases, series of pandas.
    if given.hasattr("__getitem__")?
        && let Some(keys) = given.getattr_opt("keys")?
        && keys.is_callable()
    {
        let pairs = keys.call0()?.try_iter()?.map(|name| {
            let name = name?;
            let value = given.get_item(&name)?;
            Ok((name, value))
        });
        return pairs.collect::<PyResult<_>>().map(Some);
    }
    // Data classes, attrs, pydantic.
    let kind = given.get_type();
    for attribute in ["__dataclass_fields__", "__attrs_attrs__", "model_fields"] {
        let Some(fields) = kind.getattr_opt(attribute)? else {
            continue;
        };
        let pairs = fields.try_iter()?.map(|field| {
            let field = field?;
            let name = field.getattr_opt("name")?.unwrap_or(field);
            let value = given.getattr(name.cast::<PyString>()?)?;
            Ok((name, value))
        });
        return pairs.collect::<PyResult<_>>().map(Some);
    }
    Ok(None)
}

/// What tables have where nothing is: `None`, NaN, and what pandas and numpy have for it.
pub(crate) fn is_missing(value: &Bound<'_, PyAny>) -> bool {
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
        || type_name(value) == "MaskedConstant"
}

/// An empty text is none, as in a file.
pub(crate) fn account_type(value: &Bound<'_, PyAny>) -> Result<Option<AccountType>, String> {
    if value.is_instance_of::<PyBool>() {
        return Err("account_type is bool, no integer".to_owned());
    }
    if let Ok(number) = value.extract::<i32>() {
        return Ok(Some(AccountType(number)));
    }
    let read = match value.cast::<PyString>() {
        Ok(text) if text.to_string_lossy().is_empty() => return Ok(None),
        Ok(text) => text.to_string_lossy().parse(),
        Err(_) => match value.extract::<f64>() {
            Ok(number) => AccountType::try_from(number),
            Err(_) => return Err(format!("account_type is {}, no integer", type_name(value))),
        },
    };
    read.map(Some).map_err(|error| error.to_string())
}

pub(crate) fn type_name(value: &Bound<'_, PyAny>) -> String {
    let name = value.get_type().name();
    name.map_or_else(|_| "?".to_owned(), |name| name.to_string())
}
