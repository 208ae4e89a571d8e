//! Processes of a fleet over a real Redis. The test starts itself again as the process that
//! it kills.

#![cfg(unix)]
#![expect(clippy::print_stdout, reason = "the child tells how far it is")]

mod common;

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use common::child;
use common::outbox::bind;
use common::redis::RedisServer;
use serde_json::{Value, json};
use xgpush::outbox::Report;
use xgpush::{Outbox, State};
use xgpush_emulator::{Config as Service, Emulator};

const LONG: Duration = Duration::from_secs(60);

/// Short enough for a test to wait for its end.
const LEASE: [(&str, &str); 2] = [("request_timeout_ms", "250"), ("outbox_lease_ms", "4500")];

/// A Redis and a service.
struct Fleet {
    redis: RedisServer,
    emulator: Emulator,
}

impl Fleet {
    /// `None` where no Redis is installed.
    fn start() -> Option<Self> {
        Some(Self {
            redis: RedisServer::start(&[])?,
            emulator: common::emulator(Service::default()),
        })
    }

    fn open(&self, options: &[(&str, &str)]) -> Outbox {
        let url = self.redis.url();
        let all = [&[("outbox_url", &*url)], &LEASE[..], options].concat();
        common::outbox::open(&self.emulator, &all)
    }

    /// A process of its own with these options; it submits `first` and so on, and tells
    /// when they are durable and when it relays.
    fn child(&self, test: &str, options: &[(&str, &str)], submits: u64) -> KilledAtTheEnd {
        let url = self.redis.url();
        let all = [&[("outbox_url", &*url)], &LEASE[..], options].concat();
        let told = json!({
            "base_url": self.emulator.base_url(),
            "options": all,
            "submits": submits,
        });
        let mut command = child::command(test, CHILD, told.to_string());
        KilledAtTheEnd(command.stdin(Stdio::piped()).spawn().unwrap())
    }

    /// Token and account of what the service got, in order.
    fn sent(&self) -> Vec<String> {
        let bodies = self.emulator.log().into_iter().map(|entry| entry.body);
        let items = bodies.flat_map(|body| {
            let body: Value = serde_json::from_str(&body).unwrap();
            body["token_accounts"].as_array().unwrap().clone()
        });
        let text = |item: &Value| item.as_str().unwrap().to_owned();
        items
            .map(|item| {
                let account = &item["account_list"][0]["account"];
                format!("{}={}", text(&item["token"]), text(account))
            })
            .collect()
    }
}

const CHILD: &str = "XG_FLEET_CHILD";

/// What the child does: it ends when it is killed, or its parent does.
fn run_as_child(told: &str) {
    let told: Value = serde_json::from_str(told).unwrap();
    let service = Service::default();
    let mut config = xgpush::Config::new();
    config.set("access_id", &service.access_id).unwrap();
    config.set("secret_key", &service.secret_key).unwrap();
    let url = told["base_url"].as_str().unwrap();
    config.set("base_url", url).unwrap();
    for option in told["options"].as_array().unwrap() {
        let (name, value) = (option[0].as_str().unwrap(), option[1].as_str().unwrap());
        config.set(name, value).unwrap();
    }
    let outbox = Outbox::open(&config).unwrap();
    for n in 0..told["submits"].as_u64().unwrap() {
        bind(&outbox, &format!("phone{n}"), &format!("player{n}"), n);
    }
    if told["submits"] == 0 {
        wait_until("it relays", || relays(&outbox));
    } else {
        outbox.sync(LONG).unwrap();
    }
    println!("\nready");
    let _ = std::io::stdin().read(&mut [0]);
    std::process::exit(0);
}

struct KilledAtTheEnd(Child);

impl KilledAtTheEnd {
    fn wait_until_ready(&mut self) {
        let out = BufReader::new(self.0.stdout.take().unwrap());
        let ready = out
            .lines()
            .map_while(Result::ok)
            .any(|line| line == "ready");
        assert!(ready, "it ended");
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for KilledAtTheEnd {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn report(outbox: &Outbox) -> Report {
    loop {
        let report = outbox.reports(1, LONG).pop().expect("a report in time");
        if report.is_final() {
            return report;
        }
    }
}

/// The tags of so many final reports, all of them accepted.
fn accepted(outbox: &Outbox, count: usize) -> Vec<u64> {
    let mut tags = Vec::new();
    for _ in 0..count {
        let report = report(outbox);
        assert_eq!(report.state(), Some(State::Accepted), "{report:?}");
        tags.push(report.tag());
    }
    tags.sort_unstable();
    tags
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let ends = Instant::now() + LONG;
    while !is_so() {
        assert!(Instant::now() < ends, "{what}");
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

fn relays(outbox: &Outbox) -> bool {
    outbox.stats().role == 3
}

#[test]
fn two_processes_share_one_order_and_each_gets_its_reports() {
    let Some(fleet) = Fleet::start() else { return };
    let one = fleet.open(&[("outbox_name", "one")]);
    let other = fleet.open(&[("outbox_name", "other")]);
    for n in 0..500 {
        bind(&one, &format!("one{n}"), "player", n);
        bind(&other, &format!("other{n}"), "player", n);
    }
    for outbox in [&one, &other] {
        assert!(accepted(outbox, 500).into_iter().eq(0..500));
    }
    assert_eq!(u8::from(relays(&one)) + u8::from(relays(&other)), 1);
    assert_eq!((one.close(LONG), other.close(LONG)), (0, 0));
}

#[test]
fn relays_follow_one_another_when_they_close_or_are_killed() {
    const TEST: &str = "relays_follow_one_another_when_they_close_or_are_killed";
    if let Some(told) = child::word(CHILD) {
        return run_as_child(&told);
    }
    let Some(fleet) = Fleet::start() else { return };
    let relay = ("outbox_role", "relay");
    let mut first = fleet.child(TEST, &[("outbox_name", "first"), relay], 0);
    first.wait_until_ready();
    let second = fleet.open(&[("outbox_name", "second"), relay]);
    bind(&second, "phone", "one", 1);
    assert_eq!(accepted(&second, 1), [1]);
    assert!(!relays(&second));
    first.kill();
    bind(&second, "phone", "two", 2);
    assert_eq!(accepted(&second, 1), [2]);
    assert!(relays(&second) && second.stats().epoch == 2);
    let third = fleet.open(&[("outbox_name", "third"), relay]);
    assert_eq!(second.close(LONG), 0);
    wait_until("the third one relays", || relays(&third));
    bind(&third, "phone", "three", 3);
    assert_eq!(accepted(&third, 1), [3]);
    assert_eq!(fleet.sent(), ["phone=one", "phone=two", "phone=three"]);
}

#[test]
fn a_spool_goes_on_after_a_kill() {
    const TEST: &str = "a_spool_goes_on_after_a_kill";
    if let Some(told) = child::word(CHILD) {
        return run_as_child(&told);
    }
    for engine_forgets in [false, true] {
        let Some(mut fleet) = Fleet::start() else {
            return;
        };
        check_spool(&mut fleet, TEST, engine_forgets);
    }
}

fn check_spool(fleet: &mut Fleet, test: &str, engine_forgets: bool) {
    const OPERATIONS: u64 = 300;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("spool");
    let options = [
        ("outbox_file", file.to_str().unwrap()),
        ("outbox_name", "gate"),
        ("outbox_role", "submit"),
    ];
    let mut first = fleet.child(test, &options, OPERATIONS);
    first.wait_until_ready();
    first.kill();
    if engine_forgets {
        fleet.redis.kill();
    }
    let again = fleet.open(&options);
    assert_eq!(again.stats().recovered, OPERATIONS);
    // Another token: what was never sent may be left out for a later one on its own.
    bind(&again, "last", "player0", OPERATIONS);
    if engine_forgets {
        fleet.redis.up();
    }
    let _relay = fleet.open(&[("outbox_name", "relay"), ("outbox_role", "relay")]);
    let count = usize::try_from(OPERATIONS).unwrap() + 1;
    assert!(accepted(&again, count).into_iter().eq(0..=OPERATIONS));
    let sent = fleet.sent();
    assert_eq!(sent.len(), count, "each once");
    let place = |account: &str| sent.iter().position(|sent| sent == account);
    assert!(place("phone0=player0") < place("last=player0"));
}

#[test]
fn an_engine_that_forgets_everything_gets_it_again() {
    let Some(fleet) = Fleet::start() else { return };
    let process = fleet.open(&[("outbox_role", "submit")]);
    for n in 0..100 {
        bind(&process, &format!("phone{n}"), "player", n);
    }
    process.sync(LONG).unwrap();
    fleet.redis.said(&["FLUSHALL"]).unwrap();
    // With the next append it is seen.
    bind(&process, "other", "player", 100);
    process.sync(LONG).unwrap();
    let _relay = fleet.open(&[("outbox_name", "relay"), ("outbox_role", "relay")]);
    assert!(accepted(&process, 101).into_iter().eq(0..=100));
    assert!(process.stats().engine_went_back > 0);
}

#[test]
fn an_engine_may_be_away_at_opening_and_later() {
    let Some(mut fleet) = Fleet::start() else {
        return;
    };
    fleet.redis.kill();
    let process = fleet.open(&[]);
    bind(&process, "phone", "one", 1);
    wait_until("it is said", || !process.trouble().is_empty());
    fleet.redis.up();
    assert_eq!(accepted(&process, 1), [1]);
    fleet.redis.kill();
    bind(&process, "phone", "two", 2);
    wait_until("it is said again", || {
        let stats = process.stats();
        stats.engine_lag_ms > 0 && !process.trouble().is_empty()
    });
    fleet.redis.up();
    assert_eq!(accepted(&process, 1), [2]);
    wait_until("it is over", || process.trouble().is_empty());
    assert_eq!(process.close(LONG), 0);
}

#[test]
fn a_group_shares_its_reports_and_none_keeps_none() {
    let Some(fleet) = Fleet::start() else { return };
    let group = ("outbox_reports_to", "group:web");
    let submits = fleet.open(&[("outbox_name", "one"), ("outbox_role", "submit"), group]);
    for n in 0..50 {
        bind(&submits, &format!("phone{n}"), "player", n);
    }
    assert_eq!(
        submits.flush(LONG).unwrap(),
        0,
        "they are over once they are durable"
    );
    assert_eq!(submits.close(LONG), 0);
    drop(submits);
    let reads = fleet.open(&[("outbox_name", "other"), ("outbox_role", "relay"), group]);
    assert!(accepted(&reads, 50).into_iter().eq(0..50));
    let silent = fleet.open(&[("outbox_name", "third"), ("outbox_reports_to", "none")]);
    bind(&silent, "phone", "nobody", 1);
    wait_until("it is sent", || {
        fleet.sent().contains(&"phone=nobody".to_owned())
    });
    assert!(silent.reports(1, Duration::ZERO).is_empty());
}
