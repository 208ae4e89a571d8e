//! A stream of operations of any length: read into a bounded window, sent in the
//! order of each token and account, answered in the order of the rows.

mod ending;
mod job;
mod options;
mod rows;
mod sending;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::engine::pool::WorkerPool;
use crate::engine::{BatchSender, Engine};
use crate::model::encoded::EncodedOperation;
use crate::model::error::{Error, ErrorKind, Result};
use crate::model::key::KeyHasher;
use crate::model::operation::Operation;
use crate::model::outcome::State;
use crate::model::outcome::{ItemOutcome, Reason, Warning};
use crate::model::row::Row;
use crate::ordering::MAX_ITEMS_PER_REQUEST;
use crate::ordering::blocked::{BlockedKeys, ItemKind};
use crate::ordering::queue::all_keys;
use crate::ordering::queue::{Entry, Millis, Queue, Slot};
use crate::retry::{Backoff, CircuitBreaker, StopReason};
use crate::sys::owner_process::OwnerProcess;
use crate::transport::CancelCheck;

pub use options::{AbortReason, BulkOptions};
pub use rows::BulkRows;

use ending::wrong_process;
use job::BatchJob;

/// How many requests' worth of rows the window holds for each one that may
/// travel: a row whose request is tried again holds up the answers behind it, not
/// the sending.
const REQUESTS_IN_WINDOW: usize = 16;

/// How many requests lie ready for each one that travels: the more, the more rarely
/// the thread that makes them takes turns with those that send them.
const QUEUED: usize = 4;

/// Of so many keys it is known at most that a row on them ended retryable. Beyond that
/// every later row is held back: memory stays bounded.
const MAX_BLOCKED_KEYS: usize = 1_000_000;

/// How long a row waits for others to fill its request while more may come.
const LINGER: Millis = 20;

/// A stream of operations under way, for those who push rows and poll outcomes;
/// [`Client::bulk`] is the same as an iterator.
///
/// Rows go in while [`wants_row`](Self::wants_row) says so; their outcomes come
/// out of [`poll`](Self::poll) in the order of the rows. What is held is the
/// window: rows that are not sent, in flight, or answered behind one that is not.
/// Rows on one token or account reach the service in their order, retries
/// included; one behind a row that ended retryable is held back, however far
/// behind it is.
///
/// Dropping it ends requests under way soon. It belongs to its process: in a child
/// after `fork` it takes and gives nothing, and says that it is finished.
pub struct Bulk {
    engine: Arc<Engine>,
    owner: OwnerProcess,
    sender: BatchSender,
    queue: Queue,
    pool: WorkerPool<BatchJob>,
    breaker: CircuitBreaker,
    backoff: Backoff,
    outage_timeout: Millis,
    dry_run: bool,
    /// The rows that are not polled yet, each with its outcome once it has one.
    rows: VecDeque<Option<ItemOutcome>>,
    /// The number of the first of them, from 0.
    first: u64,
    window: usize,
    /// What is known of rows that are to be sent again.
    last: HashMap<Slot, ItemOutcome, KeyHasher>,
    blocked: BlockedKeys,
    began: Instant,
    failing_since: Option<Millis>,
    abort_reason: Option<AbortReason>,
    ended: bool,
    halted: bool,
    /// Rows that came or went since the last pump, and its time.
    rows_since_pump: usize,
    pumped_at: Millis,
    requests: u64,
    warnings: Vec<Warning>,
    bytes: Vec<u8>,
}

impl Client {
    /// Sends rows as they come and answers one outcome per row, in their order,
    /// with as much memory for a million rows as for a thousand.
    ///
    /// A row that breaks a rule is `not_sent`, `invalid`, and the stream goes on.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    ///
    /// ```no_run
    /// use xgpush::bulk::BulkOptions;
    /// use xgpush::{Client, Config, Row};
    ///
    /// let client = Client::new(Config::new().set_from_env()?)?;
    /// let rows = (0..1_000_000).map(|n| Row::bind(format!("token{n}"), format!("player{n}")));
    /// for outcome in client.bulk(rows, &BulkOptions::default())? {
    ///     println!("{}", outcome.state().name());
    /// }
    /// # Ok::<(), xgpush::Error>(())
    /// ```
    pub fn bulk<I: IntoIterator<Item = Row>>(
        &self,
        rows: I,
        options: &BulkOptions,
    ) -> Result<BulkRows<I::IntoIter>> {
        Ok(BulkRows::new(Bulk::new(self, options)?, rows.into_iter()))
    }
}

impl Bulk {
    /// A stream over a client. Starts no thread yet.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn new(client: &Client, options: &BulkOptions) -> Result<Self> {
        let engine = &client.engine;
        engine.ensure_open()?;
        let sender = BatchSender::new(Arc::clone(engine), client.deadline);
        let parallel = match options.parallel {
            0 => client.parallel,
            given => given.min(256),
        } as usize;
        Ok(Self {
            queue: Queue::new(LINGER),
            pool: WorkerPool::new(sender.clone(), parallel, QUEUED * parallel, Box::new(|| ())),
            sender,
            breaker: CircuitBreaker::new(engine.backoff),
            backoff: engine.backoff,
            engine: Arc::clone(engine),
            owner: OwnerProcess::current(),
            outage_timeout: Millis::try_from(options.outage_timeout.as_millis())
                .unwrap_or(Millis::MAX),
            dry_run: options.dry_run,
            rows: VecDeque::new(),
            first: 0,
            window: parallel * MAX_ITEMS_PER_REQUEST * REQUESTS_IN_WINDOW,
            last: HashMap::default(),
            blocked: BlockedKeys::new(ItemKind::Row, MAX_BLOCKED_KEYS),
            began: Instant::now(),
            failing_since: None,
            abort_reason: None,
            ended: false,
            halted: false,
            rows_since_pump: 0,
            pumped_at: 0,
            requests: 0,
            warnings: Vec::new(),
            bytes: Vec::new(),
        })
    }

    /// The most rows that it holds.
    pub fn window(&self) -> usize {
        self.window
    }

    /// Whether a row may be pushed.
    pub fn wants_row(&self) -> bool {
        !self.ended && !self.halted && self.rows.len() < self.window && !self.is_elsewhere()
    }

    /// Takes a row. One that breaks a rule is taken as well, and ends `invalid`.
    ///
    /// # Errors
    /// [`Full`](ErrorKind::Full) when it [wants](Self::wants_row) none, and
    /// [`Closed`](ErrorKind::Closed) in a child after `fork`.
    pub fn push(&mut self, operation: &Operation<'_>) -> Result<()> {
        self.has_room()?;
        let now = self.now();
        match self.engine.api.check_operation(operation) {
            Ok(()) => self.take(operation, now),
            Err(error) => self.rows.push_back(Some(invalid(&error))),
        }
        self.pump_if_worth_it(now);
        Ok(())
    }

    /// [`push`](Self::push) of a row of a table.
    ///
    /// # Errors
    /// As [`Bulk::push`].
    pub fn push_row(&mut self, row: &Row) -> Result<()> {
        self.push(&row.into())
    }

    /// Takes a row that could not even be read.
    ///
    /// # Errors
    /// As [`Bulk::push`].
    #[doc(hidden)]
    pub fn push_invalid(&mut self, error: &Error) -> Result<()> {
        self.has_room()?;
        self.rows.push_back(Some(invalid(error)));
        self.pump_if_worth_it(self.now());
        Ok(())
    }

    fn has_room(&self) -> Result<()> {
        if self.wants_row() {
            return Ok(());
        }
        if self.is_elsewhere() {
            return Err(wrong_process());
        }
        let message = "the stream takes no row now: poll its outcomes first";
        Err(Error::new(ErrorKind::Full, message))
    }

    fn take(&mut self, operation: &Operation<'_>, now: Millis) {
        if let Some(why) = self.abort_reason {
            self.rows.push_back(Some(StopReason::from(why).not_sent()));
            return;
        }
        if self.sender.is_closed() {
            self.rows.push_back(Some(StopReason::Closed.not_sent()));
            return;
        }
        self.bytes.clear();
        operation.encode_to(&mut self.bytes);
        self.queue.append(Entry {
            id: 0,
            tag: self.first + self.rows.len() as u64,
            at: now,
            attempts: 0,
            body: self.bytes.as_slice().into(),
        });
        self.rows.push_back(None);
    }

    /// Numbers the first row as the one after so many that an earlier run settled.
    pub(crate) fn begin_after(&mut self, rows: u64) {
        self.first = rows;
    }

    /// Holds back every row that shares a key with this one, which an earlier run settled
    /// so that it is to be submitted again.
    pub(crate) fn block(&mut self, row: u64, operation: &Operation<'_>, state: State) {
        self.bytes.clear();
        operation.encode_to(&mut self.bytes);
        self.blocked
            .block(all_keys(EncodedOperation(&self.bytes)), row, state);
        self.warn_when_all_is_held_back();
    }

    /// No row will be pushed any more.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// The outcome of the next row, if it is known.
    pub fn poll(&mut self) -> Option<ItemOutcome> {
        if self.is_elsewhere() {
            return None;
        }
        let outcome = self.rows.front_mut()?.take()?;
        self.rows.pop_front();
        self.first += 1;
        self.pump_if_worth_it(self.now());
        Some(outcome)
    }

    /// Waits until [`poll`](Self::poll) has an outcome or
    /// [`is_finished`](Self::is_finished), for `timeout` at most.
    ///
    /// When the system gives no thread, requests are sent here, one after the other, and
    /// nowhere else: then it may take one request longer.
    pub fn wait(&mut self, timeout: Duration) {
        self.wait_with(timeout, None);
    }

    /// [`wait`](Self::wait) that ends soon when `interrupt` answers true, with all requests of
    /// the stream if it sends one itself: close it then.
    #[doc(hidden)]
    pub fn wait_with(&mut self, timeout: Duration, interrupt: Option<&CancelCheck>) {
        let until = Instant::now() + timeout.min(Duration::from_secs(86_400));
        self.pump_or_send(interrupt);
        while !self.is_settled() && !self.is_finished() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || interrupt.is_some_and(|asked| asked()) {
                return;
            }
            self.pool.wait(left.min(self.next_due()));
            self.pump_or_send(interrupt);
        }
    }

    /// Whether the next row has its outcome.
    fn is_settled(&self) -> bool {
        self.rows.front().is_some_and(Option::is_some)
    }

    /// Whether there is no outcome to come: every row was polled after the end of
    /// the rows, or after a halt nothing is in flight.
    pub fn is_finished(&self) -> bool {
        if self.is_elsewhere() {
            return true;
        }
        if self.halted {
            return self.pool.in_flight() == 0 && !self.is_settled();
        }
        self.ended && self.rows.is_empty()
    }

    /// Why it gave up; `None` while it did not.
    pub fn abort_reason(&self) -> Option<AbortReason> {
        self.abort_reason
    }

    /// How many HTTP requests were sent, retries included; of a dry run, how
    /// many it would take.
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// What is allowed, but should be known.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    fn now(&self) -> Millis {
        Millis::try_from(self.began.elapsed().as_millis()).unwrap_or(Millis::MAX)
    }

    /// A row came or went. The queue is pumped when a request may be full (where
    /// one comes for each that goes), or when rows come slowly.
    fn pump_if_worth_it(&mut self, now: Millis) {
        self.rows_since_pump += 1;
        if self.rows_since_pump >= 2 * MAX_ITEMS_PER_REQUEST || now > self.pumped_at + LINGER {
            self.pump();
        }
    }
}

impl std::fmt::Debug for Bulk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bulk")
            .field("held", &self.rows.len())
            .field("in_flight", &self.pool.in_flight())
            .field("requests", &self.requests)
            .finish_non_exhaustive()
    }
}

fn invalid(error: &Error) -> ItemOutcome {
    ItemOutcome::new(Reason::Invalid, Some(error.to_string().into()))
}

#[cfg(test)]
mod tests;
