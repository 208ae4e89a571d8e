//! An item never overtakes an earlier one on its keys, however that one ended.

use std::sync::Condvar;

use proptest::prelude::*;

use super::*;

fn bind(token: &str, account: &str) -> Binding {
    Binding::one(Token::new(token).unwrap(), Account::new(account).unwrap())
}

#[test]
fn item_behind_a_retryable_one_is_held_back() {
    use Reason::{Accepted, HeldBack, HttpError, ItemRefused, RequestRefused};
    let items = || {
        Request::bind(vec![
            bind("t1", "alice"),
            bind("t1", "bob"),
            bind("t2", "bob"),
            bind("t3", "carol"),
        ])
    };
    let two = |code: u32| {
        json(
            200,
            &format!(r#"{{"ret_code":1008026,"result":["{code}","0"]}}"#),
        )
    };
    let cases: Vec<(&str, Vec<Answer>, [Reason; 4])> = vec![
        ("accepted", vec![], [Accepted; 4]),
        (
            "a bad token settles",
            vec![two(1_008_006)],
            [ItemRefused, Accepted, Accepted, Accepted],
        ),
        (
            "an internal error of the service does not",
            vec![two(1_008_004)],
            [ItemRefused, HeldBack, HeldBack, Accepted],
        ),
        (
            "no answer does not",
            vec![json(503, "")],
            [HttpError, HeldBack, HeldBack, HttpError],
        ),
        (
            "throttled does not",
            vec![json(200, r#"{"ret_code":1008028}"#)],
            [RequestRefused, HeldBack, HeldBack, RequestRefused],
        ),
        (
            "a refusal for good settles",
            vec![json(200, r#"{"ret_code":1008007}"#)],
            [RequestRefused, Accepted, Accepted, RequestRefused],
        ),
    ];
    for (label, answers, expected) in cases {
        let bench = bench(&[("max_attempts", "1")], answers);
        let outcome = bench.client.batch_operate(&items()).unwrap();
        let reasons: Vec<_> = outcome.items().iter().map(ItemOutcome::reason).collect();
        assert_eq!(reasons, expected, "{label}");
        for item in outcome.items() {
            assert!(item.reason() != HeldBack || item.is_retryable());
        }
    }
}

/// Answers the request with `token0` when the one with `followers` has come.
struct Slow {
    follower_came: (Mutex<bool>, Condvar),
    accepts: Arc<Script>,
}

impl Transport for Arc<Slow> {
    fn send(&self, request: &HttpRequest, attempt: &Attempt) -> Answer {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let (came, changed) = &self.follower_came;
        if body.contains("second-on-token-30") {
            *came.lock().unwrap() = true;
            changed.notify_all();
        } else if body.contains("\"token0\"") {
            let long = Duration::from_secs(60);
            let waited = changed.wait_timeout_while(came.lock().unwrap(), long, |came| !*came);
            assert!(
                !waited.unwrap().1.timed_out(),
                "the follower waits for all others"
            );
        }
        self.accepts.send(request, attempt)
    }
}

#[test]
fn slow_batch_does_not_hold_back_followers_of_other_batches() {
    let mut items: Vec<_> = (0..40)
        .map(|n| bind(&format!("token{n}"), &format!("player{n}")))
        .collect();
    items.push(bind("token30", "second-on-token-30"));
    let slow = Arc::new(Slow {
        follower_came: Default::default(),
        accepts: Arc::default(),
    });
    let config = bench_config(&[("parallel", "2")]);
    let client = Client::with_transport(&config, Arc::clone(&slow)).unwrap();
    let outcome = client.batch_operate(&Request::bind(items)).unwrap();
    assert!(outcome.all_accepted(), "{outcome:?}");
    assert_eq!(outcome.requests(), 3);
}

#[test]
fn interrupted_call_of_several_parts_ends_soon_and_holds_the_rest_back() {
    let items = (0..60).map(|n| bind(&format!("token{}", n % 50), &format!("player{n}")));
    let bench = bench(&[("parallel", "2")], vec![]);
    let options = CallOptions::new().with_interrupt(|| true);
    let request = Request::bind(items);
    let outcome = bench.client.batch_operate_with(&request, &options).unwrap();
    let reason = |n: usize| outcome.items()[n].reason();
    assert!((0..50).all(|n| reason(n) == Reason::Cancelled));
    assert!((50..60).all(|n| reason(n) == Reason::HeldBack));
    let message = outcome.items()[53].message();
    assert!(
        message.contains("item 3 on the same token (\"token3\") ended not_sent"),
        "{message}"
    );
}

proptest! {
    /// Whatever the service answers: submitting the retryable items again and
    /// again, in their order, ends with all items completed, and on every key no
    /// item that the service took was sent after a later one.
    #[test]
    fn submitting_retryable_items_again_keeps_the_order(
        pairs in prop::collection::vec((0_u8..4, 0_u8..4), 1..30),
        answers in prop::collection::vec(0_u8..6, 0..20),
    ) {
        let answer = |n: &u8| match n {
            0 => lost(),
            1 => refused(),
            2 => json(503, ""),
            3 => json(200, r#"{"ret_code":1008028}"#),
            4 => json(200, "<html>"),
            _ => json(429, ""),
        };
        let bench = bench(&[("max_attempts", "2")], answers.iter().map(answer).collect());
        let name = |n: usize| (format!("t{}", pairs[n].0), format!("a{}n", pairs[n].1));
        let mut open: Vec<usize> = (0..pairs.len()).collect();
        let mut taken: Vec<usize> = Vec::new();
        for _ in 0..30 {
            if open.is_empty() {
                break;
            }
            let items = open.iter().map(|n| bind(&name(*n).0, &name(*n).1));
            let outcome = bench.client.batch_operate(&Request::bind(items)).unwrap();
            let ends: Vec<_> = open.iter().copied().zip(outcome.items().iter().cloned()).collect();
            taken.extend(ends.iter().filter(|e| e.1.state() == State::Accepted).map(|e| e.0));
            open = ends.iter().filter(|e| e.1.is_retryable()).map(|e| e.0).collect();
        }
        prop_assert!(open.is_empty());
        prop_assert_eq!(taken.len(), pairs.len());
        for (at, late) in taken.iter().enumerate() {
            for early in &taken[at + 1..] {
                let shared = pairs[*late].0 == pairs[*early].0 || pairs[*late].1 == pairs[*early].1;
                // Within one call the list is in input order, so only calls count.
                prop_assert!(!(shared && late > early), "{late} was taken before {early}");
            }
        }
    }
}
