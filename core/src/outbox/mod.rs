//! Background delivery: never block, never lose, never reorder.

mod alarm;
mod intake;
mod job;
mod log;
mod page;
mod report;
mod shared;
mod shelf;
mod stats;
mod store;
mod synced;
mod waiting;
mod worker;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::model::error::{Error, ErrorKind, Result};
use crate::model::operation::{Operation, Request, single};
use crate::options::Config;
use crate::sys::fork::Origin;
use crate::sys::threads;

pub use log::LogLevel;
pub use page::prometheus_page;
pub use report::Report;
pub use shelf::look_at_file;
pub use stats::OutboxStats;
pub use store::{NewRecord, Record, Store};

pub use waiting::{Waiting, WaitingAccount};

use intake::{Intake, Refused};
use shared::Shared;
use store::FileStore;
use waiting::{Filter, Question};
use worker::Worker;

/// Delivers operations in the background, in the order of each token and account.
///
/// [`submit`](Outbox::submit) copies an operation and returns; what became of it
/// is reported once, with the caller's own number. An operation is sent when it
/// is the oldest on its token and on each of its accounts; failed ones are sent
/// again in their place until they are settled or `outbox_deadline_ms` is over.
/// With `outbox_file` operations outlive the process, from about `outbox_commit_ms`
/// (2 ms) after the hand-in: see [`sync`](Outbox::sync).
///
/// Shared by any number of threads. Dropping it closes it, with 2 s to deliver
/// the rest.
///
/// ```no_run
/// use std::time::Duration;
/// use xgpush::{Config, Operation, Outbox};
///
/// let outbox = Outbox::open(Config::new().set_from_env()?)?;
/// outbox.submit(&Operation::bind("token-of-phone-1", &[("alice", None)]), 7)?;
/// for report in outbox.reports(100, Duration::from_secs(1)) {
///     println!("{}: {:?} {}", report.tag(), report.state(), report.message());
/// }
/// # Ok::<(), xgpush::Error>(())
/// ```
#[derive(Debug)]
pub struct Outbox {
    shared: Arc<Shared>,
    client: Client,
    worker: Mutex<Option<JoinHandle<()>>>,
    /// Its thread hangs, in a function of the host's: nobody waits for it again.
    given_up: AtomicBool,
    name: String,
    origin: Origin,
}

impl Outbox {
    /// An outbox over a client of its own. With `outbox_file` it opens the file,
    /// or makes it, and takes up what is in it.
    ///
    /// # Errors
    /// As [`Client::new`], and [`Storage`](ErrorKind::Storage) when the file
    /// cannot be used; nothing in it is deleted. [`Resources`](ErrorKind::Resources) when
    /// there is no thread for it.
    pub fn open(config: &Config) -> Result<Self> {
        Self::open_over(config, Client::new(config)?)
    }

    /// As [`Outbox::open`], over a client of the caller's, such as one with a
    /// transport of its own. The outbox closes it when it ends.
    ///
    /// # Errors
    /// As [`Outbox::open`].
    pub fn open_over(config: &Config, client: Client) -> Result<Self> {
        let options = &config.settings.outbox;
        let store: Option<Box<dyn Store>> = if options.file.is_empty() {
            None
        } else {
            let path = Path::new(&options.file);
            let file = FileStore::open(path, options.durability, options.file_max_bytes)?;
            Some(Box::new(file))
        };
        Self::start(config, client, store)
    }

    /// An outbox over a store of the caller's.
    ///
    /// # Errors
    /// As [`Client::new`], and what the store says.
    pub fn with_store(config: &Config, store: impl Store + 'static) -> Result<Self> {
        Self::start(config, Client::new(config)?, Some(Box::new(store)))
    }

    fn start(config: &Config, client: Client, store: Option<Box<dyn Store>>) -> Result<Self> {
        let options = &config.settings.outbox;
        let name = if options.name.is_empty() {
            config.settings.access_id.clone()
        } else {
            options.name.clone()
        };
        let intake = Intake::new(options.max_operations, options.max_bytes);
        let shared = Arc::new(Shared::new(intake, options.reports, store.is_some()));
        let mut worker = Worker::new(Arc::clone(&shared), client.clone(), config, store);
        worker.recover()?;
        let thread = threads::thread("xgpush-outbox")
            .spawn(move || worker.run())
            .map_err(|error| threads::no_thread("for the outbox", &error))?;
        Ok(Self {
            shared,
            client,
            worker: Mutex::new(Some(thread)),
            given_up: AtomicBool::new(false),
            name,
            origin: Origin::here(),
        })
    }

    /// Hands an operation in. It is copied, and this never waits: the report with
    /// `tag` says what became of it.
    ///
    /// With `outbox_file` a tag must mean the same after a restart, where the next run
    /// reports what this one left: the number of a row or a player, never a pointer or
    /// an index into memory. [`Report::is_recovered`] tells those reports apart.
    ///
    /// Two accounts of one type in one binding are allowed; the later one wins.
    ///
    /// # Errors
    /// [`Full`](ErrorKind::Full), [`Closed`](ErrorKind::Closed), and
    /// [`InvalidValue`](ErrorKind::InvalidValue) or
    /// [`InvalidRequest`](ErrorKind::InvalidRequest) when it breaks a rule of the
    /// protocol version. It was not taken then.
    pub fn submit(&self, operation: &Operation<'_>, tag: u64) -> Result<()> {
        if self.origin.knows_of_a_fork() {
            return Err(elsewhere());
        }
        self.client.check_operation(operation)?;
        let at = self.shared.about_now();
        match self.shared.intake.submit(operation, tag, at) {
            Ok(()) => Ok(()),
            Err(Refused::Full) => {
                self.shared.counters.full.fetch_add(1, Ordering::Relaxed);
                Err(Error::new(
                    ErrorKind::Full,
                    "the outbox is full (outbox_max_operations, outbox_max_bytes): take reports, \
                     and hand it in again later",
                ))
            }
            Err(Refused::Closed) => Err(Error::new(ErrorKind::Closed, "the outbox is closed")),
        }
    }

    /// Hands in every item of a request, in their order; the n-th has the tag
    /// `first_tag` + n.
    ///
    /// # Errors
    /// As [`submit`](Outbox::submit). When the request breaks a rule, nothing was
    /// taken; otherwise [`Error::item`] is the first item that was not, and the
    /// ones before it were.
    pub fn submit_all(&self, request: &Request, first_tag: u64) -> Result<()> {
        self.still_here()?;
        self.client.check_request(request)?;
        single::of_request(request, |index, operation| {
            operation.check().map_err(|error| error.at_item(index))
        })?;
        single::of_request(request, |index, operation| {
            let tag = first_tag.wrapping_add(index as u64);
            self.submit(operation, tag)
                .map_err(|error| error.at_item(index))
        })
    }

    /// As [`submit`](Outbox::submit), but waits up to `timeout` while it is full:
    /// for programs that have nothing else to do.
    ///
    /// # Errors
    /// As [`submit`](Outbox::submit).
    pub fn submit_waiting(
        &self,
        operation: &Operation<'_>,
        tag: u64,
        timeout: Duration,
    ) -> Result<()> {
        let ends = Instant::now().checked_add(timeout);
        loop {
            match self.submit(operation, tag) {
                Err(error) if error.kind() == ErrorKind::Full => {
                    if ends.is_some_and(|ends| Instant::now() >= ends) {
                        return Err(error);
                    }
                    std::thread::sleep(LOOK_AGAIN);
                }
                other => return other,
            }
        }
    }

    /// Up to `most` reports, in the order of the events; waits up to `timeout` for
    /// the first one. Empty when none came, and at once after the end.
    pub fn reports(&self, most: usize, timeout: Duration) -> Vec<Report> {
        let mut reports = Vec::new();
        self.take_reports(&mut reports, most, timeout);
        reports
    }

    /// As [`reports`](Outbox::reports), to the end of a list that is used again
    /// and again; answers how many came.
    pub fn take_reports(&self, to: &mut Vec<Report>, most: usize, timeout: Duration) -> usize {
        if self.still_here().is_err() {
            return 0;
        }
        let before = to.len();
        let count = self.shared.reports.take(to, most, timeout);
        let ended = to[before..].iter().filter(|report| report.is_final());
        self.shared.intake.leave(ended.count());
        count
    }

    /// Whether no report will come any more: it is closed, and all were taken. In a
    /// child after `fork` none will.
    pub fn is_drained(&self) -> bool {
        // A lock may be held for ever in a child.
        self.is_forked() || self.shared.reports.has_ended()
    }

    /// A descriptor that is readable while reports wait, and after the end. It
    /// belongs to the outbox: wait for it, and do nothing else with it.
    ///
    /// # Errors
    /// [`Resources`](ErrorKind::Resources) when the system gives none.
    #[cfg(unix)]
    pub fn reports_fd(&self) -> Result<std::os::fd::RawFd> {
        self.still_here()?;
        self.shared.reports.fd()
    }

    /// Delivers what is there without lingering, and waits for it up to
    /// `timeout`. Answers how many operations are not settled then.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed) in a child after `fork`.
    pub fn flush(&self, timeout: Duration) -> Result<usize> {
        self.still_here()?;
        let shared = &self.shared;
        shared.flushing.fetch_add(1, Ordering::Relaxed);
        shared.intake.bell.ring();
        shared.wait(timeout, false);
        shared.flushing.fetch_sub(1, Ordering::Relaxed);
        Ok(shared.intake.open())
    }

    /// Waits up to `timeout` until everything that was handed in so far is durable, as
    /// `outbox_durability` means it, or settled. By itself that takes about
    /// `outbox_commit_ms`.
    ///
    /// # Errors
    /// [`Storage`](ErrorKind::Storage) when it is not durable: there is no file, the
    /// file failed, or the time was over ([retryable](Error::is_retryable));
    /// [`Closed`](ErrorKind::Closed) in a child after `fork`.
    pub fn sync(&self, timeout: Duration) -> Result<()> {
        self.sync_up_to(self.taken(), timeout)
    }

    /// How many operations it has taken, those that the file brought included: what
    /// [`sync_up_to`](Outbox::sync_up_to) is told.
    pub fn taken(&self) -> u64 {
        self.shared.intake.entered()
    }

    /// As [`sync`](Outbox::sync), but for what it had [taken](Outbox::taken) at a moment:
    /// for those who wait in slices while others hand in.
    ///
    /// # Errors
    /// As [`sync`](Outbox::sync).
    pub fn sync_up_to(&self, taken: u64, timeout: Duration) -> Result<()> {
        self.still_here()?;
        let shared = &self.shared;
        if !shared.stores {
            let text = "nothing is durable: the outbox has no file (option outbox_file)";
            return Err(Error::new(ErrorKind::Storage, text));
        }
        if !shared.wait_for_store(taken, timeout) {
            let text = "not everything was durable in time: sync again, with more time";
            return Err(Error::new(ErrorKind::Storage, text).with_answer(None, None, true));
        }
        match shared.synced.volatile() {
            None => Ok(()),
            Some((count, why)) => {
                let text = format!("{count} operations are in memory only, and not durable: {why}");
                Err(Error::new(ErrorKind::Storage, text))
            }
        }
    }

    /// Takes nothing any more and delivers what is there, without waiting for it:
    /// for those who flush in their own way before they close.
    pub fn begin_close(&self) {
        if self.still_here().is_ok() {
            self.shared.close();
        }
    }

    /// Takes nothing any more, delivers what is there for up to `timeout`, and
    /// ends. Answers how many operations were left: they stay in the file, or,
    /// without one, are reported with what is known of them. The reports can still be
    /// taken; `reports_waiting` in the [`stats`](Outbox::stats) counts them. Closing
    /// twice does no harm, and in a child after `fork` it does nothing.
    ///
    /// It takes `timeout` and at most a second more, whatever the log, the transport
    /// or the store do. A request that a transport does not let go of ends unknown.
    /// A thread that hangs in one of them is left to itself, with what it uses:
    /// from then on it calls no function of the host's any more.
    pub fn close(&self, timeout: Duration) -> usize {
        /// What the running requests get to notice that the client is closed.
        const END: Duration = Duration::from_secs(1);
        if self.still_here().is_err() {
            return 0;
        }
        self.begin_close();
        if !self.shared.wait(timeout, true) {
            self.shared.stop();
            self.client.close();
        }
        if self.shared.wait(END, true) {
            let mut worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(thread) = worker.take() {
                let _ = thread.join();
            }
        } else {
            self.given_up.store(true, Ordering::Release);
            self.shared.give_up();
        }
        match self.shared.left.load(Ordering::Acquire) {
            usize::MAX => self.shared.intake.open(),
            left => left,
        }
    }

    /// [`close`](Outbox::close), unless that was done before and its thread hangs: as
    /// dropping it does.
    pub fn close_once(&self, timeout: Duration) {
        if !self.given_up.load(Ordering::Acquire) {
            self.close(timeout);
        }
    }

    /// The numbers.
    pub fn stats(&self) -> OutboxStats {
        let shared = &self.shared;
        let mut stats = shared.counters.read(shared.now(), &shared.intake);
        // A lock may be held for ever in a child.
        if !self.is_forked() {
            stats.room = shared.intake.room().unwrap_or_default();
            stats.reports_waiting = shared.reports.waiting() as u64;
        }
        stats
    }

    /// Waits up to `timeout` until it is not full, for threads that have nothing else to
    /// do. `false` when it is still full, and at once when it is closed. Another thread may
    /// be quicker than the hand-in that follows.
    pub fn wait_for_room(&self, timeout: Duration) -> bool {
        let ends = Instant::now().checked_add(timeout);
        loop {
            match self.still_here().map(|()| self.shared.intake.room()) {
                Ok(Some(0)) => {}
                Ok(Some(_)) => return true,
                Ok(None) | Err(_) => return false,
            }
            if ends.is_some_and(|ends| Instant::now() >= ends) {
                return false;
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// Signs with this secret key from the next attempt on, without closing: as
    /// [`Client::set_secret_key`]. While sending is paused because the key was refused, the
    /// next attempt comes within `max_backoff_ms`.
    ///
    /// # Errors
    /// As [`Client::set_secret_key`].
    pub fn set_secret_key(&self, key: &str) -> Result<()> {
        self.still_here()?;
        self.client.set_secret_key(key)
    }

    /// What waits, in the order of the hand-ins: of a token, of an account (of any type), of
    /// both, or all; at most so many. With the attempts so far and the last reason, it
    /// answers why somebody's phone is not bound.
    ///
    /// The outbox's thread answers, as soon as it has nothing else in hand: a look goes
    /// through everything that waits, so it is for people rather than for each tick.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed) when it is closed, or in a child after `fork`, and
    /// [`Unknown`](ErrorKind::Unknown) when the thread does not answer within `timeout`.
    pub fn look(
        &self,
        token: Option<&str>,
        account: Option<&str>,
        most: usize,
        timeout: Duration,
    ) -> Result<Vec<Waiting>> {
        self.still_here()?;
        let (answer, answered) = std::sync::mpsc::channel();
        let question = Question {
            filter: Filter {
                token: token.map(str::to_owned),
                account: account.map(str::to_owned),
            },
            most,
            answer,
        };
        let number = self.shared.ask(question);
        self.shared.intake.bell.ring();
        let found = self.wait_for_answer(&answered, timeout);
        self.shared.questions().remove(&number);
        found
    }

    fn wait_for_answer(
        &self,
        answered: &Receiver<Vec<Waiting>>,
        timeout: Duration,
    ) -> Result<Vec<Waiting>> {
        const SLICE: Duration = Duration::from_millis(50);
        let ends = Instant::now().checked_add(timeout);
        loop {
            let left = ends.map_or(SLICE, |ends| ends.saturating_duration_since(Instant::now()));
            // Nobody answers any more.
            let ended = self.shared.wait(Duration::ZERO, true);
            let slice = if ended {
                Duration::ZERO
            } else {
                left.min(SLICE)
            };
            if let Ok(list) = answered.recv_timeout(slice) {
                return Ok(list);
            }
            if ended {
                return Err(Error::new(ErrorKind::Closed, "the outbox is closed"));
            }
            if left.is_zero() {
                return Err(Error::new(
                    ErrorKind::Unknown,
                    "the outbox's thread did not answer in time: its log function, or the disk, \
                     keeps it",
                ));
            }
        }
    }

    /// What it is called in metrics: `outbox_name`, or the access id.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The numbers in the text format that Prometheus reads, with the label `outbox`, its
    /// [`name`](Outbox::name). For several outboxes on one page: [`prometheus_page`].
    pub fn prometheus(&self) -> String {
        prometheus_page([(self.name(), &self.stats())])
    }

    /// What fails in the background just now, as the log was told of it: why sending is
    /// paused, that the file cannot be written, that there is no thread. Empty while all
    /// is well. For programs that look rather than take lines.
    pub fn trouble(&self) -> String {
        if self.is_forked() {
            return String::new();
        }
        let troubles = self.shared.troubles();
        let lines: Vec<&str> = troubles.iter().flatten().map(String::as_str).collect();
        lines.join("; ")
    }

    /// Takes lines for a log: what fails in the background, and when it is over.
    /// Called on the outbox's own thread, on which everything waits for it. Never
    /// with a secret. A panic in it is caught, and the line lost. The one that was
    /// set before is not called any more when this returns, unless it takes longer
    /// than a second.
    pub fn set_log(&self, log: Option<Arc<dyn Fn(LogLevel, &str) + Send + Sync>>) {
        if !self.is_forked() {
            self.shared.set_log(log);
        }
    }

    /// Brings no line any more: what the log uses may go when this returns, unless it hangs.
    /// Within a tenth of a second.
    pub fn end_log(&self) {
        if !self.is_forked() {
            self.shared.end_log();
        }
    }

    /// Counts that a function which is brought reports failed, and logs it once a minute:
    /// for faces in languages with exceptions.
    pub fn note_callback_failure(&self, why: &str) {
        stats::add(&self.shared.counters.callback_failures, 1);
        if self.shared.may_log_callback_failure() {
            let line = format!(
                "a function that is brought reports failed: {why}; callback_failures counts them"
            );
            self.shared.log(LogLevel::Error, &line);
        }
    }

    /// Whether this process is a child of the one that opened it.
    pub fn is_forked(&self) -> bool {
        self.origin.is_forked()
    }

    /// Whether its threads are here.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed) in a child after `fork`.
    pub fn still_here(&self) -> Result<()> {
        if self.is_forked() {
            return Err(elsewhere());
        }
        Ok(())
    }
}

/// How often those look who wait for room.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

fn elsewhere() -> Error {
    Error::new(
        ErrorKind::Closed,
        "the outbox was opened in another process; after a fork the child opens its own",
    )
}

impl Drop for Outbox {
    fn drop(&mut self) {
        const REST: Duration = Duration::from_secs(2);
        // A child after `fork` has no worker to wait for.
        if !self.is_forked() {
            self.close_once(REST);
        }
    }
}
