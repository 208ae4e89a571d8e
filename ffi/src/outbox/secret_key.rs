//! Replacing the secret key of an open outbox.

use std::ffi::c_char;

use super::xg_outbox;
use crate::boundary::{handle, text};
use crate::error::{self, xg_error, xg_status};

/// Signs with this key from the next attempt on: for key rotation without closing. If
/// sending is paused because the key was refused, the next attempt comes within the option
/// max_backoff_ms. The library wipes its copy when it is done with it; wipe yours.
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
