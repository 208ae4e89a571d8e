//! What becomes of an operation of the outbox after an attempt.

use super::{Health, Pace};
use crate::model::codes::{self, Fault, Retry};
use crate::model::outcome::{ItemOutcome, Reason, State};

/// What to do with one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Report it.
    Final,
    /// Send it again.
    Again(Pace),
    /// Send it again by itself: the request was refused as a whole, and another
    /// operation in it may be to blame.
    Alone,
}

/// `carried` is how many operations the request had.
pub(crate) fn fate(item: &ItemOutcome, carried: usize) -> Fate {
    match item.state() {
        State::Accepted => return Fate::Final,
        State::Unknown | State::NotSent => return Fate::Again(Pace::Backoff),
        State::Rejected => {}
    }
    let Some(code) = item.code else {
        // Not the service's own refusal: a gateway's, or a wrong address.
        let throttled = item.http_status == Some(429);
        return Fate::Again(if throttled {
            Pace::Throttle
        } else {
            Pace::Backoff
        });
    };
    match codes::retry(code) {
        Retry::Backoff => Fate::Again(Pace::Backoff),
        Retry::Throttle => Fate::Again(Pace::Throttle),
        // Key, region, clock or allowlist: no operation's own fault, and mended
        // by people.
        _ if is_configuration(code) => Fate::Again(Pace::Backoff),
        _ if item.reason == Reason::RequestRefused && carried > 1 => Fate::Alone,
        Retry::Never | Retry::PerElement => Fate::Final,
    }
}

fn is_configuration(code: i64) -> bool {
    codes::is_authentication(code)
        || codes::lookup(code).is_some_and(|row| row.fault == Fault::Configuration)
}

/// What a request's outcomes say of the service.
pub(crate) fn health(items: &[ItemOutcome]) -> Health {
    let fates = || items.iter().map(|item| (item, fate(item, items.len())));
    if fates().any(|(_, fate)| fate == Fate::Again(Pace::Throttle)) {
        return Health::Throttled;
    }
    let answered = |(item, fate): (&ItemOutcome, Fate)| {
        fate != Fate::Again(Pace::Backoff) || item.reason == Reason::ItemRefused
    };
    if fates().any(answered) {
        Health::Well
    } else {
        Health::Failing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(reason: Reason, code: Option<i64>, http_status: u16) -> ItemOutcome {
        let mut item = ItemOutcome::new(reason, None);
        item.code = code;
        item.http_status = Some(http_status);
        item
    }

    #[test]
    fn the_decision_table() {
        use Fate::{Again, Alone, Final};
        use Health::{Failing, Throttled, Well};
        use Reason::{HttpRefused, ItemRefused, RequestRefused};
        let plain = |reason| ItemOutcome::new(reason, None);
        let cases = [
            (plain(Reason::Accepted), Final, Well),
            (plain(Reason::TimedOut), Again(Pace::Backoff), Failing),
            (plain(Reason::ResultCount), Again(Pace::Backoff), Failing),
            (plain(Reason::ConnectFailed), Again(Pace::Backoff), Failing),
            (refused(ItemRefused, Some(1_008_006), 200), Final, Well),
            (
                refused(ItemRefused, Some(1_008_004), 200),
                Again(Pace::Backoff),
                Well,
            ),
            (
                refused(RequestRefused, Some(1_008_004), 200),
                Again(Pace::Backoff),
                Failing,
            ),
            (
                refused(RequestRefused, Some(1_008_028), 200),
                Again(Pace::Throttle),
                Throttled,
            ),
            (refused(RequestRefused, Some(1_008_007), 200), Alone, Well),
            (
                refused(RequestRefused, Some(1_008_003), 200),
                Again(Pace::Backoff),
                Failing,
            ),
            (
                refused(HttpRefused, None, 429),
                Again(Pace::Throttle),
                Throttled,
            ),
            (
                refused(HttpRefused, None, 403),
                Again(Pace::Backoff),
                Failing,
            ),
            (
                refused(HttpRefused, None, 404),
                Again(Pace::Backoff),
                Failing,
            ),
        ];
        for (item, expected, service) in cases {
            assert_eq!(fate(&item, 20), expected, "{item:?}");
            assert_eq!(health(&[item.clone(), item.clone()]), service, "{item:?}");
        }
        let blamed = refused(RequestRefused, Some(1_008_007), 200);
        assert_eq!(fate(&blamed, 1), Final);
        let mixed = [
            plain(Reason::Accepted),
            refused(ItemRefused, Some(1_008_004), 200),
        ];
        assert_eq!(health(&mixed), Well);
    }
}
