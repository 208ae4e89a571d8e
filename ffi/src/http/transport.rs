//! Transports: the host's own HTTP stack carries the bytes.

use std::ffi::{c_char, c_void};
use std::sync::Arc;
use std::time::Duration;

use xgpush::transport::{CallbackTransport, Transfer};
use xgpush::{Client, Config, Error, ErrorKind, HttpResponse, SendError, SendErrorKind};

use super::request::xg_http_request;
use super::send_error::send_error;
use crate::boundary::handle::{self, Handle, OutParam};
use crate::boundary::user_data::UserData;
use crate::boundary::{guard, text};
use crate::error::{self, xg_error, xg_status};

/// Your own HTTP, for clients and outboxes.
pub struct xg_transport(Arc<HostStack>);

impl Handle for xg_transport {
    const NAME: &'static str = "transport";
}

/// One HTTP request that a transport carries. End it exactly once, on any thread, with
/// xg_transfer_finish or xg_transfer_fail.
pub struct xg_transfer {
    transfer: Transfer,
    request: xg_http_request,
    response: HttpResponse,
    /// Its context lives as long as there is a transfer.
    _stack: Arc<HostStack>,
}

impl Handle for xg_transfer {
    const NAME: &'static str = "transfer";
}

/// Sends one request. The library calls it on every thread that makes calls, several at
/// once. End the transfer before returning, or keep it and end it later on any thread; a
/// blocking call waits for that on its own thread, so use an outbox if your HTTP needs that
/// very thread. Send the request once: no redirects, no retries. It must return, as
/// xg_report_fn.
pub type xg_perform_fn =
    Option<unsafe extern "C" fn(transfer: *mut xg_transfer, context: *mut c_void)>;

/// Called once, on any thread, when nothing uses the context any more. Never called if a
/// thread hangs in the transport. It must return, as xg_report_fn.
pub type xg_destroy_fn = Option<unsafe extern "C" fn(context: *mut c_void)>;

struct HostStack {
    perform: unsafe extern "C" fn(*mut xg_transfer, *mut c_void),
    destroy: xg_destroy_fn,
    context: UserData,
}

impl Drop for HostStack {
    fn drop(&mut self) {
        if let Some(destroy) = self.destroy {
            // SAFETY: the caller's own function, with the caller's own pointer.
            unsafe { destroy(self.context.0) };
        }
    }
}

impl xg_transport {
    pub(crate) fn client(&self, config: &Config) -> Result<Client, Error> {
        let stack = Arc::clone(&self.0);
        let perform = move |transfer: Transfer| {
            let transfer = xg_transfer {
                request: xg_http_request::new(transfer.request()),
                transfer,
                response: HttpResponse::default(),
                _stack: Arc::clone(&stack),
            };
            // SAFETY: the caller's own function, with a transfer that is theirs
            // from now on, and their own pointer.
            unsafe { (stack.perform)(handle::into_raw(transfer), stack.context.0) };
        };
        Client::with_transport(config, CallbackTransport::new(config, perform))
    }
}

/// A transport. perform gets each request and the context. destroy, which may be NULL, gets
/// the context once the transport, everything made with it and every transfer are gone.
///
/// Errors: XG_INVALID_ARGUMENT if perform is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_transport_new(
    perform: xg_perform_fn,
    destroy: xg_destroy_fn,
    context: *mut c_void,
    transport: *mut *mut xg_transport,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        let out = OutParam::new(transport)?;
        let perform = perform
            .ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "the function is NULL"))?;
        out.write(handle::into_raw(xg_transport(Arc::new(HostStack {
            perform,
            destroy,
            context: UserData(context),
        }))));
        Ok(())
    })
}

/// Frees a transport. What was made with it keeps working. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_transport_free(transport: *mut xg_transport) {
    // SAFETY: as the header demands.
    guard::run(|| unsafe { handle::free(transport) });
}

/// The request to send; NULL for NULL. It belongs to the transfer: do not free it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_transfer_request(
    transfer: *const xg_transfer,
) -> *const xg_http_request {
    guard::value(std::ptr::null(), || {
        // SAFETY: as the header demands.
        Some(&raw const unsafe { handle::shared(transfer) }.ok()?.request)
    })
}

/// How many milliseconds are left for the response; 0 once the call no longer
/// waits for it, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_transfer_timeout_ms(transfer: *const xg_transfer) -> u64 {
    guard::value(0, || {
        // SAFETY: as the header demands.
        let left: Duration = unsafe { handle::shared(transfer) }
            .ok()?
            .transfer
            .time_left();
        // Rounded up: to some stacks 0 means no timeout.
        Some(u64::try_from(left.as_micros().div_ceil(1000)).unwrap_or(u64::MAX))
    })
}

/// The largest body that the response may have: the option max_response_bytes. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_transfer_max_response_bytes(transfer: *const xg_transfer) -> usize {
    guard::value(0, || {
        // SAFETY: as the header demands.
        let transfer = unsafe { handle::shared(transfer) }.ok()?;
        Some(transfer.transfer.max_response_bytes())
    })
}

/// Whether the request may reach the service twice. Only then may an HTTP stack send it
/// again when an idle connection turns out to be closed; it calls xg_transfer_set_replayed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_transfer_is_repeatable(transfer: *const xg_transfer) -> bool {
    guard::value(false, || {
        // SAFETY: as the header demands.
        Some(
            unsafe { handle::shared(transfer) }
                .ok()?
                .transfer
                .is_repeatable(),
        )
    })
}

/// Whether the call no longer waits for the response: the deadline passed, or the call was
/// ended (not visible while perform itself blocks). You may abort the request then, but
/// must still end the transfer. True for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_transfer_is_abandoned(transfer: *const xg_transfer) -> bool {
    guard::value(true, || {
        // SAFETY: as the header demands.
        Some(
            unsafe { handle::shared(transfer) }
                .ok()?
                .transfer
                .is_abandoned(),
        )
    })
}

/// Call it before the transfer ends if the stack may have sent the request twice: a refusal
/// of the second one says nothing about the first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_transfer_set_replayed(transfer: *mut xg_transfer) {
    guard::run(|| {
        // SAFETY: as the header demands.
        if let Ok(transfer) = unsafe { handle::exclusive(transfer) } {
            transfer.response = std::mem::take(&mut transfer.response).replayed();
        }
    });
}

/// Adds a response header, before xg_transfer_finish. Only Date and Retry-After have an
/// effect; pass all you like.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_transfer_add_header(
    transfer: *mut xg_transfer,
    name: *const c_char,
    value: *const c_char,
) {
    guard::run(|| {
        // SAFETY: as the header demands.
        let texts = unsafe { (text::read(name, "name"), text::read(value, "value")) };
        // SAFETY: as the header demands.
        let transfer = unsafe { handle::exclusive(transfer) };
        if let (Ok(transfer), (Ok(name), Ok(value))) = (transfer, texts) {
            let response = std::mem::take(&mut transfer.response);
            transfer.response = response.with_header(name, value);
        }
    });
}

/// Ends a transfer with a response, and frees it. A number that is not an HTTP status, or a
/// NULL body with a length, counts as a lost connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_transfer_finish(
    transfer: *mut xg_transfer,
    http_status: i32,
    body: *const c_void,
    body_len: usize,
) {
    guard::run(|| {
        // SAFETY: as the header demands.
        let Some(ended) = (unsafe { handle::from_raw(transfer) }) else {
            return;
        };
        // SAFETY: as the header demands.
        let body = unsafe { text::bytes(body.cast(), body_len, "body") };
        let status = u16::try_from(http_status)
            .ok()
            .filter(|n| (100..1000).contains(n));
        match (status, body) {
            (Some(status), Ok(body)) => {
                let (transfer, response) = ended.into_parts();
                transfer.answer(response.with_answer(status, body));
            }
            (None, _) => ended.lost(format!("the transport answered HTTP status {http_status}")),
            (_, Err(error)) => ended.lost(error.to_string()),
        }
    });
}

/// Ends a transfer without a response, and frees it. kind: one of xg_send_error; another
/// number counts as XG_SEND_LOST. sent: whether any byte of the request may have left; if
/// so, its operations are unknown, otherwise not sent. message: may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_transfer_fail(
    transfer: *mut xg_transfer,
    kind: i32,
    sent: bool,
    message: *const c_char,
) {
    guard::run(|| {
        // SAFETY: as the header demands.
        let Some(ended) = (unsafe { handle::from_raw(transfer) }) else {
            return;
        };
        // SAFETY: as the header demands.
        let message = unsafe { text::read(message, "message") };
        let message = message.unwrap_or("the transport got no response");
        let kind = send_error(kind).unwrap_or(SendErrorKind::Lost);
        ended
            .into_parts()
            .0
            .fail(SendError::new(kind, sent, message));
    });
}

impl xg_transfer {
    /// Lets go of the context first: who waits may end it when the answer is there.
    fn into_parts(self) -> (Transfer, HttpResponse) {
        (self.transfer, self.response)
    }

    fn lost(self, message: String) {
        let error = SendError::new(SendErrorKind::Lost, true, message);
        self.into_parts().0.fail(error);
    }
}
