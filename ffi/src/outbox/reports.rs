//! Reports of an outbox, in a buffer that is used again and again.

use std::cell::OnceCell;
use std::ffi::{CString, c_char};
use std::sync::Arc;
use std::time::Duration;

use xgpush::{Error, ErrorKind, Outbox, Report};

use crate::boundary::handle::{self, Handle, Out};
use crate::boundary::{guard, text};
use crate::client::outcome::{reason_name, xg_state};
use crate::error::{xg_error, xg_status};

/// A buffer for reports; it belongs to one thread at a time.
pub struct xg_reports {
    room: usize,
    reports: Vec<Report>,
    /// C texts are made when they are asked for.
    messages: Vec<OnceCell<CString>>,
    /// Whose function gets it.
    of: Option<Arc<Outbox>>,
}

impl Handle for xg_reports {
    const NAME: &'static str = "reports";
}

impl xg_reports {
    pub(crate) fn with_room(room: usize) -> Self {
        Self {
            room,
            reports: Vec::with_capacity(room),
            messages: Vec::with_capacity(room),
            of: None,
        }
    }

    pub(crate) fn check_room(room: usize) -> Result<usize, Error> {
        if (1..=1_000_000).contains(&room) {
            return Ok(room);
        }
        let why = format!("room {room} is outside [1, 1000000]");
        Err(Error::new(ErrorKind::InvalidArgument, why))
    }

    /// A buffer for a function that the library calls.
    pub(crate) fn of(outbox: &Arc<Outbox>, room: usize) -> Self {
        Self {
            of: Some(Arc::clone(outbox)),
            ..Self::with_room(room)
        }
    }

    pub(crate) fn fill(&mut self, from: &Outbox, timeout: Duration) -> usize {
        self.reports.clear();
        self.messages.clear();
        from.take_reports(&mut self.reports, self.room, timeout);
        self.messages.resize_with(self.reports.len(), OnceCell::new);
        self.reports.len()
    }
}

/// Something of one report, or the default past the end and for NULL.
unsafe fn of_report<T>(
    reports: *const xg_reports,
    nth: usize,
    default: T,
    of: impl FnOnce(&Report) -> Option<T>,
) -> T {
    guard::value(default, || {
        // SAFETY: as the header demands.
        let reports = unsafe { handle::shared(reports) }.ok()?;
        of(reports.reports.get(nth)?)
    })
}

/// A buffer for at most this many reports (1 to 1000000).
///
/// Errors: XG_INVALID_ARGUMENT for another number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reports_new(
    room: usize,
    reports: *mut *mut xg_reports,
    error: *mut *mut xg_error,
) -> xg_status {
    guard::status(error, || {
        let out = Out::new(reports)?;
        let room = xg_reports::check_room(room)?;
        out.write(handle::give(xg_reports::with_room(room)));
        Ok(())
    })
}

/// Tells, from a function of xg_outbox_set_report_callback, that it failed: xgpush.hpp does so
/// with an exception. It is counted ("callback_failures") and logged with the text, which
/// may be NULL. The reports count as taken. In any other buffer it does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reports_record_failure(reports: *const xg_reports, why: *const c_char) {
    guard::run(|| {
        // SAFETY: as the header demands.
        let Ok(reports) = (unsafe { handle::shared(reports) }) else {
            return;
        };
        // SAFETY: as the header demands.
        let why = unsafe { text::read(why, "why") }.unwrap_or("");
        if let Some(outbox) = &reports.of {
            outbox.note_callback_failure(why);
        }
    });
}

/// Frees a buffer. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reports_free(reports: *mut xg_reports) {
    // SAFETY: as the header demands.
    guard::run(|| unsafe { handle::free(reports) });
}

/// How many reports are in the buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reports_count(reports: *const xg_reports) -> usize {
    guard::value(0, || {
        // SAFETY: as the header demands.
        Some(unsafe { handle::shared(reports) }.ok()?.reports.len())
    })
}

/// The number that was given with the operation, by an earlier run if
/// xg_reports_is_recovered; 0 past the end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reports_tag(reports: *const xg_reports, nth: usize) -> u64 {
    // SAFETY: as the header demands.
    unsafe { of_report(reports, nth, 0, |report| Some(report.tag())) }
}

/// Whether an earlier run handed the operation in, and the file brought it back: then
/// the tag is of that run. false past the end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reports_is_recovered(reports: *const xg_reports, nth: usize) -> bool {
    // SAFETY: as the header demands.
    unsafe { of_report(reports, nth, false, |report| Some(report.is_recovered())) }
}

/// Whether it is the one final report of its operation. Otherwise it says that
/// the operation is in the file now (option outbox_durable_notices).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reports_is_final(reports: *const xg_reports, nth: usize) -> bool {
    // SAFETY: as the header demands.
    unsafe { of_report(reports, nth, false, |report| Some(report.is_final())) }
}

/// The state of a final report; XG_STATE_NONE otherwise and past the end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reports_state(reports: *const xg_reports, nth: usize) -> xg_state {
    // SAFETY: as the header demands.
    unsafe {
        of_report(reports, nth, xg_state::XG_STATE_NONE, |report| {
            report.state().map(xg_state::from)
        })
    }
}

/// Why it is in its state: a stable name of docs/reasons.md, such as
/// "superseded"; "" where there is none. Valid for ever.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reports_reason(
    reports: *const xg_reports,
    nth: usize,
) -> *const c_char {
    // SAFETY: as the header demands.
    unsafe {
        of_report(reports, nth, text::EMPTY, |report| {
            reason_name(report.reason()?)
        })
    }
}

/// The service's code, as xg_outcome_code; -1 where there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reports_code(reports: *const xg_reports, nth: usize) -> i64 {
    // SAFETY: as the header demands.
    unsafe { of_report(reports, nth, -1, Report::code) }
}

/// The HTTP status of the answer that decided; 0 where none came.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reports_http_status(reports: *const xg_reports, nth: usize) -> i32 {
    // SAFETY: as the header demands.
    unsafe {
        of_report(reports, nth, 0, |report| {
            report.http_status().map(i32::from)
        })
    }
}

/// How often the operation was sent. What an earlier run may have sent counts one
/// for that.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reports_attempts(reports: *const xg_reports, nth: usize) -> u32 {
    // SAFETY: as the header demands.
    unsafe { of_report(reports, nth, 0, |report| Some(report.attempts().into())) }
}

/// When the operation was handed in, in milliseconds since 1970-01-01 UTC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reports_submitted_ms(reports: *const xg_reports, nth: usize) -> u64 {
    // SAFETY: as the header demands.
    unsafe { of_report(reports, nth, 0, |report| Some(report.handed_in_ms())) }
}

/// When this became so, in milliseconds since 1970-01-01 UTC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reports_timestamp_ms(reports: *const xg_reports, nth: usize) -> u64 {
    // SAFETY: as the header demands.
    unsafe { of_report(reports, nth, 0, |report| Some(report.at_ms())) }
}

/// What happened, for people; "" when accepted. Valid until the buffer is filled
/// again or freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_reports_message(
    reports: *const xg_reports,
    nth: usize,
) -> *const c_char {
    guard::value(text::EMPTY, || {
        // SAFETY: as the header demands.
        let reports = unsafe { handle::shared(reports) }.ok()?;
        let report = reports.reports.get(nth)?;
        if report.message().is_empty() {
            return None;
        }
        let message = reports.messages.get(nth)?;
        Some(
            message
                .get_or_init(|| text::owned(report.message()))
                .as_ptr(),
        )
    })
}
