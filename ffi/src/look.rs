//! What waits in an outbox.

use std::ffi::{CString, c_char};
use std::time::Duration;

use xgpush::Waiting;

use crate::error::{xg_error, xg_status};
use crate::handle::{self, Handle, Out};
use crate::outbox::xg_outbox;
use crate::{guard, text};

/// Operations that wait, as they were when they were asked for.
pub struct xg_look {
    len: usize,
    json: CString,
}

impl Handle for xg_look {
    const NAME: &'static str = "look";
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
pub unsafe extern "C" fn xg_outbox_look(
    outbox: *const xg_outbox,
    token: *const c_char,
    account: *const c_char,
    most: usize,
    timeout_ms: u64,
    look: *mut *mut xg_look,
    error: *mut *mut xg_error,
) -> xg_status {
    guard::status(error, || {
        let out = Out::new(look)?;
        // SAFETY: as the header demands.
        let outbox = unsafe { handle::shared(outbox) }?;
        // SAFETY: as the header demands.
        let token = unsafe { text::read_optional(token, "token") }?;
        // SAFETY: as the header demands.
        let account = unsafe { text::read_optional(account, "account") }?;
        let timeout = Duration::from_millis(timeout_ms);
        let list = outbox.outbox.look(token, account, most, timeout)?;
        out.write(handle::give(xg_look {
            len: list.len(),
            json: text::owned(&Waiting::list_to_json(&list)),
        }));
        Ok(())
    })
}

/// How many operations. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_look_len(look: *const xg_look) -> usize {
    guard::value(0, || {
        // SAFETY: as the header demands.
        Some(unsafe { handle::shared(look) }.ok()?.len)
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
pub unsafe extern "C" fn xg_look_json(look: *const xg_look, len: *mut usize) -> *const c_char {
    guard::text(len, || {
        // SAFETY: as the header demands.
        let look = unsafe { handle::shared(look) }.ok()?;
        Some((look.json.as_ptr(), look.json.as_bytes().len()))
    })
}

/// Frees a look. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_look_free(look: *mut xg_look) {
    // SAFETY: as the header demands.
    guard::run(|| unsafe { handle::free(look) });
}
