//! [`Error`] and [`ErrorKind`], the error type of every function.

use std::fmt;
use std::time::Duration;

/// The result of everything in this crate that can be refused.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong before anything was sent, or in a call that answers no
/// items ([`Client::call`](crate::Client::call)).
///
/// What the service made of each item of a batch is no error but an
/// [`Outcome`](crate::Outcome).
///
/// [`source`](std::error::Error::source) is what the system, `SQLite` or the JSON parser
/// said, where one of them refused; the message has its text already.
///
/// ```
/// use xgpush::{ErrorKind, Token};
///
/// let error = Token::new("").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidValue);
/// assert!(error.to_string().starts_with("the token is empty"));
/// assert!(!error.is_retryable());
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    item: Option<usize>,
    code: Option<i64>,
    http_status: Option<u16>,
    retryable: bool,
    retry_after: Option<Duration>,
    message: String,
    source: Option<Source>,
}

type Source = Box<dyn std::error::Error + Send + Sync>;

named! {
    /// The kinds of [`Error`], with numbers that never change: they are the status
    /// values of the C ABI.
    #[non_exhaustive]
    #[repr(i32)]
    pub enum ErrorKind("the kind of error", InvalidValue) {
        /// An argument that no value of its type may have, such as NULL or invalid
        /// UTF-8 across the C ABI.
        InvalidArgument = 1 => "invalid_argument",
        /// JSON that is not the documented shape.
        InvalidJson = 2 => "invalid_json",
        /// A token, an account or another value that breaks a documented rule.
        InvalidValue = 3 => "invalid_value",
        /// A request that breaks a rule of its protocol version as a whole.
        InvalidRequest = 4 => "invalid_request",
        /// An unknown option, or a value outside an option's range.
        InvalidOption = 5 => "invalid_option",
        /// The client is closed.
        Closed = 6 => "closed",
        /// Nothing was sent: no connection, deadline, or cancelled.
        NotSent = 7 => "not_sent",
        /// Sent, and no valid response came.
        Unknown = 8 => "unknown",
        /// The service refused, with a code.
        Rejected = 9 => "rejected",
        /// A defect in xgpush itself.
        Internal = 10 => "internal",
        /// Header and library do not belong together.
        AbiMismatch = 11 => "abi_mismatch",
        /// The outbox is full: it took nothing.
        Full = 12 => "full",
        /// The outbox's file cannot be used: held by another outbox, not ours, of a newer
        /// version, corrupt, read-only or full. From `sync`: not everything is durable.
        Storage = 13 => "storage",
        /// The system gave no thread, descriptor or memory. The same call may succeed later.
        Resources = 14 => "resources",
    }
}

impl ErrorKind {
    /// The stable number.
    pub fn number(self) -> i32 {
        self as i32
    }
}

impl Error {
    /// An error of `kind` with a text for people.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            item: None,
            code: None,
            http_status: None,
            retryable: matches!(kind, ErrorKind::Full | ErrorKind::Resources),
            retry_after: None,
            message: message.into(),
            source: None,
        }))
    }

    /// The same, with what caused it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn value(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidValue, message)
    }

    pub(crate) fn request(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidRequest, message)
    }

    pub(crate) fn option(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidOption, message)
    }

    /// Names the item (0-based, in the caller's order) that the error is about.
    #[must_use]
    pub fn at_item(mut self, index: usize) -> Self {
        if self.0.item.is_none() {
            self.0.item = Some(index);
            self.0.message = format!("item {index}: {}", self.0.message);
        }
        self
    }

    /// Names the line of the file on which its row stands.
    #[must_use]
    pub fn at_line(mut self, line: u64) -> Self {
        self.0.message = format!("{} (line {line})", self.0.message);
        self
    }

    /// Names another item in place of the one that it names: that of a longer list.
    pub(crate) fn moved_to_item(mut self, index: usize) -> Self {
        if let Some(old) = self.0.item.take() {
            let named = format!("item {old}: ");
            if let Some(rest) = self.0.message.strip_prefix(&named) {
                self.0.message = rest.into();
            }
        }
        self.at_item(index)
    }

    pub(crate) fn with_answer(
        mut self,
        code: Option<i64>,
        http_status: Option<u16>,
        retryable: bool,
    ) -> Self {
        self.0.code = code;
        self.0.http_status = http_status;
        self.0.retryable = retryable;
        self
    }

    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The 0-based index of the item at fault, where there is one.
    pub fn item(&self) -> Option<usize> {
        self.0.item
    }

    /// The service's return code, where it gave one.
    pub fn code(&self) -> Option<i64> {
        self.0.code
    }

    /// The HTTP status, where an answer came.
    pub fn http_status(&self) -> Option<u16> {
        self.0.http_status
    }

    /// Whether the same call may succeed later without a change.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }
}

impl Error {
    pub(crate) fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    /// How long the service asks to wait before the call is made again: see
    /// [`ItemOutcome::retry_after`](crate::ItemOutcome::retry_after).
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let source: &(dyn std::error::Error + 'static) = &**self.0.source.as_ref()?;
        Some(source)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("item", &self.0.item)
            .field("code", &self.0.code)
            .field("http_status", &self.0.http_status)
            .field("message", &self.0.message)
            .field("source", &self.0.source)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::io;

    use super::*;

    #[test]
    fn source_is_what_was_given() {
        let error = Error::new(ErrorKind::Storage, "a.csv: no such file");
        assert!(error.source().is_none());
        let error = error.with_source(io::Error::from(io::ErrorKind::NotFound));
        let source = error
            .source()
            .and_then(|error| error.downcast_ref::<io::Error>());
        assert_eq!(source.map(io::Error::kind), Some(io::ErrorKind::NotFound));
        assert_eq!(error.to_string(), "a.csv: no such file");
    }
}
