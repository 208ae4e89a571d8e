//! Blocking calls: split, sign, send, judge, retry, and put the items back in
//! the caller's order.

mod call;
mod confirm;
mod parts;
mod recent;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use crate::engine::cancel::Cancel;
use crate::engine::pacing::Pacer;
use crate::model::error::{Error, ErrorKind, Result};
use crate::model::operation::{Action, Request};
use crate::model::outcome::Outcome;
use crate::options::Config;
use crate::protocol::api::Api;
use crate::protocol::api_call::ApiCall;
use crate::retry::{Backoff, RetryBudget};
use crate::sys::clock::{Clock, SystemClock};
use crate::sys::owner_process::OwnerProcess;
use crate::transport::{CancelCheck, Transport};

pub use call::Reply;
use recent::Recent;

/// A client of one application. Cheap to clone; made once and used from any
/// number of threads at once; in a child after `fork` it is closed.
///
/// It starts no thread by itself. With `parallel` above 1 a call of several
/// parts runs them on threads that end with the call; a name that is neither an
/// address nor `localhost` is looked up on a short-lived thread, so that a
/// hanging resolver cannot hold the deadline up.
#[derive(Clone)]
pub struct Client {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) api: Api,
    pub(crate) transport: Box<dyn Transport>,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) backoff: Backoff,
    pub(crate) budget: RetryBudget,
    pub(crate) pacer: Pacer,
    deadline: Duration,
    pub(crate) request_timeout: Duration,
    pub(crate) parallel: u32,
    /// Calls that ended unknown, for what the service says of a repetition.
    unanswered: Recent,
    /// How far the service's clock was found ahead of ours, in seconds.
    pub(crate) skew: AtomicI64,
    pub(crate) closed: Arc<AtomicBool>,
    /// A child after `fork` shares sockets with its parent.
    owner: OwnerProcess,
}

/// What can differ from call to call.
#[derive(Default, Clone)]
pub struct CallOptions {
    /// In place of `deadline_ms`.
    pub deadline: Option<Duration>,
    /// Asked on the calling thread at least every 50 ms while it waits; `true`
    /// ends the call.
    pub interrupt: Option<Arc<dyn Fn() -> bool + Send + Sync>>,
    /// For how long to ask, after the call, whether the service shows what it
    /// accepted: see [`ItemOutcome::confirmed`](crate::ItemOutcome::confirmed).
    pub confirm: Option<Duration>,
}

impl Client {
    /// A client over `ureq`. Opens no connection yet.
    ///
    /// # Errors
    /// [`InvalidOption`](ErrorKind::InvalidOption) when options are missing or
    /// do not fit together.
    #[cfg(feature = "http")]
    pub fn new(config: &Config) -> Result<Self> {
        let transport = crate::transport::UreqTransport::new(config)?;
        Self::with_transport(config, transport)
    }

    /// A client over a transport of the caller's.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn with_transport(config: &Config, transport: impl Transport + 'static) -> Result<Self> {
        Self::with_parts(config, Box::new(transport), Box::new(SystemClock::new()))
    }

    fn with_parts(
        config: &Config,
        transport: Box<dyn Transport>,
        clock: Box<dyn Clock>,
    ) -> Result<Self> {
        Ok(Self {
            shared: Arc::new(Shared {
                api: config.settings.api()?,
                transport,
                clock,
                backoff: Backoff::of(config),
                budget: RetryBudget::new(config.settings.retry_budget),
                pacer: Pacer::new(config.settings.requests_per_second),
                deadline: config.settings.deadline,
                request_timeout: config.settings.request_timeout,
                parallel: config.settings.parallel,
                unanswered: Recent::default(),
                skew: AtomicI64::new(0),
                closed: Arc::default(),
                owner: OwnerProcess::current(),
            }),
        })
    }

    /// `POST /v3/device/account/batchoperate` with any number of items: one
    /// outcome per item, in the order of the items.
    ///
    /// The API is asynchronous: accepted means that the service took the task,
    /// not that it is applied.
    ///
    /// # Errors
    /// Before anything is sent: [`InvalidRequest`](ErrorKind::InvalidRequest)
    /// when the request breaks a rule of the protocol version, and
    /// [`Closed`](ErrorKind::Closed).
    pub fn batch_operate(&self, request: &Request) -> Result<Outcome> {
        self.batch_operate_with(request, &CallOptions::default())
    }

    /// [`Client::batch_operate`] with options of its own.
    ///
    /// # Errors
    /// As [`Client::batch_operate`].
    pub fn batch_operate_with(&self, request: &Request, options: &CallOptions) -> Result<Outcome> {
        if matches!(request.action(), Action::Query(_)) {
            return Err(wrong_api("batch_operate", "a query"));
        }
        self.shared.still_open()?;
        let cancel = self.shared.cancel();
        let mut outcome = self.go_on(request, options, &cancel)?;
        if let Some(timeout) = options.confirm {
            self.confirm(request, &mut outcome, timeout, options, &cancel);
        }
        Ok(outcome)
    }

    /// `POST /v3/device/account/query` with any number of items: one outcome per
    /// item, with what was found.
    ///
    /// # Errors
    /// As [`Client::batch_operate`].
    pub fn query(&self, request: &Request) -> Result<Outcome> {
        self.query_with(request, &CallOptions::default())
    }

    /// [`Client::query`] with options of its own.
    ///
    /// # Errors
    /// As [`Client::batch_operate`].
    pub fn query_with(&self, request: &Request, options: &CallOptions) -> Result<Outcome> {
        if matches!(request.action(), Action::Batch(_)) {
            return Err(wrong_api("query", "an operation"));
        }
        self.shared.still_open()?;
        self.go_on(request, options, &self.shared.cancel())
    }

    /// One call, perhaps of several that end together: of a client that was closed
    /// meanwhile, and of a caller who has had enough, the outcome tells.
    pub(crate) fn go_on(
        &self,
        request: &Request,
        options: &CallOptions,
        cancel: &Arc<Cancel>,
    ) -> Result<Outcome> {
        let shared = &*self.shared;
        let warnings = shared.api.check(request)?;
        let call = shared.begin_with(options, Arc::clone(cancel));
        Ok(parts::run(
            shared,
            &call,
            options.interrupt.as_ref(),
            request,
            warnings,
        ))
    }

    /// Posts `json` to any other v3 path, such as `/v3/push/app`, with the same
    /// signing, time-outs and errors.
    ///
    /// It is sent again only if it certainly had no effect: when it did not
    /// leave, or when the service asked for fewer calls. Of what may be done twice
    /// say so: [`Client::call_api`] with [`ApiCall::repeatable`].
    ///
    /// # Errors
    /// [`NotSent`](ErrorKind::NotSent), [`Unknown`](ErrorKind::Unknown) when it
    /// was sent and no trustworthy answer came, and
    /// [`Rejected`](ErrorKind::Rejected) with the service's code.
    pub fn call(&self, path: &str, json: &[u8]) -> Result<Reply> {
        self.call_with(path, json, &CallOptions::default())
    }

    /// [`Client::call`] with options of its own.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub fn call_with(&self, path: &str, json: &[u8], options: &CallOptions) -> Result<Reply> {
        self.call_api(&ApiCall::json(path, json), options)
    }

    /// Posts any body to any other v3 path; may be declared repeatable, and may have
    /// an authentication of its own.
    ///
    /// # Errors
    /// As [`Client::call`]; [`InvalidArgument`](ErrorKind::InvalidArgument) also for a
    /// content type that no header carries.
    pub fn call_api(&self, api_call: &ApiCall<'_>, options: &CallOptions) -> Result<Reply> {
        let shared = &*self.shared;
        shared.still_open()?;
        shared.api.check_call(api_call)?;
        let interrupt = options.interrupt.as_ref();
        call::run(shared, &shared.begin(options), interrupt, api_call)
    }

    /// The application's id, the base URL and the protocol version.
    #[cfg(feature = "apply")]
    pub(crate) fn application(&self) -> (&str, &str, &'static str) {
        self.shared.api.application()
    }

    /// Signs with this secret key from the next request on, for a key that is changed
    /// while the program runs. A call that is under way sends its next part, or its retry,
    /// with it. The access id stays.
    ///
    /// # Errors
    /// [`InvalidOption`](ErrorKind::InvalidOption) when it is empty or no header can carry
    /// it, and [`Closed`](ErrorKind::Closed); the key from before stays then.
    pub fn set_secret_key(&self, key: &str) -> Result<()> {
        self.shared.still_open()?;
        self.shared.api.set_secret_key(key)
    }

    /// Closes idle connections and ends running calls soon. Later calls are
    /// refused. Closing twice does no harm, and in a child after `fork` it does
    /// nothing: the connections are the parent's.
    pub fn close(&self) {
        if self.shared.is_forked() {
            return;
        }
        self.shared.closed.store(true, Ordering::Release);
        self.shared.transport.close();
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("api", &self.shared.api)
            .finish_non_exhaustive()
    }
}

/// One call under way, as all of its threads see it.
pub(crate) struct Call {
    /// On the clock's own scale.
    pub(crate) ends: Duration,
    pub(crate) cancel: Arc<Cancel>,
}

/// The caller's own question whether to end; asked on the calling thread only.
pub(crate) type Interrupt<'a> = Option<&'a CancelCheck>;

impl Shared {
    pub(crate) fn still_open(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) {
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

    /// A child that went on with its parent's connections would read the answers
    /// that its parent waits for.
    fn is_forked(&self) -> bool {
        self.owner.is_forked()
    }

    pub(crate) fn begin(&self, options: &CallOptions) -> Call {
        self.begin_with(options, self.cancel())
    }

    pub(crate) fn begin_with(&self, options: &CallOptions, cancel: Arc<Cancel>) -> Call {
        let time = options.deadline.unwrap_or(self.deadline);
        Call {
            ends: self.clock.elapsed().saturating_add(time),
            cancel,
        }
    }

    /// What ends calls that belong together.
    pub(crate) fn cancel(&self) -> Arc<Cancel> {
        Arc::new(Cancel::new(Arc::clone(&self.closed)))
    }
}

pub(crate) fn wrong_api(call: &str, given: &str) -> Error {
    Error::new(
        ErrorKind::InvalidRequest,
        format!("{call} was given {given}, which belongs to the other API"),
    )
}

#[cfg(test)]
mod tests;
