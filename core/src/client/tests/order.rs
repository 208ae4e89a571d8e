//! An item never overtakes an earlier one on its keys, whatever became of it.

use proptest::prelude::*;

use super::*;

fn bind(token: &str, account: &str) -> Binding {
    Binding::one(Token::new(token).unwrap(), Account::new(account).unwrap())
}

#[test]
fn what_follows_an_unsettled_item_is_held_back() {
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

proptest! {
    /// Whatever the service answers: handing in the retryable items again and
    /// again, in their order, ends with all items settled, and on every key no
    /// item that the service took was sent after a later one.
    #[test]
    fn handing_in_again_what_is_retryable_keeps_the_order(
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
