//! Over a real Redis.

use std::time::Duration;

use super::check::told;
use super::{CheckState, FleetAdmin};
use crate::Config;
use crate::fleet::engine::{
    Appended, Done, EngineError, FleetEngine, Hello, LeaseAnswer, NewOperation, Page, Position,
    ReportList, ReportsTo, Result, SenderId, StoredReport,
};
use crate::over_redis::engine::RedisEngine;
use crate::over_redis::keys::Keys;
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

/// An engine behind something that answers wrongly in one way.
struct Liar {
    engine: RedisEngine,
    lie: &'static str,
}

impl FleetEngine for Liar {
    fn hello(&mut self, sender: &SenderId) -> Result<Hello> {
        let mut hello = self.engine.hello(sender)?;
        if self.lie == "hello" {
            hello.predecessors.push(sender.clone());
        }
        Ok(hello)
    }

    fn append(
        &mut self,
        sender: &SenderId,
        after: u64,
        operations: &[NewOperation<'_>],
        reports_to: &ReportsTo,
    ) -> Result<Appended> {
        let appended = self.engine.append(sender, after, operations, reports_to)?;
        Ok(match self.lie {
            "append" => Appended::UpTo(1),
            _ => appended,
        })
    }

    fn lease(&mut self, holder: &str, epoch: Option<u64>, time: Duration) -> Result<LeaseAnswer> {
        match self.lie {
            "lease" => Err(EngineError::Refused("no scripts here".to_owned())),
            _ => self.engine.lease(holder, epoch, time),
        }
    }

    fn load(&mut self, epoch: u64, after: Position, most: usize) -> Result<Option<Page>> {
        let mut page = self.engine.load(epoch, after, most)?;
        if let Some(page) = page.as_mut().filter(|_| self.lie == "load") {
            page.operations.reverse();
        }
        Ok(page)
    }

    fn settle(&mut self, epoch: u64, top: Position, done: &[Done]) -> Result<Option<u64>> {
        let beat = self.engine.settle(epoch, top, done)?;
        Ok(match self.lie {
            "settle" => beat.map(|beat| beat + 1),
            "fence" => beat.or(Some(1)),
            _ => beat,
        })
    }

    fn confirm(&mut self) -> Result<bool> {
        Ok(self.lie != "durable")
    }

    fn reports(
        &mut self,
        reader: &SenderId,
        from: &ReportList,
        taken: &[Position],
        after: Position,
        most: usize,
    ) -> Result<Vec<StoredReport>> {
        let taken = if self.lie == "reports" { &[] } else { taken };
        self.engine.reports(reader, from, taken, after, most)
    }

    fn release(&mut self, epoch: u64) -> Result<()> {
        self.engine.release(epoch)
    }

    fn backlog(&mut self) -> Result<u64> {
        self.engine.backlog()
    }

    fn rest(&mut self) {}
}

#[test]
fn a_proxy_that_answers_wrongly_is_found_at_the_step_that_it_spoils() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    for lie in [
        "hello", "append", "lease", "load", "settle", "durable", "reports", "fence",
    ] {
        let keys = Keys::under(format!("{{xg:7}}:{lie}"));
        let engine = RedisEngine::of(&config(&server.url())).unwrap().over(keys);
        let lines = told(&mut Liar { engine, lie });
        let last = lines.last().unwrap();
        assert_eq!(
            (last.name, last.state),
            (lie, CheckState::Failed),
            "{lines:#?}"
        );
        assert!(
            lines
                .iter()
                .rev()
                .skip(1)
                .all(|line| line.state == CheckState::Ok)
        );
    }
}
