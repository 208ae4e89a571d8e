//! Taking reports: poll, and what says when.

use std::ffi::c_int;
use std::time::Duration;

use super::reports::xg_reports;
use super::xg_outbox;
use crate::boundary::{guard, handle};

/// Moves reports into a buffer, in place of those that were in it, and waits up
/// to timeout_ms for the first one; answers how many. 0 as well for NULL, after
/// the end and in a child after fork.
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

/// Whether no report will come any more: it is closed, and all were taken. True as
/// well for NULL and in a child after fork. A loop of xg_outbox_poll ends with it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_is_drained(outbox: *const xg_outbox) -> bool {
    guard::value(true, || {
        // SAFETY: as the header demands.
        let outbox = unsafe { handle::shared(outbox) }.ok()?;
        Some(outbox.outbox.is_drained())
    })
}

/// A file descriptor that is readable while reports wait, and after the end, for
/// poll, epoll or select. It belongs to the outbox: do not read or close it. -1
/// where there is none: for NULL, and when the limit of descriptors is reached (ulimit
/// -n). Reports can be polled then, and a later call may succeed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_fd(outbox: *const xg_outbox) -> c_int {
    guard::value(-1, || {
        // SAFETY: as the header demands.
        let outbox = unsafe { handle::shared(outbox) }.ok()?;
        outbox.outbox.reports_fd().ok()
    })
}
