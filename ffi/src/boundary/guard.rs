//! The wrapper of every export: it catches panics and defers thread cancellation during
//! the call.

use std::any::Any;
use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use crate::boundary::handle::OutParam;
use crate::boundary::text::EMPTY;

/// Runs the body of an export that answers a value; `None` and a panic give the
/// default.
pub(crate) fn value<T>(default: T, body: impl FnOnce() -> Option<T>) -> T {
    catch(body).ok().flatten().unwrap_or(default)
}

/// Runs the body of an export that answers a text and its length in bytes, which
/// goes to `*len` unless that is NULL; `None` and a panic give "" and 0.
pub(crate) fn text(
    len: *mut usize,
    body: impl FnOnce() -> Option<(*const c_char, usize)>,
) -> *const c_char {
    let (text, length) = value((EMPTY, 0), body);
    if let Ok(len) = OutParam::new(len) {
        len.write(length);
    }
    text
}

/// Runs the body of an export that answers nothing.
pub(crate) fn run(body: impl FnOnce()) {
    let _ = catch(body);
}

/// Runs a body. `Err` is the message of its panic.
///
/// What a body that panicked leaves behind is at most a handle that the caller will
/// free: nothing of it is looked at again.
pub(crate) fn catch<T>(body: impl FnOnce() -> T) -> Result<T, String> {
    /// This library has its own copy of the standard library, and so its own hook: a
    /// host in Rust keeps its hook. A panic is reported as an error, not on standard error.
    static SILENT: Once = Once::new();
    SILENT.call_once(|| std::panic::set_hook(Box::new(|_| {})));
    let _cancellation = cancel::Disabled::begin();
    catch_unwind(AssertUnwindSafe(body)).map_err(|panic| message_of(&*panic))
}

fn message_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a message").to_owned()
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
        pub(super) fn begin() -> Self {
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
        pub(super) fn begin() -> Self {
            Self
        }
    }
}
