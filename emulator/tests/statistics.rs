//! The statistics, and each documented code by input.

mod common;

use common::v3::{PUSH, TAG, ask, code, push, start, unhurried};
use common::{BATCH, QUERY, overwrite};
use serde_json::json;
use xgpush_emulator::Config;

const PLAN: &str = "/v3/push/plan/add_plan_push";
const RECORD: &str = "/v3/statistics/get_push_record";
const TASK: &str = "/v3/statistics/get_push_task_stat_channel";
const GROUP: &str = "/v3/statistics/get_push_group_stat_channel";

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
