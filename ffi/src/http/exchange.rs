//! The sans-I/O way: HTTP requests to send, HTTP responses to hand in.

use std::ffi::{CString, c_char, c_void};

use xgpush::{Error, ErrorKind, Exchange, HttpRequest, HttpResponse, SendError, SendErrorKind};

use crate::boundary::handle::{self, Handle, Out};
use crate::boundary::{guard, text};
use crate::client::outcome::xg_outcome;
use crate::client::request::xg_request;
use crate::config::xg_config;
use crate::error::{xg_error, xg_status};

/// One request as HTTP requests to send and HTTP responses to read.
pub struct xg_exchange(Option<Exchange>);

impl Handle for xg_exchange {
    const NAME: &'static str = "exchange";
}

impl xg_exchange {
    fn open(&mut self) -> Result<&mut Exchange, Error> {
        self.0
            .as_mut()
            .ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "the exchange is finished"))
    }
}

/// Why no whole HTTP response came.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum xg_send_error {
    /// No connection: name, TCP, proxy or TLS.
    XG_SEND_CONNECT = 1,
    /// The time ran out.
    XG_SEND_TIMEOUT = 2,
    /// The connection broke, or the response was cut or was no HTTP.
    XG_SEND_LOST = 3,
    /// The body is longer than allowed.
    XG_SEND_BODY_TOO_LARGE = 4,
    /// The caller cancelled.
    XG_SEND_CANCELLED = 5,
}

pub(crate) fn send_error(number: i32) -> Result<SendErrorKind, Error> {
    const KINDS: [(xg_send_error, SendErrorKind); 5] = [
        (xg_send_error::XG_SEND_CONNECT, SendErrorKind::Connect),
        (xg_send_error::XG_SEND_TIMEOUT, SendErrorKind::Timeout),
        (xg_send_error::XG_SEND_LOST, SendErrorKind::Lost),
        (
            xg_send_error::XG_SEND_BODY_TOO_LARGE,
            SendErrorKind::BodyTooLarge,
        ),
        (xg_send_error::XG_SEND_CANCELLED, SendErrorKind::Cancelled),
    ];
    let known = KINDS.iter().find(|(c, _)| *c as i32 == number);
    known.map(|(_, kind)| *kind).ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidArgument,
            format!("{number} is no xg_send_error"),
        )
    })
}

/// Checks a request and splits it for a config. Neither is needed afterwards.
///
/// Parts are numbered from 0 and ordered by wave: begin with a wave when every
/// part of the wave before has its answer, so that no operation overtakes an
/// earlier one on the same token or account.
///
/// Errors: XG_INVALID_OPTION, XG_INVALID_REQUEST.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_exchange_new(
    config: *const xg_config,
    request: *const xg_request,
    exchange: *mut *mut xg_exchange,
    error: *mut *mut xg_error,
) -> xg_status {
    guard::status(error, || {
        let out = Out::new(exchange)?;
        // SAFETY: as the header demands.
        let (config, request) = unsafe { (handle::shared(config)?, handle::shared(request)?) };
        let exchange = Exchange::new(&config.0, request.request.clone())?;
        out.write(handle::give(xg_exchange(Some(exchange))));
        Ok(())
    })
}

/// How many HTTP requests it takes, retries not counted. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_exchange_part_count(exchange: *const xg_exchange) -> usize {
    guard::value(0, || {
        // SAFETY: as the header demands.
        let exchange = unsafe { handle::shared(exchange) }.ok()?;
        Some(exchange.0.as_ref()?.parts())
    })
}

/// The wave of a part, from 0.
///
/// Errors: XG_INVALID_ARGUMENT for a part that is not there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_exchange_wave(
    exchange: *mut xg_exchange,
    part: usize,
    wave: *mut u32,
    error: *mut *mut xg_error,
) -> xg_status {
    guard::status(error, || {
        let out = Out::new(wave)?;
        // SAFETY: as the header demands.
        let exchange = unsafe { handle::exclusive(exchange) }?.open()?;
        out.write(exchange.wave(part)?);
        Ok(())
    })
}

/// The HTTP request of a part, signed for this time (seconds since 1970-01-01
/// UTC); *request is NULL when there is nothing (more) to send now. After an answer
/// it has those items that are worth another attempt. Free it with
/// xg_http_request_free.
///
/// Errors: XG_INVALID_ARGUMENT for a part that is not there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_exchange_http_request(
    exchange: *mut xg_exchange,
    part: usize,
    unix_seconds: i64,
    request: *mut *mut xg_http_request,
    error: *mut *mut xg_error,
) -> xg_status {
    guard::status(error, || {
        let out = Out::new(request)?;
        // SAFETY: as the header demands.
        let exchange = unsafe { handle::exclusive(exchange) }?.open()?;
        let request = exchange.http_request(part, unix_seconds)?;
        let given = request.map(|r| handle::give(xg_http_request::new(&r)));
        out.write(given.unwrap_or(std::ptr::null_mut()));
        Ok(())
    })
}

/// Reads the response to the last HTTP request of a part. date and retry_after
/// are the headers of these names, or NULL.
///
/// Errors: XG_INVALID_ARGUMENT, also when the part waits for no answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_exchange_on_response(
    exchange: *mut xg_exchange,
    part: usize,
    http_status: i32,
    date: *const c_char,
    retry_after: *const c_char,
    body: *const c_void,
    body_len: usize,
    error: *mut *mut xg_error,
) -> xg_status {
    guard::status(error, || {
        // SAFETY: as the header demands.
        let exchange = unsafe { handle::exclusive(exchange) }?.open()?;
        let status = u16::try_from(http_status).map_err(|_| {
            Error::new(
                ErrorKind::InvalidArgument,
                format!("{http_status} is no HTTP status"),
            )
        })?;
        // SAFETY: as the header demands.
        let body = unsafe { text::bytes(body.cast(), body_len, "body") }?;
        let mut response = HttpResponse::new(status, body);
        for (name, value) in [("date", date), ("retry-after", retry_after)] {
            // SAFETY: as the header demands.
            if let Some(value) = unsafe { text::read_optional(value, name) }? {
                response = response.with_header(name, value);
            }
        }
        exchange.answer(part, &response)
    })
}

/// Takes note that the last HTTP request of a part got no whole response. kind
/// is one of xg_send_error; sent says whether any byte of the request may have
/// left.
///
/// Errors: as xg_exchange_on_response.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_exchange_on_failure(
    exchange: *mut xg_exchange,
    part: usize,
    kind: i32,
    sent: bool,
    message: *const c_char,
    error: *mut *mut xg_error,
) -> xg_status {
    guard::status(error, || {
        // SAFETY: as the header demands.
        let exchange = unsafe { handle::exclusive(exchange) }?.open()?;
        // SAFETY: as the header demands.
        let message = unsafe { text::read(message, "message") }?;
        exchange.failed(part, &SendError::new(send_error(kind)?, sent, message))
    })
}

/// What became of every item. The exchange is finished then and takes nothing
/// more; free it all the same.
///
/// Errors: XG_INVALID_ARGUMENT when it was finished before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_exchange_finish(
    exchange: *mut xg_exchange,
    outcome: *mut *mut xg_outcome,
    error: *mut *mut xg_error,
) -> xg_status {
    guard::status(error, || {
        let out = Out::new(outcome)?;
        // SAFETY: as the header demands.
        let exchange = unsafe { handle::exclusive(exchange) }?;
        exchange.open()?;
        if let Some(open) = exchange.0.take() {
            out.write(handle::give(xg_outcome::new(open.finish())));
        }
        Ok(())
    })
}

/// Frees an exchange. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_exchange_free(exchange: *mut xg_exchange) {
    // SAFETY: as the header demands.
    guard::run(|| unsafe { handle::free(exchange) });
}

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

/// How many headers there are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_http_request_header_count(request: *const xg_http_request) -> usize {
    guard::value(0, || {
        // SAFETY: as the header demands.
        Some(unsafe { handle::shared(request) }.ok()?.headers.len())
    })
}

/// The name of a header, 0-based; "" past the end. Valid until the request is
/// freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_http_request_header_name(
    request: *const xg_http_request,
    nth: usize,
) -> *const c_char {
    guard::value(text::EMPTY, || {
        // SAFETY: as the header demands.
        let request = unsafe { handle::shared(request) }.ok()?;
        Some(request.headers.get(nth)?.0.as_ptr())
    })
}

/// The value of a header, 0-based; "" past the end. Valid until the request is
/// freed. With Basic authentication one of them is the secret itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_http_request_header_value(
    request: *const xg_http_request,
    nth: usize,
) -> *const c_char {
    guard::value(text::EMPTY, || {
        // SAFETY: as the header demands.
        let request = unsafe { handle::shared(request) }.ok()?;
        Some(request.headers.get(nth)?.1.as_ptr())
    })
}

/// The body, NUL-terminated; its length in bytes goes to *len unless len is
/// NULL. These very bytes are signed: send them unchanged. "" and 0 for NULL.
/// Valid until the request is freed.
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

/// Frees an HTTP request. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_http_request_free(request: *mut xg_http_request) {
    // SAFETY: as the header demands.
    guard::run(|| unsafe { handle::free(request) });
}
