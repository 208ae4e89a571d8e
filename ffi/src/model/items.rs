//! The items of a request, one by one.

use std::ffi::c_char;

use xgpush::{Account, Error, Token};

use super::request::{account_type, xg_request};
use crate::boundary::handle;
use crate::boundary::text::CText;
use crate::error::{self, xg_error, xg_status};

/// # Safety
/// As the header demands of every function here.
unsafe fn account(name: CText, number: i32) -> Result<Account, Error> {
    // SAFETY: the caller's promise.
    let name = unsafe { name.read("account") }?;
    Account::with_optional_type(name, account_type(number))
}

/// # Safety
/// As the header demands of every function here.
unsafe fn token(text: CText) -> Result<Token, Error> {
    // SAFETY: the caller's promise.
    Token::new(unsafe { text.read("token") }?)
}

/// # Safety
/// As the header demands of every function here.
unsafe fn add_binding(
    request: *mut xg_request,
    token: CText,
    account: CText,
    account_type: i32,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        // SAFETY: the caller's promise.
        let request = unsafe { handle::exclusive(request) }?;
        request.add(|items| {
            // SAFETY: the caller's promise.
            let (token, account) =
                unsafe { (self::token(token)?, self::account(account, account_type)?) };
            items.add_binding(token, account)
        })
    })
}

/// # Safety
/// As the header demands of every function here.
unsafe fn add_token(
    request: *mut xg_request,
    token: CText,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        // SAFETY: the caller's promise.
        let request = unsafe { handle::exclusive(request) }?;
        // SAFETY: the caller's promise.
        request.add(|items| items.add_token(unsafe { self::token(token) }?))
    })
}

/// # Safety
/// As the header demands of every function here.
unsafe fn add_account(
    request: *mut xg_request,
    account: CText,
    account_type: i32,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        // SAFETY: the caller's promise.
        let request = unsafe { handle::exclusive(request) }?;
        request.add(|items| {
            // SAFETY: the caller's promise.
            items.add_account(unsafe { self::account(account, account_type) }?)
        })
    })
}

/// Adds an item to an append, bind or unbind: a token and its first account. Add more
/// accounts of the same token with xg_request_add_account.
///
/// token: 1 to 64 bytes. account: at least 2 bytes. account_type: any number, or
/// XG_NO_ACCOUNT_TYPE.
///
/// Errors: XG_INVALID_VALUE; XG_INVALID_REQUEST if the action takes other items. The
/// request stays unchanged, and xg_error_item is the index that the item would have had.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_request_add_binding(
    request: *mut xg_request,
    token: *const c_char,
    account: *const c_char,
    account_type: i32,
    error: *mut *mut xg_error,
) -> xg_status {
    // SAFETY: as the header demands.
    unsafe {
        add_binding(
            request,
            CText::terminated(token),
            CText::terminated(account),
            account_type,
            error,
        )
    }
}

/// xg_request_add_binding with lengths in bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_request_add_binding_n(
    request: *mut xg_request,
    token: *const c_char,
    token_len: usize,
    account: *const c_char,
    account_len: usize,
    account_type: i32,
    error: *mut *mut xg_error,
) -> xg_status {
    // SAFETY: as the header demands.
    unsafe {
        add_binding(
            request,
            CText::with_len(token, token_len),
            CText::with_len(account, account_len),
            account_type,
            error,
        )
    }
}

/// Adds an item to a clear_token or a query by token.
///
/// Errors: as xg_request_add_binding.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_request_add_token(
    request: *mut xg_request,
    token: *const c_char,
    error: *mut *mut xg_error,
) -> xg_status {
    // SAFETY: as the header demands.
    unsafe { add_token(request, CText::terminated(token), error) }
}

/// xg_request_add_token with a length in bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_request_add_token_n(
    request: *mut xg_request,
    token: *const c_char,
    token_len: usize,
    error: *mut *mut xg_error,
) -> xg_status {
    // SAFETY: as the header demands.
    unsafe { add_token(request, CText::with_len(token, token_len), error) }
}

/// Adds an item to a clear_account or a query by account. In an append, bind or unbind:
/// adds an account to the last binding.
///
/// Errors: as xg_request_add_binding; XG_INVALID_REQUEST also without a binding.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_request_add_account(
    request: *mut xg_request,
    account: *const c_char,
    account_type: i32,
    error: *mut *mut xg_error,
) -> xg_status {
    // SAFETY: as the header demands.
    unsafe { add_account(request, CText::terminated(account), account_type, error) }
}

/// xg_request_add_account with a length in bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_request_add_account_n(
    request: *mut xg_request,
    account: *const c_char,
    account_len: usize,
    account_type: i32,
    error: *mut *mut xg_error,
) -> xg_status {
    // SAFETY: as the header demands.
    unsafe {
        add_account(
            request,
            CText::with_len(account, account_len),
            account_type,
            error,
        )
    }
}
