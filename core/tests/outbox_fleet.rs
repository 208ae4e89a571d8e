//! Processes of a fleet over a real Redis.

mod common;

use std::time::{Duration, Instant};

use common::outbox::bind;
use common::redis::RedisServer;
use xgpush::outbox::Report;
use xgpush::{Outbox, Reason};
use xgpush_emulator::{Config as Service, Emulator};

const LONG: Duration = Duration::from_secs(60);

/// A Redis and a service.
struct Fleet {
    redis: RedisServer,
    emulator: Emulator,
}

impl Fleet {
    /// `None` where no Redis is installed.
    fn start(settings: &[&str]) -> Option<Self> {
        Some(Self {
            redis: RedisServer::start(settings)?,
            emulator: common::emulator(Service::default()),
        })
    }

    fn config(&self, options: &[(&str, &str)]) -> xgpush::Config {
        let url = self.redis.url();
        let own = [
            ("outbox_url", &*url),
            ("request_timeout_ms", "500"),
            ("outbox_lease_ms", "5000"),
        ];
        common::config(&self.emulator, &[&own[..], options].concat())
    }

    fn open(&self, options: &[(&str, &str)]) -> Outbox {
        Outbox::open(&self.config(options)).unwrap()
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
    let Some(fleet) = Fleet::start(&[]) else {
        return;
    };
    let one = fleet.open(&[("outbox_name", "one")]);
    let other = fleet.open(&[("outbox_name", "other")]);
    for n in 0..500 {
        bind(&one, &format!("one{n}"), "player", n);
        bind(&other, &format!("other{n}"), "player", n);
    }
    for outbox in [&one, &other] {
        let mut tags: Vec<u64> = (0..500).map(|_| report(outbox).tag()).collect();
        tags.sort_unstable();
        assert!(tags.into_iter().eq(0..500));
    }
    assert_eq!(usize::from(relays(&one)) + usize::from(relays(&other)), 1);
    assert_eq!((one.close(LONG), other.close(LONG)), (0, 0));
}

#[test]
fn a_relay_that_closes_hands_over_and_one_that_falls_silent_is_followed() {
    let Some(mut fleet) = Fleet::start(&[]) else {
        return;
    };
    let relay = ("outbox_role", "relay");
    let one = fleet.open(&[("outbox_name", "one"), relay]);
    wait_until("it relays", || relays(&one));
    let other = fleet.open(&[("outbox_name", "other"), relay]);
    assert_eq!(one.close(LONG), 0);
    wait_until("the other one relays", || relays(&other));
    bind(&other, "phone", "player", 1);
    assert_eq!(report(&other).reason(), Some(Reason::Accepted));
    // The engine forgets everything.
    fleet.redis.kill();
    bind(&other, "phone", "player", 2);
    fleet.redis.up();
    assert_eq!(report(&other).tag(), 2);
    assert!(other.stats().engine_failures > 0);
}
