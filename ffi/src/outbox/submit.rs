//! Submitting operations. These calls never wait: a game loop may make them.

use std::ffi::c_char;

use xgpush::{Operation, Operator};

use super::xg_outbox;
use crate::boundary::handle;
use crate::boundary::text::CText;
use crate::error::{self, xg_error, xg_status};
use crate::model::request::{account_type, xg_request};

/// Submits one operation; `account` is a text and its type.
///
/// # Safety
/// As the header demands of every function here.
unsafe fn submit_one(
    outbox: *const xg_outbox,
    operator: Operator,
    token: Option<CText>,
    account: Option<(CText, i32)>,
    tag: u64,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        // SAFETY: the caller's promise.
        let outbox = unsafe { handle::shared(outbox) }?;
        let token = match token {
            // SAFETY: the caller's promise.
            Some(token) => unsafe { token.read("token") }?,
            None => "",
        };
        let account = match account {
            Some((name, number)) => {
                // SAFETY: the caller's promise.
                let name = unsafe { name.read("account") }?;
                Some((name, account_type(number)))
            }
            None => None,
        };
        let operation = Operation::new(operator, token, account.as_slice());
        outbox.outbox.submit(&operation, tag)
    })
}

/// Submits: bind a token to an account, replacing those it has (operator_type 2).
/// account_type: any number, or XG_NO_ACCOUNT_TYPE. Never waits. The report with this tag
/// has the result.
///
/// tag: your own number, such as a row or a player. With outbox_file or outbox_url it must
/// mean the same after a restart, because the next run reports what this one left: no
/// pointers, no indexes into memory. xg_reports_is_recovered marks those reports.
///
/// Errors: XG_FULL, XG_CLOSED, XG_INVALID_ARGUMENT, XG_INVALID_VALUE, XG_INVALID_REQUEST.
/// The operation was not queued then, and there will be no report.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_bind(
    outbox: *const xg_outbox,
    token: *const c_char,
    account: *const c_char,
    account_type: i32,
    tag: u64,
    error: *mut *mut xg_error,
) -> xg_status {
    let account = Some((CText::terminated(account), account_type));
    // SAFETY: as the header demands.
    unsafe {
        submit_one(
            outbox,
            Operator::Bind,
            Some(CText::terminated(token)),
            account,
            tag,
            error,
        )
    }
}

/// xg_outbox_bind with lengths in bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_bind_n(
    outbox: *const xg_outbox,
    token: *const c_char,
    token_len: usize,
    account: *const c_char,
    account_len: usize,
    account_type: i32,
    tag: u64,
    error: *mut *mut xg_error,
) -> xg_status {
    // SAFETY: as the header demands.
    unsafe {
        submit_one(
            outbox,
            Operator::Bind,
            Some(CText::with_len(token, token_len)),
            Some((CText::with_len(account, account_len), account_type)),
            tag,
            error,
        )
    }
}

/// Submits: remove an account from a token (operator_type 3). As xg_outbox_bind.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_unbind(
    outbox: *const xg_outbox,
    token: *const c_char,
    account: *const c_char,
    account_type: i32,
    tag: u64,
    error: *mut *mut xg_error,
) -> xg_status {
    let account = Some((CText::terminated(account), account_type));
    // SAFETY: as the header demands.
    unsafe {
        submit_one(
            outbox,
            Operator::Unbind,
            Some(CText::terminated(token)),
            account,
            tag,
            error,
        )
    }
}

/// xg_outbox_unbind with lengths in bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_unbind_n(
    outbox: *const xg_outbox,
    token: *const c_char,
    token_len: usize,
    account: *const c_char,
    account_len: usize,
    account_type: i32,
    tag: u64,
    error: *mut *mut xg_error,
) -> xg_status {
    // SAFETY: as the header demands.
    unsafe {
        submit_one(
            outbox,
            Operator::Unbind,
            Some(CText::with_len(token, token_len)),
            Some((CText::with_len(account, account_len), account_type)),
            tag,
            error,
        )
    }
}

/// Submits: remove all accounts from a token (operator_type 4). As xg_outbox_bind.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_clear_token(
    outbox: *const xg_outbox,
    token: *const c_char,
    tag: u64,
    error: *mut *mut xg_error,
) -> xg_status {
    // SAFETY: as the header demands.
    unsafe {
        submit_one(
            outbox,
            Operator::ClearToken,
            Some(CText::terminated(token)),
            None,
            tag,
            error,
        )
    }
}

/// xg_outbox_clear_token with a length in bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_clear_token_n(
    outbox: *const xg_outbox,
    token: *const c_char,
    token_len: usize,
    tag: u64,
    error: *mut *mut xg_error,
) -> xg_status {
    // SAFETY: as the header demands.
    unsafe {
        submit_one(
            outbox,
            Operator::ClearToken,
            Some(CText::with_len(token, token_len)),
            None,
            tag,
            error,
        )
    }
}

/// Submits: remove all tokens from an account (operator_type 5). As xg_outbox_bind.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_clear_account(
    outbox: *const xg_outbox,
    account: *const c_char,
    account_type: i32,
    tag: u64,
    error: *mut *mut xg_error,
) -> xg_status {
    let account = Some((CText::terminated(account), account_type));
    // SAFETY: as the header demands.
    unsafe { submit_one(outbox, Operator::ClearAccount, None, account, tag, error) }
}

/// xg_outbox_clear_account with a length in bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_clear_account_n(
    outbox: *const xg_outbox,
    account: *const c_char,
    account_len: usize,
    account_type: i32,
    tag: u64,
    error: *mut *mut xg_error,
) -> xg_status {
    // SAFETY: as the header demands.
    unsafe {
        submit_one(
            outbox,
            Operator::ClearAccount,
            None,
            Some((CText::with_len(account, account_len), account_type)),
            tag,
            error,
        )
    }
}

/// Submits every item of a request in order; item n gets the tag first_tag + n. The
/// deadline of the request has no effect.
///
/// Errors: as xg_outbox_bind. After XG_FULL and XG_CLOSED the items before xg_error_item
/// were queued; after any other error none was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_submit(
    outbox: *const xg_outbox,
    request: *const xg_request,
    first_tag: u64,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        // SAFETY: as the header demands.
        let (outbox, request) = unsafe { (handle::shared(outbox)?, handle::shared(request)?) };
        outbox.outbox.submit_all(request.request(), first_tag)
    })
}
