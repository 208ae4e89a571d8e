//! An outbox over an engine. Without a Redis to start, what needs one is not looked at.

use std::time::Duration;

use xgpush::{ErrorKind, Outbox};
use xgpush_emulator::Emulator;

use crate::common;
use crate::common::outbox::bind;
use crate::fake_transport::offline;

const LONG: Duration = Duration::from_secs(60);

/// Why an outbox with these options does not open.
fn refusal(options: &[(&str, &str)]) -> String {
    let error = Outbox::open(&offline(options)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOption, "{error}");
    error.to_string()
}

/// A service, and outboxes over an engine of their own.
#[cfg(feature = "outbox-redis")]
struct Fleet {
    redis: common::redis::RedisServer,
    emulator: Emulator,
}

/// As if there were no program.
#[cfg(not(feature = "outbox-redis"))]
struct Fleet {
    emulator: Emulator,
}

impl Fleet {
    #[cfg(feature = "outbox-redis")]
    fn start() -> Option<Self> {
        Some(Self {
            redis: common::redis::RedisServer::start(&[])?,
            emulator: common::emulator(xgpush_emulator::Config::default()),
        })
    }

    #[cfg(not(feature = "outbox-redis"))]
    fn start() -> Option<Self> {
        let text = refusal(&[("outbox_url", "redis://127.0.0.1")]);
        assert!(text.contains("outbox-redis"), "{text}");
        None
    }

    #[cfg(feature = "outbox-redis")]
    fn url(&self) -> String {
        self.redis.url()
    }

    #[cfg(not(feature = "outbox-redis"))]
    fn url(&self) -> String {
        String::new()
    }

    fn open(&self, options: &[(&str, &str)]) -> Outbox {
        let url = self.url();
        common::outbox::open(
            &self.emulator,
            &[&[("outbox_url", &*url)], options].concat(),
        )
    }
}

pub(crate) fn outbox_url() {
    let text = refusal(&[("outbox_url", "redis://user:hunter2@127.0.0.1:1/nonsense")]);
    assert!(
        text.contains("outbox_url") && !text.contains("hunter2"),
        "{text}"
    );
    let Some(fleet) = Fleet::start() else { return };
    let url = fleet.url();
    for (url, is_durable) in [(&*url, true), ("", false)] {
        let outbox = fleet.open(&[("outbox_url", url)]);
        bind(&outbox, "phone", "player", 1);
        assert_eq!(outbox.sync(LONG).is_ok(), is_durable, "{url:?}");
    }
}

pub(crate) fn outbox_role() {
    for role in ["submit", "relay"] {
        let text = refusal(&[("outbox_role", role)]);
        assert!(text.contains("outbox_url") && text.contains(role), "{text}");
    }
    let Some(fleet) = Fleet::start() else { return };
    let submits = fleet.open(&[("outbox_name", "one"), ("outbox_role", "submit")]);
    bind(&submits, "phone", "player", 1);
    submits.sync(LONG).unwrap();
    assert_eq!((submits.stats().role, submits.stats().sent), (1, 0));
    let relay = fleet.open(&[("outbox_name", "two"), ("outbox_role", "relay")]);
    assert_eq!(submits.reports(1, LONG).len(), 1);
    assert_eq!(relay.stats().sent, 1);
}

pub(crate) fn outbox_engine_durability() {
    let Some(fleet) = Fleet::start() else { return };
    for (durability, is_durable) in [("engine", true), ("replica", false)] {
        let outbox = fleet.open(&[
            ("outbox_engine_durability", durability),
            ("outbox_name", durability),
        ]);
        bind(&outbox, "phone", "player", 1);
        let patience = if is_durable { LONG } else { LONG / 60 };
        assert_eq!(outbox.sync(patience).is_ok(), is_durable, "{durability}");
        outbox.close(Duration::ZERO);
    }
}

pub(crate) fn outbox_lease_ms() {
    let text = |lease| {
        refusal(&[
            ("outbox_url", "redis://127.0.0.1/nonsense"),
            ("request_timeout_ms", "1000"),
            ("outbox_lease_ms", lease),
        ])
    };
    assert!(text("5999").contains("2 × request_timeout_ms + 4000"));
    assert!(!text("6000").contains("request_timeout_ms"));
}

pub(crate) fn outbox_reports_to() {
    for reader in ["group:web", "none"] {
        let text = refusal(&[("outbox_reports_to", reader)]);
        assert!(
            text.contains("outbox_url") && text.contains(reader),
            "{text}"
        );
    }
    let Some(fleet) = Fleet::start() else { return };
    for (reader, is_open) in [("process", 1), ("group:web", 0), ("none", 0)] {
        let options = [("outbox_reports_to", reader), ("outbox_role", "submit")];
        let outbox = fleet.open(&options);
        bind(&outbox, "phone", "player", 1);
        outbox.sync(LONG).unwrap();
        // It waits for its own report only.
        let patience = if is_open == 0 { LONG } else { Duration::ZERO };
        assert_eq!(outbox.flush(patience).unwrap(), is_open, "{reader}");
        outbox.close(Duration::ZERO);
    }
}

#[cfg(not(feature = "outbox-redis"))]
pub(crate) fn outbox_report_ttl_ms() {}

#[cfg(feature = "outbox-redis")]
pub(crate) fn outbox_report_ttl_ms() {
    let Some(fleet) = Fleet::start() else { return };
    let prefix = ("outbox_prefix", "ours");
    let group = ("outbox_reports_to", "group:web");
    let first = fleet.open(&[prefix, group, ("outbox_name", "first")]);
    bind(&first, "phone", "player", 1);
    let is_there = || {
        let said = fleet.redis.said(&["EXISTS", "{ours}:group:web"]).unwrap();
        said.starts_with(":1")
    };
    let began = std::time::Instant::now();
    while !is_there() {
        assert!(began.elapsed() < LONG);
        std::thread::sleep(Duration::from_millis(10));
    }
    // Who opens an outbox looks at what is old.
    let look = |ttl| {
        let options = [
            prefix,
            ("outbox_report_ttl_ms", ttl),
            ("outbox_role", "submit"),
        ];
        let outbox = fleet.open(&options);
        bind(&outbox, "phone", "player", 2);
        outbox.sync(LONG).unwrap();
        outbox.close(Duration::ZERO);
    };
    look("604800000");
    assert!(is_there());
    let began = std::time::Instant::now();
    while is_there() {
        assert!(began.elapsed() < LONG / 4);
        look("1000");
    }
}

pub(crate) fn outbox_prefix() {
    let Some(fleet) = Fleet::start() else { return };
    let submits = fleet.open(&[("outbox_prefix", "ours"), ("outbox_role", "submit")]);
    bind(&submits, "phone", "player", 1);
    submits.sync(LONG).unwrap();
    let relay = ("outbox_role", "relay");
    let other = fleet.open(&[("outbox_prefix", "theirs"), ("outbox_name", "a"), relay]);
    let ours = fleet.open(&[("outbox_prefix", "ours"), ("outbox_name", "b"), relay]);
    assert_eq!(submits.reports(1, LONG).len(), 1);
    assert_eq!((ours.stats().sent, other.stats().sent), (1, 0));
}
