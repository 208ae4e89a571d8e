//! The emulator, for tests in Python. Values travel as JSON.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;

/// A TPNS on localhost, on a thread of its own.
#[pyclass(frozen, module = "xgpush._native")]
pub(crate) struct Emulator(Mutex<Option<Arc<xgpush_emulator::Emulator>>>);

fn json_error(error: &serde_json::Error) -> PyErr {
    PyValueError::new_err(error.to_string())
}

impl Emulator {
    fn with<T: Send>(
        &self,
        py: Python<'_>,
        run: impl FnOnce(&xgpush_emulator::Emulator) -> T + Send,
    ) -> PyResult<T> {
        py.detach(|| {
            let open = self
                .0
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            // Not locked while it runs: another thread may have to do what this one
            // waits for.
            let emulator = open.clone();
            drop(open);
            emulator.as_deref().map(run)
        })
        .ok_or_else(|| PyRuntimeError::new_err("the emulator is closed"))
    }
}

#[pymethods]
impl Emulator {
    #[new]
    fn new(config: &str) -> PyResult<Self> {
        let config = serde_json::from_str(config).map_err(|e| json_error(&e))?;
        let emulator = xgpush_emulator::Emulator::start(config)
            .map_err(|e| PyOSError::new_err(e.to_string()))?;
        Ok(Self(Mutex::new(Some(Arc::new(emulator)))))
    }

    #[getter]
    fn base_url(&self, py: Python<'_>) -> PyResult<String> {
        self.with(py, xgpush_emulator::Emulator::base_url)
    }

    #[getter]
    fn ca_pem(&self, py: Python<'_>) -> PyResult<Option<String>> {
        self.with(py, |e| e.ca_pem().map(str::to_owned))
    }

    fn configure(&self, py: Python<'_>, config: &str) -> PyResult<()> {
        let config = serde_json::from_str(config).map_err(|e| json_error(&e))?;
        self.with(py, |e| e.reconfigure(config))
    }

    fn fault(&self, py: Python<'_>, fault: &str) -> PyResult<()> {
        let fault: xgpush_emulator::Fault =
            serde_json::from_str(fault).map_err(|e| json_error(&e))?;
        self.with(py, |e| e.push_fault(fault))
    }

    fn clear_faults(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, xgpush_emulator::Emulator::clear_faults)
    }

    fn settle(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, xgpush_emulator::Emulator::settle)
    }

    fn log(&self, py: Python<'_>) -> PyResult<String> {
        self.with(py, |e| serde_json::to_string(&e.log()))?
            .map_err(|e| json_error(&e))
    }

    fn counters(&self, py: Python<'_>) -> PyResult<String> {
        self.with(py, |e| serde_json::to_string(&e.counters()))?
            .map_err(|e| json_error(&e))
    }

    fn state(&self, py: Python<'_>) -> PyResult<String> {
        self.with(py, |e| serde_json::to_string(&e.state()))?
            .map_err(|e| json_error(&e))
    }

    /// Waits until so many requests have been received; `False` after `timeout`
    /// seconds.
    fn wait_received(&self, py: Python<'_>, count: u64, timeout: f64) -> PyResult<bool> {
        let timeout = Duration::try_from_secs_f64(timeout)
            .map_err(|e| PyValueError::new_err(e.to_string()))?;
        self.with(py, |e| e.wait_until(timeout, |c| c.received >= count))
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| {
            let mut open = self
                .0
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            drop(open.take());
        });
    }
}
