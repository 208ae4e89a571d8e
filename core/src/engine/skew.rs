//! The service's clock, read from its `Date` header.

use std::time::SystemTime;

use crate::sys::clock::unix_seconds;

/// A difference that explains a refused signature, in seconds. No document
/// gives the tolerance; anything below this is ordinary.
pub(crate) const MIN_SKEW: i64 = 30;

/// How far the service's clock is ahead of ours, in seconds.
pub(crate) fn clock_skew(date: &str, now: SystemTime) -> Option<i64> {
    let theirs = httpdate::parse_http_date(date).ok()?;
    Some(unix_seconds(theirs) - unix_seconds(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_skew_has_a_sign() {
        let now = httpdate::parse_http_date("Sat, 21 Nov 2026 10:00:00 GMT").unwrap();
        assert_eq!(clock_skew("Sat, 21 Nov 2026 10:10:00 GMT", now), Some(600));
        assert_eq!(clock_skew("Sat, 21 Nov 2026 09:59:00 GMT", now), Some(-60));
        assert_eq!(clock_skew("yesterday", now), None);
    }
}
