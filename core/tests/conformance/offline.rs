//! The kinds that need no server.

use std::net::TcpListener;

use serde_json::Value;
use xgpush::{Client, Error, Exchange, HttpRequest, HttpResponse, SendError};

use crate::Differences;
use crate::case::{
    Answer, AnswerCase, ApiName, CallCase, Case, InvalidCase, PartExpectation, RequestCase,
};
use crate::compare;
use crate::setup;
use crate::silence::Secrets;

const BASE_URL: &str = "https://tpns.test";
const TIME: i64 = 1_565_314_789;

fn exchange(case: &Case, api: ApiName, json: &[u8]) -> Result<Exchange, Error> {
    let config = setup::config(case, BASE_URL)?;
    Exchange::new(&config, setup::request(api, json)?)
}

pub(crate) fn request(case: &Case, request: &RequestCase) -> Differences {
    let mut to = Differences::new();
    let json = setup::input(request.input.as_ref(), request.input_text.as_ref());
    let mut exchange = match exchange(case, request.api, &json) {
        Ok(exchange) => exchange,
        Err(error) => return vec![format!("refused: {error}")],
    };
    let secrets = Secrets::of(case);
    secrets.not_in_debug("the exchange's Debug text", &exchange, &mut to);
    let expected = &request.expect.parts;
    if exchange.parts() != expected.len() {
        to.push(format!(
            "{} parts, expected {}",
            exchange.parts(),
            expected.len()
        ));
        return to;
    }
    for (n, expected) in expected.iter().enumerate() {
        let wave = exchange.wave(n).expect("a part that is there");
        if expected.wave.is_some_and(|wanted| wanted != wave) {
            to.push(format!(
                "part {n}: wave {wave}, expected {:?}",
                expected.wave
            ));
        }
        let http = exchange
            .http_request(n, request.at)
            .expect("a part that is there");
        let http = http.expect("nothing is answered yet");
        secrets.not_in_debug("the HTTP request's Debug text", &http, &mut to);
        part(n, &http, expected, &mut to);
        // Settled: later waves are held back until then.
        let settled = HttpResponse::new(200, r#"{"ret_code":1008001}"#);
        exchange.answer(n, &settled).expect("a part that waits");
    }
    let outcome = exchange.finish();
    secrets.check_outcome(&outcome, &mut to);
    let warnings: Vec<&str> = outcome.warnings().iter().map(|w| w.kind().name()).collect();
    if warnings != request.expect.warnings {
        let wanted = &request.expect.warnings;
        to.push(format!("warnings {warnings:?}, expected {wanted:?}"));
    }
    to
}

fn part(n: usize, http: &HttpRequest, expected: &PartExpectation, to: &mut Differences) {
    if http.method() != "POST" {
        to.push(format!("part {n}: method {}", http.method()));
    }
    if let Some(url) = &expected.url
        && http.url() != url
    {
        to.push(format!("part {n}: url {}, expected {url}", http.url()));
    }
    let header = |name: &str| {
        let mut headers = http.headers();
        headers.find_map(|(known, value)| known.eq_ignore_ascii_case(name).then_some(value))
    };
    for (name, wanted) in &expected.headers {
        if header(name) != Some(wanted.as_str()) {
            to.push(format!(
                "part {n}: {name} is {:?}, expected {wanted:?}",
                header(name)
            ));
        }
    }
    for name in &expected.absent_headers {
        if header(name).is_some() {
            to.push(format!("part {n}: there is a header {name}"));
        }
    }
    let text = String::from_utf8_lossy(http.body());
    if let Some(body) = &expected.body
        && serde_json::from_slice::<Value>(http.body()).ok().as_ref() != Some(body)
    {
        to.push(format!("part {n}: body {text}, expected {body}"));
    }
    if let Some(body) = &expected.body_text
        && http.body() != body.as_bytes()
    {
        to.push(format!(
            "part {n}: body {text}, expected byte for byte {body}"
        ));
    }
}

pub(crate) fn answer(case: &Case, answer: &AnswerCase) -> Differences {
    let mut to = Differences::new();
    let json = setup::input(answer.input.as_ref(), answer.input_text.as_ref());
    let answered = || {
        let mut exchange = exchange(case, answer.api, &json).map_err(|e| e.to_string())?;
        if exchange.parts() != 1 {
            return Err(format!("{} parts, expected one", exchange.parts()));
        }
        let http = exchange
            .http_request(0, TIME)
            .expect("a part that is there");
        let taken = match response(&answer.answer) {
            Ok(response) => exchange.answer(0, &response),
            Err(error) => exchange.failed(0, &error),
        };
        taken.expect("an HTTP request was asked for");
        Ok((http.expect("nothing is answered yet"), exchange))
    };
    let (first, exchange) = match answered() {
        Ok(answered) => answered,
        Err(difference) => return vec![difference],
    };
    let secrets = Secrets::of(case);
    secrets.not_in_debug("the exchange's Debug text", &exchange, &mut to);
    let outcome = exchange.finish();
    secrets.check_outcome(&outcome, &mut to);
    let expect = &answer.expect;
    compare::outcome(
        &outcome,
        &expect.items,
        &expect.warnings,
        &expect.extra,
        &mut to,
    );
    // On a second exchange: what is asked for and never answered counts as lost.
    let (_, mut exchange) = answered().expect("it was made before");
    let next = exchange
        .http_request(0, TIME + 1)
        .expect("a part that is there");
    let again = next.as_ref().map_or_else(Vec::new, items_of);
    let all = items_of(&first);
    let wanted: Vec<Value> = expect.again.iter().map(|n| all[*n].clone()).collect();
    if again != wanted {
        to.push(format!("again {again:?}, expected {wanted:?}"));
    }
    to
}

fn response(answer: &Answer) -> Result<HttpResponse, SendError> {
    if let Some(error) = &answer.error {
        return Err(SendError::new(error.kind, error.sent, "told by the case"));
    }
    let body = match (&answer.body, &answer.body_text, &answer.body_hex) {
        (Some(body), None, None) => body.to_string().into_bytes(),
        (None, Some(text), None) => text.clone().into_bytes(),
        (None, None, Some(hex)) => from_hex(hex),
        _ => panic!("an answer has one of body, body_text, body_hex and error"),
    };
    let mut response = HttpResponse::new(answer.status.unwrap_or(200), body);
    for (name, value) in &answer.headers {
        response = response.with_header(name, value);
    }
    Ok(response)
}

fn from_hex(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2);
    pairs
        .map(|pair| {
            let pair = std::str::from_utf8(pair).expect("hexadecimal digits");
            u8::from_str_radix(pair, 16).expect("hexadecimal digits")
        })
        .collect()
}

/// The items that an HTTP request carries.
fn items_of(http: &HttpRequest) -> Vec<Value> {
    let body: Value = serde_json::from_slice(http.body()).expect("a body of ours");
    let lists = ["token_accounts", "token_list", "account_list"];
    let list = lists.iter().find_map(|name| body.get(name)?.as_array());
    list.expect("a body of ours has a list").clone()
}

pub(crate) fn invalid(case: &Case, invalid: &InvalidCase) -> Differences {
    let mut to = Differences::new();
    let json = setup::input(invalid.input.as_ref(), invalid.input_text.as_ref());
    match exchange(case, invalid.api, &json) {
        Ok(_) => to.push(format!("taken, expected {}", invalid.expect.error)),
        Err(error) => {
            compare::error(&error, &invalid.expect, &mut to);
            Secrets::of(case).check_error(&error, &mut to);
        }
    }
    to
}

pub(crate) fn call(case: &Case, call: &CallCase) -> Differences {
    let mut to = Differences::new();
    let free = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
    let nobody = format!("http://{}", free.expect("a free port on loopback"));
    let answer = setup::config(case, &nobody)
        .and_then(|config| Client::new(&config))
        .and_then(|client| client.call(&call.path, call.json_text.as_bytes()));
    match answer {
        Ok(_) => to.push(format!("answered, expected {}", call.expect.error)),
        Err(error) => {
            compare::error(&error, &call.expect, &mut to);
            Secrets::of(case).check_error(&error, &mut to);
        }
    }
    to
}
