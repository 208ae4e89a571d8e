//! Clients and their blocking calls.

mod reply;

use std::ffi::c_char;
use std::time::Duration;

use xgpush::{ApiCall, CallOptions, Client};

use self::reply::xg_reply;
use crate::boundary::handle::{self, Handle, OutParam};
use crate::boundary::{guard, text};
use crate::config::xg_config;
use crate::error::{self, xg_error, xg_status};
use crate::http::transport::xg_transport;
use crate::model::outcome::xg_outcome;
use crate::model::request::xg_request;

/// Blocking calls for one application. Make one and share it between threads.
pub struct xg_client(Client);

impl Handle for xg_client {
    const NAME: &'static str = "client";
}

/// Makes a client. Starts no thread and opens no connection; with `quota_url` it asks Redis
/// once, and one that is away shows as the warning "shared_rate" of the first outcome. Free
/// it with xg_client_free.
///
/// Errors: XG_INVALID_OPTION if options are missing or contradict each other, or Redis
/// refuses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_client_new(
    config: *const xg_config,
    client: *mut *mut xg_client,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        let out = OutParam::new(client)?;
        // SAFETY: as the header demands.
        let config = unsafe { handle::shared(config) }?;
        out.write(handle::into_raw(xg_client(Client::new(&config.0)?)));
        Ok(())
    })
}

/// xg_client_new with your own HTTP. You may free the transport afterwards.
///
/// Errors: as xg_client_new.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_client_new_with_transport(
    config: *const xg_config,
    transport: *const xg_transport,
    client: *mut *mut xg_client,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        let out = OutParam::new(client)?;
        // SAFETY: as the header demands.
        let (config, transport) = unsafe { (handle::shared(config)?, handle::shared(transport)?) };
        out.write(handle::into_raw(xg_client(transport.client(&config.0)?)));
        Ok(())
    })
}

/// Signs with this key from the next HTTP request on: for key rotation. Running calls use
/// it for their next part or retry. The library wipes its copy when it is done with it;
/// wipe yours.
///
/// Errors: XG_INVALID_OPTION if it is empty or not a valid header value; XG_CLOSED. The
/// old key stays then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_client_set_secret_key(
    client: *const xg_client,
    secret_key: *const c_char,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        // SAFETY: as the header demands.
        let (client, key) = unsafe {
            (
                handle::shared(client)?,
                text::read(secret_key, "secret_key")?,
            )
        };
        client.0.set_secret_key(key)
    })
}

/// Ends calls that run in other threads within about 50 ms and closes idle connections.
/// Later calls return XG_CLOSED. May be called twice; NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_client_close(client: *const xg_client) {
    guard::run(|| {
        // SAFETY: as the header demands.
        if let Ok(client) = unsafe { handle::shared(client) } {
            client.0.close();
        }
    });
}

/// Frees a client. No call may still use it (xg_client_close ends them). NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_client_free(client: *mut xg_client) {
    // SAFETY: as the header demands.
    guard::run(|| unsafe { handle::free(client) });
}

/// POST /v3/device/account/batchoperate. Sends the items in requests of up to 20 and blocks
/// until each item has a result or the deadline passes. Free the outcome with
/// xg_outcome_free.
///
/// The API is asynchronous: accepted means that the service queued the operation.
///
/// Errors, all before anything is sent: XG_INVALID_REQUEST, XG_CLOSED. What happens later
/// is in the outcome.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_batch_operate(
    client: *const xg_client,
    request: *const xg_request,
    outcome: *mut *mut xg_outcome,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        let out = OutParam::new(outcome)?;
        // SAFETY: as the header demands.
        let (client, request) = unsafe { (handle::shared(client)?, handle::shared(request)?) };
        let outcome = client
            .0
            .batch_operate_with(&request.request, &request.options())?;
        out.write(handle::into_raw(xg_outcome::new(outcome)));
        Ok(())
    })
}

/// POST /v3/device/account/query. As xg_batch_operate; xg_outcome_found_… return what was
/// found for each item. If nothing is bound, the service rejects the item with code
/// XG_CODE_DOES_NOT_EXIST.
///
/// Errors: as xg_batch_operate.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_query(
    client: *const xg_client,
    request: *const xg_request,
    outcome: *mut *mut xg_outcome,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        let out = OutParam::new(outcome)?;
        // SAFETY: as the header demands.
        let (client, request) = unsafe { (handle::shared(client)?, handle::shared(request)?) };
        let outcome = client.0.query_with(&request.request, &request.options())?;
        out.write(handle::into_raw(xg_outcome::new(outcome)));
        Ok(())
    })
}

/// Posts JSON to any other v3 path, such as "/v3/push/app", with the same signing,
/// timeouts and errors. Free the reply with xg_reply_free.
///
/// It retries only if the request certainly had no effect: after XG_CALL_UNKNOWN a push may
/// have been sent, and a second one would reach the phones twice. xg_call_with is for calls
/// that may be repeated, and for bodies other than JSON.
///
/// Errors: XG_INVALID_ARGUMENT (path), XG_INVALID_JSON, XG_CLOSED, XG_CALL_NOT_SENT,
/// XG_CALL_UNKNOWN, XG_CALL_REJECTED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_call(
    client: *const xg_client,
    path: *const c_char,
    json: *const c_char,
    json_len: usize,
    reply: *mut *mut xg_reply,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        let out = OutParam::new(reply)?;
        // SAFETY: as the header demands.
        let client = unsafe { handle::shared(client) }?;
        // SAFETY: as the header demands.
        let path = unsafe { text::read(path, "path") }?;
        // SAFETY: as the header demands.
        let json = unsafe { text::read_n(json, json_len, "json") }?;
        let reply = client.0.call(path, json.as_bytes())?;
        out.write(handle::into_raw(xg_reply::new(reply)));
        Ok(())
    })
}

/// xg_call with any body and per-call settings.
///
/// content_type: such as "multipart/form-data; boundary=x" for "/v3/push/package/upload".
/// NULL means "application/json", and the body must be JSON. auth: "sign" or "basic". NULL
/// means the option `auth`, and basic for "/v3/push/package/upload", as in its samples.
/// repeatable: true if doing it twice is as good as once (queries, setting tags and
/// attributes; not pushes); it is then retried like operations on accounts. deadline_ms: in
/// milliseconds; 0 means the option `deadline_ms`.
///
/// Errors: as xg_call; XG_INVALID_ARGUMENT also for content_type and auth,
/// XG_INVALID_JSON only for JSON.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_call_with(
    client: *const xg_client,
    path: *const c_char,
    body: *const c_char,
    body_len: usize,
    content_type: *const c_char,
    auth: *const c_char,
    repeatable: bool,
    deadline_ms: u64,
    reply: *mut *mut xg_reply,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        let out = OutParam::new(reply)?;
        // SAFETY: as the header demands, of each of them.
        let (client, path, body, content_type, auth) = unsafe {
            (
                handle::shared(client)?,
                text::read(path, "path")?,
                text::bytes(body.cast(), body_len, "body")?,
                text::read_optional(content_type, "content_type")?,
                text::read_optional(auth, "auth")?,
            )
        };
        let mut call = match content_type {
            None => ApiCall::json(path, body),
            Some(content_type) => ApiCall::bytes(path, content_type, body),
        }
        .repeatable(repeatable);
        if let Some(auth) = auth {
            call = call.with_auth(auth.parse()?);
        }
        let mut options = CallOptions::new();
        options.deadline = (deadline_ms > 0).then(|| Duration::from_millis(deadline_ms));
        let reply = client.0.call_api(&call, &options)?;
        out.write(handle::into_raw(xg_reply::new(reply)));
        Ok(())
    })
}
