//! The other paths of the v3 surface: their shapes, their limits, and each documented code
//! by input.

mod common;

use common::{BASIC, BATCH, Client, QUERY, overwrite};
use serde_json::{Value, json};
use xgpush_emulator::{
    App, Config, Emulator, LengthUnit, Platform, PushStatus, RepeatedPush, UnboundInList, Version,
};

const PUSH: &str = "/v3/push/app";
const TAG: &str = "/v3/device/tag";
const DELETE_TAGS: &str = "/v3/device/tag/delete_all_device";
const UPLOAD: &str = "/v3/push/package/upload";
const ATTRIBUTE: &str = "/v3/device/set_custom_attribute";
const PLAN: &str = "/v3/push/plan/add_plan_push";
const RECORD: &str = "/v3/statistics/get_push_record";
const TASK: &str = "/v3/statistics/get_push_task_stat_channel";
const GROUP: &str = "/v3/statistics/get_push_group_stat_channel";

fn start(config: Config) -> (Emulator, Client) {
    let emulator = Emulator::start(config).unwrap();
    let client = Client::new(&emulator);
    (emulator, client)
}

/// Without the limits of one push a second and of equal pushes.
fn unhurried() -> Config {
    Config {
        task_pushes_per_s: None,
        repeated_push: RepeatedPush::Allow,
        ..Config::default()
    }
}

fn ask(client: &mut Client, path: &str, body: &Value) -> Value {
    client.post(path, &body.to_string()).json()
}

/// A push to `audience`, whose fields are put over those of a plain one.
#[expect(clippy::needless_pass_by_value, reason = "every caller makes it")]
fn push(audience: Value) -> Value {
    let mut push = json!({
        "message_type": "notify",
        "message": {"title": "Raid", "content": "It starts now"},
    });
    for (name, value) in audience.as_object().unwrap() {
        push[name] = value.clone();
    }
    push
}

fn code(answer: &Value) -> i64 {
    let code = answer.get("ret_code").or(answer.get("retCode"));
    code.unwrap_or_else(|| panic!("{answer}")).as_i64().unwrap()
}

fn devices(emulator: &Emulator) -> Vec<String> {
    let pushes = emulator.pushes();
    let devices = &pushes.last().expect("a push").devices;
    devices.iter().map(ToString::to_string).collect()
}

fn upload(client: &mut Client, name: &str, text: &str) -> Value {
    let body = format!(
        "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{text}\r\n--x--\r\n"
    );
    let headers = format!("{BASIC}Content-Type: multipart/form-data; boundary=x\r\n");
    client.exchange("POST", UPLOAD, &headers, &body).json()
}

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
fn statistics_are_of_the_pushes_in_camel_case() {
    let (_emulator, mut client) = start(Config {
        statistics_per_hour: Some(20),
        zone_hours: 0,
        ..unhurried()
    });
    client.post(BATCH, &overwrite(&[("t1", "alice"), ("t2", "bob")]));
    let plan = ask(
        &mut client,
        PLAN,
        &json!({"planName": "A", "planDescribe": "B"}),
    );
    assert_eq!(
        (&plan["retCode"], &plan["ErrMsg"]),
        (&json!(0), &json!("save success"))
    );
    assert_eq!(plan["result"]["planId"], "1");
    let all = push(json!({"audience_type": "all", "plan_id": "1"}));
    let id = ask(&mut client, PUSH, &all)["push_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let token = push(json!({"audience_type": "token", "token_list": ["t1"]}));
    ask(&mut client, PUSH, &token);
    let channels = |sum: i64| {
        let state = json!({"pushActiveUv": sum, "pushOnlineUv": sum, "arrivalUv": sum, "verifySvcUv": sum,
            "callbackVerifySvcUv": 0, "verifyUv": sum, "clickUv": 0, "cleanupUv": 0});
        json!([{"channel": "all", "pushState": state}, {"channel": "xg", "pushState": state}])
    };
    let answer = ask(&mut client, TASK, &json!({"pushId": id}));
    assert_eq!(
        answer,
        json!({"retCode": 0, "errMsg": "NO_ERROR", "pushStatDataAll": channels(2)})
    );
    let record = ask(&mut client, RECORD, &json!({"pushId": id}))["pushRecordData"][0].clone();
    assert_eq!(
        (&record["pushId"], &record["pushType"]),
        (&json!(id.parse::<u64>().unwrap()), &json!("all"))
    );
    let date = record["date"].as_str().unwrap()[..10].to_owned();
    let compact = date.replace('-', "");
    let days = json!({"startDate": date, "endDate": date});
    let answer = ask(&mut client, RECORD, &days);
    assert_eq!(
        (
            &answer["count"],
            answer["pushRecordData"].as_array().unwrap().len()
        ),
        (&json!(2), 2)
    );
    assert_eq!(answer["pushRecordData"][1]["pushId"], json!(id));
    for (field, value, count) in [
        ("pushType", json!("token"), 1),
        ("msgType", json!("message"), 0),
        ("limit", json!(1), 2),
        ("offset", json!(1), 2),
    ] {
        let mut body = days.clone();
        body[field] = value;
        assert_eq!(ask(&mut client, RECORD, &body)["count"], count, "{body}");
    }
    let group = json!({"groupId": "pt:1", "startDate": date, "endDate": compact});
    assert_eq!(
        ask(&mut client, GROUP, &group)["pushStatDataAll"],
        channels(2)
    );
    let compact_days = json!({"startDate": compact, "endDate": compact});
    let answer = ask(
        &mut client,
        "/v3/statistics/get_push_stat_overview",
        &compact_days,
    );
    assert_eq!(
        answer["pushDateChannelStat"],
        json!([{"date": compact, "channelDatas": channels(3)}])
    );
    let answer = ask(
        &mut client,
        "/v3/statistics/get_device_stat_overview",
        &compact_days,
    );
    assert_eq!(answer["getDeviceStatOverviewData"][0]["accuUv"], 2);
    assert_eq!(
        answer["getDeviceStatOverviewData"][0]["date"],
        compact.parse::<i64>().unwrap()
    );
    let kind = json!({"date": compact, "type": "city"});
    let answer = ask(
        &mut client,
        "/v3/statistics/get_device_distribute_info",
        &kind,
    );
    assert_eq!(answer["data"], json!([{"city": "unknown", "count": 2}]));
    let answer = ask(
        &mut client,
        "/v3/toolbox/getPushListByToken",
        &json!({"token": "t2"}),
    );
    assert_eq!(answer["pushTaskList"][0]["pushTargetType"], "ALL_PUSH");
    assert_eq!(answer["pushTaskList"].as_array().unwrap().len(), 1);
    for (path, body, expected) in [
        (TASK, json!({}), 1_008_002),
        (TASK, json!({"pushId": "7"}), 1_008_015),
        (
            RECORD,
            json!({"startDate": compact, "endDate": date}),
            1_008_016,
        ),
        (
            RECORD,
            json!({"startDate": "2000-01-01", "endDate": date}),
            1_008_007,
        ),
        (
            GROUP,
            json!({"startDate": date, "endDate": date}),
            1_008_002,
        ),
    ] {
        assert_eq!(
            code(&ask(&mut client, path, &body)),
            expected,
            "{path} {body}"
        );
    }
    let answers: Vec<i64> = (0..20)
        .map(|_| code(&ask(&mut client, TASK, &json!({"pushId": id}))))
        .collect();
    assert_eq!(answers.last(), Some(&1_008_028));
    let mut plans = (0..200).map(|_| {
        code(&ask(
            &mut client,
            PLAN,
            &json!({"planName": "A", "planDescribe": "B"}),
        ))
    });
    assert_eq!(
        (plans.by_ref().take(199).max(), plans.next()),
        (Some(0), Some(1_008_028))
    );
}

/// Those of the table that nothing in a request leads to can be asked for.
#[test]
fn each_documented_code_can_be_had_by_input() {
    let (_emulator, mut client) = start(unhurried());
    let asked = [
        1_008_004, 1_008_013, 1_008_019, 1_008_020, 1_008_021, 1_008_022, 1_008_023, 1_008_025,
        1_008_030, 1_008_031, 1_010_001, 10_010_018, 1_008_028,
    ];
    for wanted in asked {
        let mut body = push(json!({"audience_type": "token", "token_list": ["t1"]}));
        body["message"]["content"] = format!("code-{wanted}").into();
        let answer = ask(&mut client, PUSH, &body);
        assert_eq!(code(&answer), wanted);
        assert!(!answer["err_msg"].as_str().unwrap().is_empty());
        let tag = json!({"operator_type": 3, "tag_list": [format!("code-{wanted}")], "token_list": ["t1"]});
        assert_eq!(code(&ask(&mut client, TAG, &tag)), wanted);
    }
    let token = |token: &str| push(json!({"audience_type": "token", "token_list": [token]}));
    assert_eq!(code(&ask(&mut client, PUSH, &token("bad-1"))), 1_008_029);
    let answer = client
        .post(BATCH, &overwrite(&[("bad-1", "a1"), ("t1", "a1")]))
        .json();
    assert_eq!(
        (code(&answer), &answer["result"][0]),
        (1_008_026, &json!("1008006"))
    );
    let answer = client
        .post(BATCH, &overwrite(&[("code-1008029", "a1")]))
        .json();
    assert_eq!(
        (code(&answer), &answer["result"][0]),
        (1_008_027, &json!("1008029"))
    );
    let answer = client
        .post(QUERY, r#"{"operator_type":2,"token_list":["t9"]}"#)
        .json();
    assert_eq!(answer["result"][0], "10110008");
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
