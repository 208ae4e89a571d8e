//! The version of the library and of its ABI, and the check of both.

use std::ffi::{CString, c_char};
use std::sync::OnceLock;

use xgpush::{Error, ErrorKind};

use crate::boundary::{guard, text};
use crate::error::{self, xg_error, xg_status};

/// The ABI version that this header describes. Functions are added to an ABI version,
/// never changed and never removed.
pub const XG_ABI_VERSION: u32 = 1;

/// The version of the library, such as "0.1.0". Static.
#[unsafe(no_mangle)]
pub extern "C" fn xg_version() -> *const c_char {
    static VERSION: OnceLock<CString> = OnceLock::new();
    guard::value(text::EMPTY, || {
        Some(
            VERSION
                .get_or_init(|| text::owned(xgpush::VERSION))
                .as_ptr(),
        )
    })
}

/// The ABI version of the library.
#[unsafe(no_mangle)]
pub extern "C" fn xg_abi_version() -> u32 {
    XG_ABI_VERSION
}

/// Fails unless the library can serve a program that was compiled with this header. Call
/// it first, as xg_abi_check(XG_ABI_VERSION, &error).
///
/// Errors: XG_ABI_MISMATCH, with both versions in the message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_abi_check(header_abi: u32, error: *mut *mut xg_error) -> xg_status {
    error::status_of(error, || {
        if header_abi == XG_ABI_VERSION {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::AbiMismatch,
            format!(
                "the program was compiled for ABI {header_abi} of libxgpush, and this library \
                 ({}) has ABI {XG_ABI_VERSION}",
                xgpush::VERSION
            ),
        ))
    })
}
