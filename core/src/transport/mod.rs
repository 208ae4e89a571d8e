//! Carrying bytes: a small trait, its implementation over `ureq`, and one for
//! people who bring their own HTTP stack.

mod callback;
mod over_ureq;
mod proxy;

use std::sync::Arc;
use std::time::Duration;

pub use callback::{CallbackTransport, Transfer};
pub(crate) use over_ureq::UreqTransport;

use crate::protocol::message::{HttpRequest, HttpResponse, SendError};

/// Asked again and again; `true` ends what waits.
pub(crate) type CancelCheck = Arc<dyn Fn() -> bool + Send + Sync>;

/// The bounds of one attempt.
pub struct Attempt {
    /// The whole time for connecting, sending and receiving.
    pub timeout: Duration,
    /// Whether a request that may have arrived may be sent once more: the account
    /// operations set a state, a push does not.
    pub repeatable: bool,
    /// Asked at least every 50 ms while waiting; `true` ends the attempt.
    pub cancelled: Arc<dyn Fn() -> bool + Send + Sync>,
}

/// Sends one request and brings the whole response. Called from several
/// threads at once.
///
/// It does not follow redirects, retry or judge: that is the client's.
pub trait Transport: Send + Sync {
    /// Sends `request` within the bounds of `attempt`.
    ///
    /// # Errors
    /// When no whole response came.
    fn send(&self, request: &HttpRequest, attempt: &Attempt) -> Result<HttpResponse, SendError>;

    /// Closes idle connections and ends running attempts soon.
    fn close(&self) {}
}
