//! Counters and gauges of an outbox.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use super::intake::Intake;
use crate::model::outcome::{ItemOutcome, Reason, State};

/// Counters since the outbox was opened, and gauges of now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Hash)]
#[non_exhaustive]
pub struct OutboxStats {
    /// Operations submitted.
    pub submitted: u64,
    /// Submissions refused because it was full.
    #[serde(rename = "full")]
    pub rejected_full: u64,
    /// Operations recovered from the file.
    pub recovered: u64,
    /// Operations stored.
    pub durable: u64,
    /// Final reports: accepted.
    pub accepted: u64,
    /// Final reports: rejected.
    pub rejected: u64,
    /// Final reports: unknown.
    pub unknown: u64,
    /// Final reports: not sent, superseded ones not counted.
    pub not_sent: u64,
    /// Final reports: superseded.
    pub superseded: u64,
    /// HTTP requests.
    pub requests: u64,
    /// Operations sent, retries included.
    pub sent: u64,
    /// Operations scheduled to be sent again.
    pub retries: u64,
    /// Requests that the service answered with "too fast".
    pub throttled: u64,
    /// Requests that failed as a whole.
    pub failures: u64,
    /// Store failures.
    pub store_failures: u64,
    /// Times no thread could be started to send.
    pub resource_failures: u64,
    /// Operations kept in memory only because the store failed.
    pub not_durable: u64,
    /// Failures of the report callback.
    pub callback_failures: u64,
    /// Sum of the milliseconds from submission to final report.
    pub latency_ms_sum: u64,
    /// Cumulative counts of final reports within each of [`LATENCY_MS`](Self::LATENCY_MS).
    /// Not in the JSON.
    #[serde(skip)]
    pub latency_at_most: [u64; Self::LATENCY_MS.len()],
    /// With an engine: commands that it refused or did not answer in time.
    pub engine_failures: u64,
    /// With an engine: times that it had forgotten what it had acknowledged.
    pub engine_went_back: u64,
    /// With an engine: times that this process took the lease.
    pub takeovers: u64,
    /// With an engine: times that everything it had loaded waited behind others on its keys,
    /// and more was in the engine.
    pub engine_window_blocked: u64,
    /// With an engine: reports that nobody fetched within `outbox_report_ttl_ms`, as far as
    /// this process saw.
    pub reports_dropped: u64,
    /// Gauge: submitted and not completed.
    pub open: u64,
    /// Gauge: requests in flight.
    pub in_flight: u64,
    /// Gauge: requests waiting for a thread.
    pub ready: u64,
    /// Gauge: bytes of tokens and accounts not completed.
    pub bytes: u64,
    /// Gauge: age of the oldest open operation, in milliseconds.
    pub oldest_ms: u64,
    /// Gauge: 1 while the breaker is open.
    pub breaker_open: u64,
    /// Gauge: free places.
    pub room: u64,
    /// Gauge: unread reports.
    pub reports_waiting: u64,
    /// Gauge: 0 without an engine, 1 if it submits only, 2 if it may take the lease, 3 while
    /// it relays.
    pub role: u64,
    /// Gauge: the number of the lease that this process holds or held last; 0 if it never
    /// held one.
    pub epoch: u64,
    /// Gauge: operations in the engine, as this process saw while it relayed; else 0.
    pub engine_backlog: u64,
    /// Gauge: how long the oldest operation that the engine has not acknowledged has waited
    /// here, in milliseconds.
    pub engine_lag_ms: u64,
}

/// Name, text, whether it is a gauge, and where it is.
pub(super) type Row = (&'static str, &'static str, bool, fn(&OutboxStats) -> u64);

pub(super) const ROWS: &[Row] = &[
    ("submitted_total", "Operations submitted.", false, |s| {
        s.submitted
    }),
    (
        "full_total",
        "Submissions refused because the outbox was full.",
        false,
        |s| s.rejected_full,
    ),
    (
        "recovered_total",
        "Operations recovered from the file.",
        false,
        |s| s.recovered,
    ),
    ("durable_total", "Operations stored.", false, |s| s.durable),
    ("requests_total", "HTTP requests.", false, |s| s.requests),
    (
        "sent_total",
        "Operations sent, retries included.",
        false,
        |s| s.sent,
    ),
    (
        "retries_total",
        "Operations scheduled to be sent again.",
        false,
        |s| s.retries,
    ),
    (
        "throttled_total",
        "Requests that were answered with \"too fast\".",
        false,
        |s| s.throttled,
    ),
    (
        "failures_total",
        "Requests that failed as a whole.",
        false,
        |s| s.failures,
    ),
    ("store_failures_total", "Store failures.", false, |s| {
        s.store_failures
    }),
    (
        "resource_failures_total",
        "Times no thread could be started to send.",
        false,
        |s| s.resource_failures,
    ),
    (
        "not_durable_total",
        "Operations kept in memory only because the store failed.",
        false,
        |s| s.not_durable,
    ),
    (
        "callback_failures_total",
        "Failures of the report callback.",
        false,
        |s| s.callback_failures,
    ),
    (
        "engine_failures_total",
        "Commands that the engine refused or did not answer in time.",
        false,
        |s| s.engine_failures,
    ),
    (
        "engine_went_back_total",
        "Times that the engine had forgotten what it had acknowledged.",
        false,
        |s| s.engine_went_back,
    ),
    (
        "takeovers_total",
        "Times that this process took the lease.",
        false,
        |s| s.takeovers,
    ),
    (
        "engine_window_blocked_total",
        "Times that everything loaded waited behind others on its keys.",
        false,
        |s| s.engine_window_blocked,
    ),
    (
        "reports_dropped_total",
        "Reports that nobody fetched in time.",
        false,
        |s| s.reports_dropped,
    ),
    ("open", "Operations not completed.", true, |s| s.open),
    ("in_flight", "Requests on the wire.", true, |s| s.in_flight),
    (
        "ready",
        "Requests that lie ready for a thread.",
        true,
        |s| s.ready,
    ),
    (
        "bytes",
        "Bytes of tokens and accounts not completed.",
        true,
        |s| s.bytes,
    ),
    (
        "oldest_milliseconds",
        "Age of the oldest open operation.",
        true,
        |s| s.oldest_ms,
    ),
    (
        "breaker_open",
        "1 while sending is paused after failures.",
        true,
        |s| s.breaker_open,
    ),
    ("room", "Operations that it would take.", true, |s| s.room),
    ("reports_waiting", "Unread reports.", true, |s| {
        s.reports_waiting
    }),
    (
        "role",
        "0 without an engine, 1 submits only, 2 may take the lease, 3 relays.",
        true,
        |s| s.role,
    ),
    (
        "epoch",
        "Number of the lease that this process holds or held last.",
        true,
        |s| s.epoch,
    ),
    (
        "engine_backlog",
        "Operations in the engine, as the relay saw.",
        true,
        |s| s.engine_backlog,
    ),
    (
        "engine_lag_milliseconds",
        "How long the oldest operation that the engine has not acknowledged has waited.",
        true,
        |s| s.engine_lag_ms,
    ),
];

impl OutboxStats {
    /// The upper ends of what [`latency_at_most`](Self::latency_at_most) counts, in
    /// milliseconds: from a quick service to an outage.
    pub const LATENCY_MS: [u64; 12] = [
        25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000,
    ];

    /// All final reports, superseded ones as well.
    pub(super) fn settled(&self) -> u64 {
        self.accepted + self.rejected + self.unknown + self.not_sent + self.superseded
    }

    /// One number by the name of its field.
    pub fn value(&self, name: &str) -> Option<u64> {
        let all = serde_json::to_value(self).ok()?;
        all.get(name)?.as_u64()
    }

    /// The numbers as one JSON object, by the names of the fields.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("numbers have no value that JSON lacks")
    }
}

/// The counters, written by the worker and by producers.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) full: AtomicU64,
    pub(crate) recovered: AtomicU64,
    pub(crate) durable: AtomicU64,
    settled: [AtomicU64; 4],
    pub(crate) superseded: AtomicU64,
    pub(crate) requests: AtomicU64,
    pub(crate) sent: AtomicU64,
    pub(crate) retries: AtomicU64,
    pub(crate) throttled: AtomicU64,
    pub(crate) failures: AtomicU64,
    pub(crate) store_failures: AtomicU64,
    pub(crate) resource_failures: AtomicU64,
    pub(crate) not_durable: AtomicU64,
    pub(crate) callback_failures: AtomicU64,
    latency: AtomicU64,
    /// How many took at most each of `LATENCY_MS`, and not less than the one before.
    latencies: [AtomicU64; OutboxStats::LATENCY_MS.len()],
    /// On the wire; written by who sends.
    pub(crate) in_flight: AtomicU64,
    /// Given to the worker pool.
    pub(crate) given_to_pool: AtomicU64,
    /// When the oldest open operation was submitted; 0: there is none.
    pub(crate) oldest: AtomicU64,
    pub(crate) breaker_open: AtomicU64,
    pub(crate) fleet: FleetCounters,
}

/// What there is with an engine, written by the outbox's thread.
#[derive(Debug, Default)]
pub(crate) struct FleetCounters {
    pub(crate) failures: AtomicU64,
    pub(crate) went_back: AtomicU64,
    pub(crate) takeovers: AtomicU64,
    pub(crate) window_blocked: AtomicU64,
    pub(crate) reports_dropped: AtomicU64,
    pub(crate) role: AtomicU64,
    pub(crate) epoch: AtomicU64,
    pub(crate) backlog: AtomicU64,
    /// When the oldest operation was submitted that the engine has not acknowledged; 0:
    /// there is none.
    pub(crate) oldest_unacknowledged: AtomicU64,
}

pub(crate) fn add(counter: &AtomicU64, more: usize) {
    counter.fetch_add(more as u64, Ordering::Relaxed);
}

impl Counters {
    /// Counts a final report.
    pub(crate) fn count_final(&self, outcome: &ItemOutcome) {
        if outcome.reason == Reason::Superseded {
            self.superseded.fetch_add(1, Ordering::Relaxed);
        } else {
            self.settle(outcome.state());
        }
    }

    fn settle(&self, state: State) {
        self.settled[state as usize - 1].fetch_add(1, Ordering::Relaxed);
    }

    /// A final report came so many milliseconds after submission.
    pub(crate) fn note_latency(&self, took: u64) {
        self.latency.fetch_add(took, Ordering::Relaxed);
        let at = OutboxStats::LATENCY_MS
            .iter()
            .position(|most| took <= *most);
        if let Some(count) = at.and_then(|at| self.latencies.get(at)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Without what takes a lock: `room` and `reports_waiting`.
    pub(crate) fn read(&self, now: u64, intake: &Intake) -> OutboxStats {
        let (open, bytes) = (intake.open(), intake.bytes());
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let settled = |state: State| read(&self.settled[state as usize - 1]);
        let oldest = read(&self.oldest);
        let in_flight = read(&self.in_flight);
        let age = |since: u64| {
            if since == 0 {
                0
            } else {
                now.saturating_sub(since)
            }
        };
        let fleet = &self.fleet;
        let mut sum = 0;
        let latency_at_most = std::array::from_fn(|at| {
            sum += read(&self.latencies[at]);
            sum
        });
        OutboxStats {
            submitted: intake.submitted().saturating_sub(read(&self.recovered)),
            rejected_full: read(&self.full),
            recovered: read(&self.recovered),
            durable: read(&self.durable),
            accepted: settled(State::Accepted),
            rejected: settled(State::Rejected),
            unknown: settled(State::Unknown),
            not_sent: settled(State::NotSent),
            superseded: read(&self.superseded),
            requests: read(&self.requests),
            sent: read(&self.sent),
            retries: read(&self.retries),
            throttled: read(&self.throttled),
            failures: read(&self.failures),
            store_failures: read(&self.store_failures),
            resource_failures: read(&self.resource_failures),
            not_durable: read(&self.not_durable),
            callback_failures: read(&self.callback_failures),
            latency_ms_sum: read(&self.latency),
            latency_at_most,
            open: open as u64,
            in_flight,
            ready: read(&self.given_to_pool).saturating_sub(in_flight),
            bytes: bytes as u64,
            oldest_ms: if open == 0 { 0 } else { age(oldest) },
            breaker_open: read(&self.breaker_open),
            room: 0,
            reports_waiting: 0,
            engine_failures: read(&fleet.failures),
            engine_went_back: read(&fleet.went_back),
            takeovers: read(&fleet.takeovers),
            engine_window_blocked: read(&fleet.window_blocked),
            reports_dropped: read(&fleet.reports_dropped),
            role: read(&fleet.role),
            epoch: read(&fleet.epoch),
            engine_backlog: read(&fleet.backlog),
            engine_lag_ms: age(read(&fleet.oldest_unacknowledged)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_in_both_texts() {
        let counters = Counters::default();
        counters.settle(State::Rejected);
        add(&counters.requests, 7);
        let stats = counters.read(10, &Intake::new(3, 100));
        let json: serde_json::Value = serde_json::from_str(&stats.to_json()).unwrap();
        assert_eq!(json["rejected"], 1);
        assert_eq!(json["requests"], 7);
        let page = stats.to_prometheus();
        assert!(page.contains("xgpush_outbox_requests_total 7\n"), "{page}");
        assert!(
            page.contains("settled_total{state=\"rejected\"} 1\n"),
            "{page}"
        );
        // The states are one family, and the sum of latencies is in the histogram.
        assert_eq!(ROWS.len() + 6, json.as_object().unwrap().len());
    }
}
