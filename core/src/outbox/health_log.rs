//! What fails for a while: logged when it begins and when it is over, and counted.

use std::sync::Arc;

use super::flap_damping::FlapDamping;
use super::log::LogLevel;
use super::shared::Shared;
use super::stats::add;
use crate::model::error::Error;
use crate::model::outcome::{ItemOutcome, Warning, WarningKind};
use crate::ordering::queue::Millis;

/// How long a store or an engine has to work before its failure is over.
const QUIET: Millis = 1000;

/// How often the clock is called wrong, at most.
const CLOCK_AGAIN: Millis = 60_000;

/// What may fail; a place in `Shared::troubles`.
#[derive(Clone, Copy)]
enum Kind {
    Service,
    Store,
    Threads,
    Engine,
}

pub(super) struct HealthLog {
    shared: Arc<Shared>,
    store: FlapDamping,
    threads: FlapDamping,
    service: FlapDamping,
    engine: FlapDamping,
    /// How many operations were submitted and not stored since the store began to fail.
    not_durable: usize,
    next_clock_warning: Millis,
}

impl HealthLog {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            // One write that succeeds among many that fail is no end.
            store: FlapDamping::new(QUIET),
            threads: FlapDamping::new(0),
            service: FlapDamping::new(0),
            engine: FlapDamping::new(QUIET),
            not_durable: 0,
            next_clock_warning: 0,
        }
    }

    /// When something may turn out to be over.
    pub(super) fn due(&self) -> Option<Millis> {
        let dampings = [&self.store, &self.threads, &self.service, &self.engine];
        dampings.into_iter().filter_map(FlapDamping::due).min()
    }

    /// The store failed; because of it so many operations are in memory only.
    pub(super) fn store_failed(&mut self, error: &Error, not_durable: usize) {
        add(&self.shared.counters.store_failures, 1);
        add(&self.shared.counters.not_durable, not_durable);
        self.not_durable += not_durable;
        if self.store.fails(self.shared.now()) {
            let line = format!(
                "{error}; until it can be written, submitted operations are delivered from memory \
                 and are not durable"
            );
            self.begins(Kind::Store, LogLevel::Error, line);
        }
    }

    pub(super) fn store_works(&mut self) {
        self.store.works();
    }

    /// The engine of the fleet failed.
    pub(super) fn engine_failed(&mut self, why: &str) {
        add(&self.shared.counters.fleet.failures, 1);
        if self.engine.fails(self.shared.now()) {
            let line = format!(
                "the fleet's engine fails: {why}; until it works, submitted operations wait here \
                 and nothing is relayed from here"
            );
            self.begins(Kind::Engine, LogLevel::Error, line);
        }
    }

    pub(super) fn engine_works(&mut self) {
        self.engine.works();
    }

    /// Whether there was a thread to send with.
    pub(super) fn record_thread(&mut self, started: bool) {
        if started {
            self.threads.works();
        } else if self.threads.fails(self.shared.now()) {
            let line = "could not start a thread to send with; trying again every second";
            self.begins(Kind::Threads, LogLevel::Error, line.to_owned());
        }
    }

    /// The circuit breaker opened, after this outcome, or it is closed.
    pub(super) fn record_breaker(&mut self, is_open: bool, outcome: Option<&ItemOutcome>) {
        if !is_open {
            self.service.works();
        } else if self.service.fails(self.shared.now()) {
            let why = outcome.map_or("", ItemOutcome::message);
            let line = format!("sending is paused after failures in a row: {why}");
            self.begins(Kind::Service, LogLevel::Warning, line);
        }
    }

    /// The clock is off, and the service is asked many times while it is; or something that
    /// is said once.
    pub(super) fn record_warning(&mut self, warning: &Warning) {
        if warning.kind() != WarningKind::ClockSkew {
            return self.shared.log(LogLevel::Warning, warning.message());
        }
        let now = self.shared.now();
        if now >= self.next_clock_warning {
            self.next_clock_warning = now + CLOCK_AGAIN;
            self.shared.log(LogLevel::Warning, warning.message());
        }
    }

    /// Logs what is over.
    pub(super) fn report_recoveries(&mut self, at_the_end: bool) {
        if !at_the_end && self.due().is_none() {
            return;
        }
        let now = self.shared.now();
        if self.store.is_over(now, at_the_end) {
            let count = std::mem::take(&mut self.not_durable);
            let line = format!(
                "the outbox's file can be written again; {count} operations were submitted \
                 meanwhile and are not durable"
            );
            self.ends(Kind::Store, &line);
        }
        if self.threads.is_over(now, at_the_end) {
            self.ends(Kind::Threads, "threads can be started again");
        }
        if self.service.is_over(now, at_the_end) {
            self.ends(Kind::Service, "the service answers again");
        }
        if self.engine.is_over(now, at_the_end) {
            self.ends(Kind::Engine, "the fleet's engine works again");
        }
    }

    fn begins(&self, kind: Kind, level: LogLevel, line: String) {
        self.shared.log(level, &line);
        self.shared.troubles()[kind as usize] = Some(line);
    }

    fn ends(&self, kind: Kind, line: &str) {
        self.shared.troubles()[kind as usize] = None;
        self.shared.log(LogLevel::Info, line);
    }
}
