//! Blocking waits: until there is capacity, until all is delivered, until all is durable.

use std::time::Duration;

use super::xg_outbox;
use crate::boundary::guard;
use crate::boundary::handle::{self, OutParam};
use crate::error::{self, xg_error, xg_status};

/// Waits up to timeout_ms until the outbox is not full: for threads that have nothing else
/// to do. An event loop reads reports and submits again in a later round. False if it is
/// still full; at once if it is closed, for NULL, and in a child after fork. Another thread
/// may fill it before your next submit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_wait_not_full(
    outbox: *const xg_outbox,
    timeout_ms: u64,
) -> bool {
    guard::value(false, || {
        // SAFETY: as the header demands.
        let outbox = unsafe { handle::shared(outbox) }.ok()?;
        let timeout = Duration::from_millis(timeout_ms);
        Some(outbox.outbox.wait_not_full(timeout))
    })
}

/// Sends at once what waits for a batch to fill, and waits up to timeout_ms until it is
/// delivered. *left, unless left is NULL, is how many operations are not complete.
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

/// Waits up to timeout_ms until everything submitted so far is durable or complete. Durable
/// is in the file, as the option outbox_durability defines it; with outbox_url it is in the
/// engine, as outbox_engine_durability defines it, and outbox_file keeps it meanwhile.
/// Without this call it takes about outbox_commit_ms, or a round trip to the engine; a
/// process that is killed earlier may lose what was not durable.
///
/// Errors: XG_STORAGE if it is not durable: neither file nor engine, the file failed, or the
/// timeout passed (then xg_error_is_retryable); XG_CLOSED in a child after fork.
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
