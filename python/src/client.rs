//! The blocking client.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use xgpush::{CallOptions, Config, Request};

use crate::errors::exception;
use crate::outcome::Outcome;

/// Options by name, as text.
pub(crate) fn config(options: Vec<(String, String)>, from_env: bool) -> PyResult<Config> {
    let mut config = Config::new();
    if from_env {
        config.set_from_env().map_err(|e| exception(&e))?;
    }
    for (name, value) in options {
        config.set(&name, &value).map_err(|e| exception(&e))?;
    }
    Ok(config)
}

/// The documented JSON of one of the two APIs.
pub(crate) fn request(api: &str, json: &[u8]) -> PyResult<Request> {
    let read = match api {
        "query" => Request::query_from_json(json),
        _ => Request::batch_from_json(json),
    };
    read.map_err(|e| exception(&e))
}

/// A client of one application.
#[pyclass(frozen, module = "xgpush._native")]
pub(crate) struct Client {
    pub(crate) client: xgpush::Client,
}

#[pymethods]
impl Client {
    #[new]
    fn new(options: Vec<(String, String)>, from_env: bool) -> PyResult<Self> {
        let config = config(options, from_env)?;
        Ok(Self {
            client: xgpush::Client::new(&config).map_err(|e| exception(&e))?,
        })
    }

    /// Sends the documented JSON of `batchoperate` ("batch") or `query`.
    fn run(
        &self,
        py: Python<'_>,
        api: &str,
        json: &[u8],
        deadline: Option<f64>,
    ) -> PyResult<Outcome> {
        let request = request(api, json)?;
        let is_query = api == "query";
        waiting(py, deadline, |options| {
            if is_query {
                self.client.query_with(&request, options)
            } else {
                self.client.batch_operate_with(&request, options)
            }
        })
        .map(Outcome::from)
    }

    /// Posts JSON to any other v3 path.
    fn call(
        &self,
        py: Python<'_>,
        path: &str,
        json: &[u8],
        deadline: Option<f64>,
    ) -> PyResult<Reply> {
        let reply = waiting(py, deadline, |options| {
            self.client.call_with(path, json, options)
        })?;
        Ok(Reply {
            http_status: reply.http_status(),
            body: reply.into_body(),
        })
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| self.client.close());
    }
}

/// A time to wait; what is longer than a year is a year, so that its end exists.
pub(crate) fn seconds(name: &str, value: f64) -> PyResult<Duration> {
    const YEAR: f64 = 365.0 * 86_400.0;
    Duration::try_from_secs_f64(value.min(YEAR))
        .map_err(|e| PyValueError::new_err(format!("{name}: {e}")))
}

/// Runs a call that waits without the interpreter, but answers Ctrl-C.
fn waiting<T: Send>(
    py: Python<'_>,
    deadline: Option<f64>,
    call: impl FnOnce(&CallOptions) -> xgpush::Result<T> + Send,
) -> PyResult<T> {
    let deadline = deadline.map(|value| seconds("deadline", value));
    let deadline = deadline.transpose()?;
    let (result, interrupted) = py.detach(|| {
        let raised: Rc<RefCell<Option<PyErr>>> = Rc::default();
        let interrupt = interrupt(Rc::clone(&raised));
        let result = call(&CallOptions {
            deadline,
            interrupt: Some(Rc::new(interrupt)),
        });
        let interrupted = raised.borrow_mut().take();
        (result, interrupted)
    });
    match (interrupted, result) {
        (Some(raised), _) => Err(raised),
        (None, result) => result.map_err(|e| exception(&e)),
    }
}

/// Asks the interpreter for signals, at most every 20 ms: it costs the lock that
/// other threads want.
fn interrupt(raised: Rc<RefCell<Option<PyErr>>>) -> impl Fn() -> bool {
    const PAUSE: Duration = Duration::from_millis(20);
    let asked = Cell::new(Instant::now());
    move || {
        if raised.borrow().is_some() {
            return true;
        }
        if asked.get().elapsed() < PAUSE {
            return false;
        }
        asked.set(Instant::now());
        #[expect(
            clippy::redundant_closure_for_method_calls,
            reason = "of one lifetime only"
        )]
        let checked = Python::attach(|py| py.check_signals());
        match checked {
            Ok(()) => false,
            Err(signal) => {
                *raised.borrow_mut() = Some(signal);
                true
            }
        }
    }
}

/// The answer of another endpoint.
#[pyclass(frozen, module = "xgpush._native")]
pub(crate) struct Reply {
    #[pyo3(get)]
    http_status: u16,
    body: Vec<u8>,
}

#[pymethods]
impl Reply {
    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.body)
    }

    /// The body, read as JSON.
    fn json<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import("json")?.call_method1("loads", (self.body(py),))
    }

    fn __repr__(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        format!("<Reply {} {:.80}>", self.http_status, text)
    }
}
