//! The list of pending operations of an outbox.

use std::ffi::{CString, c_char};
use std::time::Duration;

use xgpush::outbox::PendingOperation;

use super::xg_outbox;
use crate::boundary::handle::{self, Handle, OutParam};
use crate::boundary::{guard, text};
use crate::error::{self, xg_error, xg_status};

/// Operations that an outbox has not completed, as of the call that listed them.
pub struct xg_pending {
    len: usize,
    json: CString,
}

impl Handle for xg_pending {
    const NAME: &'static str = "pending";
}

/// Lists the operations that an outbox has not completed, in the order of submission: those
/// of a token, of an account (of any type), of both, or all if both are NULL; at most
/// max_count. It answers "why is this phone not bound?". It scans everything that is
/// pending: use it for diagnosis, not in each tick. `xgpush outbox show` does the same for a
/// file that no outbox holds.
///
/// Errors: XG_CLOSED; XG_CALL_UNKNOWN if the outbox does not answer within timeout_ms.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_list_pending(
    outbox: *const xg_outbox,
    token: *const c_char,
    account: *const c_char,
    max_count: usize,
    timeout_ms: u64,
    pending: *mut *mut xg_pending,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        let out = OutParam::new(pending)?;
        // SAFETY: as the header demands.
        let outbox = unsafe { handle::shared(outbox) }?;
        // SAFETY: as the header demands.
        let token = unsafe { text::read_optional(token, "token") }?;
        // SAFETY: as the header demands.
        let account = unsafe { text::read_optional(account, "account") }?;
        let timeout = Duration::from_millis(timeout_ms);
        let list = outbox
            .outbox
            .list_pending(token, account, max_count, timeout)?;
        out.write(handle::into_raw(xg_pending {
            len: list.len(),
            json: text::owned(&PendingOperation::list_to_json(&list)),
        }));
        Ok(())
    })
}

/// The number of operations; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_pending_count(pending: *const xg_pending) -> usize {
    guard::value(0, || {
        // SAFETY: as the header demands.
        Some(unsafe { handle::shared(pending) }.ok()?.len)
    })
}

/// The operations as a JSON array, NUL-terminated. *len is its length in bytes unless len is
/// NULL. Each has "tag", "operation" (such as "bind"), "token", "accounts"
/// ([{"account","account_type"}]), "submitted_ms", "state" ("behind": waits for an earlier
/// one on its token or accounts; "ready": will be sent, or sent again; "sending";
/// "settling": decided, waits for the file; with outbox_url "waiting": not in the engine yet,
/// and "appended": in the engine), "durable", "maybe_sent", "attempts", and of the last
/// attempt "reason" (docs/reasons.md, or null) and "message". Valid until it is freed; "" and
/// 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_pending_json(
    pending: *const xg_pending,
    len: *mut usize,
) -> *const c_char {
    guard::text(len, || {
        // SAFETY: as the header demands.
        let pending = unsafe { handle::shared(pending) }.ok()?;
        Some((pending.json.as_ptr(), pending.json.as_bytes().len()))
    })
}

/// Frees a list. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_pending_free(pending: *mut xg_pending) {
    // SAFETY: as the header demands.
    guard::run(|| unsafe { handle::free(pending) });
}
