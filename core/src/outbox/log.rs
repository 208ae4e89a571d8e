//! Lines for the log of the host: the outbox writes nowhere by itself.

use std::sync::Arc;

named! {
    /// How bad it is.
    pub enum LogLevel("the level", InvalidValue) {
        /// What failed before works again.
        Info => "info",
        /// Delivery is late, and goes on by itself.
        Warning => "warning",
        /// Somebody should look.
        Error => "error",
    }
}

/// Takes a line for a log.
pub(super) type Log = Arc<dyn Fn(LogLevel, &str) + Send + Sync>;
