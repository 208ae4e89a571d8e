//! The wall between a panic and the host.

use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};

use xgpush::{Error, ErrorKind};

use crate::error::{xg_error, xg_status};
use crate::handle::Out;
use crate::text::EMPTY;

/// Runs the body of an export that can fail. An error goes to `*error` if the
/// caller wants it.
pub(crate) fn status(
    error: *mut *mut xg_error,
    body: impl FnOnce() -> Result<(), Error>,
) -> xg_status {
    // A body that panics leaves behind at most a handle that the caller will
    // free: nothing of it is looked at again here.
    let result = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| {
        Err(Error::new(
            ErrorKind::Internal,
            "a defect in xgpush: the call panicked and was stopped",
        ))
    });
    match result {
        Ok(()) => xg_status::XG_OK,
        Err(failure) => {
            let status = xg_status::of(failure.kind());
            xg_error::give(failure, error);
            status
        }
    }
}

/// Runs the body of an export that answers a value; `None` and a panic give the
/// default.
pub(crate) fn value<T>(default: T, body: impl FnOnce() -> Option<T>) -> T {
    catch_unwind(AssertUnwindSafe(body))
        .ok()
        .flatten()
        .unwrap_or(default)
}

/// Runs the body of an export that answers a text and its length in bytes, which
/// goes to `*len` unless that is NULL; `None` and a panic give "" and 0.
pub(crate) fn text(
    len: *mut usize,
    body: impl FnOnce() -> Option<(*const c_char, usize)>,
) -> *const c_char {
    let (text, length) = value((EMPTY, 0), body);
    if let Ok(len) = Out::new(len) {
        len.write(length);
    }
    text
}

/// Runs the body of an export that answers nothing.
pub(crate) fn run(body: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(body));
}

/// A call that panics, for the test of this wall.
#[cfg(feature = "test-panic")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_test_panic(error: *mut *mut xg_error) -> xg_status {
    status(error, || panic!("provoked"))
}
