//! One HTTP request for the caller's own stack.

use std::ffi::{CString, c_char};

use xgpush::HttpRequest;

use crate::boundary::handle::{self, Handle};
use crate::boundary::{guard, text};

/// One HTTP request, ready to send.
pub struct xg_http_request {
    url: CString,
    headers: Vec<(CString, CString)>,
    body: CString,
    body_len: usize,
}

impl Handle for xg_http_request {
    const NAME: &'static str = "HTTP request";
}

impl xg_http_request {
    pub(crate) fn new(request: &HttpRequest) -> Self {
        let headers = request.headers();
        let headers = headers.map(|(name, value)| (text::owned(name), text::owned(value)));
        // JSON: UTF-8 without a NUL, as core has written it.
        let body = text::owned(&String::from_utf8_lossy(request.body()));
        Self {
            url: text::owned(request.url()),
            headers: headers.collect(),
            body_len: body.as_bytes().len(),
            body,
        }
    }
}

/// The method: always "POST".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_http_request_method(request: *const xg_http_request) -> *const c_char {
    let _ = request;
    c"POST".as_ptr()
}

/// The whole URL; "" for NULL. Valid until the request is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_http_request_url(request: *const xg_http_request) -> *const c_char {
    guard::value(text::EMPTY, || {
        // SAFETY: as the header demands.
        Some(unsafe { handle::shared(request) }.ok()?.url.as_ptr())
    })
}

/// The number of headers; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_http_request_header_count(request: *const xg_http_request) -> usize {
    guard::value(0, || {
        // SAFETY: as the header demands.
        Some(unsafe { handle::shared(request) }.ok()?.headers.len())
    })
}

/// The name of a header, by its 0-based index; "" past the end. Valid until the request is
/// freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_http_request_header_name(
    request: *const xg_http_request,
    index: usize,
) -> *const c_char {
    guard::value(text::EMPTY, || {
        // SAFETY: as the header demands.
        let request = unsafe { handle::shared(request) }.ok()?;
        Some(request.headers.get(index)?.0.as_ptr())
    })
}

/// The value of a header, by its 0-based index; "" past the end. Valid until the request is
/// freed. With Basic authentication one of them contains the secret key.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_http_request_header_value(
    request: *const xg_http_request,
    index: usize,
) -> *const c_char {
    guard::value(text::EMPTY, || {
        // SAFETY: as the header demands.
        let request = unsafe { handle::shared(request) }.ok()?;
        Some(request.headers.get(index)?.1.as_ptr())
    })
}

/// The body, NUL-terminated. *len is its length in bytes unless len is NULL. Send it byte
/// for byte: it is signed. "" and 0 for NULL. Valid until the request is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_http_request_body(
    request: *const xg_http_request,
    len: *mut usize,
) -> *const c_char {
    guard::text(len, || {
        // SAFETY: as the header demands.
        let request = unsafe { handle::shared(request) }.ok()?;
        Some((request.body.as_ptr(), request.body_len))
    })
}

/// Frees an HTTP request. NULL is allowed. Do not free that of a transfer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_http_request_free(request: *mut xg_http_request) {
    // SAFETY: as the header demands.
    guard::run(|| unsafe { handle::free(request) });
}
