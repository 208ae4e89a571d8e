//! What a query found for an item, and warnings.

use std::ffi::c_char;

use super::outcome::{with_item, xg_outcome};
use crate::boundary::{guard, handle, text};

/// How many tokens or accounts a query found for an item.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outcome_found_count(outcome: *const xg_outcome, index: usize) -> usize {
    // SAFETY: as the header demands.
    unsafe {
        with_item(outcome, index, 0, |item| {
            Some(item.tokens().len() + item.accounts().len())
        })
    }
}

fn found(outcome: &xg_outcome, index: usize, nth: usize) -> Option<*const c_char> {
    Some(outcome.texts().get(index)?.found.get(nth)?.as_ptr())
}

/// The nth token that a query by account found for an item; "" past the end. Valid until
/// the outcome is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outcome_found_token(
    outcome: *const xg_outcome,
    index: usize,
    nth: usize,
) -> *const c_char {
    guard::value(text::EMPTY, || {
        // SAFETY: as the header demands.
        let outcome = unsafe { handle::shared(outcome) }.ok()?;
        outcome.outcome.items().get(index)?.tokens().get(nth)?;
        found(outcome, index, nth)
    })
}

/// The nth account that a query by token found for an item; "" past the end. Valid until
/// the outcome is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outcome_found_account(
    outcome: *const xg_outcome,
    index: usize,
    nth: usize,
) -> *const c_char {
    guard::value(text::EMPTY, || {
        // SAFETY: as the header demands.
        let outcome = unsafe { handle::shared(outcome) }.ok()?;
        outcome.outcome.items().get(index)?.accounts().get(nth)?;
        found(outcome, index, nth)
    })
}

/// The type of the nth account that a query by token found for an item; -1 if the
/// service did not return it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outcome_found_account_type(
    outcome: *const xg_outcome,
    index: usize,
    nth: usize,
) -> i64 {
    // SAFETY: as the header demands.
    unsafe {
        with_item(outcome, index, -1, |item| {
            item.accounts().get(nth)?.account_type
        })
    }
}

/// The number of warnings. They are about what is allowed but often a mistake.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outcome_warning_count(outcome: *const xg_outcome) -> usize {
    guard::value(0, || {
        // SAFETY: as the header demands.
        Some(
            unsafe { handle::shared(outcome) }
                .ok()?
                .outcome
                .warnings()
                .len(),
        )
    })
}

/// The stable name of a warning, such as "duplicate_account_type"; "" past the end. Valid
/// until the outcome is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outcome_warning_name(
    outcome: *const xg_outcome,
    index: usize,
) -> *const c_char {
    guard::value(text::EMPTY, || {
        // SAFETY: as the header demands.
        let outcome = unsafe { handle::shared(outcome) }.ok()?;
        Some(outcome.warning_texts().get(index)?.0.as_ptr())
    })
}

/// The text of a warning, for people; "" past the end. Valid until the outcome is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outcome_warning_message(
    outcome: *const xg_outcome,
    index: usize,
) -> *const c_char {
    guard::value(text::EMPTY, || {
        // SAFETY: as the header demands.
        let outcome = unsafe { handle::shared(outcome) }.ok()?;
        Some(outcome.warning_texts().get(index)?.1.as_ptr())
    })
}

/// The 0-based item that a warning is about; -1 if it is about the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outcome_warning_item(outcome: *const xg_outcome, index: usize) -> i64 {
    guard::value(-1, || {
        // SAFETY: as the header demands.
        let outcome = unsafe { handle::shared(outcome) }.ok()?;
        i64::try_from(outcome.outcome.warnings().get(index)?.item()?).ok()
    })
}
