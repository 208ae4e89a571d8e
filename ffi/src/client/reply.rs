//! The response of `xg_call`: calls to other endpoints.

use std::ffi::{CString, c_char};

use xgpush::Reply;

use crate::boundary::handle::{self, Handle};
use crate::boundary::{guard, text};

/// A successful response of another endpoint: JSON with ret_code 0.
pub struct xg_reply {
    http_status: u16,
    len: usize,
    body: CString,
}

impl Handle for xg_reply {
    const NAME: &'static str = "reply";
}

impl xg_reply {
    pub(crate) fn new(reply: Reply) -> Self {
        let http_status = reply.http_status();
        // JSON: UTF-8 without a NUL, as core has read it.
        let body = text::owned(&String::from_utf8_lossy(&reply.into_body()));
        Self {
            http_status,
            len: body.as_bytes().len(),
            body,
        }
    }
}

/// The HTTP status, 200 to 299; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reply_http_status(reply: *const xg_reply) -> i32 {
    guard::value(0, || {
        // SAFETY: as the header demands.
        Some(unsafe { handle::shared(reply) }.ok()?.http_status.into())
    })
}

/// The JSON body, NUL-terminated. *len is its length in bytes unless len is NULL. "" and 0
/// for NULL. Valid until the reply is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reply_body(reply: *const xg_reply, len: *mut usize) -> *const c_char {
    guard::text(len, || {
        // SAFETY: as the header demands.
        let reply = unsafe { handle::shared(reply) }.ok()?;
        Some((reply.body.as_ptr(), reply.len))
    })
}

/// Frees a reply. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reply_free(reply: *mut xg_reply) {
    // SAFETY: as the header demands.
    guard::run(|| unsafe { handle::free(reply) });
}
