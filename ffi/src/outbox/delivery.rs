//! Waiting for delivery, and changing the key while it goes on.

use std::ffi::c_char;
use std::time::Duration;

use super::xg_outbox;
use crate::boundary::handle::{self, OutParam};
use crate::boundary::{guard, text};
use crate::error::{self, xg_error, xg_status};

/// Waits up to timeout_ms until the outbox is not full, for threads that have nothing
/// else to do; an event loop hands in again in a later round, when it has taken reports.
/// False when it is still full, and at once when it is closed, for NULL, and in a child
/// after fork. Another thread may be quicker than the hand-in that follows.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_wait_not_full(
    outbox: *const xg_outbox,
    timeout_ms: u64,
) -> bool {
    guard::value(false, || {
        // SAFETY: as the header demands.
        let outbox = unsafe { handle::shared(outbox) }.ok()?;
        let timeout = Duration::from_millis(timeout_ms);
        Some(outbox.outbox.wait_for_room(timeout))
    })
}

/// Delivers what is there without lingering, and waits for it up to timeout_ms.
/// *left, unless left is NULL, is how many operations are not settled then.
///
/// Errors: XG_CLOSED in a child after fork.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_flush(
    outbox: *const xg_outbox,
    timeout_ms: u64,
    left: *mut usize,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        // SAFETY: as the header demands.
        let outbox = unsafe { handle::shared(outbox) }?;
        let open = outbox.outbox.flush(Duration::from_millis(timeout_ms))?;
        if let Ok(left) = OutParam::new(left) {
            left.write(open);
        }
        Ok(())
    })
}

/// Waits up to timeout_ms until everything that was handed in so far is durable, as
/// outbox_durability means it, or settled. By itself that takes about
/// outbox_commit_ms; what is not durable yet goes with the process when it is killed.
///
/// Errors: XG_STORAGE when it is not durable: there is no file, the file failed, or
/// the time was over (xg_error_is_retryable); XG_CLOSED in a child after fork.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_sync(
    outbox: *const xg_outbox,
    timeout_ms: u64,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        // SAFETY: as the header demands.
        let outbox = unsafe { handle::shared(outbox) }?;
        outbox.outbox.sync(Duration::from_millis(timeout_ms))
    })
}

/// Signs with this secret key from the next attempt on, without closing, for a key that
/// is changed while the program runs. While sending is paused because the key was
/// refused, the next attempt comes within the option max_backoff_ms. The text is copied
/// and wiped from memory when it is not needed any more; wipe your own.
///
/// Errors: as xg_client_set_secret_key.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_set_secret_key(
    outbox: *const xg_outbox,
    secret_key: *const c_char,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        // SAFETY: as the header demands.
        let (outbox, key) = unsafe {
            (
                handle::shared(outbox)?,
                text::read(secret_key, "secret_key")?,
            )
        };
        outbox.outbox.set_secret_key(key)
    })
}
