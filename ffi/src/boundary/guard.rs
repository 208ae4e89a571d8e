//! The wall between a panic and the host, and between a cancelled thread and us.

use std::any::Any;
use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use xgpush::{Error, ErrorKind};

use crate::boundary::handle::Out;
use crate::boundary::text::EMPTY;
use crate::error::{xg_error, xg_status};

/// Runs the body of an export that can fail. An error goes to `*error` if the
/// caller wants it.
pub(crate) fn status(
    error: *mut *mut xg_error,
    body: impl FnOnce() -> Result<(), Error>,
) -> xg_status {
    // A body that panics leaves behind at most a handle that the caller will
    // free: nothing of it is looked at again here.
    let result = guarded(body).unwrap_or_else(|panic| {
        Err(Error::new(
            ErrorKind::Internal,
            format!(
                "a defect in xgpush: the call panicked and was stopped ({})",
                words(&*panic)
            ),
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
    guarded(body).ok().flatten().unwrap_or(default)
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
    let _ = guarded(body);
}

/// What every export runs in.
fn guarded<T>(body: impl FnOnce() -> T) -> std::thread::Result<T> {
    /// The standard library in this one is its own copy, and so is its hook: the host
    /// program's is not touched. What panics is told by an error, not on standard error.
    static SILENT: Once = Once::new();
    SILENT.call_once(|| std::panic::set_hook(Box::new(|_| {})));
    let _not_now = cancel::Disabled::here();
    catch_unwind(AssertUnwindSafe(body))
}

/// What a panic says of itself.
fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a word")
}

/// `pthread_cancel` unwinds a thread where it waits, and Rust ends the process when
/// its frames are unwound so. In here a thread is not cancelled: it is at its next
/// cancellation point after the call.
#[cfg(target_os = "linux")]
mod cancel {
    use std::ffi::c_int;
    use std::ptr::null_mut;

    const DISABLE: c_int = 1;

    unsafe extern "C" {
        fn pthread_setcancelstate(state: c_int, old: *mut c_int) -> c_int;
    }

    /// Until it is dropped.
    pub(super) struct Disabled(c_int);

    impl Disabled {
        pub(super) fn here() -> Self {
            let mut before = DISABLE;
            // SAFETY: a place for the state before; it is that of this thread alone.
            unsafe { pthread_setcancelstate(DISABLE, &raw mut before) };
            Self(before)
        }
    }

    impl Drop for Disabled {
        fn drop(&mut self) {
            if self.0 != DISABLE {
                // SAFETY: as above; the old state is not asked for.
                unsafe { pthread_setcancelstate(self.0, null_mut()) };
            }
        }
    }
}

/// Elsewhere the rule in the header holds: no thread is cancelled inside a call.
#[cfg(not(target_os = "linux"))]
mod cancel {
    pub(super) struct Disabled;

    impl Disabled {
        pub(super) fn here() -> Self {
            Self
        }
    }
}

/// A call that panics, for the test of this wall.
#[cfg(feature = "test-panic")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_test_panic(error: *mut *mut xg_error) -> xg_status {
    status(error, || panic!("provoked"))
}
