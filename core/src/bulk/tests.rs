//! What is held back in a stream, over a transport that refuses some tokens for now.

use std::time::Duration;

use super::*;
use crate::model::outcome::WarningKind;
use crate::options::Config;
use crate::protocol::message::{HttpRequest, HttpResponse, SendError};
use crate::transport::{Attempt, Transport};

/// Answers an internal error of the service for each token that begins with `bad`.
struct RefusesBad;

impl Transport for RefusesBad {
    fn send(
        &self,
        request: &HttpRequest,
        _: &Attempt,
    ) -> std::result::Result<HttpResponse, SendError> {
        let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
        let items = body["token_accounts"].as_array().unwrap();
        let code = |item: &serde_json::Value| {
            let is_bad = item["token"].as_str().unwrap().starts_with("bad");
            if is_bad { "1008004" } else { "0" }
        };
        let result: Vec<_> = items.iter().map(code).collect();
        let answer = serde_json::json!({"ret_code": 1_008_026, "result": result});
        Ok(HttpResponse::new(200, answer.to_string()))
    }
}

fn stream() -> Bulk {
    let mut config = Config::new();
    for (name, value) in [
        ("access_id", "1500001048"),
        ("secret_key", "1452fcebae9f3115ba794fb0fff2fd73"),
        ("access_point", "guangzhou"),
        ("max_attempts", "1"),
    ] {
        config.set(name, value).unwrap();
    }
    let client = Client::with_transport(&config, RefusesBad).unwrap();
    Bulk::new(&client, &BulkOptions::default()).unwrap()
}

/// Pushes rows of a token and an account, and waits for their outcomes.
fn outcomes(bulk: &mut Bulk, rows: &[(&str, &str)]) -> Vec<ItemOutcome> {
    for (token, account) in rows {
        bulk.push_row(&Row::bind(*token, *account)).unwrap();
    }
    let mut outcomes = Vec::new();
    while outcomes.len() < rows.len() {
        bulk.wait(Duration::from_secs(60));
        outcomes.push(bulk.poll().expect("an outcome within a minute"));
    }
    outcomes
}

#[test]
fn held_back_message_names_the_row_and_the_shared_key() {
    let mut bulk = stream();
    let first = outcomes(
        &mut bulk,
        &[
            ("t1", "alice"),
            ("bad", "bob"),
            ("t3", "bob"),
            ("t3", "carol"),
        ],
    );
    let again = outcomes(
        &mut bulk,
        &[("t4", "carol"), ("bad", "dave"), ("t5", "eve")],
    );
    let all = first.iter().chain(&again);
    let messages = all.map(|outcome| match outcome.reason() {
        Reason::HeldBack => outcome.message(),
        _ => "",
    });
    let expected = [
        "",
        "",
        "held back: row 2 on the same account (\"bob\") ended rejected; submit both again, in order",
        "held back: row 3 on the same token (\"t3\") ended not_sent; submit both again, in order",
        "held back: row 4 on the same account (\"carol\") ended not_sent; submit both again, in order",
        "held back: row 2 on the same token (\"bad\") ended rejected; submit both again, in order",
        "",
    ];
    assert_eq!(messages.collect::<Vec<_>>(), expected);
    assert!(bulk.warnings().is_empty());
}

#[test]
fn full_table_of_blocked_keys_holds_later_rows_back_and_warns_once() {
    let mut bulk = stream();
    bulk.blocked = BlockedKeys::new(ItemKind::Row, 3);
    let first = outcomes(&mut bulk, &[("bad1", "alice"), ("free", "bob")]);
    assert_eq!(first[1].reason(), Reason::Accepted);
    assert!(bulk.warnings().is_empty());
    let second = outcomes(&mut bulk, &[("bad2", "carol")]);
    assert_eq!(second[0].reason(), Reason::ItemRefused);
    for _ in 0..2 {
        let held = outcomes(&mut bulk, &[("free", "dave"), ("bad1", "eve")]);
        assert!(
            held.iter()
                .all(|outcome| outcome.reason() == Reason::HeldBack)
        );
        let full = "held back: more than 3 tokens and accounts have a row that ended retryable";
        assert!(held[0].message().starts_with(full), "{}", held[0].message());
        let known = "held back: row 1 on the same token (\"bad1\")";
        assert!(
            held[1].message().starts_with(known),
            "{}",
            held[1].message()
        );
    }
    let [warning] = bulk.warnings() else {
        panic!("{:?}", bulk.warnings());
    };
    assert_eq!(warning.kind(), WarningKind::AllHeldBack);
    assert!(warning.message().contains("any later row"), "{warning:?}");
}
