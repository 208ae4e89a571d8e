//! The cases that need a server which behaves badly.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;
use xgpush::{ApiCall, Client, Config, Error, Outcome, Reply};
use xgpush_emulator::{Config as Service, Counters, Emulator};

use crate::Differences;
use crate::case::{Bounds, CallErrorExpectation, Case, LiveCase, ReplyExpectation};
use crate::compare;
use crate::setup;
use crate::silence::Secrets;

/// One emulator without and one with TLS, started when first needed.
#[derive(Default)]
pub(crate) struct Servers {
    plain: Option<Emulator>,
    tls: Option<(Emulator, CertificateFile)>,
}

/// The emulator's certificate authority, for `ca_file`.
struct CertificateFile(PathBuf);

impl CertificateFile {
    fn write(pem: &str) -> Self {
        let name = format!("xgpush-conformance-{}.pem", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, pem).expect("a temporary file");
        Self(path)
    }
}

impl Drop for CertificateFile {
    fn drop(&mut self) {
        // A left-over file in the temporary directory does no harm.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Servers {
    fn get(&mut self, tls: bool) -> (&Emulator, Option<&CertificateFile>) {
        let start = |tls| {
            let config = Service {
                tls,
                ..Service::default()
            };
            Emulator::start(config).expect("a free port on loopback")
        };
        if !tls {
            return (self.plain.get_or_insert_with(|| start(false)), None);
        }
        let (emulator, file) = self.tls.get_or_insert_with(|| {
            let emulator = start(true);
            let pem = emulator.ca_pem().expect("it has TLS");
            let file = CertificateFile::write(pem);
            (emulator, file)
        });
        (emulator, Some(file))
    }
}

/// What a call came to.
enum End {
    Outcome(Outcome),
    Reply(Reply),
    Error(Error),
}

pub(crate) fn run(case: &Case, live: &LiveCase, servers: &mut Servers) -> Differences {
    let mut to = Differences::new();
    let (emulator, certificate) = servers.get(live.tls);
    let service = Value::Object(live.emulator.clone());
    match serde_json::from_value::<Service>(service) {
        Ok(service) => emulator.reconfigure(Service {
            tls: live.tls,
            ..service
        }),
        Err(error) => return vec![format!("no configuration of the emulator: {error}")],
    }
    let client = setup::config(case, &emulator.base_url()).and_then(|mut config: Config| {
        if let (true, Some(file)) = (live.trust, certificate) {
            config.set("ca_file", &file.0.to_string_lossy())?;
        }
        Client::new(&config)
    });
    let client = match client {
        Ok(client) => client,
        Err(error) => return vec![format!("no client: {error}")],
    };
    let secrets = Secrets::of(case);
    secrets.not_in_debug("the client's Debug text", &client, &mut to);
    let before = emulator.counters();
    let mut last = None;
    for _ in 0..live.calls {
        let started = Instant::now();
        let end = call(&client, live);
        last = Some((end, started.elapsed()));
    }
    let after = emulator.counters();
    client.close();
    let Some((end, took)) = last else {
        return vec!["no call was made".to_owned()];
    };
    compare_end(&end, live, &secrets, &mut to);
    compare_log(live, &before, &after, &mut to);
    compare_time(live, took, &mut to);
    to
}

fn call(client: &Client, live: &LiveCase) -> End {
    if let (Some(path), Some(json)) = (&live.path, &live.json_text) {
        let body = json.as_bytes();
        let mut call = match &live.content_type {
            None => ApiCall::json(path, body),
            Some(content_type) => ApiCall::bytes(path, content_type, body),
        }
        .repeatable(live.repeatable);
        if let Some(auth) = &live.auth {
            call = call.with_auth(auth.parse().expect("a scheme of the page"));
        }
        return match client.call_api(&call, &xgpush::CallOptions::default()) {
            Ok(reply) => End::Reply(reply),
            Err(error) => End::Error(error),
        };
    }
    let api = live.api.expect("a live case has api or path");
    let json = setup::input(live.input.as_ref(), live.input_text.as_ref());
    let outcome = setup::request(api, &json).and_then(|request| match api {
        crate::case::ApiName::Batch => client.batch_operate(&request),
        crate::case::ApiName::Query => client.query(&request),
    });
    match outcome {
        Ok(outcome) => End::Outcome(outcome),
        Err(error) => End::Error(error),
    }
}

fn compare_end(end: &End, live: &LiveCase, secrets: &Secrets, to: &mut Differences) {
    let expect = &live.expect;
    match (end, &expect.items, &expect.reply, &expect.error) {
        (End::Outcome(outcome), Some(items), None, None) => {
            secrets.check_outcome(outcome, to);
            compare::outcome(outcome, items, &expect.warnings, &expect.extra, to);
        }
        (End::Reply(reply), None, Some(expected), None) => compare_reply(reply, expected, to),
        (End::Error(error), None, None, Some(expected)) => {
            secrets.check_error(error, to);
            compare_error(error, expected, to);
        }
        (End::Outcome(outcome), ..) => to.push(format!("an outcome: {outcome:?}")),
        (End::Reply(reply), ..) => to.push(format!("a reply: {reply:?}")),
        (End::Error(error), ..) => to.push(format!("an error: {error:?}")),
    }
}

fn compare_reply(reply: &Reply, expected: &ReplyExpectation, to: &mut Differences) {
    if reply.http_status() != expected.http_status {
        to.push(format!(
            "http_status {}, expected {}",
            reply.http_status(),
            expected.http_status
        ));
    }
    let body = serde_json::from_slice::<Value>(reply.body());
    if body.as_ref().ok() != Some(&expected.body) {
        let text = String::from_utf8_lossy(reply.body());
        to.push(format!("body {text}, expected {}", expected.body));
    }
}

fn compare_error(error: &Error, expected: &CallErrorExpectation, to: &mut Differences) {
    if error.kind().name() != expected.error {
        let name = error.kind().name();
        to.push(format!(
            "error {name}, expected {}: {error}",
            expected.error
        ));
    }
    if error.code() != expected.code {
        to.push(format!(
            "code {:?}, expected {:?}",
            error.code(),
            expected.code
        ));
    }
    if error.http_status() != expected.http_status {
        let status = error.http_status();
        to.push(format!(
            "http_status {status:?}, expected {:?}",
            expected.http_status
        ));
    }
    if expected
        .retryable
        .is_some_and(|r| r != error.is_retryable())
    {
        to.push(format!("retryable is {}: {error}", error.is_retryable()));
    }
    let wait = error.retry_after().map(|wait| wait.as_secs() * 1000);
    if expected.retry_after_ms.is_some() && wait != expected.retry_after_ms {
        to.push(format!("retry_after is {wait:?}: {error}"));
    }
    compare::contains(&error.to_string(), &expected.contains, to);
}

fn compare_log(live: &LiveCase, before: &Counters, after: &Counters, to: &mut Differences) {
    let log = &live.expect.log;
    let rows: [(&str, Option<Bounds>, u64); 3] = [
        ("requests", log.requests, after.received - before.received),
        (
            "connections",
            log.connections,
            after.connections - before.connections,
        ),
        ("applied", log.applied, after.applied - before.applied),
    ];
    for (name, bounds, number) in rows {
        match bounds {
            Some(bounds) if !bounds.hold(number) => {
                let wanted = match bounds {
                    Bounds::Exactly(n) => n.to_string(),
                    Bounds::Between(least, most) => format!("{least} to {most}"),
                };
                to.push(format!("log: {number} {name}, expected {wanted}"));
            }
            _ => {}
        }
    }
}

fn compare_time(live: &LiveCase, took: Duration, to: &mut Differences) {
    let took_ms = took.as_millis();
    if let Some(most) = live.expect.at_most_ms
        && took_ms > u128::from(most)
    {
        to.push(format!("took {took_ms} ms, expected at most {most} ms"));
    }
    if let Some(least) = live.expect.at_least_ms
        && took_ms < u128::from(least)
    {
        to.push(format!("took {took_ms} ms, expected at least {least} ms"));
    }
}
