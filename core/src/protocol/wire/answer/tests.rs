//! Answers as the documents show them, and as they come.

use super::*;

fn read(body: &str) -> Answer {
    Answer::read(body.as_bytes()).unwrap()
}

#[test]
fn both_spellings_and_both_types_of_a_code_are_read() {
    for body in [
        r#"{"ret_code":7}"#,
        r#"{"retCode":7}"#,
        r#"{"ret_code":"7"}"#,
        r#"{"RetCode":7,"ErrMsg":null}"#,
        r#"{"ret_code":7,"retCode":"7"}"#,
    ] {
        let answer = read(body);
        assert_eq!(answer.code, Some(7), "{body}");
        assert!(!answer.contradicts_itself);
    }
    for body in [
        "{}",
        r#"{"ret_code":null}"#,
        r#"{"ret_code":"ok"}"#,
        r#"{"ret_code":[0]}"#,
        r#"{"ret_code":0.0}"#,
        r#"{"ret_code":""}"#,
        r#"{"ret_code":18446744073709551615}"#,
    ] {
        assert_eq!(read(body).code, None, "{body}");
    }
}

#[test]
fn two_codes_that_differ_contradict() {
    assert!(read(r#"{"ret_code":0,"retCode":1008003}"#).contradicts_itself);
    assert!(read(r#"{"result":["0"],"result":["1"],"ret_code":0}"#).contradicts_itself);
}

#[test]
fn elements_are_read_in_every_documented_form() {
    let answer = read(
        r#"{"result":["0",0,"ok","NO_ERROR","1008006",1008006,"token_not_exists",null,{},""]}"#,
    );
    use Element::{Code, Other, Success, Word};
    assert_eq!(
        answer.result.unwrap(),
        [
            Success,
            Success,
            Success,
            Success,
            Code(1_008_006),
            Code(1_008_006),
            Word("token_not_exists".to_owned()),
            Other,
            Other,
            Other,
        ]
    );
    for body in [
        r#"{"result":"[0]"}"#,
        r#"{"result":{}}"#,
        r#"{"result":null}"#,
    ] {
        assert_eq!(read(body).result, None, "{body}");
    }
}

#[test]
fn mappings_are_read_with_and_without_types() {
    let answer = read(
        r#"{"account_tokens":[{"account":"a1","account_type":0,"token_list":["t1"]},
            {"account":"a2","token_list":[]}],
            "token_accounts":[{"token":"t1","account_list":[{"account":"a1"}]}]}"#,
    );
    let accounts = answer.account_tokens.unwrap();
    assert_eq!(accounts[0].account_type, Some(0));
    assert_eq!(accounts[1].account_type, None);
    assert_eq!(
        answer.token_accounts.unwrap()[0].accounts,
        Some(vec![("a1".to_owned(), None)])
    );
}

#[test]
fn what_no_document_names_is_kept() {
    let answer = read(r#"{"ret_code":0,"seq":7,"err_msg_zh":"好"}"#);
    assert_eq!(answer.extra[0], ("seq".to_owned(), "7".to_owned()));
    assert_eq!(answer.extra[1].1, "\"好\"");
}

#[test]
fn what_is_no_object_is_an_error() {
    for body in ["", "[]", "null", "7", "<html>", "{\"ret_code\":0", "{} {}"] {
        assert!(Answer::read(body.as_bytes()).is_err(), "{body}");
    }
}

#[test]
fn an_unknown_field_that_is_too_deep_is_left_out() {
    let body = |levels: usize| {
        let value = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        format!(r#"{{"ret_code":0,"a":{value},"b":"]]\\\"[["}}"#)
    };
    let kept = |levels| Answer::read(body(levels).as_bytes()).unwrap().extra.len();
    assert_eq!((kept(32), kept(33), kept(100_000)), (2, 1, 1));
}
