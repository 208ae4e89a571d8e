//! How a stream is sent, and why one was given up.

use std::time::Duration;

/// How a stream is sent.
///
/// ```
/// use std::time::Duration;
/// use xgpush::bulk::BulkOptions;
///
/// let options = BulkOptions::new().with_parallel(8).with_dry_run(true);
/// assert_eq!(options.outage_timeout, Duration::from_secs(60));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BulkOptions {
    /// How many requests travel at once, each on a thread of its own: at most 256; 0
    /// takes the client's `parallel`. Where the system gives no thread, the caller's
    /// sends one request at a time. Default: 0.
    pub parallel: u32,
    /// How long the service may fail to answer before what is left is given up.
    /// Until then sending pauses and probes; `max_attempts` and `deadline_ms` hold
    /// for one try of a request, not for the outage. Default: a minute.
    pub outage_timeout: Duration,
    /// Sends nothing and takes every valid row for accepted: for counting. Default: no.
    pub dry_run: bool,
}

impl BulkOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`parallel`](Self::parallel).
    #[must_use]
    pub fn with_parallel(mut self, parallel: u32) -> Self {
        self.parallel = parallel;
        self
    }

    /// Sets [`outage_timeout`](Self::outage_timeout).
    #[must_use]
    pub fn with_outage_timeout(mut self, timeout: Duration) -> Self {
        self.outage_timeout = timeout;
        self
    }

    /// Sets [`dry_run`](Self::dry_run).
    #[must_use]
    pub fn with_dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }
}

impl Default for BulkOptions {
    fn default() -> Self {
        Self {
            parallel: 0,
            outage_timeout: Duration::from_secs(60),
            dry_run: false,
        }
    }
}

named! {
    /// Why a stream gave up: everything that was not sent by then is not sent.
    #[non_exhaustive]
    pub enum AbortReason("the reason", InvalidValue) {
        /// The service did not answer for [`BulkOptions::outage_timeout`].
        NoAnswer => "no_answer",
        /// The service refuses key, region, clock or address of the caller.
        Refused => "refused",
    }
}
