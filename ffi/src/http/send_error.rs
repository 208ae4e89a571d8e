//! Why the caller's own stack got no response.

use xgpush::{Error, ErrorKind, SendErrorKind};

/// Why there is no HTTP response.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum xg_send_error {
    /// No connection: name, TCP, proxy or TLS.
    XG_SEND_CONNECT = 1,
    /// The time ran out.
    XG_SEND_TIMEOUT = 2,
    /// The connection broke, or the response was truncated or not HTTP.
    XG_SEND_LOST = 3,
    /// The body is longer than allowed.
    XG_SEND_BODY_TOO_LARGE = 4,
    /// The caller cancelled.
    XG_SEND_CANCELLED = 5,
}

pub(crate) fn send_error(number: i32) -> Result<SendErrorKind, Error> {
    const KINDS: [(xg_send_error, SendErrorKind); 5] = [
        (xg_send_error::XG_SEND_CONNECT, SendErrorKind::Connect),
        (xg_send_error::XG_SEND_TIMEOUT, SendErrorKind::Timeout),
        (xg_send_error::XG_SEND_LOST, SendErrorKind::Lost),
        (
            xg_send_error::XG_SEND_BODY_TOO_LARGE,
            SendErrorKind::BodyTooLarge,
        ),
        (xg_send_error::XG_SEND_CANCELLED, SendErrorKind::Cancelled),
    ];
    let known = KINDS.iter().find(|(c, _)| *c as i32 == number);
    known.map(|(_, kind)| *kind).ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidArgument,
            format!("{number} is not an xg_send_error"),
        )
    })
}
