//! A line of the access log.

use std::fmt::Write as _;
use std::time::{Duration, UNIX_EPOCH};

use super::Now;
use super::api::Call;

/// Time, connection, request, status, code; and what was wrong.
pub(super) fn of(
    call: &Call<'_>,
    now: Now,
    status: Option<u16>,
    code: Option<i64>,
    fault: Option<&'static str>,
    reason: Option<&str>,
) -> String {
    let time = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(now.unix_ms));
    let (method, path, bytes) = (call.method, call.path, call.body.len());
    let mut line = format!(
        "[{time}] {}.{} {method} {path} {bytes} bytes ->",
        call.connection, call.nth
    );
    // A String takes every text.
    let _ = match status {
        Some(status) => write!(line, " {status}"),
        None => write!(line, " no response"),
    };
    if let Some(code) = code {
        let _ = write!(line, " code {code}");
    }
    if let Some(fault) = fault {
        let _ = write!(line, " (fault {fault})");
    }
    if let Some(reason) = reason {
        let _ = write!(line, ": {}", reason.replace(char::is_control, " "));
    }
    line
}
