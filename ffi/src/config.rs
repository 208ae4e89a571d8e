//! Options by name.

use std::ffi::{CString, c_char};
use std::sync::OnceLock;

use xgpush::Config;
use xgpush::options::OPTIONS;

use crate::boundary::handle::{self, Handle};
use crate::boundary::{guard, text};
use crate::error::{self, xg_error, xg_status};

/// Options, set by name before a client or an outbox is made.
pub struct xg_config(pub(crate) Config);

impl Handle for xg_config {
    const NAME: &'static str = "config";
}

/// A config with every option at its default. NULL only after a defect in the library.
#[unsafe(no_mangle)]
pub extern "C" fn xg_config_new() -> *mut xg_config {
    guard::value(std::ptr::null_mut(), || {
        Some(handle::into_raw(xg_config(Config::new())))
    })
}

/// Sets an option from text, such as ("deadline_ms", "3000"). docs/options.md lists the
/// options; xg_option_name does so at run time.
///
/// Errors: XG_INVALID_OPTION for an unknown name or a value outside its range.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_config_set(
    config: *mut xg_config,
    name: *const c_char,
    value: *const c_char,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        // SAFETY: as the header demands.
        let config = unsafe { handle::exclusive(config) }?;
        // SAFETY: as the header demands.
        let (name, value) = unsafe { (text::read(name, "name")?, text::read(value, "value")?) };
        config.0.set(name, value)?;
        Ok(())
    })
}

/// Sets options from the environment: XGPUSH_ and the name of the option in upper case,
/// such as XGPUSH_ACCESS_ID. Variables that Kubernetes and Docker set for a service named
/// xgpush (XGPUSH_SERVICE_HOST, XGPUSH_PORT_80_TCP …) are ignored.
///
/// Errors: as xg_config_set; also for any other XGPUSH_ variable that is no option.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_config_set_from_env(
    config: *mut xg_config,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        // SAFETY: as the header demands.
        unsafe { handle::exclusive(config) }?.0.set_from_env()?;
        Ok(())
    })
}

/// Frees a config. NULL is allowed. Clients and outboxes do not need it any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_config_free(config: *mut xg_config) {
    // SAFETY: as the header demands.
    guard::run(|| unsafe { handle::free(config) });
}

/// One row of the table of options, as C texts.
struct Row {
    name: CString,
    kind: CString,
    default: CString,
    range: CString,
    text: CString,
}

fn rows() -> &'static [Row] {
    static ROWS: OnceLock<Vec<Row>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let row = |option: &xgpush::options::ConfigOption| Row {
            name: text::owned(option.name),
            kind: text::owned(option.type_name()),
            default: text::owned(option.default),
            range: text::owned(&option.range()),
            text: text::owned(option.text),
        };
        OPTIONS.iter().map(row).collect()
    })
}

fn column(index: usize, of: fn(&'static Row) -> &'static CString) -> *const c_char {
    guard::value(text::EMPTY, || Some(of(rows().get(index)?).as_ptr()))
}

/// The number of options.
#[unsafe(no_mangle)]
pub extern "C" fn xg_option_count() -> usize {
    OPTIONS.len()
}

/// The name of an option, by index; "" past the end. Static, as all texts of options.
#[unsafe(no_mangle)]
pub extern "C" fn xg_option_name(index: usize) -> *const c_char {
    column(index, |row| &row.name)
}

/// Its type: "text", "secret", "flag", "number", "milliseconds" or "choice".
#[unsafe(no_mangle)]
pub extern "C" fn xg_option_type(index: usize) -> *const c_char {
    column(index, |row| &row.kind)
}

/// Its default, as text.
#[unsafe(no_mangle)]
pub extern "C" fn xg_option_default(index: usize) -> *const c_char {
    column(index, |row| &row.default)
}

/// The values that it accepts, for people.
#[unsafe(no_mangle)]
pub extern "C" fn xg_option_range(index: usize) -> *const c_char {
    column(index, |row| &row.range)
}

/// What it does.
#[unsafe(no_mangle)]
pub extern "C" fn xg_option_description(index: usize) -> *const c_char {
    column(index, |row| &row.text)
}
