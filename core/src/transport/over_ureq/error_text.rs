//! Errors of the layers below, in texts that do not depend on the locale.

use ureq::Error;

use crate::sys::error_text;

pub(super) fn describe_error(error: &Error) -> String {
    match error {
        Error::Io(error) => error_text::io_error(error),
        Error::Protocol(error) => error.to_string(),
        Error::LargeResponseHeader(..) => "the head of the answer is too long".to_owned(),
        error => error.to_string(),
    }
}
