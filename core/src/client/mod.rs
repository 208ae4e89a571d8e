//! Blocking calls: split, send with retries, and put the outcomes back in the
//! caller's order.

mod call;
mod confirm;
mod options;
mod parts;
mod recent;

use std::sync::Arc;
use std::time::Duration;

use crate::engine::{Cancel, Engine, Limits};
use crate::model::error::{Error, ErrorKind, Result};
use crate::model::operator::Action;
use crate::model::outcome::Outcome;
use crate::model::request::Request;
use crate::options::Config;
use crate::protocol::api_call::ApiCall;
use crate::sys::clock::{Clock, SystemClock};
use crate::transport::Transport;

pub use call::Reply;
pub use options::CallOptions;
use recent::Recent;

/// A client of one application. Cheap to clone; made once and used from any
/// number of threads at once; in a child after `fork` it is closed.
///
/// It starts no thread by itself. With `parallel` above 1 a call of several
/// parts runs them on threads that end with the call; a name that is neither an
/// address nor `localhost` is looked up on a short-lived thread, so that a
/// hanging resolver cannot hold the deadline up. With `quota_url` one thread asks Redis for
/// all calls that wait; it ends with its connection after 15 s without a call.
#[derive(Clone)]
pub struct Client {
    pub(crate) engine: Arc<Engine>,
    pub(crate) deadline: Duration,
    /// How many parts of a call travel at once.
    pub(crate) parallel: u32,
    /// Calls that ended unknown, for what the service says of a repetition.
    unanswered: Arc<Recent>,
}

impl Client {
    /// A client over `ureq`. Opens no connection yet, except that with `quota_url` it
    /// asks Redis once, for up to 1.5 s; one that is away shows as a
    /// [warning](crate::WarningKind::SharedRate) of the first call.
    ///
    /// # Errors
    /// [`InvalidOption`](ErrorKind::InvalidOption) when options are missing or
    /// do not fit together, and when Redis refuses.
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
            engine: Arc::new(Engine::new(config, transport, clock)?),
            deadline: config.settings.deadline,
            parallel: config.settings.parallel,
            unanswered: Arc::default(),
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
        self.engine.ensure_open()?;
        let cancel = self.engine.cancel();
        let mut outcome = self.run_request(request, options, &cancel)?;
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
        self.engine.ensure_open()?;
        self.run_request(request, options, &self.engine.cancel())
    }

    /// One call, perhaps of several that end together. A client that was closed
    /// meanwhile, and a caller who cancelled, show in the outcome.
    pub(crate) fn run_request(
        &self,
        request: &Request,
        options: &CallOptions,
        cancel: &Arc<Cancel>,
    ) -> Result<Outcome> {
        let warnings = self.engine.api.check(request)?;
        let limits = self.limits(options, Arc::clone(cancel));
        Ok(parts::run(self, &limits, request, warnings))
    }

    /// The limits of a call that begins now.
    pub(crate) fn limits(&self, options: &CallOptions, cancel: Arc<Cancel>) -> Limits {
        let time = options.deadline.unwrap_or(self.deadline);
        self.engine.limits(time, cancel, options.interrupt.as_ref())
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
    /// was sent and no valid response came, and
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
        self.engine.ensure_open()?;
        self.engine.api.check_call(api_call)?;
        call::run(self, &self.limits(options, self.engine.cancel()), api_call)
    }

    /// The application's id, the base URL and the protocol version.
    pub(crate) fn application(&self) -> (&str, &str, &'static str) {
        self.engine.api.application()
    }

    /// Signs with this secret key from the next request on, for a key that is changed
    /// while the program runs. A call that is under way sends its next part, or its retry,
    /// with it. The access id stays.
    ///
    /// # Errors
    /// [`InvalidOption`](ErrorKind::InvalidOption) when it is empty or no header can carry
    /// it, and [`Closed`](ErrorKind::Closed); the key from before stays then.
    pub fn set_secret_key(&self, key: &str) -> Result<()> {
        self.engine.set_secret_key(key)
    }

    /// Closes idle connections and ends running calls soon. Later calls are
    /// refused. Closing twice does no harm, and in a child after `fork` it does
    /// nothing: the connections are the parent's.
    pub fn close(&self) {
        self.engine.close();
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("api", &self.engine.api)
            .finish_non_exhaustive()
    }
}

fn wrong_api(call: &str, given: &str) -> Error {
    Error::new(
        ErrorKind::InvalidRequest,
        format!("{call} was given {given}, which belongs to the other API"),
    )
}

#[cfg(test)]
mod tests;
