//! The native module of the Python package `xgpush`: conversions only.

mod apply;
mod bulk;
mod cancel;
mod client;
mod emulator;
mod errors;
mod exchange;
mod fleet_admin;
mod items;
mod log;
mod outbox;
mod outcome;
mod pickle;
mod request;
mod sync;
mod tables;
mod values;

use pyo3::prelude::*;
use pyo3::types::PyTuple;

// Classes are frozen and hold `Sync` values of core. `Bulk` refuses a second thread that
// iterates.
#[pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use crate::apply::{Apply, emulator_program};
    #[pymodule_export]
    use crate::bulk::Bulk;
    #[pymodule_export]
    use crate::bulk::result::{BulkResult, make_bulk_result};
    #[pymodule_export]
    use crate::cancel::CancelFlag;
    #[pymodule_export]
    use crate::client::{Client, Reply, make_reply};
    #[pymodule_export]
    use crate::emulator::Emulator;
    #[pymodule_export]
    use crate::exchange::{Exchange, HttpRequest};
    #[pymodule_export]
    use crate::fleet_admin::FleetAdmin;
    #[pymodule_export]
    use crate::log::stop_logging;
    #[pymodule_export]
    use crate::outbox::{Outbox, Report, list_pending_in_file, make_report, mark_forked};
    #[pymodule_export]
    use crate::outcome::{
        ItemIterator, ItemOutcome, Outcome, make_item, make_outcome, refuses_caller,
    };
    #[pymodule_export]
    use crate::request::Request;
    #[pymodule_export]
    use crate::sync::{DesiredState, accounts_of};
    #[pymodule_export]
    use crate::tables::{codes, options};

    use super::{Bound, PyModule, PyModuleMethods, PyResult, PyTuple};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        // A panic becomes an exception with its message, and nothing is written to standard
        // error. The hook affects no other extension: each has its own standard library.
        std::panic::set_hook(Box::new(|_| {}));
        let fields = PyTuple::new(module.py(), xgpush::Row::FIELDS)?;
        module.add("ROW_FIELDS", fields)?;
        module.add("__version__", xgpush::VERSION)
    }
}
