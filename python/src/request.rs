//! What a call sends: items, or the documented JSON.

use std::borrow::Cow;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use xgpush::Platform;

use crate::errors::exception;
use crate::items::{self, ItemError};

/// A request of either API. A broken rule is an error where it is used:
/// an `AsyncClient` makes it in one place and awaits it in another.
#[pyclass(frozen, module = "xgpush._native")]
pub(crate) struct Request(Content);

enum Content {
    Items(Result<xgpush::Request, xgpush::Error>),
    /// Read when it is used, without the interpreter.
    Json {
        is_query: bool,
        json: Py<PyBytes>,
    },
}

#[pymethods]
impl Request {
    /// `method` is the client's method that takes these items.
    #[new]
    fn new(method: &str, items: &Bound<'_, PyAny>, platform: Option<&str>) -> PyResult<Self> {
        match read(method, items, platform) {
            Ok(request) => Ok(Self(Content::Items(Ok(request)))),
            Err(ItemError::Invalid(error)) => Ok(Self(Content::Items(Err(error)))),
            Err(ItemError::Raised(error)) => Err(error),
        }
    }

    /// The documented JSON of `batchoperate` or, if it `is_query`, of `query`.
    #[staticmethod]
    fn from_json(json: Py<PyBytes>, is_query: bool) -> Self {
        Self(Content::Json { is_query, json })
    }
}

impl Request {
    pub(crate) fn get(&self, py: Python<'_>) -> PyResult<Cow<'_, xgpush::Request>> {
        match &self.0 {
            Content::Items(Ok(request)) => Ok(Cow::Borrowed(request)),
            Content::Items(Err(error)) => Err(exception(error)),
            Content::Json { is_query, json } => {
                let json = json.as_bytes(py);
                let read = py.detach(|| match is_query {
                    true => xgpush::Request::query_from_json(json),
                    false => xgpush::Request::batch_from_json(json),
                });
                read.map(Cow::Owned).map_err(|e| exception(&e))
            }
        }
    }
}

fn read(
    method: &str,
    items: &Bound<'_, PyAny>,
    platform: Option<&str>,
) -> Result<xgpush::Request, ItemError> {
    use xgpush::Request;
    let request = match method {
        "bind" => Request::bind(items::bindings(items)?),
        "append" => Request::append(items::bindings(items)?),
        "unbind" => Request::unbind(items::bindings(items)?),
        "clear_tokens" => Request::clear_tokens(items::tokens(items)?),
        "clear_accounts" => Request::clear_accounts(items::accounts(items)?),
        "query_by_account" => Request::query_by_account(items::accounts(items)?),
        "query_by_token" => Request::query_by_token(items::tokens(items)?),
        _ => {
            let text = format!("no method {method} takes items");
            return Err(PyValueError::new_err(text).into());
        }
    };
    match platform {
        None => Ok(request),
        Some(platform) => Ok(request.with_platform(platform.parse::<Platform>()?)),
    }
}
