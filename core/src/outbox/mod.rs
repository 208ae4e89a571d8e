//! Background delivery: never block, never lose, never reorder.

mod closing;
mod durability;
mod engine_options;
mod flap_damping;
mod fork;
mod health_log;
mod inspection;
mod intake;
mod job;
mod log;
mod member;
mod offline_file;
mod pending;
mod prometheus;
mod report;
mod reports;
mod shared;
mod signal;
mod sleep;
mod stats;
mod store;
mod submitting;
mod waker;
mod wall_clock;
mod worker;

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::client::Client;
use crate::engine::Engine;
use crate::fleet::engine::FleetEngine;
use crate::model::error::Result;
use crate::options::Config;
use crate::sys::owner_process::OwnerProcess;
use crate::sys::threads;

pub use log::LogLevel;
pub use offline_file::list_pending_in_file;
pub use prometheus::prometheus_page;
pub use report::Report;
pub use stats::OutboxStats;
#[doc(hidden)]
pub use store::{NewRecord, Record, Store};

pub use pending::{PendingAccount, PendingOperation};

use engine_options::EngineOptions;
use intake::Intake;
use member::Opening;
use shared::Shared;
use store::{FileStore, Purpose};
use worker::Worker;

/// Delivers operations in the background, in the order of each token and account.
///
/// [`submit`](Outbox::submit) copies an operation and returns. Each operation gets one
/// final [`Report`] with the caller's tag. It is sent when it is the oldest on its token
/// and on each of its accounts; if that fails, it is sent again in its place until
/// `outbox_deadline_ms`. With `outbox_file`, operations outlive the process about
/// `outbox_commit_ms` (2 ms) after submission; [`sync`](Outbox::sync) waits for that.
///
/// With `outbox_url` it is one of a fleet: the operations of all its processes have one
/// order, in Redis or Valkey, and one process at a time relays them to the service. Two
/// operations of different processes are in the order in which they became durable; whoever
/// needs one before the other waits for the durable notice, or [`sync`](Outbox::sync), of
/// the first. While the engine cannot be reached, operations wait here up to
/// `outbox_max_operations`, or in the file as well. A report that was taken counts as read
/// when its taker comes back for the next ones; until then a successor of the same
/// `outbox_name` gets it again if the process is killed.
///
/// Share it between any number of threads. Dropping it closes it, with 2 s to deliver
/// the rest.
///
/// ```no_run
/// use std::time::Duration;
/// use xgpush::{Config, Operation, Outbox};
///
/// let outbox = Outbox::open(Config::new().set_from_env()?)?;
/// outbox.submit(&Operation::bind("token-of-phone-1", "alice"), 7)?;
/// for report in outbox.reports(100, Duration::from_secs(1)) {
///     println!("{}: {:?} {}", report.tag(), report.state(), report.message());
/// }
/// # Ok::<(), xgpush::Error>(())
/// ```
#[derive(Debug)]
pub struct Outbox {
    shared: Arc<Shared>,
    engine: Arc<Engine>,
    worker: Mutex<Option<JoinHandle<()>>>,
    /// Its thread hangs in a callback: it is not waited for again.
    given_up: AtomicBool,
    name: String,
    owner: OwnerProcess,
}

impl Outbox {
    /// Opens an outbox with a client of its own. With `outbox_file` it opens or creates the
    /// file and goes on with what is in it. With `outbox_url` it asks the engine whether it
    /// will do, for 6 s at most; one that does not answer is no error, for it may later.
    ///
    /// # Errors
    /// As [`Client::new`], and [`Storage`](crate::ErrorKind::Storage) when the file
    /// cannot be used, in which nothing is deleted, or the engine will not do. [`Resources`](crate::ErrorKind::Resources) when
    /// no thread could be started.
    pub fn open(config: &Config) -> Result<Self> {
        Self::with_client(config, Client::new(config)?)
    }

    /// As [`Outbox::open`], over a client of the caller's, such as one with a
    /// transport of its own. The outbox closes it when it ends.
    ///
    /// # Errors
    /// As [`Outbox::open`].
    pub fn with_client(config: &Config, client: Client) -> Result<Self> {
        if let Some(options) = EngineOptions::of(config)? {
            let engine = open_engine(config)?;
            return Self::in_fleet(config, client, options, engine);
        }
        let file = open_file(config, Purpose::Delivery)?;
        let store = file.map(|file| -> Box<dyn Store> { Box::new(file) });
        Self::start(config, client, store)
    }

    /// An outbox over a store of the caller's.
    ///
    /// # Errors
    /// As [`Client::new`], and what the store says.
    #[doc(hidden)]
    pub fn with_store(config: &Config, store: impl Store + 'static) -> Result<Self> {
        Self::start(config, Client::new(config)?, Some(Box::new(store)))
    }

    fn start(config: &Config, client: Client, store: Option<Box<dyn Store>>) -> Result<Self> {
        let shared = Self::shared(config, store.is_some());
        let engine = client.engine;
        let mut worker = Worker::new(Arc::clone(&shared), Arc::clone(&engine), config, store);
        worker.recover()?;
        Self::run(config, shared, engine, move || worker.run())
    }

    /// An outbox in a fleet, over this engine.
    fn in_fleet(
        config: &Config,
        client: Client,
        options: EngineOptions,
        engine: Box<dyn FleetEngine>,
    ) -> Result<Self> {
        let shared = Self::shared(config, true);
        let http = client.engine;
        let opening = Opening {
            shared: Arc::clone(&shared),
            http: Arc::clone(&http),
            config,
            options,
            engine,
            spool: open_file(config, Purpose::Spool)?,
        };
        let member = opening.open()?;
        Self::run(config, shared, http, move || member.run())
    }

    fn shared(config: &Config, stores: bool) -> Arc<Shared> {
        let options = &config.settings.outbox;
        let intake = Intake::new(options.max_operations, options.max_bytes);
        Arc::new(Shared::new(intake, options.reports, stores))
    }

    fn run(
        config: &Config,
        shared: Arc<Shared>,
        engine: Arc<Engine>,
        work: impl FnOnce() + Send + 'static,
    ) -> Result<Self> {
        let settings = &config.settings;
        let name = if settings.outbox.name.is_empty() {
            settings.access_id.clone()
        } else {
            settings.outbox.name.clone()
        };
        let thread = threads::thread("xgpush-outbox")
            .spawn(work)
            .map_err(|error| threads::no_thread("for the outbox", &error))?;
        Ok(Self {
            shared,
            engine,
            worker: Mutex::new(Some(thread)),
            given_up: AtomicBool::new(false),
            name,
            owner: OwnerProcess::current(),
        })
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
        if self.ensure_same_process().is_err() {
            return 0;
        }
        let taken = self.shared.reports.take(to, most, timeout);
        self.shared.release(taken.places);
        if taken.has_read {
            self.shared.intake.waker.wake_if_parked();
        }
        taken.count
    }

    /// True once it is closed and every report has been read, and in a child after `fork`.
    pub fn is_drained(&self) -> bool {
        // A lock may be held forever in a child.
        self.is_forked() || self.shared.reports.has_ended()
    }

    /// A descriptor that is readable while reports wait, and after the end. It
    /// belongs to the outbox: wait for it, and do nothing else with it.
    ///
    /// # Errors
    /// [`Resources`](crate::ErrorKind::Resources) when the system gives none.
    #[cfg(unix)]
    pub fn reports_fd(&self) -> Result<std::os::fd::RawFd> {
        self.ensure_same_process()?;
        self.shared.reports.fd()
    }

    /// Signs with this secret key from the next attempt on, without closing: as
    /// [`Client::set_secret_key`]. While sending is paused because the key was refused, the
    /// next attempt comes within `max_backoff_ms`.
    ///
    /// # Errors
    /// As [`Client::set_secret_key`].
    pub fn set_secret_key(&self, key: &str) -> Result<()> {
        self.ensure_same_process()?;
        self.engine.set_secret_key(key)
    }
}

/// The file that the options name.
fn open_file(config: &Config, purpose: Purpose) -> Result<Option<FileStore>> {
    let options = &config.settings.outbox;
    if options.file.is_empty() {
        return Ok(None);
    }
    let path = Path::new(&options.file);
    let (durability, most) = (options.durability, options.file_max_bytes);
    FileStore::open(path, purpose, durability, most).map(Some)
}

#[cfg(feature = "outbox-redis")]
fn open_engine(config: &Config) -> Result<Box<dyn FleetEngine>> {
    Ok(Box::new(crate::over_redis::engine::RedisEngine::of(
        config,
    )?))
}

#[cfg(not(feature = "outbox-redis"))]
fn open_engine(_: &Config) -> Result<Box<dyn FleetEngine>> {
    Err(crate::Error::option(
        "outbox_url is set, and this build of xgpush has no engine: build it with the feature \
         outbox-redis",
    ))
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
