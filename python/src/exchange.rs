//! The protocol without I/O.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use xgpush::{Error, ErrorKind, HttpResponse, SendError, SendErrorKind};

use crate::client::config;
use crate::errors::exception;
use crate::outcome::Outcome;
use crate::request::Request;

/// One call as HTTP requests to send and HTTP responses to read.
#[pyclass(frozen, module = "xgpush._native")]
pub(crate) struct Exchange(Mutex<Option<xgpush::Exchange>>);

impl Exchange {
    fn lock(&self) -> MutexGuard<'_, Option<xgpush::Exchange>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Exceptions are created without the lock: that runs Python, and another thread that
    /// waits for the lock would keep the interpreter.
    fn with<T>(&self, run: impl FnOnce(&mut xgpush::Exchange) -> xgpush::Result<T>) -> PyResult<T> {
        let done = self.lock().as_mut().map(run);
        done.ok_or_else(finished)?.map_err(|e| exception(&e))
    }
}

fn finished() -> PyErr {
    exception(&Error::new(
        ErrorKind::InvalidArgument,
        "the exchange is finished",
    ))
}

#[pymethods]
impl Exchange {
    #[new]
    fn new(py: Python<'_>, options: Vec<(String, String)>, request: &Request) -> PyResult<Self> {
        let config = config(options, false)?;
        let exchange = xgpush::Exchange::new(&config, request.get(py)?.into_owned());
        Ok(Self(Mutex::new(Some(exchange.map_err(|e| exception(&e))?))))
    }

    #[getter]
    fn parts(&self) -> PyResult<usize> {
        self.with(|exchange| Ok(exchange.parts()))
    }

    fn wave(&self, part: usize) -> PyResult<u32> {
        self.with(|exchange| exchange.wave(part))
    }

    fn http_request(&self, part: usize, unix_seconds: i64) -> PyResult<Option<HttpRequest>> {
        let request = self.with(|exchange| exchange.http_request(part, unix_seconds))?;
        Ok(request.map(HttpRequest))
    }

    fn answer(
        &self,
        part: usize,
        status: u16,
        headers: Vec<(String, String)>,
        body: &[u8],
    ) -> PyResult<()> {
        let mut response = HttpResponse::new(status, body);
        for (name, value) in headers {
            response = response.with_header(&name, &value);
        }
        self.with(|exchange| exchange.answer(part, &response))
    }

    fn failed(&self, part: usize, kind: &str, sent: bool, message: String) -> PyResult<()> {
        let kind: Result<SendErrorKind, Error> = kind.parse();
        let kind = kind.map_err(|e| PyValueError::new_err(e.to_string()))?;
        self.with(|exchange| exchange.failed(part, &SendError::new(kind, sent, message)))
    }

    fn finish(&self) -> PyResult<Outcome> {
        let exchange = self.lock().take();
        Ok(exchange.ok_or_else(finished)?.finish().into())
    }
}

/// One HTTP request, ready to send.
#[pyclass(frozen, module = "xgpush._native")]
pub(crate) struct HttpRequest(xgpush::HttpRequest);

#[pymethods]
impl HttpRequest {
    /// ``POST``.
    #[getter]
    fn method(&self) -> &'static str {
        self.0.method()
    }

    /// Scheme, host and path.
    #[getter]
    fn url(&self) -> &str {
        self.0.url()
    }

    /// The headers by name, with the signature.
    #[getter]
    fn headers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let headers = PyDict::new(py);
        for (name, value) in self.0.headers() {
            headers.set_item(name, value)?;
        }
        Ok(headers)
    }

    /// The JSON. Send it unchanged: the signature covers it.
    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.body())
    }

    /// Without the headers: Basic authentication contains the secret.
    fn __repr__(&self) -> String {
        format!("<HttpRequest POST {}>", self.0.url())
    }
}
