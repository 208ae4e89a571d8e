//! Handing operations in, one by one: the calls of a game's tick.

use std::ffi::c_char;

use xgpush::{Error, Operation, Operator};

use crate::boundary::{guard, handle, text};
use crate::client::request::account_type;
use crate::error::{xg_error, xg_status};
use crate::outbox::xg_outbox;

/// A text as it comes: of a length, or else NUL-terminated.
type Given = (*const c_char, Option<usize>);

/// # Safety
/// As the header demands of every hand-in.
unsafe fn read<'a>((text, len): Given, name: &str) -> Result<&'a str, Error> {
    // SAFETY: the caller's promise.
    unsafe {
        match len {
            Some(len) => text::read_n(text, len, name),
            None => text::read(text, name),
        }
    }
}

/// Hands in one operation; `account` is a text and its type.
///
/// # Safety
/// As the header demands of every hand-in.
unsafe fn hand_in(
    outbox: *const xg_outbox,
    operator: Operator,
    token: Option<Given>,
    account: Option<(Given, i32)>,
    tag: u64,
    error: *mut *mut xg_error,
) -> xg_status {
    guard::status(error, || {
        // SAFETY: the caller's promise.
        let outbox = unsafe { handle::shared(outbox) }?;
        let token = match token {
            // SAFETY: the caller's promise.
            Some(token) => unsafe { read(token, "token") }?,
            None => "",
        };
        let account = match account {
            Some((name, number)) => {
                // SAFETY: the caller's promise.
                let name = unsafe { read(name, "account") }?;
                Some((name, account_type(number)))
            }
            None => None,
        };
        let operation = Operation::new(operator, token, account.as_slice());
        outbox.outbox.submit(&operation, tag)
    })
}

/// Hands in: bind a token to an account in place of those that it has
/// (operator_type 2). account_type may be XG_NO_ACCOUNT_TYPE. The texts are
/// copied; this never waits and takes a fraction of a microsecond. The report with
/// this tag says what became of it.
///
/// With outbox_file a tag must mean the same after a restart, where the next run
/// reports what this one left: the number of a row or a player, never a pointer or an
/// index into memory. xg_reports_is_recovered tells those reports apart.
///
/// Errors: XG_FULL, XG_CLOSED, XG_INVALID_ARGUMENT, XG_INVALID_VALUE,
/// XG_INVALID_REQUEST. It was not taken then.
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
        hand_in(
            outbox,
            Operator::Bind,
            Some((token, Some(token_len))),
            Some(((account, Some(account_len)), account_type)),
            tag,
            error,
        )
    }
}

/// Hands in: remove an account from a token (operator_type 3). As
/// xg_outbox_bind_n.
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
        hand_in(
            outbox,
            Operator::Unbind,
            Some((token, Some(token_len))),
            Some(((account, Some(account_len)), account_type)),
            tag,
            error,
        )
    }
}

/// Hands in: remove every account from a token (operator_type 4). As
/// xg_outbox_bind_n.
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
        hand_in(
            outbox,
            Operator::ClearToken,
            Some((token, Some(token_len))),
            None,
            tag,
            error,
        )
    }
}

/// Hands in: remove every token from an account (operator_type 5). As
/// xg_outbox_bind_n.
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
        hand_in(
            outbox,
            Operator::ClearAccount,
            None,
            Some(((account, Some(account_len)), account_type)),
            tag,
            error,
        )
    }
}

/// As xg_outbox_bind_n, with NUL-terminated texts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_bind(
    outbox: *const xg_outbox,
    token: *const c_char,
    account: *const c_char,
    account_type: i32,
    tag: u64,
    error: *mut *mut xg_error,
) -> xg_status {
    let account = Some(((account, None), account_type));
    // SAFETY: as the header demands.
    unsafe {
        hand_in(
            outbox,
            Operator::Bind,
            Some((token, None)),
            account,
            tag,
            error,
        )
    }
}

/// As xg_outbox_unbind_n, with NUL-terminated texts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_unbind(
    outbox: *const xg_outbox,
    token: *const c_char,
    account: *const c_char,
    account_type: i32,
    tag: u64,
    error: *mut *mut xg_error,
) -> xg_status {
    let account = Some(((account, None), account_type));
    // SAFETY: as the header demands.
    unsafe {
        hand_in(
            outbox,
            Operator::Unbind,
            Some((token, None)),
            account,
            tag,
            error,
        )
    }
}

/// As xg_outbox_clear_token_n, with a NUL-terminated text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_clear_token(
    outbox: *const xg_outbox,
    token: *const c_char,
    tag: u64,
    error: *mut *mut xg_error,
) -> xg_status {
    // SAFETY: as the header demands.
    unsafe {
        hand_in(
            outbox,
            Operator::ClearToken,
            Some((token, None)),
            None,
            tag,
            error,
        )
    }
}

/// As xg_outbox_clear_account_n, with a NUL-terminated text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_clear_account(
    outbox: *const xg_outbox,
    account: *const c_char,
    account_type: i32,
    tag: u64,
    error: *mut *mut xg_error,
) -> xg_status {
    let account = Some(((account, None), account_type));
    // SAFETY: as the header demands.
    unsafe { hand_in(outbox, Operator::ClearAccount, None, account, tag, error) }
}
