//! Passing requests on to another service, recording, playing back: against a second emulator.

mod common;

use std::fs;

use common::program::{Folder, Program};
use common::{BASIC, BATCH, Client, QUERY, overwrite};
use serde_json::{Value, json};
use xgpush_emulator::{Config, Emulator};

const PUSH: &str = "/v3/push/app";
const TOKEN: &str = "05a305f6b71abb3a6b8c759fd1bc56b4bb44";

/// What a client does, and the answers that it got.
fn story(client: &mut Client, token: &str, account: &str) -> Vec<(u16, Value)> {
    let query = json!({"operator_type": 2, "token_list": [token]}).to_string();
    let push = json!({"audience_type": "account", "account_list": [account], "message_type": "notify",
        "message": {"title": format!("for {account}"), "content": "secret plans", "android": {}}});
    let requests = [
        (QUERY, query.clone(), BASIC),
        (
            BATCH,
            overwrite(&[(token, account), ("bad-token", account)]),
            BASIC,
        ),
        (QUERY, query, BASIC),
        (PUSH, push.to_string(), BASIC),
        (BATCH, "{".to_owned(), BASIC),
        (BATCH, overwrite(&[(token, account)]), ""),
    ];
    requests
        .iter()
        .map(|(path, body, headers)| {
            let received = client.exchange("POST", path, headers, body);
            (received.status(), received.json())
        })
        .collect()
}

#[test]
fn recording_without_names_is_played_back_with_those_of_the_client() {
    let folder = Folder::new("recording");
    let file = folder.file("recording.jsonl");
    let service = Emulator::start(Config::default()).unwrap();
    let url = service.base_url();
    let between = Program::start(&["--upstream", &url, "--record", &file], 1);
    let answers = story(&mut between.client(), TOKEN, "alice@example.com");
    assert_eq!(service.counters().received, 6, "each is passed on, once");
    assert_eq!(
        answers[2].1["token_accounts"][0]["account_list"][0]["account"],
        "alice@example.com"
    );
    let log = between
        .client()
        .exchange("GET", "/_emulator/log", "", "")
        .json();
    assert_eq!(log["log"].as_array().unwrap().len(), 6);
    assert_eq!(log["log"][1]["ret_code"], 1_008_026);
    assert!(
        log["log"][1]["answer"]
            .as_str()
            .unwrap()
            .contains("1008006")
    );
    drop(between);
    drop(service);

    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().count(), 6);
    for secret in [
        "1452fcebae9f3115ba794fb0fff2fd73",
        "MTUwMDAwMTA0OD",
        "1500001048",
        TOKEN,
        "alice",
        "example.com",
        "secret plans",
        "bad-token",
    ] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
    let second: Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    let name = &second["body"]["json"]["token_accounts"][0]["token"];
    assert_eq!(
        name.as_str().unwrap().len(),
        TOKEN.len(),
        "lengths are kept"
    );

    // The same names, and others.
    for (token, account) in [(TOKEN, "alice@example.com"), ("t-1", "用户")] {
        let played = Program::start(&["--replay", &file], 1);
        let mut client = played.client();
        let again = story(&mut client, token, account);
        for (at, ((status, answer), (expected_status, expected))) in
            again.iter().zip(&answers).enumerate()
        {
            assert_eq!(status, expected_status, "{at}");
            let expected = expected
                .to_string()
                .replace(TOKEN, token)
                .replace("alice@example.com", account);
            assert_eq!(
                answer,
                &serde_json::from_str::<Value>(&expected).unwrap(),
                "{at}"
            );
        }
        // What was not recorded has no answer; what is asked once more has the last one.
        let received = client.post(
            QUERY,
            &json!({"operator_type": 2, "token_list": ["another", token]}).to_string(),
        );
        assert_eq!(received.status(), 501);
        let log = client
            .exchange("GET", "/_emulator/log?before=8&limit=1", "", "")
            .json();
        assert!(
            log["log"][0]["reason"]
                .as_str()
                .unwrap()
                .contains("recording"),
            "{log}"
        );
        let once_more = client.post(
            QUERY,
            &json!({"operator_type": 2, "token_list": [token]}).to_string(),
        );
        assert_eq!(once_more.json(), again[2].1);
    }
}

#[test]
fn service_behind_tls_is_reached_and_one_that_is_away_is_named() {
    let folder = Folder::new("upstream");
    let authority = folder.file("ca.pem");
    let service = Emulator::start(Config {
        tls: true,
        ..Config::default()
    })
    .unwrap();
    fs::write(&authority, service.ca_pem().unwrap()).unwrap();
    let url = service.base_url();
    let between = Program::start(&["--upstream", &url, "--upstream-ca", &authority], 1);
    let untrusting = Program::start(&["--upstream", &url], 1);
    let mut client = between.client();
    let body = overwrite(&[("t1", "a1")]);
    assert_eq!(client.post(BATCH, &body).json()["result"], json!(["0"]));
    assert_eq!(client.exchange("GET", BATCH, "", "").status(), 405);
    assert_eq!(service.state().accounts_of("t1"), [("a1".into(), 0)]);
    let received = untrusting.client().post(BATCH, &body);
    assert_eq!(received.status(), 502);
    assert!(received.body().contains(&url), "{}", received.body());
    drop(service);
    assert_eq!(client.post(BATCH, &body).status(), 502);
}
