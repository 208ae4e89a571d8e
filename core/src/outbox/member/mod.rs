//! The outbox of a process in a fleet: what is submitted goes to the engine, and its reports
//! come back; and while the process holds the lease, it relays what all have submitted.
//!
//! The outbox's thread runs the machines of [`fleet`](crate::fleet), which decide; a second
//! thread owns the engine and carries out what they ask, one command after the other. So
//! nothing but the engine's own commands waits for an engine that hangs.

mod asking;
mod ending;
mod guard;
mod inspection;
mod job;
mod link;
mod open;
mod opening;
mod relaying;
mod reporting;
mod sleep;
mod submitting;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::health_log::HealthLog;
use super::intake::Pending;
use super::log::LogLevel;
use super::shared::Shared;
use super::store::FileStore;
use super::worker::EndOfWorker;
use crate::engine::Engine;
use crate::engine::pool::WorkerPool;
use crate::fleet::engine::ReportsTo;
use crate::fleet::relay::Relay;
use crate::fleet::sender::{Sender, Ticket};
use crate::options::OutboxSettings;
use crate::ordering::queue::Millis;

use asking::Asker;
use guard::Guard;
use job::RelayJob;
use link::Link;
use open::OpenOperations;
use reporting::Finished;

pub(super) use opening::Opening;

/// What the outbox's thread works with.
pub(super) struct Member {
    shared: Arc<Shared>,
    engine: Arc<Engine>,
    options: OutboxSettings,
    /// Who gets the reports of what is submitted here.
    reports_to: ReportsTo,
    /// Earlier runs that the file names, the oldest first, and last this one.
    runs: Vec<Run>,
    /// `None`: it never relays.
    relay: Option<Relay>,
    link: Link,
    /// Who waits for the engine's answer.
    asked: Option<Asker>,
    /// Whose turn it is to ask.
    turn: usize,
    /// The connection was let go.
    rests: bool,
    guard: Arc<Guard>,
    pool: WorkerPool<RelayJob>,
    spool: Option<FileStore>,
    /// The number of the next operation, without a file.
    next_number: u64,
    /// Operations from here on were submitted to this run.
    first_own: u64,
    open: OpenOperations,
    /// They have their reports, and the file is to forget them first.
    finished: Vec<Finished>,
    /// Where the reports came from that a caller has, or is to get.
    tickets: HashMap<u64, (usize, Ticket)>,
    last_ticket: u64,
    pending: Pending,
    awake_until: Millis,
    spool_retry_at: Millis,
    looked_at: Millis,
    health: HealthLog,
    /// When it waits no longer.
    abandon_at: Option<Millis>,
    /// Everything is said that others have to know.
    said_goodbye: bool,
}

/// One run of this process: a sender of its own.
struct Run {
    sender: Sender,
    /// Its operations have numbers from here on.
    first: u64,
    /// Up to here the engine has them.
    acknowledged: u64,
}

impl Member {
    /// Until the outbox is closed.
    pub(super) fn run(mut self) {
        let _end = EndOfWorker::new(Arc::clone(&self.shared));
        self.shared.intake.waker.attach(std::thread::current());
        // A defect here must not cost anybody the reports of what is there.
        let worked = catch_unwind(AssertUnwindSafe(|| self.work()));
        if worked.is_err() {
            self.shared.intake.close();
            self.guard.close();
            let line = "a defect in xgpush: the outbox's thread panicked and was stopped";
            self.shared.log(LogLevel::Error, line);
        }
        self.finish();
    }

    fn work(&mut self) {
        loop {
            self.shared.say_early_lines();
            self.drain_intake();
            self.handle_answer();
            self.handle_done();
            self.handle_events();
            self.complete_finished();
            self.note_read();
            self.health.report_recoveries(false);
            if self.is_over() {
                break;
            }
            self.ask();
            self.dispatch();
            self.answer_questions();
            self.update_gauges();
            self.sleep();
        }
    }

    fn now(&self) -> Millis {
        self.shared.now()
    }

    fn is_flushing(&self) -> bool {
        self.shared.is_closing() || self.shared.flushing.load(Ordering::Relaxed) > 0
    }

    fn update_gauges(&self) {
        let counters = &self.shared.counters;
        let store = |to: &std::sync::atomic::AtomicU64, value| to.store(value, Ordering::Relaxed);
        store(&counters.given_to_pool, self.pool.in_flight() as u64);
        store(&counters.resource_failures, self.pool.spawn_failures());
        store(&counters.oldest, self.open.oldest());
        let fleet = &counters.fleet;
        store(&fleet.oldest_unacknowledged, self.oldest_unacknowledged());
        let Some(relay) = &self.relay else {
            return;
        };
        let numbers = relay.numbers();
        store(&counters.breaker_open, relay.delivery().is_open().into());
        // A lease that ran out is nobody's, whether the engine said so or not.
        let relays = numbers.leads && self.now() < relay.leave_by();
        store(&fleet.role, if relays { 3 } else { 2 });
        store(&fleet.epoch, numbers.epoch);
        store(&fleet.takeovers, numbers.takeovers);
        store(&fleet.window_blocked, numbers.blocked);
        store(
            &fleet.backlog,
            if numbers.leads { numbers.backlog } else { 0 },
        );
    }
}
