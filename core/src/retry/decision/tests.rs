use proptest::prelude::*;

use super::*;
use Decision::{Again, Alone, Done, GiveUp};
use RetryMode::{Idempotent, NonIdempotent};

const MS: Duration = Duration::from_millis(1);
const BACKOFF: Backoff = Backoff {
    max_attempts: 3,
    base: Duration::from_millis(50),
    throttle_base: Duration::from_secs(1),
    cap: Duration::from_secs(20),
};

/// The first attempt of a single item, with a minute left.
fn first() -> Situation<'static> {
    Situation {
        attempts: 1,
        batch: 1,
        breaker_open: false,
        asked: None,
        left: Duration::from_secs(60),
        random: 1.0,
        backoff: &BACKOFF,
        budget: None,
    }
}

fn plain(reason: Reason) -> ItemOutcome {
    ItemOutcome::new(reason, None)
}

fn http(reason: Reason, status: u16) -> ItemOutcome {
    ItemOutcome {
        http_status: Some(status),
        ..plain(reason)
    }
}

fn code(reason: Reason, code: i64) -> ItemOutcome {
    ItemOutcome {
        code: Some(code),
        ..http(reason, 200)
    }
}

fn short(ms: u32) -> Decision {
    Again {
        kind: TransientKind::Short,
        pause: ms * MS,
        alone: false,
    }
}

fn throttled(ms: u32) -> Decision {
    Again {
        kind: TransientKind::Throttled,
        pause: ms * MS,
        alone: false,
    }
}

/// What each kind of outcome leads to after the first attempt, in each mode; and
/// whether a caller may submit it again, and was refused himself.
#[test]
fn every_kind_of_outcome_has_its_decision() {
    use Reason::{HttpError, HttpRefused, ItemRefused, RequestRefused};
    use RetryMode::{Outbox, Stream};
    let later = short(50);
    let soon = [short(50), Done, short(0), short(50)];
    let repair = [Done, Done, Done, later];
    let never = [Done, Done, Done, Done];
    let split = [Done, Done, Alone, Alone];
    let slow = [
        throttled(1000),
        throttled(1000),
        throttled(0),
        throttled(50),
    ];
    // Outcome, decision in the modes Idempotent, NonIdempotent, Stream and Outbox, is_retryable,
    // refuses_caller.
    let cases = [
        (plain(Reason::Accepted), never, false, false),
        (plain(Reason::TimedOut), soon, true, false),
        (plain(Reason::ConnectionLost), soon, true, false),
        (plain(Reason::NotJson), soon, true, false),
        // It did not leave.
        (
            plain(Reason::ConnectFailed),
            [short(50), short(50), short(0), short(50)],
            true,
            false,
        ),
        (http(HttpError, 503), soon, true, false),
        (http(HttpError, 408), soon, true, false),
        (http(HttpError, 302), repair, true, false),
        (plain(Reason::NotDocumented), repair, true, false),
        (plain(Reason::ResultMissing), repair, true, false),
        (plain(Reason::ResultCount), repair, true, false),
        (plain(Reason::Contradiction), repair, true, false),
        (plain(Reason::BodyTooLarge), repair, true, false),
        (plain(Reason::Interrupted), repair, true, false),
        (plain(Reason::Deadline), repair, true, false),
        (plain(Reason::Cancelled), repair, true, false),
        (plain(Reason::Closed), repair, true, false),
        (plain(Reason::HeldBack), repair, true, false),
        (plain(Reason::Superseded), never, false, false),
        (plain(Reason::Expired), never, false, false),
        (plain(Reason::Invalid), never, false, false),
        (http(HttpRefused, 429), slow, true, false),
        (http(HttpRefused, 404), repair, false, false),
        // The key, or a gateway.
        (http(HttpRefused, 401), repair, false, true),
        (http(HttpRefused, 403), repair, false, true),
        (code(RequestRefused, 1_008_003), repair, false, true),
        (code(RequestRefused, 1_008_035), repair, false, true),
        (code(RequestRefused, 1_008_030), repair, false, true),
        (code(RequestRefused, 1_008_028), slow, true, false),
        (code(RequestRefused, 1_008_004), soon, true, false),
        (code(RequestRefused, 1_008_007), split, false, false),
        (code(RequestRefused, 42), split, false, false),
        (code(ItemRefused, 1_008_004), soon, true, false),
        (code(ItemRefused, 1_008_006), never, false, false),
        // A word instead of a code.
        (http(ItemRefused, 200), repair, false, false),
    ];
    let batch = Situation {
        batch: 20,
        ..first()
    };
    for (outcome, decisions, retryable, refuses) in cases {
        for (mode, decision) in [Idempotent, NonIdempotent, Stream, Outbox]
            .into_iter()
            .zip(decisions)
        {
            assert_eq!(
                decide(mode, [&outcome], &batch),
                decision,
                "{mode:?} {outcome:?}"
            );
        }
        assert_eq!(outcome.is_retryable(), retryable, "{outcome:?}");
        assert_eq!(outcome.refuses_caller(), refuses, "{outcome:?}");
        assert_eq!(
            Idempotent.caller_may_repeat(&outcome),
            retryable,
            "{outcome:?}"
        );
        let may_repeat = retryable && outcome.state() != State::Unknown;
        assert_eq!(
            NonIdempotent.caller_may_repeat(&outcome),
            may_repeat,
            "{outcome:?}"
        );
    }
}

/// Attempts, pauses, deadline and budget of a call.
#[test]
fn call_ends_at_its_attempts_deadline_and_budget() {
    let failing = http(Reason::HttpError, 503);
    let busy = http(Reason::HttpRefused, 429);
    let give_up = |reason| GiveUp(reason);
    let over = GiveUp(StopReason::Deadline.into());
    let at = first();
    let cases: Vec<(&ItemOutcome, Situation<'_>, Decision)> = vec![
        (&failing, at, short(50)),
        (&failing, Situation { random: 0.0, ..at }, short(0)),
        (&failing, Situation { attempts: 2, ..at }, short(100)),
        (
            &failing,
            Situation { attempts: 3, ..at },
            give_up(GiveUpReason::Attempts),
        ),
        (&busy, Situation { random: 0.5, ..at }, throttled(500)),
        (&busy, Situation { attempts: 2, ..at }, throttled(2000)),
        (
            &failing,
            Situation {
                asked: Some(3000 * MS),
                ..at
            },
            short(3000),
        ),
        (
            &failing,
            Situation {
                asked: Some(9_000_000 * MS),
                ..at
            },
            short(20_000),
        ),
        (
            &failing,
            Situation {
                asked: Some(3000 * MS),
                left: 3000 * MS,
                ..at
            },
            over,
        ),
        (
            &failing,
            Situation {
                left: 50 * MS,
                ..at
            },
            over,
        ),
    ];
    for (outcome, at, expected) in cases {
        for budget in [None, Some(RetryBudget::new(14))] {
            let at = Situation {
                budget: budget.as_ref(),
                ..at
            };
            assert_eq!(
                decide(Idempotent, [outcome], &at),
                expected,
                "{outcome:?} {at:?}"
            );
            let left = budget.as_ref().map(RetryBudget::left);
            let cost = match expected {
                Again { kind, .. } => RetryBudget::cost(kind),
                _ => 0,
            };
            assert_eq!(left, budget.is_some().then_some(14 - cost), "{at:?}");
        }
    }
    let poor = RetryBudget::new(13);
    let at = Situation {
        budget: Some(&poor),
        ..at
    };
    assert_eq!(
        decide(Idempotent, [&failing], &at),
        give_up(GiveUpReason::Budget)
    );
    assert_eq!(
        decide(Idempotent, [&busy], &at),
        throttled(1000),
        "it costs less"
    );
}

#[test]
fn slowest_item_sets_the_pause_of_a_request() {
    let accepted = plain(Reason::Accepted);
    let lost = plain(Reason::ConnectionLost);
    let busy = http(Reason::HttpRefused, 429);
    let at = first();
    assert_eq!(decide(Idempotent, [&accepted, &lost], &at), short(50));
    assert_eq!(
        decide(Idempotent, [&busy, &accepted, &lost], &at),
        throttled(1000)
    );
    assert_eq!(decide(NonIdempotent, [&accepted, &lost], &at), Done);
    assert_eq!(decide(Idempotent, [], &at), Done);
}

#[test]
fn stream_and_outbox_go_on_while_the_breaker_is_open() {
    use RetryMode::{Outbox, Stream};
    let lost = plain(Reason::ConnectionLost);
    let blamed = code(Reason::RequestRefused, 1_008_007);
    let alone = |ms| Again {
        kind: TransientKind::Short,
        pause: ms * MS,
        alone: true,
    };
    let batch = Situation {
        batch: 20,
        ..first()
    };
    let open = Situation {
        breaker_open: true,
        ..batch
    };
    let attempts = |attempts, at| Situation { attempts, ..at };
    let cases = [
        (Stream, &lost, attempts(4, batch), short(0)),
        (
            Stream,
            &lost,
            attempts(5, batch),
            GiveUp(GiveUpReason::Attempts),
        ),
        (Stream, &lost, attempts(99, open), short(0)),
        (
            Stream,
            &lost,
            Situation {
                left: Duration::ZERO,
                ..open
            },
            GiveUp(StopReason::Deadline.into()),
        ),
        (Stream, &blamed, first(), Done),
        // A request that fails while others get through may fail for one of its items.
        (Outbox, &lost, attempts(2, batch), short(100)),
        (Outbox, &lost, attempts(3, batch), alone(200)),
        (Outbox, &lost, attempts(5, open), short(800)),
        (Outbox, &lost, attempts(6, open), alone(1600)),
        (Outbox, &lost, attempts(3, first()), short(200)),
        (Outbox, &lost, attempts(99, first()), short(20_000)),
        (Outbox, &lost, attempts(0, first()), short(50)),
        (Outbox, &blamed, first(), Done),
    ];
    for (mode, outcome, at, expected) in cases {
        assert_eq!(
            decide(mode, [outcome], &at),
            expected,
            "{mode:?} {outcome:?} {at:?}"
        );
    }
}

#[test]
fn not_json_is_no_refusal_of_the_caller_whatever_its_status() {
    assert!(!Reason::NotJson.refuses_caller(None, Some(403)));
    assert!(Reason::RequestRefused.refuses_caller(Some(1_008_003), Some(403)));
    assert!(!Reason::RequestRefused.refuses_caller(Some(1_008_007), Some(403)));
}

proptest! {
    #[test]
    fn pause_of_a_call_is_within_its_bounds(
        attempts in 1u32..40, throttled: bool, random in 0.0..1.0f64,
        asked in prop::option::of(0u32..100_000), left in 0u32..100_000,
    ) {
        let backoff = Backoff { max_attempts: 50, ..BACKOFF };
        let outcome = if throttled {
            http(Reason::HttpRefused, 429)
        } else {
            plain(Reason::TimedOut)
        };
        let asked = asked.map(|ms| ms * MS);
        let at = Situation {
            attempts, random, asked, left: left * MS, backoff: &backoff, ..first()
        };
        match decide(Idempotent, [&outcome], &at) {
            Again { pause, .. } => {
                prop_assert!(pause <= backoff.cap);
                prop_assert!(pause < left * MS);
                prop_assert!(pause >= asked.unwrap_or_default().min(backoff.cap));
            }
            decision => prop_assert_eq!(decision, GiveUp(StopReason::Deadline.into())),
        }
    }
}
