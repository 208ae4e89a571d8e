//! Lines for the log of the host: the outbox writes nowhere by itself.

use std::sync::Arc;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    /// What failed before works again.
    Info,
    /// Delivery is late, and goes on by itself.
    Warning,
    /// Somebody should look.
    Error,
}

/// Takes a line for a log.
pub(super) type Log = Arc<dyn Fn(LogLevel, &str) + Send + Sync>;
