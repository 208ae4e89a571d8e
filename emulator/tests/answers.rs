//! Answers without faults: envelopes, versions, authentication and the open questions.

mod common;

use std::time::{Duration, SystemTime};

use common::{BASIC, BATCH, Client, PATIENCE, QUERY, overwrite};
use serde_json::json;
use xgpush_emulator::{
    AuthFailure, AuthKind, Config, Emulator, NotFound, PlatformField, Spelling, Version,
};

fn start(config: Config) -> (Emulator, Client) {
    let emulator = Emulator::start(config).unwrap();
    let client = Client::new(&emulator);
    (emulator, client)
}

const BY_ACCOUNT: &str = r#"{"operator_type":1,"platform":"android","account_list":[{"account":"a1","account_type":0},{"account":"a9","account_type":2}]}"#;
const BY_TOKEN: &str = r#"{"operator_type":2,"platform":"android","token_list":["t1","t9"]}"#;
const BIND: &str = r#"{"operator_type":2,"platform":"android","token_accounts":[{"token":"t1","account_list":[{"account":"a1","account_type":0},{"account":"a2","account_type":9}]}]}"#;

#[test]
fn response_of_each_version_has_its_documented_form() {
    let table = [
        (
            Version::Tpns,
            r#"{"ret_code":0,"err_msg":"NO_ERROR","result":["0"]}"#,
            r#"{"retCode":0,"errMsg":"NO_ERROR","result":["0","10110008"],"account_tokens":[{"account":"a1","account_type":0,"token_list":["t1"]},{"account":"a9","account_type":2,"token_list":[]}]}"#,
            r#"{"retCode":0,"errMsg":"NO_ERROR","result":["0","10110008"],"token_accounts":[{"token":"t1","account_list":[{"account":"a1","account_type":0},{"account":"a2","account_type":9}]},{"token":"t9","account_list":[]}]}"#,
        ),
        (
            Version::TpnsWithPlatform,
            r#"{"ret_code":0,"err_msg":"ok","result":["ok"]}"#,
            r#"{"retCode":0,"errMsg":"ok","result":["ok","10110008"],"account_tokens":[{"account":"a1","token_list":["t1"]},{"account":"a9","account_type":2,"token_list":[]}]}"#,
            r#"{"retCode":0,"errMsg":"ok","result":["ok","10110008"],"token_accounts":[{"token":"t1","account_list":[{"account":"a1"},{"account":"a2","account_type":9}]},{"token":"t9","account_list":[]}]}"#,
        ),
        (
            Version::XgV3,
            r#"{"ret_code":0,"err_msg":"ok","result":["ok"]}"#,
            r#"{"ret_code":0,"err_msg":"ok","account_tokens":[{"account":"a1","account_type":0,"token_list":["t1"]},{"account":"a9","account_type":2,"token_list":[]}]}"#,
            r#"{"ret_code":0,"err_msg":"ok","token_accounts":[{"token":"t1","account_list":[{"account":"a1","account_type":0},{"account":"a2","account_type":9}]},{"token":"t9","account_list":[]}]}"#,
        ),
    ];
    for (version, bound, by_account, by_token) in table {
        let (_emulator, mut client) = start(Config {
            version,
            ..Config::default()
        });
        let received = client.post(BATCH, BIND);
        assert_eq!(received.status(), 200);
        assert_eq!(received.header("content-type"), Some("application/json"));
        assert_eq!(received.body(), bound);
        assert_eq!(client.post(QUERY, BY_ACCOUNT).body(), by_account);
        assert_eq!(client.post(QUERY, BY_TOKEN).body(), by_token);
    }
}

#[test]
fn batch_with_bad_tokens_reports_each_item_and_a_top_code() {
    for (version, xg_list_codes, code, some_failed, all_failed) in [
        (Version::Tpns, false, "1008006", 1_008_026, 1_008_027),
        (
            Version::TpnsWithPlatform,
            false,
            "1008006",
            1_008_026,
            1_008_027,
        ),
        (Version::XgV3, false, "token_not_exists", 0, 0),
        (Version::XgV3, true, "token_not_exists", 10_304, 10_305),
    ] {
        for shown in [true, false] {
            let (emulator, mut client) = start(Config {
                version,
                xg_list_codes,
                result_with_partial: shown,
                ok_word: "fine".into(),
                ..Config::default()
            });
            let mut clear = |tokens: &[&str]| {
                let body = json!({"operator_type": 4, "platform": "ios", "token_list": tokens});
                client.post(BATCH, &body.to_string()).json()
            };
            let some = clear(&["t1", "bad-1"]);
            assert_eq!(some["ret_code"], some_failed);
            let results = if shown || some_failed == 0 {
                json!(["fine", code])
            } else {
                json!(null)
            };
            assert_eq!(some["result"], results);
            let all = clear(&["bad-1", "bad-2"]);
            assert_eq!(all["ret_code"], all_failed);
            assert_eq!(clear(&["t1", "bad"])["result"], json!(["fine", "fine"]));
            let log = emulator.log();
            assert_eq!((log[0].ret_code, log[0].applied), (Some(some_failed), true));
            assert_eq!((log[1].ret_code, log[1].applied), (Some(all_failed), false));
            assert_eq!(emulator.counters().applied, 3);
        }
    }
}

#[test]
fn refusals_of_each_version_have_the_codes_of_its_table() {
    let unbind = |rest: &str| format!(r#"{{"operator_type":3,"platform":"ios"{rest}}}"#);
    let cases = [
        ("{".to_owned(), 1_008_001, 10_107),
        (unbind(""), 1_008_002, 10_102),
        (unbind(r#","token_accounts":7"#), 1_008_007, 10_103),
        (unbind("").replace('3', "9"), 1_008_007, 10_103),
    ];
    for version in [Version::Tpns, Version::TpnsWithPlatform, Version::XgV3] {
        let (_emulator, mut client) = start(Config {
            version,
            rate_limit_per_s: Some(u32::MAX),
            ..Config::default()
        });
        let expected = |tpns, legacy| {
            if version == Version::XgV3 {
                legacy
            } else {
                tpns
            }
        };
        for (body, tpns, legacy) in &cases {
            let answer = client.post(BATCH, body).json();
            assert_eq!(answer["ret_code"], expected(*tpns, *legacy), "{body}");
        }
        for (headers, tpns, legacy) in [
            ("", 1_008_003, 10_104),
            ("Authorization: Basic MTU6eA==\r\n", 1_008_035, 10_606),
        ] {
            let received = client.exchange("POST", BATCH, headers, "{}");
            assert_eq!(received.status(), 403);
            assert_eq!(received.json()["ret_code"], expected(tpns, legacy));
        }
    }
}

#[test]
fn texts_that_begin_with_the_prefix_are_refused_with_their_code() {
    let (emulator, mut client) = start(Config::default());
    let answer = client.post(BATCH, &overwrite(&[("code-1008029", "a"), ("t1", "b")]));
    assert_eq!(answer.json()["result"], json!(["1008029", "0"]));
    let clear = r#"{"operator_type":5,"account_list":[{"account":"code-1008004 x"}]}"#;
    assert_eq!(
        client.post(BATCH, clear).json()["result"],
        json!(["1008004"])
    );
    let query = r#"{"operator_type":2,"token_list":["code-1008031","code-7"]}"#;
    let answer = client.post(QUERY, query).json();
    assert_eq!(answer["result"], json!(["1008031", "10110008"]));
    emulator.reconfigure(Config {
        code_prefix: String::new(),
        ..Config::default()
    });
    let answer = client.post(BATCH, &overwrite(&[("code-1008029", "a")]));
    assert_eq!(answer.json()["result"], json!(["0"]));
}

#[test]
fn account_type_beside_the_lists_is_named_in_the_log() {
    let (emulator, mut client) = start(Config::default());
    let body = r#"{"operator_type":5,"account_type":7,"account_list":[{"account":"a1"}]}"#;
    assert_eq!(client.post(BATCH, body).json()["ret_code"], 0);
    assert_eq!(client.post(BATCH, BIND).json()["ret_code"], 0);
    let log = emulator.log();
    assert!(log[0].warnings[0].contains("top_level_account_type"));
    assert!(log[1].warnings.is_empty());
}

#[test]
fn options_change_codes_field_names_and_the_rate_limit() {
    let (emulator, mut client) = start(Config {
        query_not_found: NotFound::Partial,
        ..Config::default()
    });
    client.post(BATCH, &overwrite(&[("t1", "a1")]));
    assert_eq!(client.post(QUERY, BY_TOKEN).json()["retCode"], 1_008_026);
    let unknown = BY_TOKEN.replace("t1", "t8");
    assert_eq!(client.post(QUERY, &unknown).json()["retCode"], 1_008_027);

    emulator.reconfigure(Config {
        spelling: Spelling::Camel,
        ..Config::default()
    });
    assert_eq!(client.post(BATCH, BIND).json()["retCode"], 0);
    assert_eq!(client.post(BATCH, "{").json()["retCode"], 1_008_001);
    emulator.reconfigure(Config {
        spelling: Spelling::Snake,
        platform_field: PlatformField::Reject,
        ..Config::default()
    });
    assert_eq!(client.post(QUERY, BY_TOKEN).json()["ret_code"], 1_008_007);
    assert_eq!(client.post(BATCH, BIND).json()["ret_code"], 1_008_007);

    emulator.reconfigure(Config {
        rate_limit_per_s: Some(2),
        ..Config::default()
    });
    let codes: Vec<_> = (0..50)
        .map(|_| {
            client.post(BATCH, BIND).json()["ret_code"]
                .as_i64()
                .unwrap()
        })
        .collect();
    assert_eq!(codes[..2], [0, 0]);
    assert!(codes.contains(&1_008_028));
}

#[test]
fn signature_over_other_bytes_is_refused() {
    let body = r#"{"operator_type":4,"token_list":["token1","token2","token3"]}"#;
    let signed = "AccessId: 1500001048\r\nTimeStamp: 1565314789\r\nSign: ZDZkOWFhYWU0ZDI5MzAyNDFkMGU5OTdmNThlMzBjNTE1OGMxYmNkNmUzYTAwZGRhNjJiNGM2MTEyYjQwOTQ5Zg==\r\n";
    let (emulator, mut client) = start(Config {
        timestamp_tolerance_s: None,
        ..Config::default()
    });
    let mut code = |headers: &str, body: &str| {
        let received = client.exchange("POST", BATCH, headers, body);
        let code = received.json()["ret_code"].as_i64().unwrap();
        assert_eq!(received.status(), if code == 0 { 200 } else { 403 });
        code
    };
    assert_eq!(code(signed, body), 0);
    assert_eq!(
        code(&signed.to_lowercase().replace("zdzk", "ZDZk"), body),
        1_008_003
    );
    assert_eq!(code(&signed.replace("AccessId", "accessid"), body), 0);
    assert_eq!(code(signed, &body.replace(",\"token2\"", "")), 1_008_003);
    assert_eq!(code(&signed.replace("048", "049"), body), 1_008_035);
    assert_eq!(code(BASIC, body), 0);
    assert_eq!(code("", body), 1_008_003);
    let kinds: Vec<_> = emulator.log().iter().map(|entry| entry.auth).collect();
    assert_eq!(
        kinds[4..],
        [AuthKind::Sign, AuthKind::Basic, AuthKind::None]
    );
    emulator.reconfigure(Config::default());
    assert_eq!(code(signed, body), 1_008_003, "a stamp of 2019 is too old");
    // A server whose clock stands at the stamp, or well before it.
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let back_then = 1_565_314_789 - i64::try_from(now.unwrap().as_secs()).unwrap();
    for (skew, expected) in [(back_then, 0), (back_then - 900, 1_008_003)] {
        emulator.reconfigure(Config {
            clock_skew_s: skew,
            ..Config::default()
        });
        assert_eq!(code(signed, body), expected);
    }
}

#[test]
fn auth_failure_option_chooses_the_form() {
    for (form, status, is_json) in [
        (AuthFailure::Json200, 200, true),
        (AuthFailure::Json403, 403, true),
        (AuthFailure::Plain403, 403, false),
    ] {
        let (emulator, mut client) = start(Config {
            auth_failure: form,
            ..Config::default()
        });
        let received = client.exchange("POST", QUERY, "", BY_TOKEN);
        assert_eq!(received.status(), status);
        if is_json {
            assert_eq!(received.json()["retCode"], 1_008_003);
        } else {
            assert_eq!(received.body(), "Forbidden");
        }
        let code = is_json.then_some(1_008_003);
        assert_eq!(emulator.log()[0].ret_code, code);
    }
}

#[test]
fn unknown_path_is_404_and_other_method_405() {
    let (emulator, mut client) = start(Config::default());
    assert_eq!(
        client.post("/v3/push/app", "{}").body(),
        r#"{"seq":0,"ret_code":1008002,"err_msg":"missing required parameter: audience_type"}"#
    );
    let received = client.exchange("POST", "/v3/push/app", "", "{}");
    assert_eq!(received.json()["ret_code"], 1_008_003);
    assert_eq!(client.post("/v3/no/such", "{}").status(), 404);
    assert_eq!(client.post("//v3/push/app", "{}").status(), 404);
    let received = client.exchange("GET", BATCH, BASIC, "");
    assert_eq!(
        (received.status(), received.header("allow")),
        (405, Some("POST"))
    );
    assert_eq!(client.post(&format!("{BATCH}?x=1"), BIND).status(), 200);
    let log = emulator.log();
    assert_eq!(log[5].path, BATCH);
    assert_eq!(
        log.iter().map(|e| e.nth).collect::<Vec<_>>(),
        [1, 2, 3, 4, 5, 6]
    );
    assert!(
        log.iter()
            .all(|entry| entry.connection == log[0].connection)
    );
}

#[test]
fn clock_skew_option_shifts_date_and_signature_check() {
    let (_emulator, mut client) = start(Config {
        clock_skew_s: 3600,
        ..Config::default()
    });
    let received = client.post(BATCH, BIND);
    let date = httpdate::parse_http_date(received.header("date").unwrap()).unwrap();
    let ahead = date.duration_since(SystemTime::now()).unwrap().as_secs();
    assert!((3540..=3600).contains(&ahead), "{ahead}");
}

#[test]
fn accepted_operation_shows_after_its_delay_without_a_query() {
    let (emulator, mut client) = start(Config {
        apply_delay_ms: 30,
        ..Config::default()
    });
    assert_eq!(client.post(BATCH, BIND).json()["ret_code"], 0);
    assert!(emulator.wait_until(PATIENCE, |counters| counters.applied == 1));
    assert_eq!(emulator.state().tokens_of("a1", 0), ["t1"]);
}

#[test]
fn latency_delays_concurrent_responses_independently() {
    let (emulator, mut first) = start(Config {
        latency_ms: 100,
        ..Config::default()
    });
    let mut second = Client::new(&emulator);
    let start = std::time::Instant::now();
    first.write("POST", BATCH, BASIC, BIND);
    second.write("POST", BATCH, BASIC, BIND);
    assert!(emulator.wait_until(PATIENCE, |counters| counters.received == 2));
    assert_eq!(first.read().status(), 200);
    assert_eq!(second.read().status(), 200);
    assert!(start.elapsed() >= Duration::from_millis(100));
}

#[test]
fn full_log_drops_the_oldest_entries() {
    let (emulator, mut client) = start(Config {
        max_log: 2,
        ..Config::default()
    });
    for _ in 0..5 {
        client.post(BATCH, BIND);
    }
    let log = emulator.log();
    assert_eq!(
        log.iter().map(|entry| entry.seq).collect::<Vec<_>>(),
        [4, 5]
    );
    assert_eq!(log[1].body, BIND);
    assert_eq!(log[1].operator_type, Some(2));
    assert_eq!(log[1].results, ["0"]);
}
