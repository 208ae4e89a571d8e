//! What fails for a while: logged when it begins and when it is over, and counted.

use super::{HOUSEKEEPING_INTERVAL, Millis, Worker, add};
use crate::model::error::Error;
use crate::model::outcome::{ItemOutcome, Warning};
use crate::outbox::LogLevel;
use crate::outbox::flap_damping::FlapDamping;

/// How often the clock is called wrong, at most.
const CLOCK_AGAIN: Millis = 60 * HOUSEKEEPING_INTERVAL;

/// What may fail; a place in `Shared::troubles`.
#[derive(Clone, Copy)]
enum Kind {
    Service,
    Store,
    Threads,
}

pub(super) struct HealthLog {
    store: FlapDamping,
    threads: FlapDamping,
    service: FlapDamping,
    /// How many operations were submitted and not stored since the store began to fail.
    not_durable: usize,
    next_clock_warning: Millis,
}

impl HealthLog {
    pub(super) fn new() -> Self {
        Self {
            // One write that succeeds among many that fail is no end.
            store: FlapDamping::new(HOUSEKEEPING_INTERVAL),
            threads: FlapDamping::new(0),
            service: FlapDamping::new(0),
            not_durable: 0,
            next_clock_warning: 0,
        }
    }

    /// When something may turn out to be over.
    pub(super) fn due(&self) -> Option<Millis> {
        let dampings = [&self.store, &self.threads, &self.service];
        dampings.into_iter().filter_map(FlapDamping::due).min()
    }
}

impl Worker {
    /// The store failed; because of it so many operations are in memory only.
    pub(super) fn store_failed(&mut self, error: &Error, not_durable: usize) {
        add(&self.shared.counters.store_failures, 1);
        add(&self.shared.counters.not_durable, not_durable);
        self.health_log.not_durable += not_durable;
        if self.health_log.store.fails(self.now()) {
            let line = format!(
                "{error}; until it can be written, submitted operations are delivered from memory \
                 and are not durable"
            );
            self.begins(Kind::Store, LogLevel::Error, line);
        }
    }

    /// It is tried again a second later.
    pub(super) fn store_rests(&mut self, error: &Error) {
        self.store_failed(error, 0);
        self.store_retry_at = self.now() + HOUSEKEEPING_INTERVAL;
    }

    pub(super) fn store_works(&mut self) {
        self.health_log.store.works();
    }

    /// Whether there was a thread to send with.
    pub(super) fn record_thread(&mut self, started: bool) {
        if started {
            self.health_log.threads.works();
        } else if self.health_log.threads.fails(self.now()) {
            let line = "could not start a thread to send with; trying again every second";
            self.begins(Kind::Threads, LogLevel::Error, line.to_owned());
        }
    }

    /// The breaker opened or closed.
    pub(super) fn record_breaker(&mut self, outcome: Option<&ItemOutcome>) {
        if !self.delivery.is_open() {
            self.health_log.service.works();
        } else if self.health_log.service.fails(self.now()) {
            let why = outcome.map_or("", ItemOutcome::message);
            let line = format!("sending is paused after failures in a row: {why}");
            self.begins(Kind::Service, LogLevel::Warning, line);
        }
    }

    /// The clock is off. The service is asked many times while it is.
    pub(super) fn record_clock(&mut self, warning: &Warning) {
        let now = self.now();
        if now >= self.health_log.next_clock_warning {
            self.health_log.next_clock_warning = now + CLOCK_AGAIN;
            self.shared.log(LogLevel::Warning, warning.message());
        }
    }

    /// Logs what is over.
    pub(super) fn report_recoveries(&mut self, at_the_end: bool) {
        if !at_the_end && self.health_log.due().is_none() {
            return;
        }
        let now = self.now();
        if self.health_log.store.is_over(now, at_the_end) {
            let count = std::mem::take(&mut self.health_log.not_durable);
            let line = format!(
                "the outbox's file can be written again; {count} operations were submitted \
                 meanwhile and are not durable"
            );
            self.ends(Kind::Store, &line);
        }
        if self.health_log.threads.is_over(now, at_the_end) {
            self.ends(Kind::Threads, "threads can be started again");
        }
        if self.health_log.service.is_over(now, at_the_end) {
            self.ends(Kind::Service, "the service answers again");
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
