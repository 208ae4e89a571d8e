//! Polling reports, and the descriptor that is readable while some wait.

use std::ffi::c_int;
use std::time::Duration;

use super::reports::xg_reports;
use super::xg_outbox;
use crate::boundary::{guard, handle};

/// Replaces the reports in a buffer by the next ones, and waits up to timeout_ms for the
/// first. Returns how many there are; 0 also for NULL, when the outbox is drained, and in a
/// child after fork. Reports that you do not read count against the capacity of the outbox.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_poll(
    outbox: *const xg_outbox,
    reports: *mut xg_reports,
    timeout_ms: u64,
) -> usize {
    guard::value(0, || {
        // SAFETY: as the header demands.
        let outbox = unsafe { handle::shared(outbox) }.ok()?;
        // SAFETY: as the header demands.
        let reports = unsafe { handle::exclusive(reports) }.ok()?;
        Some(reports.fill(&outbox.outbox, Duration::from_millis(timeout_ms)))
    })
}

/// True once the outbox is closed and every report was read: the end of a polling loop.
/// Also true for NULL and in a child after fork.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_is_drained(outbox: *const xg_outbox) -> bool {
    guard::value(true, || {
        // SAFETY: as the header demands.
        let outbox = unsafe { handle::shared(outbox) }.ok()?;
        Some(outbox.outbox.is_drained())
    })
}

/// A file descriptor for poll, epoll or select: readable while there are reports to read,
/// and once the outbox is drained. It belongs to the outbox: do not read or close it. -1 for
/// NULL and if the system is out of descriptors (ulimit -n); polling works then, and a
/// later call may succeed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_fd(outbox: *const xg_outbox) -> c_int {
    guard::value(-1, || {
        // SAFETY: as the header demands.
        let outbox = unsafe { handle::shared(outbox) }.ok()?;
        outbox.outbox.reports_fd().ok()
    })
}
