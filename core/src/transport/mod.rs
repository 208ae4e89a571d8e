//! Carrying bytes: a small trait, its implementation over `ureq`, and one for
//! people who bring their own HTTP stack.

mod callback;
mod over_ureq;
mod proxy;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use callback::{CallbackTransport, Transfer};
pub(crate) use over_ureq::UreqTransport;
#[cfg(feature = "outbox-redis")]
pub(crate) use over_ureq::{certificate_problem, trusted_certificates};

use crate::protocol::message::{HttpRequest, HttpResponse, SendError};

/// Asked again and again; `true` ends what waits.
pub(crate) type CancelCheck = Arc<dyn Fn() -> bool + Send + Sync>;

/// The bounds of one attempt.
#[derive(Clone)]
#[non_exhaustive]
pub struct Attempt {
    /// The whole time for connecting, sending and receiving.
    pub timeout: Duration,
    /// Whether a request that may have arrived may be sent once more: the account
    /// operations set a state, a push does not.
    pub repeatable: bool,
    /// Asked at least every 50 ms while waiting; `true` ends the attempt.
    pub cancelled: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl Attempt {
    /// An attempt that nobody cancels, and that may not be repeated: for tests of a
    /// transport.
    pub fn new(timeout: Duration) -> Self {
        Self {
            timeout,
            repeatable: false,
            cancelled: Arc::new(|| false),
        }
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("timeout", &self.timeout)
            .field("repeatable", &self.repeatable)
            .finish_non_exhaustive()
    }
}

/// Sends one request and brings the whole response. Called from several
/// threads at once.
///
/// It does not follow redirects, retry or read the answer: the client does.
pub trait Transport: Send + Sync {
    /// Sends `request` within the bounds of `attempt`.
    ///
    /// # Errors
    /// When no whole response came.
    fn send(&self, request: &HttpRequest, attempt: &Attempt) -> Result<HttpResponse, SendError>;

    /// Closes idle connections and ends running attempts soon.
    fn close(&self) {}
}
