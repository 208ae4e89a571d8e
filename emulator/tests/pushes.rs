//! Pushes: their shape, what they require, and whom they reach.

mod common;

use common::v3::{PUSH, ask, code, devices, push, start, unhurried};
use common::{BATCH, overwrite};
use serde_json::{Value, json};
use xgpush_emulator::{Config, Platform, PushStatus, RepeatedPush, UnboundInList};

const RECORD: &str = "/v3/statistics/get_push_record";

#[test]
fn reply_to_a_push_has_its_documented_shape_and_echoes_seq() {
    let (emulator, mut client) = start(Config::default());
    let body = push(json!({"audience_type": "token", "token_list": ["t1"], "seq": 7}));
    let answer = ask(&mut client, PUSH, &body);
    let id = answer["push_id"].as_str().unwrap().to_owned();
    assert_eq!((id.len(), id.parse::<u64>().is_ok()), (19, true));
    assert_eq!(
        answer,
        json!({"seq": 7, "push_id": id, "ret_code": 0, "environment": "", "err_msg": "NO_ERROR",
               "err_msg_zh": "", "result": "{}"})
    );
    let refused = ask(&mut client, PUSH, &json!({"seq": 8}));
    assert_eq!((code(&refused), &refused["seq"]), (1_008_002, &json!(8)));
    let broken = client.post(PUSH, "xx").json();
    assert_eq!((code(&broken), &broken["seq"]), (1_008_001, &json!(0)));
    let kept = &emulator.pushes()[0];
    assert_eq!((kept.push_id.as_str(), kept.device_count), (id.as_str(), 1));
    assert_eq!(
        (kept.audience_type, kept.status),
        ("token", PushStatus::PushFinished)
    );
}

#[test]
fn push_to_accounts_reaches_the_newest_device_or_all_of_the_type() {
    let (emulator, mut client) = start(unhurried());
    for token in ["t1", "t2"] {
        client.post(BATCH, &overwrite(&[(token, "alice")]));
    }
    let typed = json!({"operator_type": 2, "token_accounts": [
        {"token": "t3", "account_list": [{"account": "alice", "account_type": 9}]}]});
    client.post(BATCH, &typed.to_string());
    let mut reach = |fields: Value| {
        let mut body = push(json!({"audience_type": "account_list", "account_list": ["alice"]}));
        for (name, value) in fields.as_object().unwrap() {
            body[name] = value.clone();
        }
        assert_eq!(code(&ask(&mut client, PUSH, &body)), 0, "{body}");
        devices(&emulator)
    };
    assert_eq!(reach(json!({})), ["t2"]);
    assert_eq!(reach(json!({"account_push_type": 1})), ["t1", "t2"]);
    assert_eq!(reach(json!({"account_type": 9})), ["t3"]);
    assert_eq!(reach(json!({"account_list": ["alice", "nobody"]})), ["t2"]);
    // One account: what follows it does not count.
    let first = json!({"audience_type": "account", "account_list": ["alice", "nobody"]});
    assert_eq!(reach(first), ["t2"]);
    let last = emulator.log().pop().unwrap();
    assert!(last.warnings[0].contains("the first counts"), "{last:?}");
}

#[test]
fn push_to_nobody_does_not_exist() {
    for (unbound_in_list, mixed) in [
        (UnboundInList::Skip, 0),
        (UnboundInList::Refuse, 10_010_005),
    ] {
        let (_emulator, mut client) = start(Config {
            unbound_in_list,
            ..unhurried()
        });
        client.post(BATCH, &overwrite(&[("t1", "alice")]));
        for (body, expected) in [
            (
                json!({"audience_type": "account", "account_list": ["nobody"]}),
                10_010_005,
            ),
            (
                json!({"audience_type": "account_list", "account_list": ["x", "y"]}),
                10_010_005,
            ),
            (
                json!({"audience_type": "account", "account_list": ["alice"], "account_type": 1}),
                10_010_005,
            ),
            (
                json!({"audience_type": "account_list", "account_list": ["alice", "y"]}),
                mixed,
            ),
            (
                json!({"audience_type": "package_account_push", "upload_id": 99}),
                10_010_005,
            ),
            // A task, which finds its devices later.
            (json!({"audience_type": "all"}), 0),
            (
                json!({"audience_type": "tag", "tag_list": {"tags": ["none"], "op": "OR"}}),
                0,
            ),
        ] {
            let answer = ask(&mut client, PUSH, &push(body.clone()));
            assert_eq!(code(&answer), expected, "{body}");
        }
    }
}

#[test]
fn invalid_tokens_fail_the_push_or_are_named() {
    let (emulator, mut client) = start(unhurried());
    let long = "t".repeat(37);
    let list = json!(["t1", "bad-1", long]);
    let refused = push(json!({"audience_type": "token_list", "token_list": list}));
    assert_eq!(code(&ask(&mut client, PUSH, &refused)), 1_008_029);
    let left_out =
        push(json!({"audience_type": "token_list", "token_list": list, "ignore_invalid_token": 1}));
    let answer = ask(&mut client, PUSH, &left_out);
    assert_eq!(code(&answer), 0);
    assert_eq!(answer["invalid_targe_list"], json!(["bad-1", long]));
    assert_eq!(devices(&emulator), ["t1"]);
    let none = push(
        json!({"audience_type": "token_list", "token_list": ["bad-1"], "ignore_invalid_token": 1}),
    );
    assert_eq!(code(&ask(&mut client, PUSH, &none)), 10_010_005);
}

#[test]
fn what_a_push_requires_and_its_limits_are_checked() {
    let (_emulator, mut client) = start(unhurried());
    let token = json!({"audience_type": "token", "token_list": ["t1"]});
    let with = |name: &str, value: Value| {
        let mut push = push(token.clone());
        push[name] = value;
        push
    };
    let ios = |aps: Value| json!({"title": "t", "content": "c", "ios": {"aps": aps}});
    let many: Vec<String> = (0..1001).map(|n| format!("t{n}")).collect();
    let rule = json!([{"tag_items": [{"tags": ["a"], "is_not": false, "tags_operator": "OR",
        "items_operator": "OR", "tag_type": "xg_user_define"}], "operator": "OR", "is_not": false}]);
    let rule_with = |path: &str, value: Value| {
        let mut rule = rule.clone();
        *rule.pointer_mut(path).unwrap() = value;
        json!({"audience_type": "tag", "tag_rules": rule})
    };
    let sms = json!({"delay_trigger_time": 299, "trigger_condition": 0, "sms_template_id": "1", "sms_app_id": "2"});
    let mut early_sms = with("resend_by_sms", json!(true));
    early_sms["sms_info"] = sms;
    let cases = [
        (with("audience_type", json!(null)), 1_008_002),
        (with("audience_type", json!("everybody")), 1_008_007),
        (with("audience_type", json!(7)), 1_008_007),
        (with("message_type", json!(null)), 1_008_002),
        (with("message_type", json!("shout")), 1_008_007),
        (with("message", json!(null)), 1_008_002),
        (with("message", json!("t")), 1_008_007),
        (with("message", json!({"title": "t"})), 1_008_002),
        (with("message", json!({"content": "c"})), 1_008_002),
        (
            with(
                "message",
                json!({"title": "t", "content": "c".repeat(4100)}),
            ),
            1_008_007,
        ),
        (
            with(
                "message",
                json!({"title": "t", "content": "c", "android": {"custom_content": {"k": 1}}}),
            ),
            1_008_007,
        ),
        (
            with(
                "message",
                json!({"title": "t", "content": "c", "android": {"action": {"action_type": 4}}}),
            ),
            1_008_007,
        ),
        (
            with(
                "message",
                json!({"title": "t", "content": "c", "accept_time": [{"start": {"hour": "24", "min": "00"}, "end": {"hour": "1", "min": "00"}}]}),
            ),
            1_008_007,
        ),
        (
            with(
                "message",
                json!({"title": "t", "content": "c", "accept_time": [{"start": {"hour": 13, "min": 0}}]}),
            ),
            1_008_007,
        ),
        (with("message", ios(json!({"alert": {}}))), 1_008_002),
        (with("token_list", json!([])), 1_008_002),
        (with("token_list", json!("t1")), 1_008_007),
        (with("token_list", json!([""])), 1_008_007),
        (with("environment", json!("test")), 1_008_007),
        (with("account_push_type", json!(2)), 1_008_007),
        (with("ignore_invalid_token", json!(2)), 1_008_007),
        (with("expire_time", json!(-1)), 1_008_007),
        (with("expire_time", json!(259_201)), 1_008_007),
        (with("push_speed", json!(999)), 1_008_007),
        (
            with(
                "channel_rules",
                json!([{"channel": "pigeon", "disable": true}]),
            ),
            1_008_007,
        ),
        (with("tpns_online_push_type", json!(2)), 1_008_007),
        (with("multi_pkg", json!(1)), 1_008_007),
        (with("seq", json!("1")), 1_008_007),
        (with("ntf_wt_attrs", json!(true)), 1_008_002),
        (with("resend_by_sms", json!(true)), 1_008_002),
        (early_sms, 1_008_007),
        (
            push(json!({"audience_type": "token_list", "token_list": many})),
            1_008_007,
        ),
        (
            push(json!({"audience_type": "account_list", "account_list": many})),
            1_008_007,
        ),
        (push(json!({"audience_type": "account"})), 1_008_002),
        (
            push(json!({"audience_type": "account", "account_list": [{"account": "a"}]})),
            1_008_007,
        ),
        (push(json!({"audience_type": "tag"})), 1_008_002),
        (
            push(json!({"audience_type": "tag", "tag_list": {"tags": ["a"]}})),
            1_008_002,
        ),
        (
            push(json!({"audience_type": "tag", "tag_list": {"tags": ["a"], "op": "XOR"}})),
            1_008_007,
        ),
        (push(rule_with("/0/operator", json!("and"))), 1_008_007),
        (push(rule_with("/0/is_not", json!(null))), 1_008_002),
        (push(rule_with("/0/tag_items", json!([]))), 1_008_002),
        (push(rule_with("/0/tag_items/0/tags", json!([]))), 1_008_002),
        (
            push(rule_with("/0/tag_items/0/tag_type", json!("xg_auto_mood"))),
            1_008_007,
        ),
        (
            push(rule_with("/0/tag_items/0/tags_operator", json!(null))),
            1_008_002,
        ),
        (
            push(json!({"audience_type": "package_account_push"})),
            1_008_002,
        ),
        (
            push(json!({"audience_type": "package_token_push", "upload_id": "1"})),
            1_008_007,
        ),
        (
            push(json!({"audience_type": "all", "send_time": "2020-01-01"})),
            10_010_012,
        ),
        (
            push(json!({"audience_type": "all", "send_time": "9999-01-01 00:00:00"})),
            10_010_012,
        ),
        (
            push(json!({"audience_type": "all", "loop_param": {"startDate": "x"}})),
            10_010_012,
        ),
        (
            push(json!({"audience_type": "all", "loop_param": {}})),
            1_008_002,
        ),
        (
            push(json!({"audience_type": "all", "collapse_id": 1})),
            1_008_007,
        ),
    ];
    for (body, expected) in cases {
        let answer = ask(&mut client, PUSH, &body);
        assert_eq!(code(&answer), expected, "{body}: {answer}");
    }
    assert_eq!(
        code(&ask(
            &mut client,
            PUSH,
            &push(rule_with("/0/operator", json!("AND")))
        )),
        0
    );
}

#[test]
fn messages_of_ios_have_an_environment_and_are_silent_or_not() {
    let ios = |message_type: &str, aps: Value| {
        let mut push =
            push(json!({"audience_type": "token", "token_list": ["t1"], "environment": "dev"}));
        push["message_type"] = message_type.into();
        push["message"] = json!({"title": "t", "content": "c", "ios": {"aps": aps}});
        push
    };
    let silent = json!({"content-available": 1});
    for platform in [None, Some(Platform::Ios), Some(Platform::Android)] {
        let (_emulator, mut client) = start(Config {
            platform,
            ..unhurried()
        });
        let is_ios = platform != Some(Platform::Android);
        let answer = ask(
            &mut client,
            PUSH,
            &ios("notify", json!({"alert": {"subtitle": "S"}})),
        );
        assert_eq!((code(&answer), answer["environment"] == "dev"), (0, is_ios));
        let mut bare = ios("message", silent.clone());
        bare["message"] = json!({"ios": {"aps": silent}});
        assert_eq!(
            code(&ask(&mut client, PUSH, &bare)),
            if is_ios { 0 } else { 1_008_002 }
        );
        for (message_type, aps) in [
            ("notify", silent.clone()),
            ("message", json!({"alert": {}})),
            ("message", json!({"content-available": 1, "sound": ""})),
            ("message", json!({"content-available": 1, "badge_type": 1})),
        ] {
            let answer = ask(&mut client, PUSH, &ios(message_type, aps.clone()));
            assert_eq!(code(&answer), if is_ios { 1_008_007 } else { 0 }, "{aps}");
        }
    }
}

#[test]
fn one_push_a_second_to_all_and_none_twice_an_hour() {
    let all = push(json!({"audience_type": "all"}));
    let token = push(json!({"audience_type": "token", "token_list": ["t1"]}));
    let (_emulator, mut client) = start(Config::default());
    assert_eq!(code(&ask(&mut client, PUSH, &all)), 0);
    let mut other = all.clone();
    let mut codes = (0..50).map(|n| {
        other["message"]["content"] = format!("another {n}").into();
        code(&ask(&mut client, PUSH, &other))
    });
    // Fifty take more than a minute nowhere.
    assert!(codes.any(|code| code == 1_008_028));
    assert_eq!(code(&ask(&mut client, PUSH, &token)), 0);
    assert_eq!(code(&ask(&mut client, PUSH, &token)), 0);
    let tag = push(json!({"audience_type": "tag", "tag_list": {"tags": ["a"], "op": "OR"}}));
    for (repeated_push, of_all, of_tag) in [
        (RepeatedPush::Allow, 0, 0),
        (RepeatedPush::RefuseAll, 10_010_018, 0),
        (RepeatedPush::RefuseTasks, 10_010_018, 10_010_018),
    ] {
        let (_emulator, mut client) = start(Config {
            repeated_push,
            ..unhurried()
        });
        for (body, again) in [
            (&all, of_all),
            (&tag, of_tag),
            (&other, of_all),
            (&token, 0),
        ] {
            assert_eq!(code(&ask(&mut client, PUSH, body)), 0);
            assert_eq!(
                code(&ask(&mut client, PUSH, body)),
                again,
                "{repeated_push:?} {body}"
            );
        }
    }
}

#[test]
fn tasks_are_scheduled_cancelled_stopped_recalled_and_replaced() {
    let (emulator, mut client) = start(unhurried());
    let later = push(json!({"audience_type": "all", "send_time": "2000-01-01 00:00:00"}));
    let past = ask(&mut client, PUSH, &later);
    assert_eq!(code(&past), 0);
    let day = |offset: i64| {
        // Far enough from midnight in every zone.
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        let ahead = now.as_secs().cast_signed() + offset * 86_400;
        let text = httpdate::fmt_http_date(
            std::time::UNIX_EPOCH + std::time::Duration::from_secs(ahead.cast_unsigned()),
        );
        let month = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        .iter()
        .position(|name| *name == &text[8..11])
        .unwrap()
            + 1;
        format!("{}-{month:02}-{}", &text[12..16], &text[5..7])
    };
    let tomorrow = format!("{} 12:00:00", day(3));
    let body = push(json!({"audience_type": "all", "send_time": tomorrow}));
    let waiting = ask(&mut client, PUSH, &body)["push_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let looped = push(
        json!({"audience_type": "all", "loop_param": {"startDate": day(1), "endDate": day(9),
        "loopType": 1, "loopDayIndexs": [0], "dayTimes": ["08:00:00", "20:00:00"]}}),
    );
    let ids = ask(&mut client, PUSH, &looped)["push_id"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(ids, 2);
    let past = past["push_id"].as_str().unwrap().to_owned();
    for (path, body, expected) in [
        ("/v3/push/cancel_timing_task", json!({"pushid": waiting}), 0),
        (
            "/v3/push/cancel_timing_task",
            json!({"pushId": waiting}),
            1_008_007,
        ),
        (
            "/v3/push/cancel_timing_task",
            json!({"pushId": past}),
            1_008_007,
        ),
        (
            "/v3/push/stop_push_msg",
            json!({"pushId": past, "pushid": past}),
            0,
        ),
        (
            "/v3/push/stop_push_msg",
            json!({"pushId": past, "pushid": waiting}),
            1_008_007,
        ),
        ("/v3/push/stop_push_msg", json!({}), 1_008_002),
        ("/v3/push/revoke_push_msg", json!({"pushid": 7}), 1_008_015),
        ("/v3/push/revoke_push_msg", json!({"pushid": past}), 0),
    ] {
        let answer = ask(&mut client, path, &body);
        assert_eq!(
            answer.get("ret_code").and_then(Value::as_i64),
            Some(expected),
            "{path} {body}"
        );
    }
    let status = |id: &str| {
        let pushes = emulator.pushes();
        pushes
            .iter()
            .find(|push| push.push_id == id)
            .unwrap()
            .status
    };
    assert_eq!(status(&waiting), PushStatus::PushCanceled);
    assert_eq!(status(&past), PushStatus::PushRevoked);
    let record = ask(&mut client, RECORD, &json!({"pushId": waiting}))["pushRecordData"][0].clone();
    assert_eq!(
        (&record["status"], &record["date"]),
        (&json!("PUSH_CANCELED"), &json!(tomorrow))
    );
    let replacing = push(json!({"audience_type": "all", "collapse_id": record["collapseID"]}));
    assert_eq!(code(&ask(&mut client, PUSH, &replacing)), 0);
    assert_eq!(status(&waiting), PushStatus::PushCollapsed);
}
