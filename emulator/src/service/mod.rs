//! The server without its sockets: a request goes in, a reply comes out.

pub(crate) mod api;
pub(crate) mod locked;
pub(crate) mod log;

use std::borrow::Cow;
use std::collections::VecDeque;

use crate::config::{Config, Version};
use crate::faults::fault::{Fault, FaultKind};
use crate::faults::schedule::Plan;
use crate::protocol::auth::{AuthHeaders, Door};
use crate::protocol::codes;
use crate::protocol::endpoint::Endpoint;
use crate::protocol::request::{Raw, Rules};
use crate::response::body::Naming;
use crate::response::inject::{Reply, Said, spoil};
use crate::response::logical::Verdict;
use crate::service::api::Forced;
use crate::service::log::{Counters, Journal, LogEntry};
use crate::state::bindings::Bindings;
use crate::state::snapshot::State;

/// One request, read to its end.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) connection: u64,
    pub(crate) nth: u64,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) headers: AuthHeaders<'a>,
    pub(crate) body: &'a [u8],
}

/// The moment, by both clocks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Now {
    /// Unix time by the real clock.
    pub(crate) unix_ms: u64,
    /// Since the server's start; never goes back.
    pub(crate) monotonic_ms: u64,
}

/// A reply, and what is to happen around it.
#[derive(Debug)]
pub(crate) struct Handled {
    pub(crate) reply: Reply,
    /// Close at the next request; `Some(true)` by reset.
    pub(crate) close_idle: Option<bool>,
    pub(crate) latency_ms: u64,
    /// The server's clock minus the real one.
    pub(crate) skew_s: i64,
}

/// An accepted operation that does not show yet.
struct Pending {
    due_ms: u64,
    body: Vec<u8>,
    items: Vec<usize>,
}

/// All that the server knows.
pub(crate) struct Service {
    pub(crate) config: Config,
    pub(crate) rules: Rules,
    pub(crate) door: Door,
    pub(crate) ok_word: Cow<'static, str>,
    pub(crate) bindings: Bindings,
    pending: VecDeque<Pending>,
    plan: Plan,
    journal: Journal,
    pub(crate) counters: Counters,
    /// The second that is counted, and how many requests it had.
    pub(crate) second: (u64, u32),
}

impl Service {
    pub(crate) fn new(config: Config) -> Self {
        let ok_word = match (config.ok_word.as_str(), config.version) {
            ("", Version::XgV3) | ("ok", _) => Cow::Borrowed("ok"),
            ("" | "0", _) => Cow::Borrowed("0"),
            (word, _) => Cow::Owned(word.to_owned()),
        };
        Self {
            rules: Rules {
                version: config.version,
                platform_field: config.platform_field,
            },
            door: Door::new(
                &config.access_id,
                &config.secret_key,
                config.timestamp_tolerance_s,
            ),
            ok_word,
            bindings: Bindings::new(&config),
            pending: VecDeque::new(),
            plan: Plan::new(&config.faults, config.random_faults.as_ref()),
            journal: Journal::new(config.max_log),
            counters: Counters::default(),
            second: (0, 0),
            config,
        }
    }

    pub(crate) fn log(&self) -> Vec<LogEntry> {
        self.journal.entries()
    }

    pub(crate) fn push_fault(&mut self, fault: Fault) {
        self.plan.push(fault);
    }

    pub(crate) fn clear_faults(&mut self) {
        self.plan.clear();
    }

    pub(crate) fn count_connection(&mut self) {
        self.counters.connections += 1;
        self.counters.open += 1;
    }

    pub(crate) fn count_closed(&mut self) {
        self.counters.open -= 1;
    }

    /// Starts over under another configuration.
    pub(crate) fn reconfigure(&mut self, config: Config) {
        let open = self.counters.open;
        *self = Self::new(config);
        self.counters.open = open;
    }

    pub(crate) fn count_idle_drop(&mut self) {
        self.counters.dropped_idle += 1;
    }

    pub(crate) fn count_answer(&mut self, status: u16) {
        self.counters.answered += 1;
        *self.counters.statuses.entry(status).or_insert(0) += 1;
    }

    /// What shows now.
    pub(crate) fn state(&mut self, now: Now) -> State {
        self.apply_due(now);
        self.bindings.snapshot()
    }

    /// When the next accepted operation is due.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.pending.front().map(|pending| pending.due_ms)
    }

    /// Applies what is due.
    pub(crate) fn apply_due(&mut self, now: Now) {
        while self.next_due().is_some_and(|due| due <= now.monotonic_ms) {
            self.apply_first();
        }
    }

    /// Applies everything accepted, due or not.
    pub(crate) fn settle(&mut self) {
        while !self.pending.is_empty() {
            self.apply_first();
        }
    }

    /// Puts accepted items of a request in the queue.
    pub(crate) fn apply_later(&mut self, body: &[u8], items: Vec<usize>, now: Now) {
        self.pending.push_back(Pending {
            due_ms: now.monotonic_ms.saturating_add(self.config.apply_delay_ms),
            body: body.to_vec(),
            items,
        });
    }

    fn apply_first(&mut self) {
        let Some(pending) = self.pending.pop_front() else {
            return;
        };
        if let Ok(batch) = Raw::read(&pending.body).and_then(|raw| raw.batch(self.rules)) {
            for item in pending.items {
                if self.bindings.apply(&batch, item).is_ok() {
                    self.counters.applied += 1;
                }
            }
        }
    }

    /// Judges one request, carries it out, logs it and says what to reply.
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
        let (fault, close_idle) = match self.plan.next(call.path, operator_type) {
            Some(FaultKind::CloseIdle { rst, .. }) => (None, Some(rst)),
            fault => (fault, None),
        };
        let carried_out = fault.as_ref().is_none_or(FaultKind::applies);
        let verdict = if carried_out {
            self.judge(call, endpoint, raw, &Forced::of(fault.as_ref()), now)
        } else {
            Verdict::refused(Naming::Snake, codes::OK, "".into())
        };
        let applied = verdict.accepted;
        let fault_name = fault.as_ref().map(FaultKind::name);
        let said = match fault {
            None => Said::plainly(&verdict),
            Some(kind) => spoil(kind, verdict, self.ok_word.clone()),
        };
        let status = match &said.reply {
            Reply::Answer(answer) => Some(answer.status),
            Reply::Hang | Reply::Drop { .. } => None,
        };
        self.counters.received += 1;
        self.counters.faults += u64::from(fault_name.is_some());
        let entry = LogEntry {
            seq: self.journal.number(),
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
            ret_code: said.code,
            results: said.results,
            applied,
            auth: call.headers.kind(),
        };
        self.journal.push(entry);
        let close_idle = status.and_then(|_| {
            let planned = self.plan.next_idle(call.path, operator_type);
            planned.or(close_idle)
        });
        Handled {
            reply: said.reply,
            close_idle,
            latency_ms: self.config.latency_ms,
            skew_s: self.config.clock_skew_s,
        }
    }
}
