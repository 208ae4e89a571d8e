//! Reports of an outbox, in a buffer that is used again and again.

use std::cell::OnceCell;
use std::ffi::{CString, c_char};
use std::sync::Arc;
use std::time::Duration;

use xgpush::outbox::Report;
use xgpush::{Error, ErrorKind, Outbox};

use crate::boundary::handle::{self, Handle, OutParam};
use crate::boundary::{guard, text};
use crate::error::{self, xg_error, xg_status};
use crate::model::outcome::{reason_name, xg_state};

/// A buffer of reports. One thread at a time may use it.
pub struct xg_reports {
    capacity: usize,
    reports: Vec<Report>,
    /// C texts are made when they are asked for.
    messages: Vec<OnceCell<CString>>,
    /// The outbox whose report callback gets this buffer.
    called_by: Option<Arc<Outbox>>,
}

impl Handle for xg_reports {
    const NAME: &'static str = "reports";
}

impl xg_reports {
    pub(crate) fn empty(capacity: usize) -> Self {
        Self {
            capacity,
            reports: Vec::with_capacity(capacity),
            messages: Vec::with_capacity(capacity),
            called_by: None,
        }
    }

    pub(crate) fn check_capacity(capacity: usize) -> Result<usize, Error> {
        if (1..=1_000_000).contains(&capacity) {
            return Ok(capacity);
        }
        let why = format!("capacity {capacity} is outside [1, 1000000]");
        Err(Error::new(ErrorKind::InvalidArgument, why))
    }

    /// A buffer for a report callback.
    pub(crate) fn for_callback(outbox: &Arc<Outbox>, capacity: usize) -> Self {
        Self {
            called_by: Some(Arc::clone(outbox)),
            ..Self::empty(capacity)
        }
    }

    pub(crate) fn fill(&mut self, from: &Outbox, timeout: Duration) -> usize {
        self.reports.clear();
        self.messages.clear();
        from.take_reports(&mut self.reports, self.capacity, timeout);
        self.messages.resize_with(self.reports.len(), OnceCell::new);
        self.reports.len()
    }
}

/// What `of` answers for one report; the default past the end and for NULL.
unsafe fn with_report<T>(
    reports: *const xg_reports,
    index: usize,
    default: T,
    of: impl FnOnce(&Report) -> Option<T>,
) -> T {
    guard::value(default, || {
        // SAFETY: as the header demands.
        let reports = unsafe { handle::shared(reports) }.ok()?;
        of(reports.reports.get(index)?)
    })
}

/// A buffer for up to capacity reports (1 to 1000000). Free it with xg_reports_free.
///
/// Errors: XG_INVALID_ARGUMENT for another number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reports_new(
    capacity: usize,
    reports: *mut *mut xg_reports,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        let out = OutParam::new(reports)?;
        let capacity = xg_reports::check_capacity(capacity)?;
        out.write(handle::into_raw(xg_reports::empty(capacity)));
        Ok(())
    })
}

/// Call it in a report callback that failed, for example with an exception. The failure is
/// counted ("callback_failures") and logged with the text why, which may be NULL. The
/// reports count as read. Without effect on any other buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reports_record_failure(reports: *const xg_reports, why: *const c_char) {
    guard::run(|| {
        // SAFETY: as the header demands.
        let Ok(reports) = (unsafe { handle::shared(reports) }) else {
            return;
        };
        // SAFETY: as the header demands.
        let why = unsafe { text::read(why, "why") }.unwrap_or("");
        if let Some(outbox) = &reports.called_by {
            outbox.note_callback_failure(why);
        }
    });
}

/// Frees a buffer. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reports_free(reports: *mut xg_reports) {
    // SAFETY: as the header demands.
    guard::run(|| unsafe { handle::free(reports) });
}

/// The number of reports in the buffer; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reports_count(reports: *const xg_reports) -> usize {
    guard::value(0, || {
        // SAFETY: as the header demands.
        Some(unsafe { handle::shared(reports) }.ok()?.reports.len())
    })
}

/// The tag that the operation was submitted with; 0 past the end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reports_tag(reports: *const xg_reports, index: usize) -> u64 {
    // SAFETY: as the header demands.
    unsafe { with_report(reports, index, 0, |report| Some(report.tag())) }
}

/// Whether this outbox did not submit the operation itself, so that the tag is somebody
/// else's: an earlier run, from its file or under its outbox_name, or another process of
/// the group (outbox_reports_to). false past the end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reports_is_recovered(reports: *const xg_reports, index: usize) -> bool {
    // SAFETY: as the header demands.
    unsafe { with_report(reports, index, false, |report| Some(report.is_recovered())) }
}

/// True for the one final report of an operation. False if the report says that the
/// operation is durable now (option outbox_durable_notices), and past the end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reports_is_final(reports: *const xg_reports, index: usize) -> bool {
    // SAFETY: as the header demands.
    unsafe { with_report(reports, index, false, |report| Some(report.is_final())) }
}

/// The state of a final report; otherwise and past the end XG_STATE_NONE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reports_state(reports: *const xg_reports, index: usize) -> xg_state {
    // SAFETY: as the header demands.
    unsafe {
        with_report(reports, index, xg_state::XG_STATE_NONE, |report| {
            report.state().map(xg_state::from)
        })
    }
}

/// Why the operation is in its state: a stable name of docs/reasons.md, such as
/// "superseded"; "" if there is none. Static.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reports_reason(
    reports: *const xg_reports,
    index: usize,
) -> *const c_char {
    // SAFETY: as the header demands.
    unsafe {
        with_report(reports, index, text::EMPTY, |report| {
            reason_name(report.reason()?)
        })
    }
}

/// The service's return code, as xg_outcome_code; -1 without one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reports_code(reports: *const xg_reports, index: usize) -> i64 {
    // SAFETY: as the header demands.
    unsafe { with_report(reports, index, -1, Report::code) }
}

/// The HTTP status of the response that decided it; 0 without a response.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reports_http_status(reports: *const xg_reports, index: usize) -> i32 {
    // SAFETY: as the header demands.
    unsafe {
        with_report(reports, index, 0, |report| {
            report.http_status().map(i32::from)
        })
    }
}

/// How often the operation was sent. What an earlier run may have sent counts as one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reports_attempts(reports: *const xg_reports, index: usize) -> u32 {
    // SAFETY: as the header demands.
    unsafe { with_report(reports, index, 0, |report| Some(report.attempts().into())) }
}

/// When the operation was submitted, in milliseconds since 1970-01-01 UTC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reports_submitted_ms(reports: *const xg_reports, index: usize) -> u64 {
    // SAFETY: as the header demands.
    unsafe { with_report(reports, index, 0, |report| Some(report.submitted_ms())) }
}

/// When it reached its state, in milliseconds since 1970-01-01 UTC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reports_timestamp_ms(reports: *const xg_reports, index: usize) -> u64 {
    // SAFETY: as the header demands.
    unsafe { with_report(reports, index, 0, |report| Some(report.timestamp_ms())) }
}

/// A description for people; "" if accepted. Valid until the next poll into this buffer, or
/// until it is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reports_message(
    reports: *const xg_reports,
    index: usize,
) -> *const c_char {
    guard::value(text::EMPTY, || {
        // SAFETY: as the header demands.
        let reports = unsafe { handle::shared(reports) }.ok()?;
        let report = reports.reports.get(index)?;
        if report.message().is_empty() {
            return None;
        }
        let message = reports.messages.get(index)?;
        Some(
            message
                .get_or_init(|| text::owned(report.message()))
                .as_ptr(),
        )
    })
}
