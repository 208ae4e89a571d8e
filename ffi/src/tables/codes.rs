//! The table of return codes, for the authors of bindings.

use std::ffi::{CString, c_char};
use std::sync::OnceLock;

use xgpush::codes::{self, TABLE};

use crate::boundary::{guard, text};

/// The return code of a query item for which nothing is bound.
pub const XG_CODE_DOES_NOT_EXIST: i64 = 10_110_008;
const _: () = assert!(XG_CODE_DOES_NOT_EXIST == codes::DOES_NOT_EXIST);

struct Row {
    meaning: CString,
    fault: CString,
    retry: CString,
    advice: CString,
}

fn rows() -> &'static [Row] {
    static ROWS: OnceLock<Vec<Row>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let row = |code: &codes::Code| Row {
            meaning: text::owned(code.meaning),
            fault: text::owned(code.fault.name()),
            retry: text::owned(code.retry.name()),
            advice: text::owned(code.advice),
        };
        TABLE.iter().map(row).collect()
    })
}

fn column(index: usize, of: fn(&'static Row) -> &'static CString) -> *const c_char {
    guard::value(text::EMPTY, || Some(of(rows().get(index)?).as_ptr()))
}

/// The return codes of docs/codes.md as JSON, NUL-terminated. *len is its length in bytes
/// unless len is NULL. An array, sorted by code, of
/// {"code","meaning","meaning_zh","fault","retry","advice","advice_zh"}, where …_zh is
/// Chinese. Static.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_codes_json(len: *mut usize) -> *const c_char {
    static JSON: OnceLock<CString> = OnceLock::new();
    guard::text(len, || {
        let json = JSON.get_or_init(|| text::owned(&codes::to_json()));
        Some((json.as_ptr(), json.as_bytes().len()))
    })
}

/// The number of return codes in the table.
#[unsafe(no_mangle)]
pub extern "C" fn xg_code_count() -> usize {
    TABLE.len()
}

/// A return code, by its index in the table; -1 past the end.
#[unsafe(no_mangle)]
pub extern "C" fn xg_code_number(index: usize) -> i64 {
    guard::value(-1, || Some(TABLE.get(index)?.code))
}

/// What it means, in English; "" past the end. Static, as all texts of the table.
#[unsafe(no_mangle)]
pub extern "C" fn xg_code_meaning(index: usize) -> *const c_char {
    column(index, |row| &row.meaning)
}

/// Its cause: "none", "request", "item", "configuration", "service" or "rate".
#[unsafe(no_mangle)]
pub extern "C" fn xg_code_fault(index: usize) -> *const c_char {
    column(index, |row| &row.fault)
}

/// Whether to retry: "never", "backoff", "throttle" or "per_element".
#[unsafe(no_mangle)]
pub extern "C" fn xg_code_retry(index: usize) -> *const c_char {
    column(index, |row| &row.retry)
}

/// What to do; "" for success and past the end.
#[unsafe(no_mangle)]
pub extern "C" fn xg_code_advice(index: usize) -> *const c_char {
    column(index, |row| &row.advice)
}
