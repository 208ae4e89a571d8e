//! What can differ from call to call.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What can differ from call to call.
///
/// ```
/// use std::time::Duration;
/// use xgpush::CallOptions;
///
/// let options = CallOptions::new().with_deadline(Duration::from_secs(2));
/// assert_eq!(options.deadline, Some(Duration::from_secs(2)));
/// ```
#[derive(Default, Clone)]
#[non_exhaustive]
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

impl CallOptions {
    /// As the configuration says.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`deadline`](Self::deadline).
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sets [`interrupt`](Self::interrupt).
    #[must_use]
    pub fn with_interrupt(mut self, interrupt: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.interrupt = Some(Arc::new(interrupt));
        self
    }

    /// Sets [`confirm`](Self::confirm).
    #[must_use]
    pub fn with_confirm(mut self, confirm: Duration) -> Self {
        self.confirm = Some(confirm);
        self
    }
}

impl fmt::Debug for CallOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallOptions")
            .field("deadline", &self.deadline)
            .field("interrupt", &self.interrupt.as_ref().map(|_| "…"))
            .field("confirm", &self.confirm)
            .finish()
    }
}
