//! The statistics of an outbox: a snapshot of its counters and gauges.

use std::ffi::{CString, c_char};
use std::sync::OnceLock;

use xgpush::Outbox;
use xgpush::outbox::OutboxStats;

use super::xg_outbox;
use crate::boundary::handle::{self, Handle, OutParam};
use crate::boundary::{guard, text};
use crate::error::{self, xg_error, xg_status};

/// The numbers of an outbox, as of the call that returned them.
pub struct xg_stats {
    stats: OutboxStats,
    name: String,
    /// Those on the same page.
    others: Vec<(String, OutboxStats)>,
    trouble: CString,
    json: OnceLock<CString>,
    prometheus: OnceLock<CString>,
}

impl Handle for xg_stats {
    const NAME: &'static str = "stats";
}

impl xg_stats {
    pub(crate) fn new(outbox: &Outbox) -> Self {
        Self {
            stats: outbox.stats(),
            name: outbox.name().to_owned(),
            others: Vec::new(),
            trouble: text::owned(&outbox.trouble()),
            json: OnceLock::new(),
            prometheus: OnceLock::new(),
        }
    }
}

impl xg_stats {
    fn page(&self) -> String {
        let own = std::iter::once((self.name.as_str(), &self.stats));
        let others = self
            .others
            .iter()
            .map(|(name, stats)| (name.as_str(), stats));
        xgpush::outbox::prometheus_page(own.chain(others))
    }
}

/// A snapshot of the numbers of an outbox. Free them with xg_stats_free.
///
/// Errors: XG_INVALID_ARGUMENT for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_stats(
    outbox: *const xg_outbox,
    stats: *mut *mut xg_stats,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        let out = OutParam::new(stats)?;
        // SAFETY: as the header demands.
        let outbox = unsafe { handle::shared(outbox) }?;
        out.write(handle::into_raw(xg_stats::new(&outbox.outbox)));
        Ok(())
    })
}

/// One number by its name; 0 for an unknown name and for NULL.
///
/// Counters: "submitted" (operations queued), "full" (refused because the outbox was full),
/// "recovered" (from the file of an earlier run), "durable" (stored); final reports by
/// state: "accepted", "rejected", "unknown", "not_sent", and "superseded"; "requests" (HTTP
/// requests), "sent" (operations in them), "retries" (operations queued again), "throttled"
/// (requests answered with "too fast"), "failures" (requests that failed as a whole),
/// "store_failures", "not_durable" (operations kept in memory only because the file failed),
/// "resource_failures" (the system gave no thread), "callback_failures"
/// (xg_reports_record_failure), "latency_ms_sum" (from submission to the final report).
///
/// Gauges: "open" (submitted and not complete), "in_flight" (requests on the wire), "ready"
/// (requests that wait for a thread), "bytes" (of tokens and accounts), "oldest_ms" (age of
/// the oldest operation), "breaker_open" (1 while sending is paused after failures in a
/// row), "room" (how many more operations fit), "reports_waiting" (unread reports).
///
/// With the option outbox_url also the counters "engine_failures" (commands that the engine
/// refused or did not answer in time), "engine_went_back" (times that the engine had
/// forgotten what it had acknowledged), "takeovers" (times that this process took the
/// lease), "engine_window_blocked" (times that everything loaded waited behind others on
/// its keys), "reports_dropped" (reports that nobody fetched within
/// outbox_report_ttl_ms), and the gauges "role" (1: submits only; 2: may take the lease;
/// 3: relays; 0: no engine), "epoch" (number of the lease that this process has or had
/// last), "engine_backlog" (operations in the engine; 0 unless it relays), "engine_lag_ms"
/// (how long the oldest operation that the engine has not acknowledged has waited here).
/// Final reports are counted by the process that submitted the operation, requests by the
/// one that relayed it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_stats_value(stats: *const xg_stats, name: *const c_char) -> u64 {
    guard::value(0, || {
        // SAFETY: as the header demands.
        let stats = unsafe { handle::shared(stats) }.ok()?;
        // SAFETY: as the header demands.
        let name = unsafe { text::read(name, "name") }.ok()?;
        stats.stats.value(name)
    })
}

/// The numbers as a JSON object, NUL-terminated. *len is its length in bytes unless len is
/// NULL. "" and 0 for NULL. Valid until the numbers are freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_stats_json(stats: *const xg_stats, len: *mut usize) -> *const c_char {
    guard::text(len, || {
        // SAFETY: as the header demands.
        let stats = unsafe { handle::shared(stats) }.ok()?;
        let json = stats
            .json
            .get_or_init(|| text::owned(&stats.stats.to_json()));
        Some((json.as_ptr(), json.as_bytes().len()))
    })
}

/// Adds the numbers of another outbox to the page of xg_stats_prometheus. Two pages one
/// after the other would repeat metric names, which is not valid. Invalidates what
/// xg_stats_prometheus returned before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_stats_prometheus_add(stats: *mut xg_stats, other: *const xg_stats) {
    guard::run(|| {
        // SAFETY: as the header demands.
        let Ok(other) = (unsafe { handle::shared(other) }) else {
            return;
        };
        let more = (other.name.clone(), other.stats);
        let others = other.others.clone();
        // SAFETY: as the header demands. `other` is not looked at any more: it may be the same.
        if let Ok(stats) = unsafe { handle::exclusive(stats) } {
            stats.others.push(more);
            stats.others.extend(others);
            stats.prometheus = OnceLock::new();
        }
    });
}

/// The numbers in the text format of Prometheus, with the label "outbox": the option
/// outbox_name, or the access id. As xg_stats_json.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_stats_prometheus(
    stats: *const xg_stats,
    len: *mut usize,
) -> *const c_char {
    guard::text(len, || {
        // SAFETY: as the header demands.
        let stats = unsafe { handle::shared(stats) }.ok()?;
        let page = stats.prometheus.get_or_init(|| text::owned(&stats.page()));
        Some((page.as_ptr(), page.as_bytes().len()))
    })
}

/// What fails in the background now, as the log callback gets it: why sending is paused, a
/// file that cannot be written, threads that the system does not give. "" if all is well,
/// and for NULL. Valid until the numbers are freed. For languages in which a foreign thread
/// cannot call a callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_stats_trouble(stats: *const xg_stats) -> *const c_char {
    guard::value(text::EMPTY, || {
        // SAFETY: as the header demands.
        Some(unsafe { handle::shared(stats) }.ok()?.trouble.as_ptr())
    })
}

/// Frees numbers. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_stats_free(stats: *mut xg_stats) {
    // SAFETY: as the header demands.
    guard::run(|| unsafe { handle::free(stats) });
}
