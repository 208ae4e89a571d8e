//! The stable names of numbers.

use std::ffi::{CString, c_char};
use std::sync::OnceLock;

use xgpush::{ErrorKind, State};

use crate::boundary::{guard, text};
use crate::error::xg_status;
use crate::model::outcome::xg_state;

fn find(names: &[(i32, CString)], number: i32) -> Option<*const c_char> {
    let found = names.iter().find(|(known, _)| *known == number);
    found.map(|(_, name)| name.as_ptr())
}

/// The stable name of a state, such as "accepted"; "" for another number. Static.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_state_name(state: i32) -> *const c_char {
    static NAMES: OnceLock<Vec<(i32, CString)>> = OnceLock::new();
    guard::value(text::EMPTY, || {
        let all = State::ALL.iter();
        let named = all.map(|state| (xg_state::from(*state) as i32, text::owned(state.name())));
        find(NAMES.get_or_init(|| named.collect()), state)
    })
}

/// The stable name of a status, such as "invalid_value" or "ok"; "" for another number.
/// Static.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_status_name(status: i32) -> *const c_char {
    static NAMES: OnceLock<Vec<(i32, CString)>> = OnceLock::new();
    guard::value(text::EMPTY, || {
        let ok = std::iter::once((xg_status::XG_OK as i32, c"ok".to_owned()));
        let all = ErrorKind::ALL.iter();
        let named = all.map(|kind| (xg_status::of(*kind) as i32, text::owned(kind.name())));
        find(NAMES.get_or_init(|| ok.chain(named).collect()), status)
    })
}
