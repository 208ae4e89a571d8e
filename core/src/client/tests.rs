//! The client over a scripted transport and a clock that does not wait.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use super::*;
use crate::model::account::Account;
use crate::model::outcome::{ItemOutcome, Reason, State, WarningKind};
use crate::model::request::Binding;
use crate::model::token::Token;
use crate::protocol::message::{HttpRequest, HttpResponse, SendError, SendErrorKind};
use crate::transport::Attempt;

mod order;

const MS: Duration = Duration::from_millis(1);

/// Time passes only by waiting, and one microsecond at each look.
#[derive(Default)]
struct TestClock(AtomicU64);

impl Clock for Arc<TestClock> {
    fn elapsed(&self) -> Duration {
        Duration::from_micros(self.0.fetch_add(1, Ordering::Relaxed))
    }

    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_565_314_789) + self.elapsed()
    }

    fn sleep(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap().max(1);
        self.0.fetch_add(micros, Ordering::Relaxed);
    }
}

type Answer = std::result::Result<HttpResponse, SendError>;

/// Answers from a script, then accepts everything; keeps what was sent.
#[derive(Default)]
struct Script {
    answers: Mutex<VecDeque<Answer>>,
    sent: Mutex<Vec<HttpRequest>>,
}

impl Transport for Arc<Script> {
    fn send(&self, request: &HttpRequest, _: &Attempt) -> Answer {
        self.sent.lock().unwrap().push(request.clone());
        let scripted = self.answers.lock().unwrap().pop_front();
        scripted.unwrap_or_else(|| {
            let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
            let lists = ["token_accounts", "token_list", "account_list"];
            let items = lists.iter().find_map(|l| body.get(l)?.as_array()).unwrap();
            let results = vec!["0"; items.len()];
            let answer = serde_json::json!({"ret_code": 0, "result": results});
            Ok(HttpResponse::new(200, answer.to_string()))
        })
    }
}

struct Bench {
    client: Client,
    script: Arc<Script>,
    clock: Arc<TestClock>,
}

fn bench_config(options: &[(&str, &str)]) -> Config {
    let mut config = Config::new();
    config.set("access_id", "1500001048").unwrap();
    config
        .set("secret_key", "1452fcebae9f3115ba794fb0fff2fd73")
        .unwrap();
    config.set("access_point", "guangzhou").unwrap();
    for (name, value) in options {
        config.set(name, value).unwrap();
    }
    config
}

fn bench(options: &[(&str, &str)], answers: Vec<Answer>) -> Bench {
    let config = bench_config(options);
    let script = Arc::new(Script::default());
    *script.answers.lock().unwrap() = answers.into();
    let clock = Arc::new(TestClock::default());
    let client = Client::with_parts(
        &config,
        Box::new(Arc::clone(&script)),
        Box::new(Arc::clone(&clock)),
    );
    Bench {
        client: client.unwrap(),
        script,
        clock,
    }
}

fn tokens(count: usize) -> Request {
    let token = |n| Token::new(format!("token{n}")).unwrap();
    Request::clear_tokens((0..count).map(token))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it is one of the scripted answers"
)]
fn json(status: u16, body: &str) -> Answer {
    Ok(HttpResponse::new(status, body))
}

fn replayed(answer: Answer) -> Answer {
    answer.map(|response| HttpResponse {
        replayed: true,
        ..response
    })
}

fn lost() -> Answer {
    Err(SendError::new(SendErrorKind::Lost, true, "reset"))
}

fn refused() -> Answer {
    Err(SendError::new(SendErrorKind::Connect, false, "refused"))
}

impl Bench {
    fn reasons(&self, count: usize) -> Vec<(Reason, u16)> {
        let outcome = self.client.batch_operate(&tokens(count)).unwrap();
        outcome
            .items()
            .iter()
            .map(|i| (i.reason(), i.attempts()))
            .collect()
    }

    fn bodies(&self) -> Vec<String> {
        let sent = self.script.sent.lock().unwrap();
        sent.iter()
            .map(|r| String::from_utf8(r.body.clone()).unwrap())
            .collect()
    }
}

#[test]
fn retry_sends_only_the_failed_items_signed_anew() {
    let first = r#"{"ret_code":1008026,"result":["0","1008004","1008006"]}"#;
    let bench = bench(&[], vec![json(200, first)]);
    use Reason::{Accepted, ItemRefused};
    assert_eq!(
        bench.reasons(3),
        [(Accepted, 1), (Accepted, 2), (ItemRefused, 1)]
    );
    assert_eq!(
        bench.bodies()[1],
        r#"{"operator_type":4,"token_list":["token1"]}"#
    );
    let sent = bench.script.sent.lock().unwrap();
    let sign = |n: usize| {
        sent[n]
            .headers()
            .find(|h| h.0 == "Sign")
            .unwrap()
            .1
            .to_owned()
    };
    assert_ne!(sign(0), sign(1));
}

#[test]
fn attempts_that_run_out_leave_the_last_trustworthy_answer() {
    let busy = || json(200, r#"{"ret_code":1008004}"#);
    let cases: Vec<(Vec<Answer>, Reason, u16)> = vec![
        (vec![busy(), busy(), busy()], Reason::RequestRefused, 3),
        (vec![lost(), lost(), lost()], Reason::ConnectionLost, 3),
        (vec![lost(), busy(), refused()], Reason::ConnectionLost, 2),
        // It does not exist: any more, perhaps, after the first attempt.
        (
            vec![lost(), json(200, r#"{"ret_code":0,"result":["10110008"]}"#)],
            Reason::ConnectionLost,
            2,
        ),
        (vec![replayed(json(403, ""))], Reason::Accepted, 2),
        (
            vec![replayed(json(200, r#"{"ret_code":0,"result":["0"]}"#))],
            Reason::Accepted,
            1,
        ),
        // A gateway that lets nobody in says nothing of the attempt before.
        (vec![lost(), json(403, "no")], Reason::ConnectionLost, 2),
        (
            vec![lost(), json(200, r#"{"ret_code":1008003}"#)],
            Reason::ConnectionLost,
            2,
        ),
        (
            vec![lost(), json(200, r#"{"ret_code":1008006}"#)],
            Reason::RequestRefused,
            2,
        ),
        (
            vec![refused(), refused(), refused()],
            Reason::ConnectFailed,
            0,
        ),
        (vec![json(503, "busy"), lost()], Reason::Accepted, 3),
        (vec![json(403, "no")], Reason::HttpRefused, 1),
        (vec![json(302, "")], Reason::HttpError, 1),
        (
            vec![json(200, "<html>"), json(200, "<html>")],
            Reason::Accepted,
            3,
        ),
        (
            vec![json(200, r#"{"ret_code":0}"#)],
            Reason::ResultMissing,
            1,
        ),
    ];
    for (answers, reason, attempts) in cases {
        let label = format!("{answers:?}");
        assert_eq!(
            bench(&[], answers).reasons(1),
            [(reason, attempts)],
            "{label}"
        );
    }
}

#[test]
fn retry_after_is_a_lower_bound_within_the_deadline() {
    let busy = || Ok(HttpResponse::new(429, "").with_header("Retry-After", "3"));
    let patient = bench(&[], vec![busy()]);
    assert_eq!(patient.reasons(1), [(Reason::Accepted, 2)]);
    assert!(patient.clock.elapsed() >= 3000 * MS);
    let hurried = bench(&[("deadline_ms", "2000")], vec![busy()]);
    assert_eq!(hurried.reasons(1), [(Reason::HttpRefused, 1)]);
    assert!(hurried.clock.elapsed() < 2000 * MS);
}

#[test]
fn retry_budget_bounds_all_calls_together() {
    let down = (0..10_000).map(|_| json(503, "")).collect();
    let bench = bench(&[("retry_budget", "500")], down);
    for _ in 0..1000 {
        assert_eq!(bench.reasons(1)[0].0, Reason::HttpError);
    }
    assert_eq!(bench.script.sent.lock().unwrap().len(), 1000 + 500 / 14);
}

#[test]
fn retry_budget_is_paid_back_by_successes_and_refunded_for_retries_not_made() {
    let cases: Vec<(&str, Vec<Answer>, u32)> = vec![
        ("a retry that succeeds", vec![json(503, "")], 500),
        (
            "a retry that is refused",
            vec![json(503, ""), json(200, r#"{"ret_code":1008007}"#)],
            500 - 14,
        ),
    ];
    for (label, answers, left) in cases {
        let bench = bench(&[("retry_budget", "500")], answers);
        let _ = bench.client.batch_operate(&tokens(1)).unwrap();
        assert_eq!(bench.client.engine.budget.left(), left, "{label}");
    }
    let bench = bench(&[("retry_budget", "500")], vec![json(429, "")]);
    let script = Arc::clone(&bench.script);
    let options = CallOptions::new()
        // Ends the call in the pause after the first attempt.
        .with_interrupt(move || !script.sent.lock().unwrap().is_empty());
    let request = tokens(1);
    let outcome = bench.client.batch_operate_with(&request, &options).unwrap();
    assert_eq!(outcome.items()[0].reason(), Reason::HttpRefused);
    let message = outcome.items()[0].message();
    let why = "; no further retry: the caller cancelled";
    assert!(message.ends_with(why), "{message}");
    assert_eq!(bench.client.engine.budget.left(), 500);
}

#[test]
fn items_left_at_the_deadline_are_not_sent() {
    let bench = bench(
        &[("requests_per_second", "1"), ("deadline_ms", "1500")],
        vec![],
    );
    let got = bench.reasons(45);
    let count = |r| got.iter().filter(|g| g.0 == r).count();
    assert_eq!(count(Reason::Accepted), 40);
    assert_eq!(count(Reason::Deadline), 5);
    assert_eq!(got[44], (Reason::Deadline, 0));
}

#[test]
fn wrong_clock_is_corrected_once() {
    let denied = || {
        Ok(HttpResponse::new(200, r#"{"ret_code":1008003}"#)
            .with_header("Date", "Fri, 09 Aug 2019 02:39:49 GMT"))
    };
    let found = bench(&[], vec![denied()]);
    let outcome = found.client.batch_operate(&tokens(1)).unwrap();
    assert!(outcome.all_accepted());
    assert_eq!(outcome.warnings()[0].kind(), WarningKind::ClockSkew);
    let stamp = |bench: &Bench, n: usize| {
        let sent = bench.script.sent.lock().unwrap();
        let stamp = sent[n].headers().find(|h| h.0 == "TimeStamp").unwrap().1;
        stamp.parse::<i64>().unwrap()
    };
    assert_eq!(stamp(&found, 1) - stamp(&found, 0), 3600);
    let again = found.client.batch_operate(&tokens(1)).unwrap();
    assert!(again.warnings().is_empty());
    assert_eq!(
        stamp(&found, 2),
        stamp(&found, 1),
        "later calls keep the corrected time"
    );

    let wrong_key = bench(&[], vec![denied(), denied()]);
    let outcome = wrong_key.client.batch_operate(&tokens(1)).unwrap();
    assert_eq!(outcome.items()[0].code(), Some(1_008_003));
    assert_eq!(wrong_key.script.sent.lock().unwrap().len(), 2);
}

#[test]
fn items_refused_for_the_clock_are_sent_until_a_request_with_the_right_time_arrives() {
    let denied = |body: &str| {
        Ok(HttpResponse::new(200, body).with_header("Date", "Fri, 09 Aug 2019 02:39:49 GMT"))
    };
    for body in [
        r#"{"ret_code":1008003}"#,
        r#"{"ret_code":0,"result":["1008004","1008003"]}"#,
        r#"{"ret_code":0,"result":["0","1008003"]}"#,
    ] {
        for failures in [
            vec![refused()],
            vec![refused(), lost()],
            vec![json(503, "")],
        ] {
            let count = failures.len() + 2;
            let answers = std::iter::once(denied(body)).chain(failures).collect();
            let bench = bench(&[], answers);
            let outcome = bench.client.batch_operate(&tokens(2)).unwrap();
            assert!(outcome.all_accepted(), "{outcome:?}");
            let bodies = bench.bodies();
            assert_eq!(bodies.len(), count);
            assert!(bodies.iter().all(|body| body.contains("token1")));
        }
    }
}

/// With and without a corrected clock: only the first request with the right time takes
/// them again.
#[test]
fn retry_leaves_items_alone_that_were_refused_because_of_the_caller() {
    const MIXED: &str = r#"{"ret_code":0,"result":["1008004","1008003"]}"#;
    let right_time = || json(200, MIXED);
    let wrong_time =
        || Ok(HttpResponse::new(200, MIXED).with_header("Date", "Fri, 09 Aug 2019 02:39:49 GMT"));
    for (answers, with_refused) in [
        (vec![right_time()], &[true, false][..]),
        (vec![wrong_time(), wrong_time()], &[true, true, false][..]),
    ] {
        let bench = bench(&[], answers);
        let outcome = bench.client.batch_operate(&tokens(2)).unwrap();
        assert_eq!(outcome.items()[0].reason(), Reason::Accepted);
        assert_eq!(outcome.items()[1].code(), Some(1_008_003));
        let bodies = bench.bodies();
        let sent: Vec<_> = bodies.iter().map(|body| body.contains("token1")).collect();
        assert_eq!(sent, with_refused);
    }
}

#[test]
fn items_on_one_key_are_sent_one_after_the_other() {
    let bind = |token: &str, account: &str| {
        Binding::one(Token::new(token).unwrap(), Account::new(account).unwrap())
    };
    let request = Request::bind(vec![
        bind("t1", "alice"),
        bind("t2", "bob"),
        bind("t1", "carol"),
        bind("t3", "carol"),
    ]);
    for parallel in ["1", "8"] {
        let bench = bench(&[("parallel", parallel)], vec![lost()]);
        let outcome = bench.client.batch_operate(&request).unwrap();
        assert!(outcome.all_accepted());
        let bodies = bench.bodies();
        assert_eq!(bodies.len(), 4, "a retry of the first part, then two more");
        assert_eq!(bodies[0], bodies[1]);
        assert!(bodies[2].contains("t1") && bodies[2].contains("carol"));
        assert!(bodies[3].contains("t3"));
    }
}

/// A guard of the host that unbinds when its thread unwinds.
#[test]
fn call_made_while_its_thread_unwinds_ends_as_any_other() {
    struct Unbind<'a>(&'a Bench);
    impl Drop for Unbind<'_> {
        fn drop(&mut self) {
            let outcome = self.0.client.batch_operate(&tokens(45)).unwrap();
            assert!(outcome.items().iter().all(|i| i.state() == State::Accepted));
        }
    }
    for parallel in ["1", "4"] {
        let bench = bench(&[("parallel", parallel)], vec![]);
        let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _unbind = Unbind(&bench);
            std::panic::resume_unwind(Box::new("the host's own panic"));
        }));
        assert!(unwound.is_err());
        assert_eq!(bench.script.sent.lock().unwrap().len(), 3);
    }
}

#[test]
fn parallel_parts_keep_the_order_of_outcomes() {
    let bench = bench(&[("parallel", "7")], vec![]);
    let script = Arc::clone(&bench.script);
    let outcome = bench.client.batch_operate(&tokens(1001)).unwrap();
    assert_eq!(outcome.count(State::Accepted), 1001);
    assert_eq!(outcome.requests(), 51);
    assert_eq!(script.sent.lock().unwrap().len(), 51);
}

#[test]
fn interrupted_call_reports_what_was_not_sent() {
    let bench = bench(&[("requests_per_second", "1")], vec![]);
    let sent = Arc::clone(&bench.script);
    let options = CallOptions::new()
        .with_deadline(Duration::from_secs(60))
        .with_interrupt(move || sent.sent.lock().unwrap().len() == 2);
    let outcome = bench
        .client
        .batch_operate_with(&tokens(100), &options)
        .unwrap();
    assert_eq!(outcome.count(State::Accepted), 40);
    assert_eq!(outcome.items()[99].reason(), Reason::Cancelled);
}

#[test]
fn closed_client_refuses_calls() {
    let bench = bench(&[], vec![]);
    bench.client.close();
    bench.client.close();
    let error = bench.client.batch_operate(&tokens(1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
}

#[test]
fn invalid_request_sends_nothing() {
    let bench = bench(&[], vec![]);
    let error = bench.client.batch_operate(&tokens(0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(bench.client.query(&tokens(1)).is_err());
    assert!(bench.script.sent.lock().unwrap().is_empty());
}

#[test]
fn call_is_repeated_only_without_effect() {
    let cases: Vec<(Vec<Answer>, Option<ErrorKind>, usize)> = vec![
        (vec![json(200, r#"{"ret_code":0}"#)], None, 1),
        (vec![refused(), json(200, r#"{"retCode":0}"#)], None, 2),
        (vec![json(429, ""), json(200, r#"{"ret_code":0}"#)], None, 2),
        (vec![lost()], Some(ErrorKind::Unknown), 1),
        // Some phones got the push, and some did not.
        (
            vec![json(
                200,
                r#"{"ret_code":1008026,"result":["0","1008006"]}"#,
            )],
            Some(ErrorKind::Unknown),
            1,
        ),
        // Code 0 in an error: it may have had its effect.
        (
            vec![json(429, r#"{"ret_code":0}"#)],
            Some(ErrorKind::Unknown),
            1,
        ),
        (
            vec![json(403, r#"{"ret_code":0}"#)],
            Some(ErrorKind::Unknown),
            1,
        ),
        (
            vec![json(200, r#"{"ret_code":1008004}"#)],
            Some(ErrorKind::Unknown),
            1,
        ),
        (vec![json(500, "")], Some(ErrorKind::Unknown), 1),
        (vec![json(200, "[]")], Some(ErrorKind::Unknown), 1),
        (
            vec![refused(), refused(), refused()],
            Some(ErrorKind::NotSent),
            3,
        ),
    ];
    for (answers, error, sent) in cases {
        let label = format!("{answers:?}");
        let bench = bench(&[], answers);
        let got = bench.client.call("/v3/push/app", b"{}");
        assert_eq!(got.err().map(|e| e.kind()), error, "{label}");
        assert_eq!(bench.script.sent.lock().unwrap().len(), sent, "{label}");
    }
}

#[test]
fn call_checks_path_and_body() {
    let bench = bench(&[], vec![]);
    for path in ["v3/push/app", "//v3", "/v3/push app", "/v3?x=1", ""] {
        let error = bench.client.call(path, b"{}").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{path}");
    }
    let error = bench.client.call("/v3/push/app", b"{").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidJson);
}
