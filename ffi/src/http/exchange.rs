//! Sans-I/O: builds HTTP requests and parses HTTP responses.

use std::ffi::{c_char, c_void};

use xgpush::{Error, ErrorKind, Exchange, HttpResponse, SendError};

use super::request::xg_http_request;
use super::send_error::send_error;
use crate::boundary::handle::{self, Handle, OutParam};
use crate::boundary::{guard, text};
use crate::config::xg_config;
use crate::error::{self, xg_error, xg_status};
use crate::model::outcome::xg_outcome;
use crate::model::request::xg_request;

/// Sans-I/O: builds the HTTP requests of one xg_request and parses the responses.
pub struct xg_exchange(Option<Exchange>);

impl Handle for xg_exchange {
    const NAME: &'static str = "exchange";
}

impl xg_exchange {
    fn unfinished(&mut self) -> Result<&mut Exchange, Error> {
        self.0
            .as_mut()
            .ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "the exchange is finished"))
    }
}

/// Checks a request and splits it into parts. You may free both arguments afterwards.
///
/// Parts are numbered from 0 and belong to waves. Start a wave when every part of the
/// previous one has its response: then no operation overtakes an earlier one on the same
/// token or account.
///
/// Errors: XG_INVALID_OPTION, XG_INVALID_REQUEST.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_exchange_new(
    config: *const xg_config,
    request: *const xg_request,
    exchange: *mut *mut xg_exchange,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        let out = OutParam::new(exchange)?;
        // SAFETY: as the header demands.
        let (config, request) = unsafe { (handle::shared(config)?, handle::shared(request)?) };
        let exchange = Exchange::new(&config.0, request.request.clone())?;
        out.write(handle::into_raw(xg_exchange(Some(exchange))));
        Ok(())
    })
}

/// The number of parts, which is that of HTTP requests without retries. 0 for NULL.
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
/// Errors: XG_INVALID_ARGUMENT for a part that does not exist.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_exchange_wave(
    exchange: *mut xg_exchange,
    part: usize,
    wave: *mut u32,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        let out = OutParam::new(wave)?;
        // SAFETY: as the header demands.
        let exchange = unsafe { handle::exclusive(exchange) }?.unfinished()?;
        out.write(exchange.wave(part)?);
        Ok(())
    })
}

/// The HTTP request of a part, signed for this time (seconds since 1970-01-01 UTC). After a
/// response it has only the items that are worth another attempt. *request is NULL if there
/// is nothing to send now. Free it with xg_http_request_free.
///
/// Errors: XG_INVALID_ARGUMENT for a part that does not exist.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_exchange_http_request(
    exchange: *mut xg_exchange,
    part: usize,
    unix_seconds: i64,
    request: *mut *mut xg_http_request,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        let out = OutParam::new(request)?;
        // SAFETY: as the header demands.
        let exchange = unsafe { handle::exclusive(exchange) }?.unfinished()?;
        let request = exchange.http_request(part, unix_seconds)?;
        let given = request.map(|r| handle::into_raw(xg_http_request::new(&r)));
        out.write(given.unwrap_or(std::ptr::null_mut()));
        Ok(())
    })
}

/// Reads the response to the last HTTP request of a part. date and retry_after are the
/// values of these headers, or NULL.
///
/// Errors: XG_INVALID_ARGUMENT, also if the part waits for no response.
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
    error::status_of(error, || {
        // SAFETY: as the header demands.
        let exchange = unsafe { handle::exclusive(exchange) }?.unfinished()?;
        let status = u16::try_from(http_status).map_err(|_| {
            Error::new(
                ErrorKind::InvalidArgument,
                format!("{http_status} is not an HTTP status"),
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

/// Records that the last HTTP request of a part got no response. kind: one of
/// xg_send_error. sent: whether any byte of the request may have left.
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
    error::status_of(error, || {
        // SAFETY: as the header demands.
        let exchange = unsafe { handle::exclusive(exchange) }?.unfinished()?;
        // SAFETY: as the header demands.
        let message = unsafe { text::read(message, "message") }?;
        exchange.failed(part, &SendError::new(send_error(kind)?, sent, message))
    })
}

/// The results of all items. Afterwards the exchange can only be freed. Free the outcome
/// with xg_outcome_free.
///
/// Errors: XG_INVALID_ARGUMENT the second time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_exchange_finish(
    exchange: *mut xg_exchange,
    outcome: *mut *mut xg_outcome,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        let out = OutParam::new(outcome)?;
        // SAFETY: as the header demands.
        let exchange = unsafe { handle::exclusive(exchange) }?;
        exchange.unfinished()?;
        if let Some(open) = exchange.0.take() {
            out.write(handle::into_raw(xg_outcome::new(open.finish())));
        }
        Ok(())
    })
}

/// Frees an exchange. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_exchange_free(exchange: *mut xg_exchange) {
    // SAFETY: as the header demands.
    guard::run(|| unsafe { handle::free(exchange) });
}
