//! Every fault over a real socket: what the client sees, and what was applied.

mod common;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use common::{BASIC, BATCH, Client, End, PATIENCE, QUERY, Received, overwrite};
use xgpush_emulator::{Config, Emulator, Fault, FaultKind, RandomFaults};

const TWO: &str = r#"{"ret_code":0,"err_msg":"NO_ERROR","result":["0","0"]}"#;

/// One bind of two tokens under a fault: what came back, and the tokens that were applied.
fn under(kind: FaultKind) -> (Received, Vec<String>) {
    let name = kind.name();
    let emulator = Emulator::start(Config::default()).unwrap();
    emulator.push_fault(kind.into());
    let mut client = Client::new(&emulator);
    let received = client.post(BATCH, &overwrite(&[("t1", "a1"), ("t2", "a2")]));
    let applied: Vec<String> = emulator.state().tokens.into_keys().collect();

    let log = emulator.log();
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].fault, Some(name));
    assert_eq!(log[0].applied, !applied.is_empty());
    assert_eq!(emulator.counters().applied, applied.len() as u64);
    assert_eq!(emulator.counters().faults, 1);
    let answered = !received.bytes.is_empty();
    assert_eq!(emulator.counters().answered, u64::from(answered));
    assert_eq!(log[0].status, answered.then(|| received.status()));

    // It hits once: the same on a new connection is sound.
    let again = Client::new(&emulator).post(BATCH, &overwrite(&[("t1", "a1"), ("t2", "a2")]));
    assert_eq!(again.body(), TWO);
    (received, applied)
}

fn none() -> Vec<String> {
    Vec::new()
}

fn both() -> Vec<String> {
    vec!["t1".into(), "t2".into()]
}

#[test]
fn status() {
    let (received, applied) = under(FaultKind::retry_after(503, "7"));
    assert_eq!((received.status(), received.body()), (503, ""));
    assert_eq!(received.header("retry-after"), Some("7"));
    assert_eq!(applied, none());
    let kind = FaultKind::Status {
        status: 429,
        retry_after: None,
        body: Some("slow down".into()),
        content_type: "text/x".into(),
        apply: true,
    };
    let (received, applied) = under(kind);
    assert_eq!((received.status(), received.body()), (429, "slow down"));
    assert_eq!(received.header("content-type"), Some("text/x"));
    assert_eq!(received.header("retry-after"), None);
    assert_eq!(applied, both());
}

#[test]
fn ret_code() {
    let (received, applied) = under(FaultKind::ret_code(1_008_004));
    assert_eq!(received.status(), 200);
    assert_eq!(
        received.body(),
        r#"{"ret_code":1008004,"err_msg":"failed to call an internal service"}"#
    );
    assert_eq!(applied, none());
    let (received, applied) = under(FaultKind::RetCode {
        code: 1_008_028,
        err_msg: "fast".into(),
        http_status: 500,
        camel: Some(true),
        apply: true,
    });
    assert_eq!(received.status(), 500);
    assert_eq!(received.body(), r#"{"retCode":1008028,"errMsg":"fast"}"#);
    assert_eq!(applied, both());
}

#[test]
fn ret_code_on_a_query_is_spelled_as_queries_are() {
    let emulator = Emulator::start(Config::default()).unwrap();
    emulator.push_fault(Fault::new(FaultKind::ret_code(1_008_028)));
    let mut client = Client::new(&emulator);
    let query = r#"{"operator_type":2,"token_list":["t1"]}"#;
    assert_eq!(
        client.post(QUERY, query).body(),
        r#"{"retCode":1008028,"errMsg":"request too fast"}"#
    );
}

#[test]
fn body() {
    let (received, applied) = under(FaultKind::body("[]"));
    assert_eq!((received.status(), received.body()), (200, "[]"));
    assert_eq!(applied, both());
    let headers = [("X-A", "1"), ("Date", "Thu, 01 Jan 1970 00:00:00 GMT")];
    let (received, applied) = under(FaultKind::Body {
        body: "not json".into(),
        http_status: 202,
        content_type: "text/plain".into(),
        headers: headers.map(|(k, v)| (k.into(), v.into())).into(),
        apply: false,
    });
    assert_eq!((received.status(), received.body()), (202, "not json"));
    assert_eq!(received.header("x-a"), Some("1"));
    assert_eq!(received.header("date"), Some(headers[1].1));
    assert_eq!(applied, none());
}

#[test]
fn element() {
    let element = |code: &str, index: &[usize]| FaultKind::Element {
        code: code.into(),
        index: index.into(),
    };
    let (received, applied) = under(element("1008029", &[0]));
    let json = received.json();
    assert_eq!(json["ret_code"], 1_008_026);
    assert_eq!(json["result"], serde_json::json!(["1008029", "0"]));
    assert_eq!(applied, ["t2"]);
    let (received, applied) = under(element("x", &[]));
    assert_eq!(received.json()["ret_code"], 1_008_027);
    assert_eq!(received.json()["result"], serde_json::json!(["x", "x"]));
    assert_eq!(applied, none());
}

#[test]
fn hang() {
    for (kind, tokens) in [(FaultKind::Hang, 0), (FaultKind::HangAfterApply, 2)] {
        let emulator = Emulator::start(Config::default()).unwrap();
        emulator.push_fault(kind.into());
        let mut client = Client::new(&emulator);
        client.write(
            "POST",
            BATCH,
            BASIC,
            &overwrite(&[("t1", "a1"), ("t2", "a2")]),
        );
        assert!(emulator.wait_until(PATIENCE, |c| c.received == 1));
        client.patience(Duration::from_millis(50));
        let received = client.read();
        assert_eq!((received.end, received.bytes.len()), (End::Silent, 0));
        assert_eq!(emulator.state().tokens.len(), tokens);
        assert_eq!(emulator.log()[0].status, None);
        assert_eq!(emulator.counters().open, 1);
        drop(client);
        assert!(emulator.wait_until(PATIENCE, |c| c.open == 0));
        assert_eq!(emulator.counters().answered, 0);
    }
}

#[test]
fn reset_and_close() {
    for (kind, end, tokens) in [
        (FaultKind::ResetBefore, End::Reset, none()),
        (FaultKind::ResetAfter, End::Reset, both()),
        (FaultKind::CloseBefore, End::Closed, none()),
        (FaultKind::CloseAfter, End::Closed, both()),
    ] {
        let name = kind.name();
        let (received, applied) = under(kind);
        assert_eq!((received.end, received.bytes.len()), (end, 0), "{name}");
        assert_eq!(applied, tokens, "{name}");
    }
}

#[test]
fn drip() {
    let kinds = [
        FaultKind::Drip { ms_per_byte: 2 },
        FaultKind::DripHeaders { ms_per_byte: 2 },
    ];
    for kind in kinds {
        let in_body = matches!(kind, FaultKind::Drip { .. });
        let start = Instant::now();
        let (received, applied) = under(kind);
        assert_eq!(received.end, End::Complete);
        assert_eq!(received.body(), TWO);
        assert_eq!(applied, both());
        let slow = if in_body {
            TWO.len()
        } else {
            received.head().len()
        };
        let least = Duration::from_millis(2 * (slow as u64 - 2));
        assert!(start.elapsed() >= least, "{:?}", start.elapsed());
    }
}

#[test]
fn drip_goes_on_with_sound_answers() {
    let emulator = Emulator::start(Config::default()).unwrap();
    emulator.push_fault(FaultKind::Drip { ms_per_byte: 1 }.into());
    emulator.push_fault(FaultKind::DripHeaders { ms_per_byte: 1 }.into());
    let mut client = Client::new(&emulator);
    for _ in 0..3 {
        let received = client.post(BATCH, &overwrite(&[("t1", "a1"), ("t2", "a2")]));
        assert_eq!((received.end, received.body()), (End::Complete, TWO));
    }
    assert_eq!(emulator.counters().connections, 1);
}

#[test]
fn truncate() {
    for at in [0, 1, TWO.len() - 1] {
        let (received, applied) = under(FaultKind::Truncate { at });
        assert_eq!(received.end, End::Closed);
        assert_eq!(received.body(), &TWO[..at]);
        let promised = TWO.len().to_string();
        assert_eq!(received.header("content-length"), Some(promised.as_str()));
        assert_eq!(applied, both());
    }
    let (received, _) = under(FaultKind::Truncate { at: TWO.len() });
    assert_eq!((received.end, received.body()), (End::Complete, TWO));
}

#[test]
fn html_empty_and_redirect() {
    let (received, applied) = under(FaultKind::Html { http_status: 200 });
    assert_eq!(received.status(), 200);
    assert_eq!(received.header("content-type"), Some("text/html"));
    assert!(received.body().starts_with("<html>"));
    assert_eq!(applied, none());

    let (received, applied) = under(FaultKind::Empty { http_status: 200 });
    assert_eq!((received.status(), received.body()), (200, ""));
    assert_eq!(applied, none());

    let location = "http://127.0.0.1:9/elsewhere";
    let (received, applied) = under(FaultKind::Redirect {
        location: location.into(),
    });
    assert_eq!(received.status(), 302);
    assert_eq!(received.header("location"), Some(location));
    assert_eq!(applied, none());
}

#[test]
fn wrong_result_counts() {
    let results = |kind| {
        let (received, applied) = under(kind);
        assert_eq!(applied, both());
        received.json()["result"].clone()
    };
    assert_eq!(
        results(FaultKind::ShortResult { missing: 1 }),
        serde_json::json!(["0"])
    );
    assert_eq!(
        results(FaultKind::ShortResult { missing: 9 }),
        serde_json::json!([])
    );
    let long = results(FaultKind::LongResult { extra: 1 });
    assert_eq!(long, serde_json::json!(["0", "0", "0"]));
    assert_eq!(results(FaultKind::NoResult), serde_json::Value::Null);
}

#[test]
fn huge() {
    let (received, applied) = under(FaultKind::Huge { bytes: 3_000_001 });
    assert_eq!(received.end, End::Complete);
    assert_eq!(received.body().len(), 3_000_001);
    assert_eq!(applied, both());
}

#[test]
fn wrong_date() {
    let (received, applied) = under(FaultKind::WrongDate { skew_s: -864_000 });
    let date = httpdate::parse_http_date(received.header("date").unwrap()).unwrap();
    let age = date.elapsed().unwrap().as_secs();
    assert!((864_000..864_060).contains(&age), "{age}");
    assert_eq!(received.body(), TWO);
    assert_eq!(applied, both());
}

#[test]
fn partial_apply() {
    let (received, applied) = under(FaultKind::PartialApply { items: 1 });
    assert_eq!(received.status(), 500);
    assert_eq!(applied, ["t1"]);
    assert_eq!(under(FaultKind::PartialApply { items: 0 }).1, none());
}

#[test]
fn fault_that_applies_skips_items_that_would_be_refused() {
    let emulator = Emulator::start(Config::default()).unwrap();
    emulator.push_fault(Fault::new(FaultKind::ResetAfter).times(0));
    let body = overwrite(&[("t1", "a1"), ("bad-1", "a1")]);
    Client::new(&emulator).exchange("POST", BATCH, "", &body);
    assert!(emulator.state().tokens.is_empty());
    Client::new(&emulator).post(BATCH, &body);
    assert_eq!(
        emulator.state().tokens.into_keys().collect::<Vec<_>>(),
        ["t1"]
    );
}

#[test]
fn fault_with_path_or_operator_hits_only_matching_requests() {
    let emulator = Emulator::start(Config::default()).unwrap();
    emulator.push_fault(
        Fault::new(FaultKind::status(500))
            .path("query")
            .operator_type(2),
    );
    let mut client = Client::new(&emulator);
    let by_account = r#"{"operator_type":1,"account_list":[{"account":"a1"}]}"#;
    let by_token = r#"{"operator_type":2,"token_list":["t1"]}"#;
    assert_eq!(
        client.post(BATCH, &overwrite(&[("t1", "a1")])).status(),
        200
    );
    assert_eq!(client.post(QUERY, by_account).status(), 200);
    assert_eq!(client.post(QUERY, by_token).status(), 500);
    assert_eq!(client.post(QUERY, by_token).status(), 200);
}

#[test]
fn random_faults_with_one_seed_hit_the_same_requests() {
    let config = Config {
        random_faults: Some(RandomFaults {
            seed: 42,
            per_mille: 400,
            kinds: vec![FaultKind::status(500), FaultKind::status(502)],
        }),
        ..Config::default()
    };
    let emulator = Emulator::start(Config::default()).unwrap();
    let run = || -> Vec<u16> {
        emulator.reconfigure(config.clone());
        let mut client = Client::new(&emulator);
        let body = overwrite(&[("t1", "a1")]);
        (0..60)
            .map(|_| client.post(BATCH, &body).status())
            .collect()
    };
    let first = run();
    assert_eq!(first, run());
    let mut by_status = BTreeMap::new();
    for status in first {
        *by_status.entry(status).or_insert(0) += 1;
    }
    assert_eq!(by_status.len(), 3, "{by_status:?}");
    assert_eq!(emulator.counters().statuses, by_status);
}

#[test]
fn close_idle_drops_the_next_request_unread() {
    for (rst, end) in [(true, End::Reset), (false, End::Closed)] {
        let emulator = Emulator::start(Config::default()).unwrap();
        emulator.push_fault(
            FaultKind::CloseIdle {
                rst,
                per_mille: 1000,
            }
            .into(),
        );
        let mut client = Client::new(&emulator);
        assert_eq!(
            client.post(BATCH, &overwrite(&[("t1", "a1")])).status(),
            200
        );
        let received = client.post(BATCH, &overwrite(&[("t2", "a2")]));
        assert_eq!((received.end, received.bytes.len()), (end, 0));
        assert!(emulator.wait_until(PATIENCE, |c| c.dropped_idle == 1));
        assert_eq!(emulator.log().len(), 1);
        assert_eq!(
            emulator.state().tokens.into_keys().collect::<Vec<_>>(),
            ["t1"]
        );
        // Once only.
        let mut client = Client::new(&emulator);
        for _ in 0..3 {
            assert_eq!(
                client.post(BATCH, &overwrite(&[("t3", "a3")])).status(),
                200
            );
        }
    }
}

#[test]
fn close_idle_for_ever_spares_the_first_request_of_each_connection() {
    for (rst, per_mille) in [(true, 1000), (true, 300), (false, 1000), (false, 300)] {
        let emulator = Emulator::start(Config::default()).unwrap();
        emulator.push_fault(Fault::new(FaultKind::CloseIdle { rst, per_mille }).times(0));
        let mut client = Client::new(&emulator);
        let mut fresh = true;
        let mut dropped = 0;
        let mut answered = 0;
        while answered < 200 {
            let token = format!("t{answered}");
            let received = client.post(BATCH, &overwrite(&[(&token, "a")]));
            if received.end == End::Complete {
                assert_eq!(received.status(), 200);
                answered += 1;
                fresh = false;
                continue;
            }
            assert!(!fresh, "a first request was dropped");
            assert!(received.bytes.is_empty());
            assert!(!emulator.state().tokens.contains_key(&token));
            dropped += 1;
            client = Client::new(&emulator);
            fresh = true;
        }
        let counters = emulator.counters();
        assert_eq!(counters.dropped_idle, dropped);
        assert_eq!((counters.received, counters.applied), (200, 200));
        let expected = if per_mille == 1000 {
            199..=199
        } else {
            30..=90
        };
        assert!(expected.contains(&dropped), "{dropped}");
    }
}

#[test]
fn close_idle_with_per_mille_hits_some_connections() {
    let emulator = Emulator::start(Config {
        random_faults: Some(RandomFaults {
            seed: 1,
            per_mille: 1000,
            kinds: vec![FaultKind::CloseIdle {
                rst: true,
                per_mille: 1000,
            }],
        }),
        ..Config::default()
    })
    .unwrap();
    let mut client = Client::new(&emulator);
    let body = overwrite(&[("t1", "a1")]);
    assert_eq!(client.post(BATCH, &body).status(), 200);
    assert_eq!(client.post(BATCH, &body).end, End::Reset);
    assert_eq!(emulator.counters().received, 1);
}
