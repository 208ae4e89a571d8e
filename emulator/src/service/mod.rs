//! The server without its sockets: a request in, a response out.

pub(crate) mod api;
pub(crate) mod locked;
pub(crate) mod log;

use std::borrow::Cow;

use self::api::{Api, Call, ForcedRefusals};
use self::log::{Counters, LogEntry, RequestLog};
use crate::config::Config;
use crate::faults::fault::Fault;
use crate::faults::kind::FaultKind;
use crate::faults::schedule::FaultSchedule;
use crate::protocol::codes;
use crate::protocol::endpoint::Endpoint;
use crate::protocol::request::Raw;
use crate::response::body::FieldNames;
use crate::response::inject::{Delivery, FaultedResponse, inject_fault};
use crate::response::logical::LogicalResponse;
use crate::state::snapshot::State;

/// The moment, by both clocks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Now {
    /// Unix time by the real clock.
    pub(crate) unix_ms: u64,
    /// Since the server's start; never goes back.
    pub(crate) monotonic_ms: u64,
}

/// What is delivered to the client, and how.
#[derive(Debug)]
pub(crate) struct Handled {
    pub(crate) delivery: Delivery,
    /// Close at the next request; `Some(true)` by reset.
    pub(crate) close_idle: Option<bool>,
    pub(crate) latency_ms: u64,
    /// The server's clock minus the real one.
    pub(crate) skew_s: i64,
}

/// The complete state of the server.
pub(crate) struct Service {
    api: Api,
    schedule: FaultSchedule,
    log: RequestLog,
    counters: Counters,
}

impl Service {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            schedule: FaultSchedule::new(&config.faults, config.random_faults.as_ref()),
            log: RequestLog::new(config.max_log),
            counters: Counters::default(),
            api: Api::new(config),
        }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.api.config
    }

    pub(crate) fn log(&self) -> Vec<LogEntry> {
        self.log.entries()
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    pub(crate) fn push_fault(&mut self, fault: Fault) {
        self.schedule.push(fault);
    }

    pub(crate) fn clear_faults(&mut self) {
        self.schedule.clear();
    }

    pub(crate) fn count_connection(&mut self) {
        self.counters.connections += 1;
        self.counters.open += 1;
    }

    pub(crate) fn count_closed(&mut self) {
        self.counters.open -= 1;
    }

    /// Replaces the configuration and resets everything.
    pub(crate) fn reconfigure(&mut self, config: Config) {
        let open = self.counters.open;
        *self = Self::new(config);
        self.counters.open = open;
    }

    pub(crate) fn count_idle_drop(&mut self) {
        self.counters.dropped_idle += 1;
    }

    pub(crate) fn count_response(&mut self, status: u16) {
        self.counters.answered += 1;
        *self.counters.statuses.entry(status).or_insert(0) += 1;
    }

    /// The visible bindings.
    pub(crate) fn state(&mut self, now: Now) -> State {
        self.apply_due(now);
        self.api.bindings.visible.snapshot()
    }

    /// When the next accepted operation is due.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.api.bindings.next_due()
    }

    /// Applies what is due.
    pub(crate) fn apply_due(&mut self, now: Now) {
        self.api.bindings.apply_due(now.monotonic_ms);
        self.count_applied();
    }

    /// Applies everything accepted, due or not.
    pub(crate) fn apply_pending(&mut self) {
        self.api.bindings.apply_all();
        self.count_applied();
    }

    fn count_applied(&mut self) {
        self.counters.applied = self.api.bindings.applied;
    }

    /// Carries out one request, logs it and says what to deliver.
    pub(crate) fn handle(&mut self, call: &Call<'_>, now: Now) -> Handled {
        let endpoint = Endpoint::of(call.path);
        let raw = match endpoint {
            Endpoint::Batch | Endpoint::Query => Some(Raw::read(call.body)),
            Endpoint::Other(_) | Endpoint::Unknown => None,
        };
        let operator_type = match &raw {
            Some(Ok(raw)) => raw.operator_type,
            _ => None,
        };
        let (fault, close_idle) = match self.schedule.next(call.path, operator_type) {
            Some(FaultKind::CloseIdle { rst, .. }) => (None, Some(rst)),
            fault => (fault, None),
        };
        let response = if fault.as_ref().is_none_or(FaultKind::applies) {
            let forced = ForcedRefusals::of(fault.as_ref());
            self.api.respond(call, endpoint, raw, &forced, now)
        } else {
            LogicalResponse::new(FieldNames::Snake, codes::OK, "")
        };
        let applied = response.accepted;
        let fault_name = fault.as_ref().map(FaultKind::name);
        let faulted = match fault {
            None => FaultedResponse::unchanged(&response),
            Some(kind) => inject_fault(kind, response, &self.api.success),
        };
        let status = match &faulted.delivery {
            Delivery::Send(http) => Some(http.status),
            Delivery::Hang | Delivery::Drop { .. } => None,
        };
        self.counters.received += 1;
        self.counters.faults += u64::from(fault_name.is_some());
        self.count_applied();
        let entry = LogEntry {
            seq: self.log.number(),
            connection: call.connection,
            nth: call.nth,
            received_ms: now.unix_ms,
            method: match call.method {
                "POST" => Cow::Borrowed("POST"),
                other => Cow::Owned(other.to_owned()),
            },
            path: endpoint.path(call.path),
            operator_type,
            body: String::from_utf8_lossy(call.body).into_owned(),
            fault: fault_name,
            status,
            ret_code: faulted.code,
            results: faulted.results,
            applied,
            auth: call.headers.kind(),
        };
        self.log.push(entry);
        let close_idle = status.and_then(|_| {
            let planned = self.schedule.next_idle(call.path, operator_type);
            planned.or(close_idle)
        });
        Handled {
            delivery: faulted.delivery,
            close_idle,
            latency_ms: self.api.config.latency_ms,
            skew_s: self.api.config.clock_skew_s,
        }
    }
}
