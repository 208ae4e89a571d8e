//! Statuses and error objects.

use std::ffi::{CString, c_char};

use xgpush::{Error, ErrorKind};

use crate::boundary::handle::{self, Handle, OutParam};
use crate::boundary::{guard, text};

/// The result of a call. The numbers never change.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum xg_status {
    /// Success; the outputs are written. For xg_batch_operate and xg_query it means only
    /// that there is an outcome: check its items.
    XG_OK = 0,
    /// NULL, invalid UTF-8, an index past the end, or a number outside its enumeration.
    XG_INVALID_ARGUMENT = 1,
    /// JSON that does not have the documented shape.
    XG_INVALID_JSON = 2,
    /// A token, an account or another value breaks a documented rule.
    XG_INVALID_VALUE = 3,
    /// The request as a whole breaks a rule of its protocol version.
    XG_INVALID_REQUEST = 4,
    /// An unknown option, or a value outside its range.
    XG_INVALID_OPTION = 5,
    /// The client or outbox is closed, or belongs to the parent process (after fork).
    XG_CLOSED = 6,
    /// xg_call: nothing was sent.
    XG_CALL_NOT_SENT = 7,
    /// xg_call: the request was sent, and no valid response came.
    XG_CALL_UNKNOWN = 8,
    /// xg_call: the service refused; see xg_error_code.
    XG_CALL_REJECTED = 9,
    /// A defect inside xgpush. The library is still usable.
    XG_INTERNAL = 10,
    /// Header and library have different ABI versions.
    XG_ABI_MISMATCH = 11,
    /// The outbox is full: the operation was not taken. Try again later.
    XG_FULL = 12,
    /// The outbox file cannot be used; the message says why. Nothing in it was deleted.
    /// From xg_outbox_sync: not everything is durable.
    XG_STORAGE = 13,
    /// The system is out of threads, descriptors or memory; the message names the limit
    /// to check. The same call may succeed later.
    XG_RESOURCES = 14,
}

/// Runs the body of an export that can fail. An error goes to `*error` if the caller
/// wants it.
pub(crate) fn status_of(
    error: *mut *mut xg_error,
    body: impl FnOnce() -> Result<(), Error>,
) -> xg_status {
    let result = guard::catch(body).unwrap_or_else(|panic| {
        Err(Error::new(
            ErrorKind::Internal,
            format!("a defect in xgpush: the call panicked and was stopped ({panic})"),
        ))
    });
    match result {
        Ok(()) => xg_status::XG_OK,
        Err(failure) => {
            let status = xg_status::of(failure.kind());
            xg_error::write(failure, error);
            status
        }
    }
}

/// Panics, for the test of the guard.
#[cfg(feature = "test-panic")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_test_panic(error: *mut *mut xg_error) -> xg_status {
    status_of(error, || panic!("provoked"))
}

impl xg_status {
    pub(crate) fn of(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::InvalidArgument => Self::XG_INVALID_ARGUMENT,
            ErrorKind::InvalidJson => Self::XG_INVALID_JSON,
            ErrorKind::InvalidValue => Self::XG_INVALID_VALUE,
            ErrorKind::InvalidRequest => Self::XG_INVALID_REQUEST,
            ErrorKind::InvalidOption => Self::XG_INVALID_OPTION,
            ErrorKind::Closed => Self::XG_CLOSED,
            ErrorKind::NotSent => Self::XG_CALL_NOT_SENT,
            ErrorKind::Unknown => Self::XG_CALL_UNKNOWN,
            ErrorKind::Rejected => Self::XG_CALL_REJECTED,
            ErrorKind::AbiMismatch => Self::XG_ABI_MISMATCH,
            ErrorKind::Full => Self::XG_FULL,
            ErrorKind::Storage => Self::XG_STORAGE,
            ErrorKind::Resources => Self::XG_RESOURCES,
            // Kinds that this version of the ABI has no number for.
            _ => Self::XG_INTERNAL,
        }
    }
}

/// Details of a failed call. Free it with xg_error_free.
pub struct xg_error {
    error: Error,
    name: CString,
    message: CString,
}

impl Handle for xg_error {
    const NAME: &'static str = "error";
}

impl xg_error {
    /// Writes an error for a caller who wants it.
    fn write(error: Error, out: *mut *mut Self) {
        if let Ok(out) = OutParam::new(out) {
            out.write(handle::into_raw(Self {
                name: text::owned(error.kind().name()),
                message: text::owned(&error.to_string()),
                error,
            }));
        }
    }
}

/// The status that the failed call returned; XG_OK for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_error_status(error: *const xg_error) -> xg_status {
    guard::value(xg_status::XG_OK, || {
        // SAFETY: as the header demands.
        let error = unsafe { handle::shared(error) }.ok()?;
        Some(xg_status::of(error.error.kind()))
    })
}

/// The stable name of the status, such as "invalid_value"; "" for NULL. Valid until the
/// error is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_error_name(error: *const xg_error) -> *const c_char {
    guard::value(text::EMPTY, || {
        // SAFETY: as the header demands.
        Some(unsafe { handle::shared(error) }.ok()?.name.as_ptr())
    })
}

/// A description for people: it names the item and quotes the rule. "" for NULL. Valid
/// until the error is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_error_message(error: *const xg_error) -> *const c_char {
    guard::value(text::EMPTY, || {
        // SAFETY: as the header demands.
        Some(unsafe { handle::shared(error) }.ok()?.message.as_ptr())
    })
}

/// The service's return code (docs/codes.md), or -1 without one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_error_code(error: *const xg_error) -> i64 {
    guard::value(-1, || {
        // SAFETY: as the header demands.
        unsafe { handle::shared(error) }.ok()?.error.code()
    })
}

/// The HTTP status of the response, or 0 without a response.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_error_http_status(error: *const xg_error) -> i32 {
    guard::value(0, || {
        // SAFETY: as the header demands.
        let error = unsafe { handle::shared(error) }.ok()?;
        error.error.http_status().map(i32::from)
    })
}

/// The 0-based index of the item at fault, or -1 if the error is about no single item.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_error_item(error: *const xg_error) -> i64 {
    guard::value(-1, || {
        // SAFETY: as the header demands.
        let error = unsafe { handle::shared(error) }.ok()?;
        i64::try_from(error.error.item()?).ok()
    })
}

/// Whether the same call may succeed later, unchanged. false for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_error_is_retryable(error: *const xg_error) -> bool {
    guard::value(false, || {
        // SAFETY: as the header demands.
        Some(unsafe { handle::shared(error) }.ok()?.error.is_retryable())
    })
}

/// How long the service asks to wait before the next attempt (Retry-After), in
/// milliseconds; -1 if it does not say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_error_retry_after_ms(error: *const xg_error) -> i64 {
    guard::value(-1, || {
        // SAFETY: as the header demands.
        let error = unsafe { handle::shared(error) }.ok()?;
        i64::try_from(error.error.retry_after()?.as_millis()).ok()
    })
}

/// Frees an error. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_error_free(error: *mut xg_error) {
    // SAFETY: as the header demands.
    guard::run(|| unsafe { handle::free(error) });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_numbers_equal_those_of_core() {
        for kind in ErrorKind::ALL {
            assert_eq!(xg_status::of(*kind) as i32, kind.number(), "{kind:?}");
        }
    }
}
