//! Callbacks for reports and for log lines.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use xgpush::outbox::LogLevel;
use xgpush::{Error, ErrorKind};

use super::report_thread::{ReportCallback, ReportThread};
use super::reports::xg_reports;
use super::xg_outbox;
use crate::boundary::handle;
use crate::boundary::user_data::UserData;
use crate::boundary::{guard, text};
use crate::error::{self, xg_error, xg_status};

/// Called with reports on the thread "xgpush-report" of the library. They are valid during
/// the call. It must return: letting an exception, longjmp, pthread_exit or
/// pthread_cancel leave it aborts the process.
pub type xg_report_fn =
    Option<unsafe extern "C" fn(reports: *const xg_reports, context: *mut c_void)>;

/// Called with one log line at a time on a thread of the library; level is one of
/// xg_log_level. Delivery waits until it returns. The line is valid during the call. It
/// must return, as xg_report_fn.
pub type xg_log_fn =
    Option<unsafe extern "C" fn(level: i32, line: *const c_char, context: *mut c_void)>;

/// The severity of a log line.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum xg_log_level {
    /// Recovered: what failed before works again.
    XG_LOG_INFO = 1,
    /// Delivery is late, and recovers without your help.
    XG_LOG_WARNING = 2,
    /// Needs attention.
    XG_LOG_ERROR = 3,
}

impl From<LogLevel> for xg_log_level {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Info => Self::XG_LOG_INFO,
            LogLevel::Warning => Self::XG_LOG_WARNING,
            // Also one that this version of the ABI has no number for.
            _ => Self::XG_LOG_ERROR,
        }
    }
}

type Log = Arc<dyn Fn(LogLevel, &str) + Send + Sync>;

/// How many reports a callback gets at once where the caller names no number.
const DEFAULT_MAX_REPORTS: usize = 256;

/// Registers a callback for reports. The library starts one thread
/// ("xgpush-report") that calls it until the outbox is freed. Register once, and do
/// not call xg_outbox_poll afterwards.
///
/// max_reports: how many reports one call gets at most, 1 to 1000000; 0 means 256.
/// With 1, xg_outbox_free waits for one report rather than for a list.
///
/// Errors: XG_INVALID_ARGUMENT for a NULL function, a larger max_reports and the
/// second time; XG_CLOSED in a child after fork; XG_RESOURCES when the system gives no
/// thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_set_report_callback(
    outbox: *const xg_outbox,
    function: xg_report_fn,
    context: *mut c_void,
    max_reports: usize,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        // SAFETY: as the header demands.
        let outbox = unsafe { handle::shared(outbox) }?;
        outbox.outbox.ensure_same_process()?;
        let invalid = |why: &str| Error::new(ErrorKind::InvalidArgument, why);
        let function = function.ok_or_else(|| invalid("function is NULL"))?;
        let mut thread = outbox.report_thread();
        if thread.is_some() {
            return Err(invalid("the outbox has a report callback already"));
        }
        let callback = ReportCallback {
            function,
            context: UserData(context),
            capacity: match max_reports {
                0 => DEFAULT_MAX_REPORTS,
                given => xg_reports::check_capacity(given)?,
            },
        };
        let started = ReportThread::start(Arc::clone(&outbox.outbox), callback)?;
        *thread = Some(Arc::new(started));
        Ok(())
    })
}

/// Registers a callback for log lines: what fails in the background, and when it works
/// again. No line contains the secret key. NULL removes it. When this returns, the previous
/// callback does not run any more, unless its last call takes longer than a second.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_set_log_callback(
    outbox: *const xg_outbox,
    function: xg_log_fn,
    context: *mut c_void,
) {
    let context = UserData(context);
    let log = function.map(|function| -> Log {
        Arc::new(move |level: LogLevel, line: &str| {
            let context = context;
            let level = xg_log_level::from(level) as i32;
            // SAFETY: a function of this type, by the caller's promise.
            unsafe { function(level, text::owned(line).as_ptr(), context.0) };
        })
    });
    guard::run(|| {
        // SAFETY: as the header demands.
        if let Ok(outbox) = unsafe { handle::shared(outbox) } {
            outbox.outbox.set_log(log);
        }
    });
}
