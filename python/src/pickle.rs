//! Pickling: a value is rebuilt by a function of this module, which every pickle protocol
//! can name.

use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// The function and its arguments.
pub(crate) type Reduced<'py> = (Bound<'py, PyAny>, Bound<'py, PyTuple>);

pub(crate) fn reduced<'py>(
    py: Python<'py>,
    function: &str,
    arguments: impl IntoPyObject<'py, Target = PyTuple, Output = Bound<'py, PyTuple>, Error = PyErr>,
) -> PyResult<Reduced<'py>> {
    let function = py.import("xgpush._native")?.getattr(function)?;
    Ok((function, arguments.into_pyobject(py)?))
}
