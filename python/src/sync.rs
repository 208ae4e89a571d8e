//! Making the service's state the desired one.

use std::sync::Arc;

use pyo3::prelude::*;
use xgpush::sync::{Change, DesiredAccounts, SyncOptions, SyncState};
use xgpush::{Account, ItemOutcome, Row};

use crate::bulk::platform;
use crate::bulk::source::{Source, reading};
use crate::cancel::CancelFlag;
use crate::client::{Client, run_blocking, seconds};
use crate::errors::exception;
use crate::items;

type Accounts = Vec<(String, Option<i32>)>;
/// Token, state, the change (clear, unbind, bind), and reason, code, HTTP status and message
/// of a failure.
type Synced = (
    String,
    &'static str,
    Option<(bool, Accounts, Accounts)>,
    Option<(&'static str, Option<i64>, Option<u16>, String)>,
);

/// A desired state.
#[pyclass(frozen, module = "xgpush._native")]
pub(crate) struct DesiredState {
    wanted: Vec<DesiredAccounts>,
    notices: Vec<String>,
}

#[pymethods]
impl DesiredState {
    /// `rows` is an iterator, or the path of a file.
    #[new]
    fn new(
        py: Python<'_>,
        rows: &Bound<'_, PyAny>,
        format_name: Option<&str>,
        encoding: Option<String>,
        check: &str,
    ) -> PyResult<Self> {
        let reading = reading(encoding, check)?;
        let mut source = Source::new(rows, xgpush::Operator::Bind, format_name, &reading)?;
        let mut failed = None;
        let mut n = 0_usize;
        let rows = std::iter::from_fn(|| {
            let read = read(py, &mut source, n);
            n += 1;
            read.unwrap_or_else(|error| {
                failed = Some(error);
                None
            })
        });
        let wanted = DesiredAccounts::from_rows(rows);
        if let Some(error) = failed {
            return Err(error);
        }
        let notices = source.notices();
        // The row that was read last was refused.
        let wanted = wanted.map_err(|e| match source.line() {
            Some(line) => exception(&e.at_line(line)),
            None => exception(&e),
        });
        wanted.map(|wanted| Self { wanted, notices })
    }

    /// What is suspicious in the rows.
    #[getter]
    fn notices(&self) -> Vec<String> {
        self.notices.clone()
    }

    fn __len__(&self) -> usize {
        self.wanted.len()
    }

    /// Compares, and with `apply` changes what differs. `progress` is called with the number of
    /// finished tokens.
    #[pyo3(signature = (client, apply, confirm, platform_name, deadline, patience, progress=None, cancel=None))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Python call")]
    fn sync(
        &self,
        py: Python<'_>,
        client: &Client,
        apply: bool,
        confirm: Option<f64>,
        platform_name: Option<&str>,
        deadline: Option<f64>,
        patience: f64,
        progress: Option<Py<PyAny>>,
        cancel: Option<&CancelFlag>,
    ) -> PyResult<Vec<Synced>> {
        let platform = platform(platform_name)?;
        let patience = seconds("patience", patience)?;
        let confirm = confirm.map(|time| seconds("confirm", time)).transpose()?;
        let synced = run_blocking(py, deadline, None, cancel, |call, raised| {
            let raised = Arc::clone(raised);
            let on_progress = progress.map(|function| -> Arc<dyn Fn(usize) + Send + Sync> {
                Arc::new(move |done| {
                    Python::attach(|py| {
                        if let Err(error) = function.call1(py, (done,)) {
                            raised.set(error);
                        }
                    });
                })
            });
            let mut options = SyncOptions::new()
                .with_apply(apply)
                .with_call(call.clone())
                .with_outage_timeout(patience);
            options.confirm = confirm;
            options.platform = platform;
            options.on_progress = on_progress;
            client.client.sync(&self.wanted, &options)
        })?;
        let results = self.wanted.iter().zip(synced);
        Ok(results
            .map(|(wanted, synced)| to_python(wanted, &synced))
            .collect())
    }
}

fn read(py: Python<'_>, source: &mut Source, n: usize) -> PyResult<Option<Row>> {
    match source.next(py)? {
        None => Ok(None),
        Some((_, row, None)) => Ok(Some(row)),
        Some((_, _, Some(wrong))) if wrong.item().is_none() => Err(exception(&wrong.at_item(n))),
        Some((_, _, Some(wrong))) => Err(exception(&wrong)),
    }
}

fn to_python(wanted: &DesiredAccounts, synced: &xgpush::sync::Synced) -> Synced {
    let failure = match &synced.state {
        SyncState::Unread(item) | SyncState::Failed(item) => Some(failure(item)),
        _ => None,
    };
    (
        wanted.token().as_str().to_owned(),
        synced.state.name(),
        synced.change.as_ref().map(changes),
        failure,
    )
}

fn failure(item: &ItemOutcome) -> (&'static str, Option<i64>, Option<u16>, String) {
    let message = item.message().to_owned();
    (
        item.reason().name(),
        item.code(),
        item.http_status(),
        message,
    )
}

fn changes(change: &Change) -> (bool, Accounts, Accounts) {
    (
        change.clear,
        accounts(&change.unbind),
        accounts(&change.bind),
    )
}

fn accounts(accounts: &[Account]) -> Accounts {
    let pairs = accounts.iter().map(|account| {
        let kind = account.account_type().map(|kind| kind.0);
        (account.name().to_owned(), kind)
    });
    pairs.collect()
}

/// (name, type) of the desired account or accounts of a token, unchecked.
#[pyfunction]
pub(crate) fn accounts_of<'py>(
    desired: &Bound<'py, PyAny>,
) -> PyResult<Vec<(Bound<'py, PyAny>, Option<Bound<'py, PyAny>>)>> {
    items::raw_accounts(desired)
}
