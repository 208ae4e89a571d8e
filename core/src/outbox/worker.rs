//! The outbox's own thread: stores what was submitted, sends it, and completes it.

mod completion;
mod inspection;
mod trouble;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::intake::Pending;
use super::job::{AttemptJob, Sender};
use super::log::LogLevel;
use super::report::{Event, Report};
use super::shared::{Shared, millis};
use super::stats::add;
use super::store::{NewRecord, Store};
use crate::engine::Engine;
use crate::engine::pool::WorkerPool;
use crate::model::operation::single::Body;
use crate::model::outcome::{ItemOutcome, Reason};
use crate::options::{Config, OutboxSettings};
use crate::ordering::queue::{Entry, Millis, Queue, Removed, Slot};
use crate::protocol::classify::merge_attempts;
use crate::protocol::wire;
use crate::retry::{Backoff, CircuitBreaker, StopReason};

/// How many operations go into one transaction.
const COMMIT: usize = 2000;

/// How long after the last hand-in the worker looks by itself, so that nobody
/// pays for waking it.
const AWAKE: Millis = 1000;

/// How often it looks then, at least.
const NAP: Millis = 20;

/// How often it looks for operations whose time is over, and tries a store again
/// that failed.
const SECOND: Millis = 1000;

/// How long requests that are under way get when the outbox stops. A transport of the
/// host's may never let go of one.
const GRACE: Millis = 500;

pub(super) struct Worker {
    shared: Arc<Shared>,
    engine: Arc<Engine>,
    options: OutboxSettings,
    backoff: Backoff,
    breaker: CircuitBreaker,
    queue: Queue,
    store: Option<Box<dyn Store>>,
    pool: WorkerPool<AttemptJob>,
    /// What is known of operations that are to be sent again.
    last: HashMap<Slot, ItemOutcome>,
    /// They have their outcome, and the store is to forget them before anything
    /// follows them.
    completing: Vec<(Slot, ItemOutcome)>,
    superseded: Vec<Removed>,
    pending: Pending,
    awake_until: Millis,
    store_rests_until: Millis,
    expires_at: Millis,
    trouble: trouble::Trouble,
    /// The largest number that the store has given.
    appended: u64,
    /// Nothing is sent any more.
    ended: bool,
    /// When it waits no longer for requests that are under way.
    gives_up_at: Option<Millis>,
}

impl Worker {
    pub(super) fn new(
        shared: Arc<Shared>,
        engine: Arc<Engine>,
        config: &Config,
        store: Option<Box<dyn Store>>,
    ) -> Self {
        let backoff = Backoff::of(config);
        let options = config.settings.outbox.clone();
        let woken = Arc::clone(&shared);
        let on_done = Box::new(move || woken.intake.waker.wake());
        let sender = Sender {
            limits: engine.limits(Duration::MAX, engine.cancel(), None),
            engine: Arc::clone(&engine),
            shared: Arc::clone(&shared),
        };
        let linger = millis(options.linger);
        let parallel = options.parallel as usize;
        Self {
            pool: WorkerPool::new(sender, parallel, parallel, on_done),
            breaker: CircuitBreaker::new(backoff),
            queue: Queue::new(linger).taking_away_first(),
            shared,
            engine,
            backoff,
            store,
            options,
            last: HashMap::new(),
            completing: Vec::new(),
            superseded: Vec::new(),
            pending: Pending::default(),
            awake_until: 0,
            store_rests_until: 0,
            expires_at: 0,
            trouble: trouble::Trouble::new(),
            appended: 0,
            ended: false,
            gives_up_at: None,
        }
    }

    /// Takes up what the store has from before, and gives up what is too old.
    pub(super) fn recover(&mut self) -> crate::model::error::Result<()> {
        self.take_up()?;
        let age = millis(self.options.recover_max_age);
        if age > 0 {
            let before = self.shared.opened.saturating_sub(age);
            for slot in self.queue.expire(before) {
                let outcome = completion::too_old(self.last.remove(&slot));
                self.completing.push((slot, outcome));
            }
        }
        Ok(())
    }

    fn take_up(&mut self) -> crate::model::error::Result<()> {
        let Some(store) = &mut self.store else {
            return Ok(());
        };
        let mark = store.sent_mark();
        let maybe_sent = maybe_sent_before();
        loop {
            let records = store.claim(self.appended, COMMIT)?;
            let Some(last) = records.last() else {
                return Ok(());
            };
            self.appended = last.id;
            self.shared.recovered.store(last.id, Ordering::Relaxed);
            add(&self.shared.counters.recovered, records.len());
            self.shared.pass(records.len());
            for record in records {
                self.shared.intake.recover(record.body.len());
                let entry = Entry {
                    id: record.id,
                    tag: record.tag,
                    // The clock may have gone back since.
                    at: record.handed_in_ms.min(self.shared.opened),
                    attempts: u16::from(record.id <= mark),
                    body: record.body,
                };
                let slot = self.queue.push(entry, &mut self.superseded);
                if record.id <= mark {
                    self.last.insert(slot, maybe_sent.clone());
                }
            }
        }
    }

    /// Until the outbox is closed.
    pub(super) fn run(mut self) {
        let _end = EndOfWorker(Arc::clone(&self.shared));
        self.shared.intake.waker.attach(std::thread::current());
        self.expires_at = self.now() + SECOND;
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
            self.report_recoveries(false);
            if self.shared.is_stopping() {
                let now = self.now();
                self.withdraw_queued(now);
                let until = *self.gives_up_at.get_or_insert(now + GRACE);
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
        self.queue.len() == 0 && decided && self.shared.intake.is_empty()
    }

    fn now(&self) -> Millis {
        self.shared.now()
    }

    fn is_flushing(&self) -> bool {
        self.shared.is_closing() || self.shared.flushing.load(Ordering::Relaxed) > 0
    }

    /// From the intake into the store, and then into the queue.
    fn drain_intake(&mut self) {
        let mut pending = self.shared.intake.drain(std::mem::take(&mut self.pending));
        if !pending.is_empty() {
            self.awake_until = self.now() + AWAKE;
            let mut entries = pending.entries();
            loop {
                let mut commit: Vec<Entry> = entries.by_ref().take(COMMIT).collect();
                if commit.is_empty() {
                    break;
                }
                self.store_all(&mut commit);
                self.shared.pass(commit.len());
                for entry in commit {
                    self.enqueue(entry);
                }
            }
        }
        // A flood's memory is not kept.
        if pending.capacity() <= 4 * COMMIT {
            pending.clear();
            self.pending = pending;
        }
    }

    fn enqueue(&mut self, entry: Entry) {
        let before = self.superseded.len();
        self.queue.push(entry, &mut self.superseded);
        for gone in &self.superseded[before..] {
            self.last.remove(&gone.slot);
        }
    }

    fn store_all(&mut self, entries: &mut [Entry]) {
        let to_send = self.is_sending();
        let wall = self.shared.wall();
        let Some(store) = &mut self.store else {
            return;
        };
        let records: Vec<NewRecord<'_>> = entries
            .iter()
            .map(|entry| NewRecord {
                tag: entry.tag,
                handed_in_ms: wall.date(entry.at),
                body: &entry.body,
            })
            .collect();
        let appended = if to_send {
            store.append_to_send(&records)
        } else {
            store.append(&records)
        };
        match appended {
            Ok(first) => {
                self.appended = first + records.len() as u64 - 1;
                for (id, entry) in (first..).zip(entries.iter_mut()) {
                    entry.id = id;
                }
                self.store_works();
                add(&self.shared.counters.durable, entries.len());
                if self.options.durable_notices && self.options.reports {
                    let at = wall.date(self.shared.now());
                    self.shared.reports.push(entries.iter().map(|entry| Report {
                        tag: entry.tag,
                        event: Event::Durable,
                        handed_in: wall.date(entry.at),
                        at,
                        recovered: false,
                    }));
                }
            }
            // They are delivered from memory, and not called durable.
            Err(error) => {
                self.shared.synced.fail(entries.len(), &error.to_string());
                self.store_failed(&error, entries.len());
            }
        }
    }

    fn handle_done(&mut self) {
        for (job, attempted) in self.pool.drain_done() {
            self.handle_attempt(job.slots, attempted);
        }
    }

    fn dispatch(&mut self) {
        // What was handed in before the flush travels with it.
        let flush = self.is_flushing() && self.shared.intake.is_empty();
        loop {
            let now = self.now();
            let allows = self
                .breaker
                .allows(Duration::from_millis(now), self.pool.in_flight());
            if !allows || !self.pool.has_capacity() {
                return;
            }
            let slots = self.queue.next_batch(now, flush, self.breaker.is_open());
            if slots.is_empty() {
                return;
            }
            if !self.mark_sending(&slots, now) {
                for slot in slots {
                    self.queue.retry(slot, self.store_rests_until, false);
                }
                continue;
            }
            let kept: Vec<Body<'_>> = slots
                .iter()
                .map(|slot| Body(self.queue.body(*slot)))
                .collect();
            let job = AttemptJob {
                operator: kept[0].operator(),
                body: wire::body_of_operations(&kept),
                slots,
            };
            let sent = self.pool.submit(job);
            self.record_thread(sent.is_ok());
            if let Err(job) = sent {
                for slot in job.slots {
                    self.queue.retry(slot, now + SECOND, false);
                }
                return;
            }
        }
    }

    /// Whether what is handed in now is sent soon.
    fn is_sending(&self) -> bool {
        let now = Duration::from_millis(self.now());
        let allows = !self.breaker.is_open() && self.breaker.allows(now, 0);
        allows && !self.ended && !self.shared.is_stopping()
    }

    /// Has the store know, before these operations are sent, that they may have been:
    /// a later run must not call them never sent. Once for everything that it has.
    fn mark_sending(&mut self, slots: &[Slot], now: Millis) -> bool {
        let Some(store) = &mut self.store else {
            return true;
        };
        let last = slots.iter().map(|slot| self.queue.id(*slot)).max();
        if last.unwrap_or_default() <= store.sent_mark() {
            return true;
        }
        if now < self.store_rests_until {
            return false;
        }
        match store.set_sent_mark(self.appended) {
            Ok(()) => {
                self.store_works();
                true
            }
            Err(error) => {
                self.store_rests(&error);
                false
            }
        }
    }

    fn update_gauges(&self) {
        let counters = &self.shared.counters;
        let in_flight = self.pool.in_flight() as u64;
        counters.given_out.store(in_flight, Ordering::Relaxed);
        let failures = self.pool.spawn_failures();
        counters
            .resource_failures
            .store(failures, Ordering::Relaxed);
        let open = u64::from(self.breaker.is_open());
        counters.breaker_open.store(open, Ordering::Relaxed);
    }

    /// Until there may be something to do.
    fn sleep(&mut self) {
        let now = self.now();
        let due = self.next_due(now);
        if due <= now || (self.is_flushing() && !self.shared.intake.is_empty()) {
            return;
        }
        let longest = self.longest_nap();
        let naps = now < self.awake_until && longest > 0;
        let waker = &self.shared.intake.waker;
        if naps {
            // Nobody wakes it for a hand-in: it looks soon enough by itself.
            let nap = (due - now).min(longest);
            std::thread::park_timeout(Duration::from_millis(nap));
            return;
        }
        waker.begin_park();
        // What wakes it after this ends the sleep at once.
        if self.shared.intake.is_empty() && !self.pool.has_done() {
            std::thread::park_timeout(Duration::from_millis(due - now));
        }
        waker.end_park();
    }

    /// How long it may look away while operations are handed in.
    fn longest_nap(&self) -> Millis {
        let linger = millis(self.options.linger).min(NAP);
        if self.store.is_some() {
            linger.min(millis(self.options.commit))
        } else {
            linger
        }
    }

    fn next_due(&self, now: Millis) -> Millis {
        const LONG: Millis = 3_600_000;
        let mut due = self.gives_up_at.unwrap_or(now + LONG);
        if !self.completing.is_empty() || !self.superseded.is_empty() {
            due = due.min(self.store_rests_until.max(now + 1));
        }
        if self.queue.len() > 0 {
            due = due.min(self.expires_at.max(now + 1));
        }
        if let Some(over) = self.trouble.due() {
            due = due.min(over.max(now + 1));
        }
        let may_send = self.pool.has_capacity()
            && (!self.breaker.is_open() || self.pool.in_flight() == 0)
            && !self.shared.is_stopping();
        if may_send {
            let allowed = self.breaker.next_allowed_at().as_millis();
            let allowed = Millis::try_from(allowed).unwrap_or(Millis::MAX);
            if let Some(ready) = self.queue.next_due() {
                due = due.min(ready.max(allowed));
            }
        }
        due
    }

    /// What is left at the end: it stays in the file, or it is reported.
    fn finish(mut self, knows_what_was_sent: bool) {
        self.ended = true;
        // Handed in between the last look and the closing.
        self.drain_intake();
        self.store_rests_until = 0;
        self.acknowledge();
        let left = self.queue.len();
        let mut completed = self.abandon_in_flight();
        if knows_what_was_sent {
            self.lower_mark();
        }
        for slot in self.queue.take_all() {
            if self.store.is_some() && self.queue.id(slot) != 0 {
                continue;
            }
            let outcome = self.last_outcome(slot, StopReason::OutboxClosed);
            completed.push((self.queue.complete(slot), outcome));
        }
        self.shared.complete(completed);
        self.report_recoveries(true);
        drop(self.store);
        self.engine.close();
        if self.pool.in_flight() == 0 {
            self.pool.join();
        } else {
            self.pool.shut_down();
        }
        self.shared.left.store(left, Ordering::Release);
    }

    /// At an orderly end it is known what was sent: a later run need not guess. Where
    /// this fails, it does.
    fn lower_mark(&mut self) {
        let sent = self.queue.last_sent();
        if let Some(store) = &mut self.store
            && self.queue.len() > 0
            && sent < store.sent_mark()
        {
            let _ = store.set_sent_mark(sent);
        }
    }

    /// Reports what a transport did not let go of. What a file has stays there, and was
    /// perhaps sent.
    fn abandon_in_flight(&mut self) -> Vec<(Removed, ItemOutcome)> {
        let mut completed = Vec::new();
        for slot in self.queue.taken() {
            self.queue.count_attempt(slot);
            if self.queue.id(slot) != 0 {
                continue;
            }
            let message = "the outbox was closed, and the transport did not let go of the request";
            let mut outcome = ItemOutcome::with_message(Reason::Interrupted, message);
            if let Some(earlier) = self.last.remove(&slot) {
                outcome = merge_attempts(earlier, outcome, false);
            }
            completed.push((self.queue.complete(slot), outcome));
        }
        completed
    }
}

/// What is known of an operation that came out of a store below the mark.
fn maybe_sent_before() -> ItemOutcome {
    let message = "an earlier run may have sent it before it ended, and nobody knows of an answer";
    ItemOutcome::with_message(Reason::Interrupted, message)
}

/// However the worker ends, nobody waits for it any more.
struct EndOfWorker(Arc<Shared>);

impl Drop for EndOfWorker {
    fn drop(&mut self) {
        self.0.intake.close();
        self.0.reports.end();
        self.0.end();
    }
}
