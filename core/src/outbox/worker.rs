//! The outbox's own thread: stores what was submitted, sends it, and completes it.

mod completion;
mod inspection;
mod recovery;
mod sending;
mod sleep;
mod storing;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::health_log::HealthLog;
use super::intake::Pending;
use super::job::{AttemptJob, Sender};
use super::log::LogLevel;
use super::shared::{Shared, millis};
use super::stats::add;
use super::store::Store;
use crate::delivery::Delivery;
use crate::engine::Engine;
use crate::engine::pool::WorkerPool;
use crate::model::outcome::ItemOutcome;
use crate::options::{Config, OutboxSettings};
use crate::ordering::queue::{Millis, Removed, Slot};
use crate::retry::Backoff;

/// How many operations go into one transaction.
const OPERATIONS_PER_COMMIT: usize = 2000;

/// How long after the last submission the worker looks by itself, so that nobody
/// pays for waking it.
const POLL_AFTER_SUBMIT: Millis = 1000;

/// How often it looks then, at least.
const MAX_POLL_INTERVAL: Millis = 20;

/// How often it looks for operations whose time is over, and tries a store again
/// that failed.
const HOUSEKEEPING_INTERVAL: Millis = 1000;

/// How long requests that are under way get when the outbox stops. A transport of the
/// host's may never let go of one.
const SHUTDOWN_GRACE: Millis = 500;

pub(super) struct Worker {
    shared: Arc<Shared>,
    engine: Arc<Engine>,
    options: OutboxSettings,
    delivery: Delivery,
    store: Option<Box<dyn Store>>,
    pool: WorkerPool<AttemptJob>,
    /// They have their outcome, and the store is to forget them before anything
    /// follows them.
    completing: Vec<(Slot, ItemOutcome)>,
    superseded: Vec<Removed>,
    pending: Pending,
    awake_until: Millis,
    store_retry_at: Millis,
    expires_at: Millis,
    health: HealthLog,
    /// The largest number that the store has given.
    appended: u64,
    /// Nothing is sent any more.
    ended: bool,
    /// When it waits no longer for requests that are under way.
    abandon_at: Option<Millis>,
}

impl Worker {
    pub(super) fn new(
        shared: Arc<Shared>,
        engine: Arc<Engine>,
        config: &Config,
        store: Option<Box<dyn Store>>,
    ) -> Self {
        let options = config.settings.outbox.clone();
        let woken = Arc::clone(&shared);
        let on_done = Box::new(move || woken.intake.waker.wake());
        let sender = Sender {
            limits: engine.limits(Duration::MAX, engine.cancel(), None),
            engine: Arc::clone(&engine),
            shared: Arc::clone(&shared),
        };
        let health = HealthLog::new(Arc::clone(&shared));
        let linger = millis(options.linger);
        let parallel = options.parallel as usize;
        Self {
            pool: WorkerPool::new(sender, parallel, parallel, on_done),
            delivery: Delivery::new(Backoff::of(config), linger),
            shared,
            engine,
            store,
            options,
            completing: Vec::new(),
            superseded: Vec::new(),
            pending: Pending::default(),
            awake_until: 0,
            store_retry_at: 0,
            expires_at: 0,
            health,
            appended: 0,
            ended: false,
            abandon_at: None,
        }
    }

    /// Until the outbox is closed.
    pub(super) fn run(mut self) {
        let _end = EndOfWorker::new(Arc::clone(&self.shared));
        self.shared.intake.waker.attach(std::thread::current());
        self.expires_at = self.now() + HOUSEKEEPING_INTERVAL;
        // A defect here must not cost anybody the reports of what is there.
        let worked = catch_unwind(AssertUnwindSafe(|| self.work()));
        if worked.is_err() {
            self.shared.intake.close();
            let line = "a defect in xgpush: the outbox's thread panicked and was stopped";
            self.shared.log(LogLevel::Error, line);
        }
        self.finish(worked.is_ok());
    }

    fn work(&mut self) {
        loop {
            self.drain_intake();
            self.handle_done();
            self.expire();
            self.acknowledge();
            self.health.report_recoveries(false);
            if self.shared.is_stopping() {
                let now = self.now();
                self.withdraw_queued(now);
                let until = *self.abandon_at.get_or_insert(now + SHUTDOWN_GRACE);
                if self.pool.in_flight() == 0 || now >= until {
                    break;
                }
            } else {
                if self.shared.is_closing() && self.is_done() {
                    break;
                }
                self.dispatch();
            }
            self.answer_questions();
            self.update_gauges();
            self.sleep();
        }
    }

    /// Whether nothing is left. The intake is closed.
    fn is_done(&self) -> bool {
        let decided = self.completing.is_empty() && self.superseded.is_empty();
        self.delivery.queue().len() == 0 && decided && self.shared.intake.is_empty()
    }

    fn now(&self) -> Millis {
        self.shared.now()
    }

    fn is_flushing(&self) -> bool {
        self.shared.is_closing() || self.shared.flushing.load(Ordering::Relaxed) > 0
    }

    fn update_gauges(&self) {
        let counters = &self.shared.counters;
        let in_flight = self.pool.in_flight() as u64;
        counters.given_to_pool.store(in_flight, Ordering::Relaxed);
        let failures = self.pool.spawn_failures();
        counters
            .resource_failures
            .store(failures, Ordering::Relaxed);
        let open = u64::from(self.delivery.is_open());
        counters.breaker_open.store(open, Ordering::Relaxed);
    }
}

/// However the worker ends, nobody waits for it any more.
pub(super) struct EndOfWorker(Arc<Shared>);

impl EndOfWorker {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }
}

impl Drop for EndOfWorker {
    fn drop(&mut self) {
        self.0.intake.close();
        self.0.reports.end();
        self.0.end();
    }
}
