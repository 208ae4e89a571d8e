//! Over a real Redis.

use std::time::Duration;

use super::{CheckState, FleetAdmin};
use crate::Config;
use crate::fleet::engine::{Done, FleetEngine as _, LeaseAnswer, NewOperation, Position};
use crate::fleet::engine::{ReportsTo, SenderId};
use crate::over_redis::engine::RedisEngine;
use crate::over_redis::server::RedisServer;

fn config(url: &str) -> Config {
    let mut config = Config::new();
    config.access_id("7").unwrap().outbox_url(url).unwrap();
    config
}

fn sender(name: &str) -> SenderId {
    SenderId(name.into())
}

fn operation(number: u64) -> NewOperation<'static> {
    NewOperation {
        number,
        tag: number,
        submitted_ms: 0,
        maybe_sent: false,
        body: b"a body of some length",
    }
}

#[test]
fn check_has_a_line_for_everything_and_leaves_nothing_behind() {
    let Some(server) = RedisServer::start(&["--maxmemory-policy", "noeviction"]) else {
        return;
    };
    let lines = FleetAdmin::open(&config(&server.url())).unwrap().check();
    assert!((15..=25).contains(&lines.len()), "{lines:#?}");
    for line in &lines {
        let is_expected = line.name == "replicas" || line.found.contains("appendonly no");
        let wanted = if is_expected {
            CheckState::Warning
        } else {
            CheckState::Ok
        };
        assert_eq!(line.state, wanted, "{line:?}");
    }
    let mut admin = FleetAdmin::open(&config(&server.url())).unwrap();
    let keys = admin.engine.link().command(&[b"KEYS", b"*"]).unwrap();
    assert_eq!(keys.list().map(<[_]>::len), Some(0), "{keys:?}");
}

#[test]
fn status_tells_who_relays_and_what_waits() {
    let Some(server) = RedisServer::start(&["--maxmemory", "100mb"]) else {
        return;
    };
    let config = config(&server.url());
    let mut admin = FleetAdmin::open(&config).unwrap();
    let status = admin.status().unwrap();
    assert_eq!((status.schema, status.epoch, status.backlog), (None, 0, 0));
    assert_eq!(
        (status.relay, status.quota, status.oldest_ms),
        (None, None, 0)
    );
    assert!(status.senders.is_empty() && status.groups.is_empty());

    let mut engine = RedisEngine::of(&config).unwrap();
    let (gate, worker) = (sender("gate1.f00"), sender("worker.f01"));
    engine.hello(&gate).unwrap();
    let operations = [operation(1), operation(2)];
    engine
        .append(&gate, 0, &operations, &ReportsTo::Sender)
        .unwrap();
    let web = ReportsTo::Group("web".into());
    engine.append(&worker, 0, &[operation(1)], &web).unwrap();
    let lease = engine
        .lease("gate1.f00", None, Duration::from_secs(60))
        .unwrap();
    let LeaseAnswer::Held(lease) = lease else {
        panic!("{lease:?}");
    };
    let page = engine
        .load(lease.epoch, Position::default(), 10)
        .unwrap()
        .unwrap();
    let done = |at: usize, reports_to: &ReportsTo| Done {
        position: page.operations[at].position,
        sender: page.operations[at].sender.clone(),
        reports_to: reports_to.clone(),
        report: b"done".to_vec().into(),
    };
    let done = [done(0, &ReportsTo::Sender), done(2, &web)];
    engine
        .settle(lease.epoch, Position::default(), &done)
        .unwrap();

    let status = admin.status().unwrap();
    assert_eq!(
        (status.schema, status.epoch, status.backlog),
        (Some(1), 1, 1)
    );
    assert!(status.version.starts_with("Redis ") || status.version.starts_with("Valkey "));
    assert_eq!(
        (status.prefix.as_str(), admin.backlog().unwrap()),
        ("{xg:7}", 1)
    );
    let relay = status.relay.clone().unwrap();
    assert_eq!(relay.holder, "gate1.f00");
    assert!((50_000..=60_000).contains(&relay.left_ms), "{relay:?}");
    let mut senders = status.senders.clone();
    senders.sort_by(|one, other| one.name.cmp(&other.name));
    let shown: Vec<_> = senders
        .iter()
        .map(|one| (one.name.as_str(), one.open, one.reports))
        .collect();
    assert_eq!(shown, [("gate1.f00", 2, 1), ("worker.f01", 0, 0)]);
    assert!(
        senders.iter().all(|one| one.seen_ms < 30_000),
        "{senders:?}"
    );
    assert_eq!(
        (status.groups[0].name.as_str(), status.groups[0].reports),
        ("web", 1)
    );
    assert!(status.backlog_bytes > 20 && status.memory_bytes > status.backlog_bytes);
    assert_eq!(status.max_memory_bytes, 100 << 20);

    engine.release(lease.epoch).unwrap();
    assert_eq!(admin.status().unwrap().relay, None);
}

#[test]
fn an_engine_that_is_away_is_an_error_and_a_line() {
    let mut admin = FleetAdmin::open(&config("redis://127.0.0.1:1")).unwrap();
    let error = admin.status().unwrap_err();
    assert!(error.is_retryable(), "{error}");
    assert!(error.to_string().contains("127.0.0.1:1"), "{error}");
    let lines = admin.check();
    assert_eq!((lines.len(), lines[0].state), (1, CheckState::Failed));
    let error = FleetAdmin::open(&config("")).unwrap_err();
    assert!(
        error.to_string().contains("outbox_url is not set"),
        "{error}"
    );
}
