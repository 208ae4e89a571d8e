use super::*;
use crate::model::account::Account;

/// The reasons and codes for a clear of two tokens, answered like this.
fn reasons(status: u16, body: &str) -> Vec<(Reason, Option<i64>)> {
    let classified = classify_batch(2, &HttpResponse::new(status, body));
    classified
        .items
        .iter()
        .map(|i| (i.reason, i.code))
        .collect()
}

#[test]
fn batch_answer_has_a_reason_for_each_item() {
    use Reason::{
        Accepted, Contradiction, HttpError, HttpRefused, ItemRefused, NotDocumented, NotJson,
        RequestRefused, ResultCount, ResultMissing,
    };
    let both = |reason, code| vec![(reason, code), (reason, code)];
    let cases: Vec<(u16, &str, Vec<(Reason, Option<i64>)>)> = vec![
        (
            200,
            r#"{"ret_code":0,"result":["0","ok"]}"#,
            both(Accepted, Some(0)),
        ),
        (
            200,
            r#"{"retCode":"0","result":[0,"NO_ERROR"]}"#,
            both(Accepted, Some(0)),
        ),
        (
            200,
            r#"{"ret_code":1008026,"result":["0","1008006"]}"#,
            vec![(Accepted, Some(0)), (ItemRefused, Some(1_008_006))],
        ),
        (
            200,
            r#"{"ret_code":0,"result":["token_not_exists","0"]}"#,
            vec![(ItemRefused, None), (Accepted, Some(0))],
        ),
        (
            200,
            r#"{"ret_code":0,"result":[null,"0"]}"#,
            vec![(NotDocumented, None), (Accepted, Some(0))],
        ),
        (
            200,
            r#"{"ret_code":1008026,"result":["0","0"]}"#,
            both(Contradiction, None),
        ),
        (200, r#"{"ret_code":1008026}"#, both(ResultMissing, None)),
        (
            200,
            r#"{"ret_code":1008027}"#,
            both(RequestRefused, Some(1_008_027)),
        ),
        (
            200,
            r#"{"ret_code":1008027,"result":["0","1008006"]}"#,
            vec![(Contradiction, None), (ItemRefused, Some(1_008_006))],
        ),
        (200, r#"{"ret_code":0}"#, both(ResultMissing, None)),
        (
            200,
            r#"{"ret_code":0,"result":"[0]"}"#,
            both(ResultMissing, None),
        ),
        (
            200,
            r#"{"ret_code":0,"result":["0"]}"#,
            both(ResultCount, None),
        ),
        (
            200,
            r#"{"ret_code":0,"result":["0","0","0"]}"#,
            both(ResultCount, None),
        ),
        (
            200,
            r#"{"retCode":1008003}"#,
            both(RequestRefused, Some(1_008_003)),
        ),
        (
            200,
            r#"{"ret_code":1008003,"result":["0","0"]}"#,
            both(Contradiction, None),
        ),
        (
            200,
            r#"{"ret_code":0,"retCode":5,"result":["0","0"]}"#,
            both(Contradiction, None),
        ),
        (200, r#"{"result":["0","0"]}"#, both(NotDocumented, None)),
        (200, "{}", both(NotDocumented, None)),
        (200, "<html>busy</html>", both(NotJson, None)),
        (200, "", both(NotJson, None)),
        (204, "", both(NotJson, None)),
        (
            403,
            r#"{"ret_code":1008003}"#,
            both(RequestRefused, Some(1_008_003)),
        ),
        (403, "denied", both(HttpRefused, None)),
        (
            400,
            r#"{"ret_code":0,"result":["0","0"]}"#,
            both(Contradiction, None),
        ),
        (408, "", both(HttpError, None)),
        (429, "slow down", both(HttpRefused, None)),
        (
            500,
            r#"{"ret_code":1008004}"#,
            both(RequestRefused, Some(1_008_004)),
        ),
        (
            500,
            r#"{"ret_code":0,"result":["0","0"]}"#,
            both(HttpError, None),
        ),
        (502, "<html>", both(HttpError, None)),
        (302, "", both(HttpError, None)),
    ];
    for (status, body, expected) in cases {
        assert_eq!(reasons(status, body), expected, "{status} {body}");
    }
}

#[test]
fn query_answer_is_read_from_codes_and_entries() {
    let accounts = vec![Account::new("alice").unwrap(), Account::new("bob").unwrap()];
    let request = Request::query_by_account(accounts);
    let cases: &[(&str, [Reason; 2], [&[&str]; 2])] = &[
        (
            r#"{"retCode":0,"result":["0","10110008"],"account_tokens":[{"account":"alice","token_list":["t1"]}]}"#,
            [Reason::Accepted, Reason::ItemRefused],
            [&["t1"], &[]],
        ),
        (
            r#"{"ret_code":0,"account_tokens":[{"account":"bob","token_list":["t2"]},{"account":"alice","token_list":["t1"]}]}"#,
            [Reason::Accepted, Reason::Accepted],
            [&["t1"], &["t2"]],
        ),
        (
            r#"{"ret_code":0,"account_tokens":[{"account":"bob","token_list":["t2"]}]}"#,
            [Reason::ResultMissing, Reason::Accepted],
            [&[], &["t2"]],
        ),
        (
            r#"{"retCode":0,"result":["0","0"],"account_tokens":[]}"#,
            [Reason::Accepted, Reason::Accepted],
            [&[], &[]],
        ),
        (
            r#"{"retCode":0,"result":["0","0"]}"#,
            [Reason::ResultMissing, Reason::ResultMissing],
            [&[], &[]],
        ),
        (
            r#"{"retCode":10110008}"#,
            [Reason::RequestRefused, Reason::RequestRefused],
            [&[], &[]],
        ),
        (
            r#"{"retCode":1008026,"result":["0","10110008"],"account_tokens":[{"account":"alice","token_list":["t1"]}]}"#,
            [Reason::Accepted, Reason::ItemRefused],
            [&["t1"], &[]],
        ),
        (
            r#"{"retCode":0,"result":["0"],"account_tokens":[]}"#,
            [Reason::ResultCount, Reason::ResultCount],
            [&[], &[]],
        ),
    ];
    for (body, reasons, tokens) in cases {
        let classified = classify_query(&request.items, &[0, 1], &HttpResponse::new(200, *body));
        for n in 0..2 {
            assert_eq!(classified.items[n].reason, reasons[n], "{body} item {n}");
            assert_eq!(classified.items[n].tokens(), tokens[n], "{body} item {n}");
        }
    }
}

#[test]
fn query_tells_accounts_of_one_name_apart_by_type() {
    use crate::model::account::AccountType;
    let typed = |n| Account::with_type("alice", AccountType(n)).unwrap();
    let request = Request::query_by_account(vec![typed(1), typed(2)]);
    let body = r#"{"ret_code":0,"account_tokens":[{"account":"alice","account_type":2,"token_list":["t2"]},
        {"account":"alice","account_type":1,"token_list":["t1"]},{"account":"eve","token_list":[]}]}"#;
    let classified = classify_query(&request.items, &[0, 1], &HttpResponse::new(200, body));
    assert_eq!(classified.items[0].tokens(), ["t1"]);
    assert_eq!(classified.items[1].tokens(), ["t2"]);
    assert_eq!(
        classified.notes.warnings[0].kind(),
        WarningKind::UnrequestedEntries
    );
}

#[test]
fn unknown_attempt_stays_unknown_until_a_lasting_answer() {
    let outcome = |reason, code: Option<i64>| {
        let mut item = ItemOutcome::new(reason, None);
        item.code = code;
        item
    };
    let timed_out = || outcome(Reason::TimedOut, None);
    let busy = || outcome(Reason::RequestRefused, Some(1_008_004));
    let bad = || outcome(Reason::ItemRefused, Some(1_008_006));
    let offline = || outcome(Reason::ConnectFailed, None);
    let cases = [
        (
            timed_out(),
            outcome(Reason::Accepted, Some(0)),
            Reason::Accepted,
        ),
        (timed_out(), bad(), Reason::ItemRefused),
        (timed_out(), busy(), Reason::TimedOut),
        (timed_out(), offline(), Reason::TimedOut),
        (busy(), offline(), Reason::RequestRefused),
        (busy(), timed_out(), Reason::TimedOut),
        (offline(), outcome(Reason::Deadline, None), Reason::Deadline),
    ];
    for (earlier, later, expected) in cases {
        let label = format!("{earlier:?} then {later:?}");
        assert_eq!(
            merge_attempts(earlier, later, false).reason,
            expected,
            "{label}"
        );
    }
}

#[test]
fn quoted_body_cannot_break_a_log_line() {
    let item = classify_batch(
        1,
        &HttpResponse::new(200, "<html>\n\u{1b}[31m".to_owned() + &"x".repeat(500)),
    )
    .items
    .remove(0);
    assert!(item.message().contains("<html>\\n"), "{}", item.message());
    assert!(item.message().len() < 400);
}
