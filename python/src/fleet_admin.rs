//! Looking at the engine of a fleet, for the command.

use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;

use crate::client::config;
use crate::errors::exception;

/// One connection to an engine.
#[pyclass(frozen, module = "xgpush._native")]
pub(crate) struct FleetAdmin(Mutex<xgpush::fleet_admin::FleetAdmin>);

impl FleetAdmin {
    /// Without the interpreter: each question takes a few round trips.
    fn ask<T: Send>(
        &self,
        py: Python<'_>,
        question: impl FnOnce(&mut xgpush::fleet_admin::FleetAdmin) -> T + Send,
    ) -> T {
        py.detach(|| question(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

#[pymethods]
impl FleetAdmin {
    #[new]
    fn new(options: Vec<(String, String)>, from_env: bool) -> PyResult<Self> {
        let config = config(options, from_env)?;
        let admin = xgpush::fleet_admin::FleetAdmin::open(&config);
        Ok(Self(Mutex::new(admin.map_err(|e| exception(&e))?)))
    }

    /// As JSON.
    fn status(&self, py: Python<'_>) -> PyResult<String> {
        let status = self.ask(py, xgpush::fleet_admin::FleetAdmin::status);
        Ok(status.map_err(|e| exception(&e))?.to_json())
    }

    /// The lines as a JSON array.
    fn check(&self, py: Python<'_>) -> String {
        let lines = self.ask(py, xgpush::fleet_admin::FleetAdmin::check);
        xgpush::fleet_admin::CheckLine::list_to_json(&lines)
    }

    fn backlog(&self, py: Python<'_>) -> PyResult<u64> {
        let backlog = self.ask(py, xgpush::fleet_admin::FleetAdmin::backlog);
        backlog.map_err(|e| exception(&e))
    }
}
