//! One signed request once: pacing, signing, the service's clock, sending,
//! classification; the loop that retries; and the worker pool. Every API that sends
//! is built on it.

mod attempt;
mod batch_sender;
pub(crate) mod items_payload;
mod limits;
mod pacing;
pub(crate) mod pool;
mod send;
#[cfg(feature = "outbox-redis")]
mod shared_rate;
#[cfg(not(feature = "outbox-redis"))]
#[path = "no_shared_rate.rs"]
mod shared_rate;
mod skew;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use crate::model::error::{Error, ErrorKind, Result};
use crate::options::Config;
use crate::protocol::api::Api;
use crate::retry::{Backoff, RetryBudget};
use crate::sys::clock::Clock;
use crate::sys::owner_process::OwnerProcess;
use crate::transport::Transport;

pub(crate) use attempt::{AttemptResult, Payload};
pub(crate) use batch_sender::{BatchSender, Delivered};
pub(crate) use limits::{Cancel, Interrupt, Limits};

/// What sends the requests of one application. Shared by its calls, streams and
/// outbox, and by any number of threads.
pub(crate) struct Engine {
    pub(crate) api: Api,
    transport: Box<dyn Transport>,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) backoff: Backoff,
    pub(crate) budget: RetryBudget,
    pacer: pacing::Pacer,
    /// In place of the pacer, with `quota_url`.
    shared_rate: Option<shared_rate::SharedRate>,
    request_timeout: Duration,
    /// How far the service's clock was found ahead of ours, in seconds.
    skew: AtomicI64,
    closed: Arc<AtomicBool>,
    /// A child after `fork` shares sockets with its parent.
    owner: OwnerProcess,
}

impl Engine {
    pub(crate) fn new(
        config: &Config,
        transport: Box<dyn Transport>,
        clock: Box<dyn Clock>,
    ) -> Result<Self> {
        Ok(Self {
            api: config.settings.api()?,
            transport,
            clock,
            backoff: Backoff::of(config),
            budget: RetryBudget::new(config.settings.retry_budget),
            pacer: pacing::Pacer::new(config.settings.requests_per_second),
            shared_rate: shared_rate::SharedRate::open(config)?,
            request_timeout: config.settings.request_timeout,
            skew: AtomicI64::new(0),
            closed: Arc::default(),
            owner: OwnerProcess::current(),
        })
    }

    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub(crate) fn ensure_open(&self) -> Result<()> {
        if self.is_closed() {
            return Err(Error::new(ErrorKind::Closed, "the client is closed"));
        }
        if self.is_forked() {
            return Err(Error::new(
                ErrorKind::Closed,
                "the client was made in another process; after a fork the child makes its own",
            ));
        }
        Ok(())
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// A child that went on with its parent's connections would read the answers
    /// that its parent waits for.
    fn is_forked(&self) -> bool {
        self.owner.is_forked()
    }

    /// Closes idle connections and ends what runs soon. In a child after `fork` it
    /// does nothing: the connections are the parent's.
    pub(crate) fn close(&self) {
        if self.is_forked() {
            return;
        }
        self.closed.store(true, Ordering::Release);
        self.transport.close();
        if let Some(rate) = &self.shared_rate {
            rate.close();
        }
    }

    /// # Errors
    /// [`InvalidOption`](ErrorKind::InvalidOption) for a key that no header carries, and
    /// [`Closed`](ErrorKind::Closed).
    pub(crate) fn set_secret_key(&self, key: &str) -> Result<()> {
        self.ensure_open()?;
        self.api.set_secret_key(key)
    }

    /// What ends calls that belong together.
    pub(crate) fn cancel(&self) -> Arc<Cancel> {
        Arc::new(Cancel::new(Arc::clone(&self.closed)))
    }

    /// The limits of a call that begins now. `interrupt` is asked on the calling thread
    /// only.
    pub(crate) fn limits(
        &self,
        time: Duration,
        cancel: Arc<Cancel>,
        interrupt: Interrupt<'_>,
    ) -> Limits {
        let ends = self.clock.elapsed().saturating_add(time);
        Limits::new(ends, cancel, interrupt)
    }

    /// How long a call may still take.
    pub(crate) fn left(&self, limits: &Limits) -> Duration {
        limits.ends.saturating_sub(self.clock.elapsed())
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("api", &self.api)
            .finish_non_exhaustive()
    }
}
