//! The published vectors, and each way to be wrong.

use super::{AuthHeaders, Authenticator};
use crate::config::{App, Config, Region};

const ID: &str = "1500001048";
const KEY: &str = "1452fcebae9f3115ba794fb0fff2fd73";
const STAMP: &str = "1565314789";
const NOW: i64 = 1_565_314_789;
const BASIC: &str = "Basic MTUwMDAwMTA0ODoxNDUyZmNlYmFlOWYzMTE1YmE3OTRmYjBmZmYyZmQ3Mw==";

fn authenticator(tolerance_s: Option<u64>) -> Authenticator {
    Authenticator::new(&Config {
        timestamp_tolerance_s: tolerance_s,
        ..Config::default()
    })
}

impl Authenticator {
    /// The code of the refusal.
    fn code(&self, headers: &AuthHeaders<'_>, body: &[u8], now_s: i64) -> Result<(), i64> {
        let checked = self.check(headers, body, now_s);
        checked.map(drop).map_err(|refusal| refusal.code)
    }

    fn reason(&self, headers: &AuthHeaders<'_>, body: &[u8], now_s: i64) -> String {
        let refusal = self.check(headers, body, now_s).unwrap_err();
        refusal.reason.into_owned()
    }
}

fn signed<'a>(stamp: &'a str, sign: &'a str) -> AuthHeaders<'a> {
    AuthHeaders {
        access_id: Some(ID),
        timestamp: Some(stamp),
        sign: Some(sign),
        ..AuthHeaders::default()
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
    let authenticator = authenticator(Some(300));
    for (body, sign) in VECTORS {
        assert_eq!(
            authenticator.code(&signed(STAMP, sign), body.as_bytes(), NOW),
            Ok(()),
            "{body}"
        );
        let longer = format!("{body} ");
        assert_eq!(
            authenticator.code(&signed(STAMP, sign), longer.as_bytes(), NOW),
            Err(1_008_003)
        );
        assert_eq!(
            authenticator.code(&signed("1565314788", sign), body.as_bytes(), NOW),
            Err(1_008_003)
        );
    }
}

#[test]
fn signature_of_another_implementation_is_accepted() {
    let authenticator = Authenticator::new(&Config {
        access_id: "1500004469".into(),
        secret_key: "2b1163d904bd5f82dcf82dcf82dc4407".into(),
        timestamp_tolerance_s: None,
        ..Config::default()
    });
    let body = r#"{"audience_type": "account","message": {"title": "test title","content": "test content","android": { "action": {"action_type": 3,"intent": "xgscheme://com.xg.push/notify_detail?param1=xg"}}},"message_type": "notify","account_list": ["234"] }"#;
    let headers = AuthHeaders {
        access_id: Some("1500004469"),
        timestamp: Some("1621307510"),
        sign: Some(
            "ZWUzNTM1ODQyYmRiODBkYWJiZTFmMzY3ODcwMGY2Yzc2Y2M2M2U0ZjRkZDZiMDkwYzRhM2JjYWU2N2Y2OGQ4NQ==",
        ),
        ..AuthHeaders::default()
    };
    assert_eq!(authenticator.code(&headers, body.as_bytes(), NOW), Ok(()));
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
        let authenticator = authenticator(tolerance);
        let found = authenticator.code(&signed(STAMP, sign), body.as_bytes(), NOW + off);
        assert_eq!(found, answer, "{tolerance:?} {off}");
    }
}

#[test]
fn incomplete_and_foreign_headers_are_refused() {
    let authenticator = authenticator(None);
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
            authenticator.code(&headers, body.as_bytes(), NOW),
            answer,
            "{headers:?}"
        );
    }
}

#[test]
fn basic_auth_with_the_right_pair_only_is_accepted() {
    let authenticator = authenticator(Some(300));
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
        let found = authenticator.code(&basic(authorization), b"{}", NOW);
        assert_eq!(found, answer, "{authorization}");
    }
}

/// What known mistakes make of a request, and words of the reason. They are made here by
/// hand: the signatures are those of other programs.
#[test]
fn reason_of_a_signature_names_the_mistake() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use hmac::Mac as _;

    let body = r#"{"operator_type":2,"token_list":["甲","b"]}"#;
    let raw = |key: &[u8], parts: &[&str]| {
        let mut mac = crate::protocol::key::keyed(key);
        for part in parts {
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().to_vec()
    };
    let hex = |bytes: &[u8]| {
        let digits = b"0123456789abcdef";
        let pair = |byte: &u8| {
            [
                digits[usize::from(byte >> 4)],
                digits[usize::from(byte & 15)],
            ]
        };
        String::from_utf8(bytes.iter().flat_map(pair).collect()).unwrap()
    };
    let sign = |key: &[u8], parts: &[&str]| STANDARD.encode(hex(&raw(key, parts)));
    let key = KEY.as_bytes();
    let other = "0123456789abcdef0123456789abcdef";
    let bytes: Vec<u8> = (0..KEY.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&KEY[at..at + 2], 16).unwrap())
        .collect();
    let python = r#"{"operator_type": 2, "token_list": ["\u7532", "b"]}"#;
    let cases: Vec<(String, &[&str])> = vec![
        (
            sign(key, &[ID, STAMP, body]),
            &["wrong order, AccessId + TimeStamp + body"],
        ),
        (
            sign(key, &[STAMP, body, ID]),
            &["wrong order, TimeStamp + body + AccessId"],
        ),
        (
            STANDARD.encode(raw(key, &[STAMP, ID, body])),
            &["Base64 of the raw digest"],
        ),
        (hex(&raw(key, &[STAMP, ID, body])), &["hex without Base64"]),
        (
            STANDARD.encode(hex(&raw(key, &[STAMP, ID, body])).to_uppercase()),
            &["hex in upper case"],
        ),
        (sign(key, &[STAMP, ID]), &["left out"]),
        (
            sign(key, &[STAMP, ID, &format!("{body}\n")]),
            &["line end behind it"],
        ),
        (
            sign(key, &[STAMP, ID, python]),
            &["\\u for what is not ASCII and a space"],
        ),
        (
            sign(key, &[STAMP, ID, "}", body]),
            &["} between AccessId and body"],
        ),
        (sign(&bytes, &[STAMP, ID, body]), &["decoded from hex"]),
        (
            sign(format!("{KEY}\n").as_bytes(), &[STAMP, ID, body]),
            &["line end"],
        ),
        (
            sign(other.as_bytes(), &[STAMP, ID, body]),
            &["wrong application", "1600000001"],
        ),
        (
            STANDARD.encode(raw(key, &[ID, STAMP, body])),
            &[
                "wrong order, AccessId + TimeStamp + body",
                "Base64 of the raw digest",
            ],
        ),
        (
            sign(format!("{STAMP}{ID}{body}").as_bytes(), &[KEY]),
            &["key and message of the HMAC are exchanged"],
        ),
        (sign(b"what", &[STAMP, ID, body]), &["no known mistake"]),
        ("x".into(), &["wrong length", "no known mistake"]),
    ];
    let authenticator = Authenticator::new(&Config {
        apps: vec![app("1600000001", other, None)],
        ..Config::default()
    });
    for (sign, words) in cases {
        let reason = authenticator.reason(&signed(STAMP, &sign), body.as_bytes(), NOW);
        assert!(
            words.iter().all(|word| reason.contains(word)),
            "{words:?}: {reason}"
        );
        assert!(reason.contains("TimeStamp + AccessId"), "{reason}");
        assert!(!reason.contains(KEY), "{reason}");
    }
}

fn app(access_id: &str, secret_key: &str, region: Option<Region>) -> App {
    App {
        access_id: access_id.into(),
        secret_key: secret_key.into(),
        name: String::new(),
        platform: None,
        region,
    }
}

#[test]
fn reason_of_a_time_stamp_says_how_far_it_is_off() {
    let (body, sign) = VECTORS[0];
    let authenticator = authenticator(Some(300));
    let reason = |off| authenticator.reason(&signed(STAMP, sign), body.as_bytes(), NOW + off);
    assert!(reason(400).contains("400 s behind"), "{}", reason(400));
    assert!(reason(-301).contains("301 s ahead"), "{}", reason(-301));
    let millis = "1565314789000";
    let headers = signed(millis, sign);
    assert!(authenticator.check(&headers, body.as_bytes(), NOW).is_err());
}

#[test]
fn reason_of_other_refusals_names_what_is_wrong() {
    let authenticator = Authenticator::new(&Config {
        region: Some(Region::Guangzhou),
        apps: vec![app("1600000001", "0123456789abcdef0123456789abcdef", None)],
        ..Config::default()
    });
    let encode = |pair: &str| {
        use base64::Engine as _;
        format!(
            "Basic {}",
            base64::engine::general_purpose::STANDARD.encode(pair)
        )
    };
    let swapped = encode(&format!("{KEY}:{ID}"));
    let cases = [
        ("", "neither the headers"),
        ("Bearer x", "scheme \"Bearer\""),
        (&format!("Basic {ID}:{KEY}"), "not in Base64"),
        (&encode(ID), "no colon"),
        (&encode(&format!("{ID}:{KEY}\n")), "white space around it"),
        (
            &encode(&format!("{ID}:{}", KEY.to_uppercase())),
            "upper and lower case",
        ),
        (&encode(&format!("{ID}:")), "is empty"),
        (
            &encode(&format!("{ID}:0123456789abcdef0123456789abcdef")),
            "that of 1600000001",
        ),
        (
            &encode(&format!("{ID}:wrong")),
            "5 characters are given, 32 are right",
        ),
        (&encode("1520001048:x"), "Singapore"),
        (&encode(&format!(" {ID}:{KEY}")), "without the white space"),
        (&swapped, "exchanged"),
    ];
    for (authorization, words) in cases {
        let headers = AuthHeaders {
            authorization: Some(authorization).filter(|text| !text.is_empty()),
            ..AuthHeaders::default()
        };
        let reason = authenticator.reason(&headers, b"{}", NOW);
        assert!(reason.contains(words), "{authorization}: {reason}");
    }
    for (host, words) in [
        ("api.tpns.sgp.tencent.com", "is of region guangzhou"),
        ("api.tpns.xyz.tencent.com:443", "of no region"),
    ] {
        let headers = AuthHeaders {
            host: Some(host),
            ..basic(BASIC)
        };
        assert_eq!(authenticator.code(&headers, b"{}", NOW), Err(1_008_035));
        let reason = authenticator.reason(&headers, b"{}", NOW);
        assert!(reason.contains(words), "{reason}");
    }
    for host in ["api.tpns.tencent.com", "127.0.0.1:80", "tpns.test"] {
        let headers = AuthHeaders {
            host: Some(host),
            ..basic(BASIC)
        };
        assert_eq!(authenticator.code(&headers, b"{}", NOW), Ok(()), "{host}");
    }
    let half = AuthHeaders {
        sign: Some("x"),
        access_id: Some(ID),
        ..AuthHeaders::default()
    };
    let reason = authenticator.reason(&half, b"{}", NOW);
    assert!(reason.contains("lacks the header TimeStamp"), "{reason}");
}
