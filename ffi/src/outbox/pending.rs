//! What waits in an outbox.

use std::ffi::{CString, c_char};
use std::time::Duration;

use xgpush::Waiting;

use super::xg_outbox;
use crate::boundary::handle::{self, Handle, OutParam};
use crate::boundary::{guard, text};
use crate::error::{self, xg_error, xg_status};

/// Operations that wait, as they were when they were asked for.
pub struct xg_pending {
    len: usize,
    json: CString,
}

impl Handle for xg_pending {
    const NAME: &'static str = "pending";
}

/// What waits in an outbox, in the order of the hand-ins: of a token, of an account (of
/// any type), of both, or all where both are NULL; at most so many. It answers why
/// somebody's phone is not bound. A look goes through everything that waits: it is for
/// people rather than for each tick. For a file that no outbox holds there is the command
/// `xgpush outbox show`.
///
/// Errors: XG_CLOSED; XG_CALL_UNKNOWN when the outbox's thread does not answer within
/// timeout_ms.
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
        let list = outbox.outbox.look(token, account, max_count, timeout)?;
        out.write(handle::into_raw(xg_pending {
            len: list.len(),
            json: text::owned(&Waiting::list_to_json(&list)),
        }));
        Ok(())
    })
}

/// How many operations. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_pending_count(pending: *const xg_pending) -> usize {
    guard::value(0, || {
        // SAFETY: as the header demands.
        Some(unsafe { handle::shared(pending) }.ok()?.len)
    })
}

/// The operations as a JSON array, NUL-terminated; its length in bytes goes to *len unless
/// len is NULL. Each has "tag", "operation" (such as "bind"), "token", "accounts"
/// ([{"account","account_type"}]), "handed_in_ms", "state" ("behind": an earlier one on its
/// token or accounts comes first; "ready": to be sent, or sent again; "sending"; "settling":
/// decided, and the file has to forget it), "durable", "maybe_sent", "attempts", and of the
/// last attempt "reason" (docs/reasons.md, or null) and "message". Valid until it is freed;
/// "" and 0 for NULL.
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

/// Frees a look. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_pending_free(pending: *mut xg_pending) {
    // SAFETY: as the header demands.
    guard::run(|| unsafe { handle::free(pending) });
}
