//! The options of a synchronisation.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::client::CallOptions;
use crate::model::account::Platform;

/// The options of [`Client::sync`](crate::Client::sync).
///
/// ```
/// use std::time::Duration;
/// use xgpush::sync::SyncOptions;
///
/// let options = SyncOptions::new()
///     .with_apply(true)
///     .with_confirm(Duration::from_secs(30))
///     .with_on_progress(|done| eprintln!("{done} tokens"));
/// assert!(options.apply);
/// ```
#[derive(Default, Clone)]
#[non_exhaustive]
pub struct SyncOptions {
    /// Whether to send the changes. By default the difference is only computed.
    pub apply: bool,
    /// How long to ask the service whether it shows the changes. Not at all where
    /// there is none.
    pub confirm: Option<Duration>,
    /// The platform that the older protocol versions require.
    pub platform: Option<Platform>,
    /// The options of each of the calls; the interrupt ends them all.
    pub call: CallOptions,
    /// How long to go on while the service answers nothing. Default: a minute.
    pub outage_timeout: Option<Duration>,
    /// Called on the calling thread, from time to time, with the number of tokens that
    /// are done; asking for confirmation comes after all of them.
    pub on_progress: Option<Arc<dyn Fn(usize) + Send + Sync>>,
}

impl SyncOptions {
    /// Shows the differences, and changes nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`apply`](Self::apply).
    #[must_use]
    pub fn with_apply(mut self, apply: bool) -> Self {
        self.apply = apply;
        self
    }

    /// Sets [`confirm`](Self::confirm).
    #[must_use]
    pub fn with_confirm(mut self, confirm: Duration) -> Self {
        self.confirm = Some(confirm);
        self
    }

    /// Sets [`platform`](Self::platform).
    #[must_use]
    pub fn with_platform(mut self, platform: Platform) -> Self {
        self.platform = Some(platform);
        self
    }

    /// Sets [`call`](Self::call).
    #[must_use]
    pub fn with_call(mut self, call: CallOptions) -> Self {
        self.call = call;
        self
    }

    /// Sets [`outage_timeout`](Self::outage_timeout).
    #[must_use]
    pub fn with_outage_timeout(mut self, timeout: Duration) -> Self {
        self.outage_timeout = Some(timeout);
        self
    }

    /// Sets [`on_progress`](Self::on_progress).
    #[must_use]
    pub fn with_on_progress(mut self, function: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.on_progress = Some(Arc::new(function));
        self
    }
}

impl fmt::Debug for SyncOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncOptions")
            .field("apply", &self.apply)
            .field("confirm", &self.confirm)
            .field("platform", &self.platform)
            .field("call", &self.call)
            .field("outage_timeout", &self.outage_timeout)
            .field("on_progress", &self.on_progress.as_ref().map(|_| "…"))
            .finish()
    }
}
