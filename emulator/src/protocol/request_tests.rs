//! The samples of the documents, and each way to leave them.

use super::{Account, Batch, Query, Raw, Rules, TokenAccounts};
use crate::config::{PlatformField, TopLevelType, Version};

const TPNS: Rules = Rules {
    version: Version::Tpns,
    platform_field: PlatformField::Ignore,
    top_level_type: TopLevelType::Ignore,
};
const STRICT: Rules = Rules {
    platform_field: PlatformField::Reject,
    ..TPNS
};
const WITH_PLATFORM: Rules = Rules {
    version: Version::TpnsWithPlatform,
    ..TPNS
};
const XG: Rules = Rules {
    version: Version::XgV3,
    ..TPNS
};

fn account(name: &str, account_type: i64) -> Account<'_> {
    Account {
        name: name.into(),
        account_type,
    }
}

fn batch_code(body: &str, rules: Rules) -> i64 {
    Raw::read(body.as_bytes())
        .and_then(|raw| raw.batch(rules).map(drop))
        .map_or_else(|refusal| refusal.code, |()| 0)
}

fn query_code(body: &str, rules: Rules) -> i64 {
    Raw::read(body.as_bytes())
        .and_then(|raw| raw.query(rules).map(drop))
        .map_or_else(|refusal| refusal.code, |()| 0)
}

#[test]
fn parsed_items_equal_those_of_the_json() {
    let body = r#"{"operator_type":2,"token_accounts":[
        {"token":"token1","account_list":[{"account":"926@126.com"},{"account":"\u7528","account_type":9}]},
        {"token":"token2","account_list":[{"account":"1527000001","account_type":null}]}]}"#;
    assert_eq!(
        Raw::read(body.as_bytes()).unwrap().batch(TPNS).unwrap(),
        Batch::Overwrite(vec![
            TokenAccounts {
                token: "token1".into(),
                accounts: vec![account("926@126.com", 0), account("用", 9)],
            },
            TokenAccounts {
                token: "token2".into(),
                accounts: vec![account("1527000001", 0)],
            },
        ])
    );
    let body = br#"{"operator_type":1,"account_list":[{"account":"account1"}]}"#;
    assert_eq!(
        Raw::read(body).unwrap().query(TPNS).unwrap(),
        Query::TokensOf(vec![account("account1", 0)])
    );
}

#[test]
fn batch_that_breaks_a_documented_rule_is_refused_with_its_code() {
    let full = r#"{"operator_type":OP,"platform":"android","token_list":["token1"],
        "account_list":[{"account":"926@126.com","account_type":2}],
        "token_accounts":[{"token":"token1","account_list":[{"account":"926@126.com","account_type":2}]}],
        "op_type":"qq","op_id":"1"}"#;
    for operator in 1..=5 {
        let body = full.replace("OP", &operator.to_string());
        for rules in [TPNS, WITH_PLATFORM, XG] {
            assert_eq!(batch_code(&body, rules), 0, "{body} {rules:?}");
        }
        assert_eq!(batch_code(&body, STRICT), 1_008_007);
        let bare = body.replace(r#""platform":"android","#, "");
        assert_eq!(batch_code(&bare, STRICT), 0);
        assert_eq!(batch_code(&bare, WITH_PLATFORM), 1_008_002);
        assert_eq!(batch_code(&bare, XG), 1_008_002);
        let wrong = body.replace("android", "windows");
        assert_eq!(batch_code(&wrong, TPNS), 0);
        assert_eq!(batch_code(&wrong, WITH_PLATFORM), 1_008_007);
        let untyped = body.replace(r#","account_type":2"#, "");
        assert_eq!(batch_code(&untyped, WITH_PLATFORM), 0);
        let typed_lists = if operator == 4 { 0 } else { 1_008_002 };
        assert_eq!(batch_code(&untyped, XG), typed_lists, "{untyped}");
    }
    let table = [
        ("", 1_008_001),
        ("{", 1_008_001),
        ("[]", 1_008_001),
        ("null", 1_008_001),
        (r#"{"operator_type":"x","token_list":["#, 1_008_001),
        (r#"{"operator_type":4,"token_list":["a"]} x"#, 1_008_001),
        ("{}", 1_008_002),
        (r#"{"operator_type":null}"#, 1_008_002),
        (r#"{"operator_type":4}"#, 1_008_002),
        (r#"{"operator_type":4,"token_list":[]}"#, 1_008_002),
        (r#"{"operator_type":4,"token_list":null}"#, 1_008_002),
        (
            r#"{"operator_type":4,"account_list":[{"account":"a"}]}"#,
            1_008_002,
        ),
        (r#"{"operator_type":5,"account_list":[{}]}"#, 1_008_002),
        (
            r#"{"operator_type":2,"token_accounts":[{"token":"a"}]}"#,
            1_008_002,
        ),
        (
            r#"{"operator_type":2,"token_accounts":[{"account_list":[{"account":"a"}]}]}"#,
            1_008_002,
        ),
        (r#"{"operator_type":0,"token_list":["a"]}"#, 1_008_007),
        (r#"{"operator_type":6,"token_list":["a"]}"#, 1_008_007),
        (r#"{"operator_type":"4","token_list":["a"]}"#, 1_008_007),
        (r#"{"operator_type":4,"token_list":[""]}"#, 1_008_007),
        (r#"{"operator_type":4,"token_list":"a"}"#, 1_008_007),
        (r#"{"operator_type":4,"token_list":[1]}"#, 1_008_007),
        (
            r#"{"operator_type":5,"account_list":[{"account":""}]}"#,
            1_008_007,
        ),
        (r#"{"operator_type":5,"account_list":[["a",1]]}"#, 1_008_007),
        (
            r#"{"operator_type":5,"account_list":[{"account":"a","account_type":"1"}]}"#,
            1_008_007,
        ),
    ];
    for (body, code) in table {
        assert_eq!(batch_code(body, TPNS), code, "{body}");
    }
}

#[test]
fn list_of_21_items_is_refused_for_token_accounts_only() {
    let with = |count: usize| {
        let item = r#"{"token":"t","account_list":[{"account":"a"}]}"#;
        let items = vec![item; count].join(",");
        format!(r#"{{"operator_type":2,"token_accounts":[{items}]}}"#)
    };
    assert_eq!(batch_code(&with(20), TPNS), 0);
    assert_eq!(batch_code(&with(21), TPNS), 1_008_007);
    let tokens = vec![r#""t""#; 100].join(",");
    let clear = format!(r#"{{"operator_type":4,"token_list":[{tokens}]}}"#);
    assert_eq!(batch_code(&clear, TPNS), 0);
}

#[test]
fn token_and_account_lengths_are_limited_in_xg_v3_only() {
    let clear =
        |token: &str| format!(r#"{{"operator_type":4,"platform":"ios","token_list":["{token}"]}}"#);
    assert_eq!(batch_code(&clear(&"t".repeat(64)), XG), 0);
    assert_eq!(batch_code(&clear(&"t".repeat(65)), XG), 1_008_007);
    assert_eq!(batch_code(&clear(&"t".repeat(65)), TPNS), 0);
    let short =
        r#"{"operator_type":5,"platform":"ios","account_list":[{"account":"a","account_type":1}]}"#;
    assert_eq!(batch_code(short, XG), 1_008_007);
    assert_eq!(batch_code(short, TPNS), 0);
}

#[test]
fn query_without_platform_is_refused_in_xg_v3_only() {
    let by_token = r#"{"operator_type":2,"token_list":["a"]}"#;
    let by_token_with = r#"{"operator_type":2,"platform":"android","token_list":["a"]}"#;
    for (body, rules, code) in [
        (by_token, TPNS, 0),
        (by_token, WITH_PLATFORM, 0),
        (by_token, XG, 1_008_002),
        (by_token_with, XG, 0),
        (by_token_with, WITH_PLATFORM, 0),
        (by_token_with, STRICT, 1_008_007),
        (r#"{"operator_type":3,"token_list":["a"]}"#, TPNS, 1_008_007),
        (r#"{"operator_type":1,"token_list":["a"]}"#, TPNS, 1_008_002),
        (r#"{"token_list":["a"]}"#, TPNS, 1_008_002),
    ] {
        assert_eq!(query_code(body, rules), code, "{body} {rules:?}");
    }
}

#[test]
fn account_type_beside_the_lists_is_the_default_of_those_without_one_by_option() {
    let body = r#"{"operator_type":5,"account_type":7,"account_list":[{"account":"a1"},{"account":"a2","account_type":1}]}"#;
    let types = |rules| {
        let batch = Raw::read(body.as_bytes()).unwrap().batch(rules).unwrap();
        let Batch::ClearAccounts(accounts) = batch else {
            panic!("{batch:?}");
        };
        accounts.iter().map(|a| a.account_type).collect::<Vec<_>>()
    };
    assert_eq!(types(TPNS), [0, 1]);
    let applied = Rules {
        top_level_type: TopLevelType::Apply,
        ..TPNS
    };
    assert_eq!(types(applied), [7, 1]);
}
