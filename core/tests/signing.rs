//! The signature against every published and computed vector, also for bodies
//! that no account request makes.

use xgpush::Scheme;
use xgpush::internal::Credentials;

const ACCESS_ID: &str = "1500001048";
const SECRET_KEY: &str = "1452fcebae9f3115ba794fb0fff2fd73";
const TIME: i64 = 1_565_314_789;

/// The `Sign` header for a body.
fn sign(access_id: &str, secret_key: &str, time: i64, body: &str) -> String {
    let credentials = Credentials::new(Scheme::Sign, access_id, secret_key).unwrap();
    let headers = credentials.headers(body.as_bytes(), time);
    let names: Vec<_> = headers.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["AccessId", "TimeStamp", "Sign"]);
    assert_eq!(headers[0].1, access_id);
    assert_eq!(headers[1].1, time.to_string());
    headers[2].1.clone()
}

/// The push of the official example; `platform` stood in it until 2021-08.
fn push(platform: &str, account: &str) -> String {
    format!(
        r#"{{"audience_type": "account",{platform}"message": {{"title": "test title","content": "test content","android": {{ "action": {{"action_type": 3,"intent": "xgscheme://com.xg.push/notify_detail?param1=xg"}}}}}},"message_type": "notify","account_list": ["{account}"] }}"#
    )
}

#[test]
fn the_official_example_is_reproduced_by_the_older_body_only() {
    let published =
        "Y2QyMDc3NDY4MmJmNzhiZmRiNDNlMTdkMWQ1ZDU2YjNlNWI3ODlhMTY3MGZjMTUyN2VmNTRjNjVkMmQ3Yjc2ZA==";
    let account = "5822f0eee44c3625ef0000bb";
    let older = push(r#""platform": "android","#, account);
    assert_eq!(sign(ACCESS_ID, SECRET_KEY, TIME, &older), published);
    // Printed today with the value of the older body left unchanged.
    assert_eq!(
        sign(ACCESS_ID, SECRET_KEY, TIME, &push("", account)),
        "MDlmMDdkMmE1MThhODgxNGUzNjlkY2Q5NTM0ZjEwYjhhMjlkMTI4NTMxYTE5YWRhYTI4Y2IyNDc2MDVjMWU4NA=="
    );
}

#[test]
fn the_official_c_sharp_inputs() {
    assert_eq!(
        sign(
            "1500004469",
            "2b1163d904bd5f82dcf82dcf82dc4407",
            1_621_307_510,
            &push("", "234")
        ),
        "ZWUzNTM1ODQyYmRiODBkYWJiZTFmMzY3ODcwMGY2Yzc2Y2M2M2U0ZjRkZDZiMDkwYzRhM2JjYWU2N2Y2OGQ4NQ=="
    );
}

#[test]
fn every_byte_of_the_body_counts() {
    let vectors = [
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
    for (body, expected) in vectors {
        assert_eq!(sign(ACCESS_ID, SECRET_KEY, TIME, body), expected, "{body}");
    }
}

#[test]
fn basic_is_id_and_key() {
    let credentials = Credentials::new(Scheme::Basic, ACCESS_ID, SECRET_KEY).unwrap();
    let expected = "Basic MTUwMDAwMTA0ODoxNDUyZmNlYmFlOWYzMTE1YmE3OTRmYjBmZmYyZmQ3Mw==";
    let header = ("Authorization", expected.to_owned());
    assert_eq!(credentials.headers(b"any body", TIME), [header]);
}
