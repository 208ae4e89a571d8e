//! Tags, attributes and uploaded lists, and what applications share: nothing.

mod common;

use common::v3::{PUSH, TAG, UPLOAD, ask, code, devices, push, start, unhurried, upload};
use common::{BATCH, QUERY, overwrite};
use serde_json::{Value, json};
use xgpush_emulator::{App, Config, LengthUnit, Platform, Version};

const DELETE_TAGS: &str = "/v3/device/tag/delete_all_device";
const ATTRIBUTE: &str = "/v3/device/set_custom_attribute";

#[test]
fn uploaded_lists_are_pushed_to() {
    let (emulator, mut client) = start(unhurried());
    client.post(BATCH, &overwrite(&[("t1", "alice"), ("t2", "bob")]));
    let answer = upload(&mut client, "list.txt", "alice\r\nbob\r\n\r\nnobody\r\n");
    assert_eq!(
        answer,
        json!({"retCode": 0, "errMsg": "", "uploadId": 11231})
    );
    let accounts = push(json!({"audience_type": "package_account_push", "upload_id": 11231}));
    assert_eq!(code(&ask(&mut client, PUSH, &accounts)), 0);
    assert_eq!(devices(&emulator), ["t1", "t2"]);
    let second = upload(&mut client, "list.csv", "t9\nbad-1\n");
    let tokens =
        push(json!({"audience_type": "package_token_push", "upload_id": second["uploadId"]}));
    assert_eq!(code(&ask(&mut client, PUSH, &tokens)), 0);
    assert_eq!(devices(&emulator), ["t9"]);
    assert_eq!(code(&upload(&mut client, "list.txt", "")), 1_008_012);
    assert_eq!(code(&upload(&mut client, "list.doc", "x")), 1_008_011);
    assert_eq!(code(&ask(&mut client, UPLOAD, &json!({}))), 1_008_011);
}

#[test]
fn tags_reply_and_refuse_as_documented() {
    let (emulator, mut client) = start(Config::default());
    let add = json!({"operator_type": 1, "tag_list": ["vip", "second"], "token_list": ["t1", "t2"], "seq": 3});
    let answer = ask(&mut client, TAG, &add);
    assert_eq!(
        answer,
        json!({"seq": 3, "ret_code": 0, "err_msg": "NO_ERROR"})
    );
    assert_eq!(emulator.state().tags_of("t1"), ["vip"]);
    assert!(emulator.state().tags_of("t2").is_empty());
    assert_eq!(emulator.log()[0].warnings.len(), 2);
    let delete = ask(&mut client, DELETE_TAGS, &json!({"tag_list": ["vip"]}));
    assert_eq!(
        delete,
        json!({"seq": 0, "ret_code": 0, "err_msg": "", "result": {"": ""}})
    );
    assert!(emulator.state().tags.is_empty());
    let many = |count: usize| (0..count).map(|n| format!("x{n}")).collect::<Vec<_>>();
    let pairs = |count: usize| -> Value {
        many(count)
            .iter()
            .map(|n| json!({"tag": n, "token": n}))
            .collect()
    };
    for (body, expected) in [
        (json!({}), 1_008_002),
        (json!({"operator_type": 11}), 1_008_007),
        (json!({"operator_type": 1, "token_list": ["t1"]}), 1_008_002),
        (json!({"operator_type": 1, "tag_list": ["a"]}), 1_008_002),
        (
            json!({"operator_type": 3, "tag_list": [""], "token_list": ["t1"]}),
            1_008_007,
        ),
        (
            json!({"operator_type": 3, "tag_list": ["汉".repeat(17)], "token_list": ["t1"]}),
            1_008_007,
        ),
        (
            json!({"operator_type": 3, "tag_list": many(501), "token_list": ["t1"]}),
            1_008_007,
        ),
        (
            json!({"operator_type": 7, "tag_list": ["a"], "token_list": many(501)}),
            1_008_007,
        ),
        (
            json!({"operator_type": 3, "tag_list": many(101), "token_list": ["t1"]}),
            1_008_007,
        ),
        (
            json!({"operator_type": 6, "tag_list": many(101), "token_list": ["t1"]}),
            1_008_007,
        ),
        (
            json!({"operator_type": 5, "token_list": ["t".repeat(37)]}),
            1_008_007,
        ),
        (
            json!({"operator_type": 5, "token_list": ["bad-1"]}),
            1_008_006,
        ),
        (
            json!({"operator_type": 7, "tag_list": ["a"], "token_list": ["t1", "bad-1"]}),
            1_008_006,
        ),
        (json!({"operator_type": 9, "tag_token_list": []}), 1_008_002),
        (
            json!({"operator_type": 9, "tag_token_list": [["a", "t1"]]}),
            1_008_007,
        ),
        (
            json!({"operator_type": 9, "tag_token_list": [{"tag": "a"}]}),
            1_008_002,
        ),
        (
            json!({"operator_type": 9, "tag_token_list": pairs(21)}),
            1_008_007,
        ),
        (json!({"operator_type": 9, "tag_token_list": pairs(20)}), 0),
    ] {
        let answer = ask(&mut client, TAG, &body);
        assert_eq!(code(&answer), expected, "{body}: {answer}");
    }
    let (_emulator, mut client) = start(Config {
        tag_length: LengthUnit::Characters,
        max_tag_pairs: 500,
        max_tags: 3,
        ..Config::default()
    });
    let long =
        json!({"operator_type": 3, "tag_list": ["汉".repeat(50), "b"], "token_list": ["t1"]});
    assert_eq!(code(&ask(&mut client, TAG, &long)), 0);
    assert_eq!(
        code(&ask(
            &mut client,
            TAG,
            &json!({"operator_type": 9, "tag_token_list": pairs(21)})
        )),
        1_008_007
    );
    assert_eq!(
        code(&ask(
            &mut client,
            TAG,
            &json!({"operator_type": 9, "tag_token_list": pairs(1)})
        )),
        0
    );
}

#[test]
fn older_versions_require_the_platform_and_xg_takes_pairs_as_lists() {
    let pair =
        |pair: Value| json!({"operator_type": 9, "platform": "Android", "tag_token_list": [pair]});
    for (version, missing, listed) in [
        (Version::TpnsWithPlatform, 1_008_002, 1_008_007),
        (Version::XgV3, 10_102, 0),
    ] {
        let (_emulator, mut client) = start(Config {
            version,
            ..Config::default()
        });
        let bare = json!({"operator_type": 5, "token_list": ["t1"]});
        assert_eq!(code(&ask(&mut client, TAG, &bare)), missing);
        assert_eq!(
            code(&ask(&mut client, TAG, &pair(json!(["a", "t1"])))),
            listed
        );
        assert_eq!(
            code(&ask(
                &mut client,
                TAG,
                &pair(json!({"tag": "a", "token": "t1"}))
            )),
            0
        );
    }
}

#[test]
fn attributes_are_kept_and_unknown_keys_named() {
    let (_emulator, mut client) = start(Config {
        attribute_keys: vec!["nickname".into(), "level".into()],
        ..Config::default()
    });
    let set = |cmd: i64, map: Value| json!({"cmd": cmd, "token": "t1", "attributeInfo": {"attributeMap": map}});
    let answer = ask(
        &mut client,
        ATTRIBUTE,
        &set(1, json!({"nickname": "x", "high": "1"})),
    );
    assert_eq!(
        answer,
        json!({"retCode": 0, "errMsg": "success", "invalidAttribute": ["high"]})
    );
    ask(&mut client, ATTRIBUTE, &set(2, json!({"level": 3})));
    let query = json!({"cmd": 5, "token": "t1"});
    let answer = ask(&mut client, ATTRIBUTE, &query);
    assert_eq!(
        answer,
        json!({"retCode": 0, "errMsg": "success", "attributeInfo": {"attributeMap": {"nickname": "x", "level": "3"}}})
    );
    ask(&mut client, ATTRIBUTE, &set(3, json!({"level": ""})));
    assert_eq!(
        ask(&mut client, ATTRIBUTE, &query)["attributeInfo"]["attributeMap"],
        json!({"nickname": "x"})
    );
    assert_eq!(
        code(&ask(
            &mut client,
            ATTRIBUTE,
            &json!({"cmd": 4, "token": "t1", "accessId": 1_500_001_048})
        )),
        0
    );
    assert_eq!(
        ask(&mut client, ATTRIBUTE, &query)["attributeInfo"]["attributeMap"],
        json!({})
    );
    for (body, expected) in [
        (json!({"cmd": 5}), 1_008_002),
        (json!({"cmd": 6, "token": "t1"}), 1_008_007),
        (json!({"cmd": 1, "token": "t1"}), 1_008_002),
        (set(1, json!({"level": "x".repeat(51)})), 1_008_007),
        (json!({"cmd": 4, "token": "t1", "accessId": 7}), 1_008_007),
        (json!({"cmd": 4, "token": "bad-1"}), 1_008_006),
    ] {
        assert_eq!(
            code(&ask(&mut client, ATTRIBUTE, &body)),
            expected,
            "{body}"
        );
    }
}

#[test]
fn applications_share_nothing() {
    let (emulator, mut client) = start(Config {
        apps: vec![App {
            access_id: "1600000001".into(),
            secret_key: "0123456789abcdef0123456789abcdef".into(),
            name: "iOS".into(),
            platform: Some(Platform::Ios),
            region: None,
        }],
        ..unhurried()
    });
    let ios =
        "Authorization: Basic MTYwMDAwMDAwMTowMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg==\r\n";
    client.post(BATCH, &overwrite(&[("t1", "alice")]));
    let query = r#"{"operator_type":2,"token_list":["t1"]}"#;
    let other = client.exchange("POST", QUERY, ios, query).json();
    assert_eq!(other["result"], json!(["10110008"]));
    let body = push(json!({"audience_type": "account", "account_list": ["alice"]}));
    assert_eq!(code(&ask(&mut client, PUSH, &body)), 0);
    let other = client.exchange("POST", PUSH, ios, &body.to_string()).json();
    assert_eq!(code(&other), 1_008_002, "iOS has an environment");
    let mut body = body;
    body["environment"] = "dev".into();
    let other = client.exchange("POST", PUSH, ios, &body.to_string()).json();
    assert_eq!(code(&other), 10_010_005);
    assert_eq!(emulator.state().tokens.len(), 1);
    assert_eq!(emulator.pushes().len(), 1);
}
