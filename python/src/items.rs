//! The items of a call, from what Python programs have for them.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyInt, PyList, PyMapping, PyString, PyTuple, PyType};
use xgpush::{Account, AccountType, Binding, Error, ErrorKind, Row, Token};

use crate::errors::exception;
use crate::values::{account_type, is_missing, named_fields, text, type_name};

/// How many items are read before signals are checked.
const ITEMS_PER_CHECK: usize = 4096;

static ACCOUNT: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static BINDING: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// Why an item cannot be read.
pub(crate) enum ItemError {
    /// Its shape is none that an item has, or Python raised something else.
    Raised(PyErr),
    /// A value in it breaks a rule of the service.
    Invalid(Error),
}

impl From<PyErr> for ItemError {
    fn from(error: PyErr) -> Self {
        Self::Raised(error)
    }
}

impl From<Error> for ItemError {
    fn from(error: Error) -> Self {
        Self::Invalid(error)
    }
}

type Read<T> = Result<T, ItemError>;

/// An account's name and type, not yet checked.
type RawAccount<'py> = (Bound<'py, PyAny>, Option<Bound<'py, PyAny>>);

/// Bindings one by one, or a mapping from token to account or accounts.
pub(crate) fn bindings(given: &Bound<'_, PyAny>) -> Read<Vec<Binding>> {
    let Ok(mapping) = given.cast::<PyMapping>() else {
        return each("bindings", given, binding);
    };
    let keys = mapping.keys()?;
    let is_field = |key: Bound<'_, PyAny>| {
        let name = key.extract::<String>();
        name.is_ok_and(|name| Row::FIELDS.contains(&name.as_str()))
    };
    if !keys.is_empty() && keys.iter().all(is_field) {
        return Err(shape(
            "the mapping has fields: put a row into a list, and columns into rows",
        ));
    }
    each("bindings", mapping.items()?.as_any(), binding)
}

pub(crate) fn tokens(given: &Bound<'_, PyAny>) -> Read<Vec<Token>> {
    each("tokens", given, |item| {
        if item.is_instance_of::<PyString>() {
            return token(item);
        }
        match fields(item, ["token"])? {
            Some([name]) => token(&required(name, "token")?),
            None => token(item),
        }
    })
}

pub(crate) fn accounts(given: &Bound<'_, PyAny>) -> Read<Vec<Account>> {
    each("accounts", given, |item| account(raw_account(item)?))
}

/// One account, or a list of accounts.
pub(crate) fn raw_accounts<'py>(given: &Bound<'py, PyAny>) -> PyResult<Vec<RawAccount<'py>>> {
    if given.is_none() {
        return Ok(Vec::new());
    }
    if is_list(given)? {
        return given.try_iter()?.map(|item| raw_account(&item?)).collect();
    }
    Ok(vec![raw_account(given)?])
}

/// One account: a text, `(name, type)`, an `Account`, or what has these fields.
pub(crate) fn raw_account<'py>(given: &Bound<'py, PyAny>) -> PyResult<RawAccount<'py>> {
    if given.is_instance_of::<PyString>() {
        return Ok((given.clone(), None));
    }
    if is_class(given, &ACCOUNT, "Account")? {
        return Ok((given.getattr("name")?, Some(given.getattr("type")?)));
    }
    if !given.is_exact_instance_of::<PyTuple>()
        && let Some([name, kind]) = fields(given, ["account", "account_type"])?
    {
        return Ok((required(name, "account")?, kind));
    }
    let pair = given
        .try_iter()
        .and_then(Iterator::collect::<PyResult<Vec<_>>>);
    match pair.as_deref() {
        Ok([_, kind]) if kind.is_instance_of::<PyString>() => Err(PyTypeError::new_err(format!(
            "the type of an account is a number, not {}",
            kind.repr()?
        ))),
        Ok([name, kind]) => Ok((name.clone(), Some(kind.clone()))),
        Err(error) if !error.is_instance_of::<PyTypeError>(given.py()) => {
            Err(error.clone_ref(given.py()))
        }
        _ => Err(PyTypeError::new_err(format!(
            "an account is a text, (account, type) or an Account, not {}",
            type_name(given)
        ))),
    }
}

/// A token for the outbox, which checks it.
pub(crate) fn unchecked_token(given: &Bound<'_, PyString>) -> PyResult<String> {
    let token = text(given.as_any(), "token");
    token.map_err(|text| exception(&Error::new(ErrorKind::InvalidValue, text)))
}

/// Accounts for the outbox, which checks them.
pub(crate) fn unchecked_accounts(
    given: &Bound<'_, PyAny>,
) -> PyResult<Vec<(String, Option<AccountType>)>> {
    let read = |item: PyResult<Bound<'_, PyAny>>| converted(raw_account(&item?)?);
    let accounts: Read<_> = given.try_iter()?.map(read).collect();
    accounts.map_err(|error| match error {
        ItemError::Raised(error) => error,
        ItemError::Invalid(error) => exception(&error),
    })
}

fn account(raw: RawAccount<'_>) -> Read<Account> {
    let (name, kind) = converted(raw)?;
    Ok(Account::with_optional_type(name, kind)?)
}

fn converted((name, kind): RawAccount<'_>) -> Read<(String, Option<AccountType>)> {
    let kind = kind.filter(|kind| !is_missing(kind));
    let kind = kind.map(|kind| account_type(&kind)).transpose();
    let kind = kind.map_err(invalid)?.flatten();
    Ok((text(&name, "account").map_err(invalid)?, kind))
}

fn token(given: &Bound<'_, PyAny>) -> Read<Token> {
    Ok(Token::new(text(given, "token").map_err(invalid)?)?)
}

fn binding(given: &Bound<'_, PyAny>) -> Read<Binding> {
    if let Ok(tuple) = given.cast_exact::<PyTuple>() {
        return binding_by_position(tuple);
    }
    if is_class(given, &BINDING, "Binding")? {
        let accounts = given.getattr("accounts")?.try_iter()?;
        let accounts: Vec<_> = accounts
            .map(|item| raw_account(&item?))
            .collect::<PyResult<_>>()?;
        return made(&given.getattr("token")?, accounts);
    }
    if given.is_instance_of::<PyString>() || given.is_instance_of::<PyBytes>() {
        return Err(shape(
            "a text is not a binding: a binding has a token and an account",
        ));
    }
    if let Some([name, account, kind]) = fields(given, ["token", "account", "account_type"])? {
        let name = required(name, "token")?;
        let mut accounts = account.map_or_else(|| Ok(Vec::new()), |one| raw_accounts(&one))?;
        if let Some(kind) = kind.filter(|kind| !is_no_type(kind)) {
            for account in &mut accounts {
                account.1 = Some(kind.clone());
            }
        }
        return made(&name, accounts);
    }
    let fields: Vec<_> = given.try_iter()?.collect::<PyResult<_>>()?;
    binding_by_position(&PyTuple::new(given.py(), fields)?)
}

/// `(token, account)`, `(token, account, type)`, `(token, [account, …])`.
fn binding_by_position(fields: &Bound<'_, PyTuple>) -> Read<Binding> {
    let len = fields.len();
    if len == 0 {
        return Err(shape("a binding has a token and an account"));
    }
    let (token, first) = (fields.get_item(0)?, fields.get_item(1).ok());
    let accounts = match (first, len) {
        (Some(account), 2) if is_list(&account)? => raw_accounts(&account)?,
        (Some(account), 2) => vec![raw_account(&account)?],
        (Some(account), 3) if is_type(&fields.get_item(2)?) => {
            vec![(account, Some(fields.get_item(2)?))]
        }
        (Some(_), 3) if may_be_type(&fields.get_item(2)?)? => {
            return Err(shape(&format!(
                "{} may be a type or a second account: say a type as a number, and several \
                 accounts in a list",
                fields.get_item(2)?.repr()?
            )));
        }
        _ => fields
            .iter()
            .skip(1)
            .map(|item| raw_account(&item))
            .collect::<PyResult<_>>()?,
    };
    made(&token, accounts)
}

fn made(name: &Bound<'_, PyAny>, accounts: Vec<RawAccount<'_>>) -> Read<Binding> {
    let token = token(name)?;
    let accounts: Vec<_> = accounts.into_iter().map(account).collect::<Read<_>>()?;
    Ok(Binding::new(token, accounts)?)
}

/// Whether this is a list of accounts rather than one account.
fn is_list(given: &Bound<'_, PyAny>) -> PyResult<bool> {
    if given.is_instance_of::<PyString>() {
        return Ok(false);
    }
    if let Ok(tuple) = given.cast::<PyTuple>()
        && tuple.len() == 2
        && is_type(&tuple.get_item(1)?)
    {
        return Ok(false);
    }
    if given.is_exact_instance_of::<PyList>() || given.is_exact_instance_of::<PyTuple>() {
        return Ok(true);
    }
    let listed = given.is_instance_of::<PyList>() || given.is_instance_of::<PyTuple>();
    Ok(listed && named_fields(given)?.is_none())
}

/// Whether the type is missing: an account then keeps its own.
fn is_no_type(given: &Bound<'_, PyAny>) -> bool {
    is_missing(given) || matches!(account_type(given), Ok(None))
}

fn is_type(given: &Bound<'_, PyAny>) -> bool {
    given.is_none() || given.is_instance_of::<PyInt>()
}

/// Whether a text given as a type may be one: a phone number has more digits.
fn may_be_type(given: &Bound<'_, PyAny>) -> PyResult<bool> {
    if !given.is_instance_of::<PyString>() || !given.call_method0("isdecimal")?.is_truthy()? {
        return Ok(false);
    }
    let number = given.py().get_type::<PyInt>().call1((given,))?;
    Ok(number.extract::<i32>().is_ok())
}

/// The fields of these names; nothing for what has no names. Others are refused: one that
/// is misspelled must not be left out in silence.
fn fields<'py, const N: usize>(
    given: &Bound<'py, PyAny>,
    known: [&str; N],
) -> PyResult<Option<[Option<Bound<'py, PyAny>>; N]>> {
    let Some(pairs) = named_fields(given)? else {
        return Ok(None);
    };
    let mut found = [const { None }; N];
    for (name, value) in pairs {
        let at = name.extract::<String>().ok();
        let at = at.and_then(|name| known.iter().position(|known| *known == name));
        let at = at.ok_or_else(|| {
            PyValueError::new_err(format!(
                "unknown fields [{}]: choose those of {known:?}",
                name.repr()
                    .map_or_else(|_| "?".to_owned(), |name| name.to_string())
            ))
        })?;
        found[at] = Some(value);
    }
    Ok(Some(found))
}

fn required<'py>(value: Option<Bound<'py, PyAny>>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    value.ok_or_else(|| PyValueError::new_err(format!("there is no field {name}")))
}

/// Converts each item; an error names its index.
fn each<T>(
    what: &str,
    given: &Bound<'_, PyAny>,
    convert: impl Fn(&Bound<'_, PyAny>) -> Read<T>,
) -> Read<Vec<T>> {
    if given.is_instance_of::<PyString>() || given.is_instance_of::<PyBytes>() {
        return Err(shape(&format!("expected a list of {what}, not one text")));
    }
    // The claimed length may be false, and may not fit into memory.
    let len = given.len().unwrap_or(0);
    let mut read = Vec::with_capacity(len.min(ITEMS_PER_CHECK));
    for item in given.try_iter()? {
        let item = item?;
        let index = read.len();
        if index % ITEMS_PER_CHECK == 0 {
            given.py().check_signals()?;
        }
        read.push(convert(&item).map_err(|error| at_item(&item, index, error))?);
    }
    Ok(read)
}

fn at_item(item: &Bound<'_, PyAny>, index: usize, error: ItemError) -> ItemError {
    let py = item.py();
    match error {
        ItemError::Invalid(error) => error.at_item(index).into(),
        ItemError::Raised(error)
            if error.is_instance_of::<PyTypeError>(py)
                || error.is_instance_of::<PyValueError>(py) =>
        {
            let shown = item
                .repr()
                .map_or_else(|_| type_name(item), |text| text.to_string());
            let shown: String = shown.chars().take(80).collect();
            let why = error.value(py);
            shape(&format!("item {index}: {shown} cannot be read: {why}"))
        }
        raised @ ItemError::Raised(_) => raised,
    }
}

fn shape(text: &str) -> ItemError {
    ItemError::Raised(PyTypeError::new_err(text.to_owned()))
}

fn invalid(text: String) -> ItemError {
    ItemError::Invalid(Error::new(ErrorKind::InvalidValue, text))
}

/// Whether it is one of the package's own data classes.
fn is_class(
    given: &Bound<'_, PyAny>,
    class: &PyOnceLock<Py<PyType>>,
    name: &str,
) -> PyResult<bool> {
    given.is_instance(class.import(given.py(), "xgpush._client.items", name)?)
}
