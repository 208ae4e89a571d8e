//! The blocking client.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use xgpush::{Action, ApiCall, CallOptions, Config};

use crate::cancel::{CancelFlag, Raised, handles_signals, signal_check};
use crate::errors::exception;
use crate::outcome::Outcome;
use crate::pickle::{Reduced, reduced};
use crate::request::Request;

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

/// A client of one application.
#[pyclass(frozen, module = "xgpush._native")]
#[expect(clippy::struct_field_names, reason = "it is the client of core")]
pub(crate) struct Client {
    pub(crate) client: xgpush::Client,
    config: Config,
    is_closed: AtomicBool,
}

#[pymethods]
impl Client {
    #[new]
    fn new(options: Vec<(String, String)>, from_env: bool) -> PyResult<Self> {
        let config = config(options, from_env)?;
        Ok(Self {
            client: xgpush::Client::new(&config).map_err(|e| exception(&e))?,
            config,
            is_closed: AtomicBool::new(false),
        })
    }

    /// A client for the child after `fork`, where this one must not be used: closed if this
    /// one is, and with the key that was set since. Takes no lock, which another thread could
    /// have held at the fork.
    fn copy(&self, key: Option<&str>) -> PyResult<Self> {
        let is_closed = self.is_closed.load(Ordering::Acquire);
        let mut config = self.config.clone();
        if let Some(key) = key {
            config.set("secret_key", key).map_err(|e| exception(&e))?;
        }
        let client = xgpush::Client::new(&config).map_err(|e| exception(&e))?;
        if is_closed {
            client.close();
        }
        Ok(Self {
            client,
            config,
            is_closed: AtomicBool::new(is_closed),
        })
    }

    /// Sends a request. Watches the flag, or signals without one.
    #[pyo3(signature = (request, deadline, confirm=None, cancel=None))]
    fn run(
        &self,
        py: Python<'_>,
        request: &Request,
        deadline: Option<f64>,
        confirm: Option<f64>,
        cancel: Option<&CancelFlag>,
    ) -> PyResult<Outcome> {
        let request = request.get(py)?;
        let confirm = confirm.map(|time| seconds("confirm", time)).transpose()?;
        run_blocking(py, deadline, confirm, cancel, |options, _| {
            match request.action() {
                Action::Query(_) => self.client.query_with(&request, options),
                Action::Batch(_) => self.client.batch_operate_with(&request, options),
            }
        })
        .map(Outcome::from)
    }

    /// Posts a body to any other v3 path.
    #[pyo3(signature = (path, body, deadline, content_type=None, auth=None, repeatable=false, cancel=None))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Python call")]
    fn call(
        &self,
        py: Python<'_>,
        path: &str,
        body: &[u8],
        deadline: Option<f64>,
        content_type: Option<&str>,
        auth: Option<&str>,
        repeatable: bool,
        cancel: Option<&CancelFlag>,
    ) -> PyResult<Reply> {
        let mut call = match content_type {
            None => ApiCall::json(path, body),
            Some(content_type) => ApiCall::bytes(path, content_type, body),
        }
        .repeatable(repeatable);
        if let Some(auth) = auth {
            call = call.with_auth(auth.parse().map_err(|e| exception(&e))?);
        }
        let reply = run_blocking(py, deadline, None, cancel, |options, _| {
            self.client.call_api(&call, options)
        })?;
        Ok(Reply {
            http_status: reply.http_status(),
            body: reply.into_body(),
        })
    }

    fn set_secret_key(&self, key: &str) -> PyResult<()> {
        self.client.set_secret_key(key).map_err(|e| exception(&e))
    }

    fn close(&self, py: Python<'_>) {
        self.is_closed.store(true, Ordering::Release);
        py.detach(|| self.client.close());
    }
}

/// A time to wait, of at most a year: its end must be a valid time.
pub(crate) fn seconds(name: &str, value: f64) -> PyResult<Duration> {
    const YEAR: f64 = 365.0 * 86_400.0;
    Duration::try_from_secs_f64(value.min(YEAR))
        .map_err(|e| PyValueError::new_err(format!("{name}: {e}")))
}

/// Runs a blocking call without the interpreter; Ctrl-C or `cancel` ends it.
pub(crate) fn run_blocking<T: Send>(
    py: Python<'_>,
    deadline: Option<f64>,
    confirm: Option<Duration>,
    cancel: Option<&CancelFlag>,
    call: impl FnOnce(&CallOptions, &Arc<Raised>) -> xgpush::Result<T> + Send,
) -> PyResult<T> {
    let deadline = deadline.map(|value| seconds("deadline", value));
    let deadline = deadline.transpose()?;
    let asks_for_signals = cancel.is_none() && handles_signals(py)?;
    let (result, interrupted) = py.detach(|| {
        let raised = Arc::<Raised>::default();
        let asks = if asks_for_signals {
            Some(signal_check(Arc::clone(&raised)))
        } else {
            cancel.map(CancelFlag::interrupt)
        };
        let ended = Arc::clone(&raised);
        let mut options = CallOptions::new()
            .with_interrupt(move || ended.is_set() || asks.as_ref().is_some_and(|asks| asks()));
        options.deadline = deadline;
        options.confirm = confirm;
        let result = call(&options, &raised);
        let interrupted = raised.take();
        (result, interrupted)
    });
    match (interrupted, result) {
        (Some(raised), _) => Err(raised),
        (None, result) => result.map_err(|e| exception(&e)),
    }
}

/// The response of another endpoint.
#[pyclass(frozen, module = "xgpush._native")]
pub(crate) struct Reply {
    /// The HTTP status, 200 to 299.
    #[pyo3(get)]
    http_status: u16,
    body: Vec<u8>,
}

#[pymethods]
impl Reply {
    /// The body, unchanged.
    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.body)
    }

    /// The body as JSON.
    fn json<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import("json")?.call_method1("loads", (self.body(py),))
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.http_status == other.http_status && self.body == other.body
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        reduced(py, "make_reply", (self.http_status, self.body(py)))
    }

    fn __repr__(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        format!("<Reply {} {:.80}>", self.http_status, text)
    }
}

/// The `Reply` that a pickle holds.
#[pyfunction]
pub(crate) fn make_reply(http_status: u16, body: Vec<u8>) -> Reply {
    Reply { http_status, body }
}
