//! Texts in both directions.

use std::ffi::{CStr, CString, c_char};

use xgpush::{Error, ErrorKind};

/// A NUL-terminated UTF-8 text from the caller.
///
/// # Safety
/// `pointer` is NULL or points to a NUL-terminated string that stays as it is
/// during the call.
pub(crate) unsafe fn read<'a>(pointer: *const c_char, name: &str) -> Result<&'a str, Error> {
    if pointer.is_null() {
        return Err(invalid(format!("{name} is NULL")));
    }
    // SAFETY: not NULL, and the caller's promise.
    utf8(unsafe { CStr::from_ptr(pointer) }.to_bytes(), name)
}

/// As [`read`]; NULL is `None`.
///
/// # Safety
/// As [`read`].
pub(crate) unsafe fn read_optional<'a>(
    pointer: *const c_char,
    name: &str,
) -> Result<Option<&'a str>, Error> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise.
    unsafe { read(pointer, name) }.map(Some)
}

/// A UTF-8 text of a length from the caller.
///
/// # Safety
/// As [`bytes`].
pub(crate) unsafe fn read_n<'a>(
    pointer: *const c_char,
    len: usize,
    name: &str,
) -> Result<&'a str, Error> {
    // SAFETY: the caller's promise.
    utf8(unsafe { bytes(pointer.cast(), len, name) }?, name)
}

/// A text from C: of a length in bytes, or else NUL-terminated.
#[derive(Clone, Copy)]
pub(crate) struct CText {
    start: *const c_char,
    len: Option<usize>,
}

impl CText {
    pub(crate) fn terminated(start: *const c_char) -> Self {
        Self { start, len: None }
    }

    pub(crate) fn with_len(start: *const c_char, len: usize) -> Self {
        let len = Some(len);
        Self { start, len }
    }

    /// # Safety
    /// As [`read_n`] with a length, as [`read`] without.
    pub(crate) unsafe fn read<'a>(self, name: &str) -> Result<&'a str, Error> {
        // SAFETY: the caller's promise.
        unsafe {
            match self.len {
                Some(len) => read_n(self.start, len, name),
                None => read(self.start, name),
            }
        }
    }
}

/// Bytes from the caller. NULL is fine when there are none.
///
/// # Safety
/// `pointer` is NULL or points to `len` bytes that stay as they are during the
/// call.
pub(crate) unsafe fn bytes<'a>(
    pointer: *const u8,
    len: usize,
    name: &str,
) -> Result<&'a [u8], Error> {
    if len == 0 {
        return Ok(&[]);
    }
    if pointer.is_null() {
        return Err(invalid(format!("{name} is NULL, but its length is {len}")));
    }
    if isize::try_from(len).is_err() {
        return Err(invalid(format!("{name} has the impossible length {len}")));
    }
    // SAFETY: not NULL, of a possible length, and the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(pointer, len) })
}

fn utf8<'a>(bytes: &'a [u8], name: &str) -> Result<&'a str, Error> {
    std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        invalid(format!("{name} is not UTF-8: byte {at} is wrong"))
    })
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidArgument, message)
}

/// A text for the caller. A NUL inside, which C could not see past, becomes a
/// visible replacement character.
pub(crate) fn owned(text: &str) -> CString {
    CString::new(text)
        .or_else(|_| CString::new(text.replace('\0', "\u{FFFD}")))
        .unwrap_or_default()
}

/// The empty text, for answers that have none.
pub(crate) const EMPTY: *const c_char = c"".as_ptr();
