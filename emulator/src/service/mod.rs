//! The server without its sockets: a request in, a response out.

pub(crate) mod api;
pub(crate) mod headers;
mod line;
pub(crate) mod locked;
pub(crate) mod log;

use std::borrow::Cow;

use self::api::{Api, Call, ForcedRefusals};
use self::headers::RequestHeaders;
use self::log::{Counters, LogEntry, RequestLog};
use crate::config::Config;
use crate::faults::fault::Fault;
use crate::faults::kind::FaultKind;
use crate::faults::schedule::{FaultSchedule, Hit, Removal, Target};
use crate::protocol::codes;
use crate::protocol::endpoint::Endpoint;
use crate::protocol::request::Raw;
use crate::recording::Answered;
use crate::response::http::Content;
use crate::response::inject::{Delivery, FaultedResponse, inject_fault};
use crate::response::logical::LogicalResponse;
use crate::state::application::Application;
use crate::state::bindings::Bindings;
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
    /// For the access log.
    pub(crate) line: Option<String>,
}

/// The complete state of the server.
pub(crate) struct Service {
    api: Api,
    schedule: FaultSchedule,
    log: RequestLog,
    counters: Counters,
    /// Whether there is an access log.
    pub(crate) tells: bool,
}

impl Service {
    pub(crate) fn new(config: Config) -> Self {
        let log = RequestLog::new(&config);
        let mut service = Self {
            schedule: FaultSchedule::new(&config.faults, config.random_faults.as_ref()),
            counters: Counters::default(),
            tells: false,
            api: Api::new(config),
            log,
        };
        service.keep_journal();
        service
    }

    fn keep_journal(&mut self) {
        let is_kept = self.log.is_kept();
        for app in &mut self.api.apps {
            app.bindings.visible.journal.keep(is_kept);
        }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.api.config
    }

    /// Follows another configuration from now on; bindings, log and counters stay. The
    /// faults that wait stay too, unless `faults` says that they are part of the change.
    pub(crate) fn follow(&mut self, config: Config, faults: bool) {
        if faults {
            self.schedule = FaultSchedule::new(&config.faults, config.random_faults.as_ref());
        }
        self.log.follow(&config);
        self.api.follow(config);
        self.keep_journal();
    }

    /// Whether it takes long to free.
    pub(crate) fn is_large(&self) -> bool {
        let apps = self.api.apps.iter();
        let tokens: usize = apps.map(|app| app.bindings.visible.counts().0).sum();
        tokens + self.log.size().0 > 10_000
    }

    pub(crate) fn log(&self) -> &RequestLog {
        &self.log
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    pub(crate) fn schedule(&self) -> &FaultSchedule {
        &self.schedule
    }

    pub(crate) fn push_fault(&mut self, fault: Fault) -> u64 {
        self.schedule.push(fault)
    }

    pub(crate) fn remove_faults(&mut self, removal: &Removal) -> usize {
        self.schedule.remove(removal)
    }

    pub(crate) fn clear_faults(&mut self) {
        self.schedule.remove(&Removal::default());
    }

    pub(crate) fn count_connection(&mut self) {
        self.counters.connections += 1;
        self.counters.open += 1;
    }

    pub(crate) fn count_closed(&mut self) {
        self.counters.open -= 1;
    }

    /// Replaces the configuration and resets everything. What was is given back: to
    /// free very much takes its time.
    pub(crate) fn reconfigure(&mut self, config: Config) -> Self {
        let mut fresh = Self::new(config);
        fresh.counters.open = self.counters.open;
        fresh.tells = self.tells;
        std::mem::replace(self, fresh)
    }

    pub(crate) fn count_idle_drop(&mut self) {
        self.counters.dropped_idle += 1;
    }

    pub(crate) fn count_response(&mut self, status: u16) {
        self.counters.answered += 1;
        *self.counters.statuses.entry(status).or_insert(0) += 1;
    }

    /// The visible bindings and tags of the first application.
    pub(crate) fn state(&mut self, now: Now) -> State {
        self.apply_due(now);
        let app = &self.api.apps[0];
        State {
            tags: app.tags.snapshot(),
            ..app.bindings.visible.snapshot()
        }
    }

    /// Forgets all that the applications have, and what waits to be applied. What was is
    /// given back.
    pub(crate) fn clear(&mut self) -> Vec<Application> {
        let before = self.api.clear();
        self.keep_journal();
        before
    }

    /// The visible bindings, after everything that is due.
    pub(crate) fn bindings(&mut self, now: Now) -> &mut Bindings {
        self.apply_due(now);
        &mut self.api.apps[0].bindings.visible
    }

    /// All applications, after everything that is due; the first one is that of `access_id`.
    pub(crate) fn apps(&mut self, now: Now) -> &mut [Application] {
        self.apply_due(now);
        &mut self.api.apps
    }

    /// One application by its access id, after everything that is due; without it the first.
    pub(crate) fn app(&mut self, access_id: Option<&str>, now: Now) -> Option<&mut Application> {
        let is_it = |app: &&mut Application| access_id.is_none_or(|id| app.access_id == id);
        self.apps(now).iter_mut().find(is_it)
    }

    /// Grows with every change of bindings and tags.
    pub(crate) fn generation(&mut self, now: Now) -> u64 {
        let of = |app: &Application| app.bindings.visible.generation + app.tags.generation;
        self.apps(now).iter().map(of).sum()
    }

    /// How many accepted requests wait to be applied.
    pub(crate) fn waiting(&self) -> usize {
        self.api.apps.iter().map(|app| app.bindings.waiting()).sum()
    }

    /// When the next accepted operation is due.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.api.next_due()
    }

    /// Applies what is due.
    pub(crate) fn apply_due(&mut self, now: Now) {
        for app in &mut self.api.apps {
            app.apply_due(now.monotonic_ms);
        }
        self.count_applied();
    }

    /// Applies everything accepted, due or not.
    pub(crate) fn apply_pending(&mut self) {
        self.api.apps.iter_mut().for_each(Application::apply_all);
        self.count_applied();
    }

    fn count_applied(&mut self) {
        self.counters.applied = self.api.apps.iter().map(|app| app.bindings.applied).sum();
        for app in &mut self.api.apps {
            for (seq, changes) in app.bindings.take_late() {
                self.log.add_changes(seq, changes);
            }
        }
    }

    /// Carries out one request, logs it and says what to deliver. `headers` are asked for
    /// only when the log is kept.
    pub(crate) fn handle(
        &mut self,
        call: &Call<'_>,
        headers: impl FnOnce() -> RequestHeaders,
        now: Now,
    ) -> Handled {
        let seq = self.log.number();
        let call = &Call { seq, ..*call };
        let endpoint = Endpoint::of(call.path);
        let raw = match endpoint {
            Endpoint::Batch | Endpoint::Query => Some(Raw::read(call.body)),
            _ => None,
        };
        let operator_type = match &raw {
            Some(Ok(raw)) => raw.operator_type,
            _ if matches!(endpoint, Endpoint::Tag) => tag_operator(call.body),
            _ => None,
        };
        let target = Target {
            path: call.path,
            operator_type,
            body: call.body,
        };
        let Hit { fault, delay_ms } = self.schedule.next(&target);
        let (fault, close_idle) = match fault {
            Some(FaultKind::CloseIdle { rst, .. }) => (None, Some(rst)),
            fault => (fault, None),
        };
        let mut response = if fault.as_ref().is_none_or(FaultKind::applies) {
            let forced = ForcedRefusals::of(fault.as_ref());
            self.api.respond(call, endpoint, raw, &forced, now)
        } else {
            LogicalResponse::new(self.api.field_names(endpoint), codes::OK, "")
        };
        let applied = response.accepted;
        let reason = response.reason.take();
        let warnings = std::mem::take(&mut response.warnings);
        let fault_name = fault.as_ref().map(FaultKind::name);
        let faulted = match fault {
            None => FaultedResponse::unchanged(&response),
            Some(kind) => inject_fault(kind, response, &self.api.success),
        };
        let (status, answer) = match &faulted.delivery {
            Delivery::Send(http) => (Some(http.status), Some(&http.content)),
            Delivery::Hang | Delivery::Drop { .. } => (None, None),
        };
        self.counters.received += 1;
        self.counters.faults += u64::from(fault_name.is_some());
        let apps = self.api.apps.iter_mut();
        let changes = apps
            .flat_map(|app| app.bindings.visible.journal.take())
            .collect();
        let line = self.tells.then(|| {
            line::of(
                call,
                now,
                status,
                faulted.code,
                fault_name,
                reason.as_deref(),
            )
        });
        if self.log.is_kept() {
            let entry = LogEntry {
                seq,
                connection: call.connection,
                nth: call.nth,
                received_ms: now.unix_ms,
                method: match call.method {
                    "POST" => Cow::Borrowed("POST"),
                    other => Cow::Owned(other.to_owned()),
                },
                path: Endpoint::path(call.path),
                headers: headers(),
                operator_type,
                body: self.log.text(call.body),
                body_bytes: call.body.len(),
                fault: fault_name,
                status,
                ret_code: faulted.code,
                results: faulted.results,
                answer: match answer {
                    Some(Content::Bytes(bytes)) => self.log.text(bytes),
                    Some(Content::Spaces(_)) | None => String::new(),
                },
                reason,
                warnings,
                applied,
                changes,
                auth: call.headers.kind(),
            };
            self.log.push(entry);
        }
        self.count_applied();
        let close_idle = status.and_then(|_| {
            let planned = self.schedule.next_idle(&target);
            planned.or(close_idle)
        });
        Handled {
            delivery: faulted.delivery,
            close_idle,
            latency_ms: self.api.config.latency_ms.saturating_add(delay_ms),
            skew_s: self.api.config.clock_skew_s,
            line,
        }
    }

    /// Logs a request that was answered elsewhere; the line of the access log, if there is one.
    pub(crate) fn note(
        &mut self,
        call: &Call<'_>,
        headers: impl FnOnce() -> RequestHeaders,
        now: Now,
        answered: &Answered,
    ) -> Option<String> {
        #[derive(Default, serde::Deserialize)]
        struct Code {
            #[serde(alias = "retCode")]
            ret_code: Option<i64>,
        }
        let seq = self.log.number();
        let response = &answered.response;
        let body = match &response.content {
            Content::Bytes(bytes) => bytes.as_slice(),
            Content::Spaces(_) => b"",
        };
        let code: Code = serde_json::from_slice(body).unwrap_or_default();
        let reason = answered.reason.as_deref();
        let status = Some(response.status);
        let line = self
            .tells
            .then(|| line::of(call, now, status, code.ret_code, None, reason));
        self.counters.received += 1;
        self.counters.answered += 1;
        *self.counters.statuses.entry(response.status).or_insert(0) += 1;
        if self.log.is_kept() {
            let entry = LogEntry {
                seq,
                connection: call.connection,
                nth: call.nth,
                received_ms: now.unix_ms,
                method: Cow::Owned(call.method.to_owned()),
                path: Endpoint::path(call.path),
                headers: headers(),
                operator_type: tag_operator(call.body),
                body: self.log.text(call.body),
                body_bytes: call.body.len(),
                fault: None,
                status,
                ret_code: code.ret_code,
                results: Vec::new(),
                answer: self.log.text(body),
                reason: reason.map(|reason| Cow::Owned(reason.to_owned())),
                warnings: Vec::new(),
                applied: false,
                changes: Vec::new(),
                auth: call.headers.kind(),
            };
            self.log.push(entry);
        }
        line
    }
}

/// `operator_type` of a request that is not read otherwise.
fn tag_operator(body: &[u8]) -> Option<i64> {
    #[derive(serde::Deserialize)]
    struct Operator {
        operator_type: Option<i64>,
    }
    let operator: Operator = serde_json::from_slice(body).ok()?;
    operator.operator_type
}
