//! The published vectors, and each way to be wrong.

use super::{AuthHeaders, Authenticator};

const ID: &str = "1500001048";
const KEY: &str = "1452fcebae9f3115ba794fb0fff2fd73";
const STAMP: &str = "1565314789";
const NOW: i64 = 1_565_314_789;
const BASIC: &str = "Basic MTUwMDAwMTA0ODoxNDUyZmNlYmFlOWYzMTE1YmE3OTRmYjBmZmYyZmQ3Mw==";

fn signed<'a>(stamp: &'a str, sign: &'a str) -> AuthHeaders<'a> {
    AuthHeaders {
        access_id: Some(ID),
        timestamp: Some(stamp),
        sign: Some(sign),
        authorization: None,
    }
}

fn basic(authorization: &str) -> AuthHeaders<'_> {
    AuthHeaders {
        authorization: Some(authorization),
        ..AuthHeaders::default()
    }
}

/// Bodies and signatures: the official example (its older and its present body) and our own.
const VECTORS: &[(&str, &str)] = &[
    (
        r#"{"audience_type": "account","platform": "android","message": {"title": "test title","content": "test content","android": { "action": {"action_type": 3,"intent": "xgscheme://com.xg.push/notify_detail?param1=xg"}}},"message_type": "notify","account_list": ["5822f0eee44c3625ef0000bb"] }"#,
        "Y2QyMDc3NDY4MmJmNzhiZmRiNDNlMTdkMWQ1ZDU2YjNlNWI3ODlhMTY3MGZjMTUyN2VmNTRjNjVkMmQ3Yjc2ZA==",
    ),
    (
        r#"{"audience_type": "account","message": {"title": "test title","content": "test content","android": { "action": {"action_type": 3,"intent": "xgscheme://com.xg.push/notify_detail?param1=xg"}}},"message_type": "notify","account_list": ["5822f0eee44c3625ef0000bb"] }"#,
        "MDlmMDdkMmE1MThhODgxNGUzNjlkY2Q5NTM0ZjEwYjhhMjlkMTI4NTMxYTE5YWRhYTI4Y2IyNDc2MDVjMWU4NA==",
    ),
    (
        r#"{"operator_type":2,"token_accounts":[{"token":"token1","account_list":[{"account":"926@126.com"},{"account":"1527000000"}]}]}"#,
        "OGRmZTkxYjU3OGIyYmZmNWEzZGI4Y2RmYzMxNWQxZjkyNjA1MTBiN2M5NGI5MjdiMzM2ZGEyNzZmOWNhOGM5Mw==",
    ),
    (
        r#"{"operator_type":3,"token_accounts":[{"token":"token1","account_list":[{"account":"+8613711112222","account_type":1002}]}]}"#,
        "MzdlNzk3ODJmNTA2ZDhiMzAyYzAyNWNjM2UwNjY3N2I2ZjA3NTY3MWI0ZmEwOTI2ZjdhMWRlOWRlYjkzM2ZjZg==",
    ),
    (
        r#"{"operator_type":4,"token_list":["token1","token2","token3"]}"#,
        "ZDZkOWFhYWU0ZDI5MzAyNDFkMGU5OTdmNThlMzBjNTE1OGMxYmNkNmUzYTAwZGRhNjJiNGM2MTEyYjQwOTQ5Zg==",
    ),
    (
        r#"{"operator_type":5,"account_list":[{"account":"926@126.com"},{"account":"2849249569","account_type":9}]}"#,
        "ZjdkNTg2YTRmYjdlOWI3NmJhNjJkYzRlMjY0ZWZhN2E1OTYxMGMyNTU2OTlhOTJmMjg5ODE5NmI4Mjk3NmY5NA==",
    ),
    (
        r#"{"operator_type":1,"account_list":[{"account":"account1"},{"account":"account2","account_type":1}]}"#,
        "NzIxNzQ5NDRjM2I0NTQyMDhiMTk0M2E4NzZjOWQ0Yjc2YmE4NzZhMDEzMzBhYzAzMzA2Mjg2MzA0Y2ZiNjRkNA==",
    ),
    (
        r#"{"operator_type":2,"token_list":["token1","token2"]}"#,
        "NmQ5NGU2NWIwNTNlMWQzNWY0ZjE4NzRkYTQ0MDA4OGQ4YTY3ZWMxOTNhNDhmMDNiMmRmNWU2NDYxZjRjMTEzMw==",
    ),
    (
        r#"{"operator_type":5,"account_list":[{"account":"用户甲😀"}]}"#,
        "MDMwNDY4MThhYTJmNWMwNzdhOWJlMWFlMDJmZDkwNmYwNDZjOWU3MmNlZGUzZTAxN2JmMDZhMzdiYjcwZWEyNA==",
    ),
    (
        r#"{"operator_type":5,"account_list":[{"account":"\u7528\u6237\u7532\ud83d\ude00"}]}"#,
        "MTkzNmZiMmJkNjRhOTE1N2YxZmY4NTY4YmQyOWZkNjkwNDY3NjNjOTYyZDdmNjcwYjI2ODdlMjYyYWRjNzg1Yg==",
    ),
];

#[test]
fn signature_of_each_vector_is_accepted_and_of_changed_bytes_refused() {
    let authenticator = Authenticator::new(ID, KEY, Some(300));
    for (body, sign) in VECTORS {
        assert_eq!(
            authenticator.check(&signed(STAMP, sign), body.as_bytes(), NOW),
            Ok(()),
            "{body}"
        );
        let longer = format!("{body} ");
        assert_eq!(
            authenticator.check(&signed(STAMP, sign), longer.as_bytes(), NOW),
            Err(1_008_003)
        );
        assert_eq!(
            authenticator.check(&signed("1565314788", sign), body.as_bytes(), NOW),
            Err(1_008_003)
        );
    }
}

#[test]
fn signature_of_another_implementation_is_accepted() {
    let authenticator = Authenticator::new("1500004469", "2b1163d904bd5f82dcf82dcf82dc4407", None);
    let body = r#"{"audience_type": "account","message": {"title": "test title","content": "test content","android": { "action": {"action_type": 3,"intent": "xgscheme://com.xg.push/notify_detail?param1=xg"}}},"message_type": "notify","account_list": ["234"] }"#;
    let headers = AuthHeaders {
        access_id: Some("1500004469"),
        timestamp: Some("1621307510"),
        sign: Some(
            "ZWUzNTM1ODQyYmRiODBkYWJiZTFmMzY3ODcwMGY2Yzc2Y2M2M2U0ZjRkZDZiMDkwYzRhM2JjYWU2N2Y2OGQ4NQ==",
        ),
        authorization: None,
    };
    assert_eq!(authenticator.check(&headers, body.as_bytes(), NOW), Ok(()));
}

#[test]
fn timestamp_outside_the_tolerance_is_refused() {
    let (body, sign) = VECTORS[0];
    for (tolerance, off, answer) in [
        (Some(300), 300, Ok(())),
        (Some(300), 301, Err(1_008_003)),
        (Some(300), -300, Ok(())),
        (Some(300), -301, Err(1_008_003)),
        (Some(0), 1, Err(1_008_003)),
        (None, 1_000_000_000, Ok(())),
    ] {
        let authenticator = Authenticator::new(ID, KEY, tolerance);
        let found = authenticator.check(&signed(STAMP, sign), body.as_bytes(), NOW + off);
        assert_eq!(found, answer, "{tolerance:?} {off}");
    }
}

#[test]
fn incomplete_and_foreign_headers_are_refused() {
    let authenticator = Authenticator::new(ID, KEY, None);
    let (body, sign) = VECTORS[0];
    let whole = signed(STAMP, sign);
    let foreign = AuthHeaders {
        access_id: Some("1500001049"),
        ..whole
    };
    let table = [
        (AuthHeaders::default(), Err(1_008_003)),
        (
            AuthHeaders {
                access_id: None,
                ..whole
            },
            Err(1_008_003),
        ),
        (
            AuthHeaders {
                timestamp: None,
                ..whole
            },
            Err(1_008_003),
        ),
        (
            AuthHeaders {
                timestamp: Some("soon"),
                ..whole
            },
            Err(1_008_003),
        ),
        (
            AuthHeaders {
                sign: Some(""),
                ..whole
            },
            Err(1_008_003),
        ),
        (foreign, Err(1_008_035)),
        // Base64 of the raw digest.
        (
            AuthHeaders {
                sign: Some("zSB3RoK/eL/bQ+F9HV1Ws+W3iaFnD8FSfvVMZdLXt20="),
                ..whole
            },
            Err(1_008_003),
        ),
        // A wrong signature is not saved by Basic.
        (
            AuthHeaders {
                sign: Some("x"),
                authorization: Some(BASIC),
                ..whole
            },
            Err(1_008_003),
        ),
    ];
    for (headers, answer) in table {
        assert_eq!(
            authenticator.check(&headers, body.as_bytes(), NOW),
            answer,
            "{headers:?}"
        );
    }
}

#[test]
fn basic_auth_with_the_right_pair_only_is_accepted() {
    let authenticator = Authenticator::new(ID, KEY, Some(300));
    for (authorization, answer) in [
        (BASIC, Ok(())),
        (&BASIC.replace("Basic", "basic"), Ok(())),
        (&BASIC.replace("Basic", "Bearer"), Err(1_008_003)),
        ("Basic MTUwMDAwMTA0ODp3cm9uZw==", Err(1_008_003)),
        ("Basic MTUwMDAwMTA0OTp3cm9uZw==", Err(1_008_035)),
        ("Basic MTUwMDAwMTA0OA==", Err(1_008_003)),
        ("Basic", Err(1_008_003)),
        ("Basic !", Err(1_008_003)),
    ] {
        let found = authenticator.check(&basic(authorization), b"{}", NOW);
        assert_eq!(found, answer, "{authorization}");
    }
}
