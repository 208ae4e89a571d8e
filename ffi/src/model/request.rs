//! Requests: from documented JSON, or item by item.

use std::ffi::c_char;
use std::time::Duration;

use xgpush::{AccountType, Action, CallOptions, Error, ErrorKind, Lookup, Operator, Request};

use crate::boundary::handle::{self, Handle, OutParam};
use crate::boundary::{guard, text};
use crate::error::{self, xg_error, xg_status};

/// What a request does.
#[repr(C)]
#[allow(dead_code, reason = "it comes in as a number")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum xg_action {
    /// batchoperate, operator 1: adds accounts to a token. Obsolete: TPNS
    /// overwrites; see the option allow_append.
    XG_APPEND = 1,
    /// batchoperate, operator 2: binds a token to accounts, replacing those it has.
    XG_BIND = 2,
    /// batchoperate, operator 3: removes accounts from a token.
    XG_UNBIND = 3,
    /// batchoperate, operator 4: removes all accounts from a token.
    XG_CLEAR_TOKEN = 4,
    /// batchoperate, operator 5: removes all tokens from an account.
    XG_CLEAR_ACCOUNT = 5,
    /// query, operator 1: the tokens of accounts.
    XG_QUERY_BY_ACCOUNT = 101,
    /// query, operator 2: the accounts of tokens.
    XG_QUERY_BY_TOKEN = 102,
}

/// `XG_NO_ACCOUNT_TYPE` of the header: the field is not sent, and the service takes 0.
const NO_ACCOUNT_TYPE: i32 = i32::MIN;

/// A request with any number of items; the library splits it into HTTP requests.
pub struct xg_request {
    pub(crate) request: Request,
    deadline: Option<Duration>,
    confirm: Option<Duration>,
}

impl Handle for xg_request {
    const NAME: &'static str = "request";
}

impl xg_request {
    fn new(request: Request) -> Self {
        Self {
            request,
            deadline: None,
            confirm: None,
        }
    }

    pub(crate) fn options(&self) -> CallOptions {
        let mut options = CallOptions::new();
        options.deadline = self.deadline;
        options.confirm = self.confirm;
        options
    }

    pub(crate) fn request(&self) -> &Request {
        &self.request
    }

    /// Adds an item; an error has the index that the item would have had.
    pub(super) fn add(
        &mut self,
        change: impl FnOnce(&mut Request) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let index = self.request.len();
        change(&mut self.request).map_err(|error| error.at_item(index))
    }
}

fn action(number: i32) -> Result<Action, Error> {
    // Queries stand 100 above their operator_type.
    let action = if number > 100 {
        Lookup::try_from(i64::from(number) - 100).map(Action::Query)
    } else {
        Operator::try_from(i64::from(number)).map(Action::Batch)
    };
    action.map_err(|_| {
        Error::new(
            ErrorKind::InvalidArgument,
            format!("{number} is not an xg_action"),
        )
    })
}

/// An account type as it comes; `XG_NO_ACCOUNT_TYPE` is none.
pub(crate) fn account_type(number: i32) -> Option<AccountType> {
    (number != NO_ACCOUNT_TYPE).then_some(AccountType(number))
}

/// A request without items. action is one of xg_action.
///
/// Errors: XG_INVALID_ARGUMENT for another number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_request_new(
    action: i32,
    request: *mut *mut xg_request,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        let out = OutParam::new(request)?;
        let request = Request::new(self::action(action)?);
        out.write(handle::into_raw(xg_request::new(request)));
        Ok(())
    })
}

/// A request from the documented JSON of POST /v3/device/account/batchoperate. Its list
/// may have any length.
///
/// Errors: XG_INVALID_JSON, XG_INVALID_VALUE, XG_INVALID_REQUEST; xg_error_item is the
/// item at fault.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_request_batch_from_json(
    json: *const c_char,
    json_len: usize,
    request: *mut *mut xg_request,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        let out = OutParam::new(request)?;
        // SAFETY: as the header demands.
        let json = unsafe { text::read_n(json, json_len, "json") }?;
        let request = Request::batch_from_json(json.as_bytes())?;
        out.write(handle::into_raw(xg_request::new(request)));
        Ok(())
    })
}

/// A request from the documented JSON of POST /v3/device/account/query.
///
/// Errors: as xg_request_batch_from_json.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_request_query_from_json(
    json: *const c_char,
    json_len: usize,
    request: *mut *mut xg_request,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        let out = OutParam::new(request)?;
        // SAFETY: as the header demands.
        let json = unsafe { text::read_n(json, json_len, "json") }?;
        let request = Request::query_from_json(json.as_bytes())?;
        out.write(handle::into_raw(xg_request::new(request)));
        Ok(())
    })
}

/// Sets the platform, "android" or "ios". Only older protocol versions use it.
///
/// Errors: XG_INVALID_VALUE for anything else.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_request_set_platform(
    request: *mut xg_request,
    platform: *const c_char,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        // SAFETY: as the header demands.
        let request = unsafe { handle::exclusive(request) }?;
        // SAFETY: as the header demands.
        let platform = unsafe { text::read(platform, "platform") }?.parse()?;
        request.request = request.request.clone().with_platform(platform);
        Ok(())
    })
}

/// Sets op_type and op_id, which only protocol `xg_v3` uses. NULL leaves one unchanged.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_request_set_operator(
    request: *mut xg_request,
    op_type: *const c_char,
    op_id: *const c_char,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        // SAFETY: as the header demands.
        let request = unsafe { handle::exclusive(request) }?;
        // SAFETY: as the header demands.
        let op_type = unsafe { text::read_optional(op_type, "op_type") }?;
        // SAFETY: as the header demands.
        let op_id = unsafe { text::read_optional(op_id, "op_id") }?;
        let mut changed = request.request.clone();
        if let Some(op_type) = op_type {
            changed = changed.with_op_type(op_type);
        }
        if let Some(op_id) = op_id {
            changed = changed.with_op_id(op_id);
        }
        request.request = changed;
        Ok(())
    })
}

/// Sets the deadline of calls with this request, in milliseconds (1 to 86400000). 0
/// restores the option deadline_ms. An outbox ignores it.
///
/// Errors: XG_INVALID_ARGUMENT for more than a day.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_request_set_deadline_ms(
    request: *mut xg_request,
    deadline_ms: u64,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        // SAFETY: as the header demands.
        let request = unsafe { handle::exclusive(request) }?;
        request.deadline = up_to_a_day("deadline_ms", deadline_ms)?;
        Ok(())
    })
}

/// Makes xg_batch_operate query the service afterwards, for up to this time in
/// milliseconds, until it shows what it accepted: see xg_outcome_confirmed. 0, the
/// default, does not query.
///
/// Errors: XG_INVALID_ARGUMENT for more than a day.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_request_set_confirm_ms(
    request: *mut xg_request,
    confirm_ms: u64,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        // SAFETY: as the header demands.
        let request = unsafe { handle::exclusive(request) }?;
        request.confirm = up_to_a_day("confirm_ms", confirm_ms)?;
        Ok(())
    })
}

fn up_to_a_day(name: &str, ms: u64) -> Result<Option<Duration>, Error> {
    const DAY: u64 = 24 * 3_600_000;
    if ms > DAY {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("{name} {ms} is outside [0, {DAY}]"),
        ));
    }
    Ok((ms > 0).then(|| Duration::from_millis(ms)))
}

/// The number of items; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_request_item_count(request: *const xg_request) -> usize {
    guard::value(0, || {
        // SAFETY: as the header demands.
        Some(unsafe { handle::shared(request) }.ok()?.request.len())
    })
}

/// Frees a request. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_request_free(request: *mut xg_request) {
    // SAFETY: as the header demands.
    guard::run(|| unsafe { handle::free(request) });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn action_of_each_number_is_that_of_core() {
        use xg_action::{
            XG_APPEND, XG_BIND, XG_CLEAR_ACCOUNT, XG_CLEAR_TOKEN, XG_QUERY_BY_ACCOUNT,
            XG_QUERY_BY_TOKEN, XG_UNBIND,
        };
        for (number, expected) in [
            (XG_APPEND, Action::Batch(Operator::Append)),
            (XG_BIND, Action::Batch(Operator::Bind)),
            (XG_UNBIND, Action::Batch(Operator::Unbind)),
            (XG_CLEAR_TOKEN, Action::Batch(Operator::ClearToken)),
            (XG_CLEAR_ACCOUNT, Action::Batch(Operator::ClearAccount)),
            (XG_QUERY_BY_ACCOUNT, Action::Query(Lookup::ByAccount)),
            (XG_QUERY_BY_TOKEN, Action::Query(Lookup::ByToken)),
        ] {
            assert_eq!(action(number as i32).ok(), Some(expected));
        }
        for number in [i32::MIN, -1, 0, 6, 100, 103, i32::MAX] {
            assert!(action(number).is_err(), "{number}");
        }
    }
}
