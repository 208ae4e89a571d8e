//! What can be asked of an outbox, and changed, while it is open.

mod common;

use std::time::{Duration, Instant};

use common::outbox::{all_reports, bind, open};
use common::{bindings, client, emulator};
use xgpush::outbox::OutboxStats;
use xgpush::{ErrorKind, Operation, Outbox};
use xgpush_emulator::{Config as Service, Fault, FaultKind};

const LONG: Duration = Duration::from_secs(60);
const NEW_KEY: &str = "the-console-made-it-anew";

/// The service has another key now.
fn changed() -> Service {
    Service {
        secret_key: NEW_KEY.to_owned(),
        ..Service::default()
    }
}

#[test]
fn a_key_that_is_changed_signs_the_next_attempt() {
    for auth in ["sign", "basic"] {
        let emulator = emulator(changed());
        let options = [
            ("auth", auth),
            ("retry_base_ms", "1"),
            ("throttle_base_ms", "1"),
            ("max_backoff_ms", "5"),
        ];
        let old = Service::default().secret_key;
        let outbox = open(&emulator, &[&options[..], &[("secret_key", &old)]].concat());
        bind(&outbox, "t1", "alice", 1);
        assert!(emulator.wait_until(LONG, |c| c.received >= 3));
        assert_eq!(outbox.stats().accepted, 0);
        for bad in ["", "two\nlines"] {
            let error = outbox.set_secret_key(bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidOption);
        }
        outbox.set_secret_key(NEW_KEY).unwrap();
        assert_eq!(outbox.flush(LONG).unwrap(), 0);
        assert_eq!(outbox.stats().accepted, 1);
        assert!(!all_reports(&outbox)[0].message().contains(NEW_KEY));

        let client = client(&emulator, &[("auth", auth)]);
        let refused = client.batch_operate(&bindings("t", 1)).unwrap();
        assert_eq!(refused.items()[0].code(), Some(1_008_003));
        client.set_secret_key(NEW_KEY).unwrap();
        let taken = client.batch_operate(&bindings("t", 1)).unwrap();
        assert!(taken.all_accepted());
        client.close();
        let error = client.set_secret_key(NEW_KEY).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed);
    }
}

#[test]
fn wait_not_full_returns_when_there_is_room() {
    let emulator = emulator(Service::default());
    emulator.push_fault(Fault::new(FaultKind::Hang).times(0));
    let options = [
        ("outbox_max_operations", "2"),
        ("request_timeout_ms", "20"),
        ("outbox_reports", "false"),
        ("max_backoff_ms", "5"),
    ];
    let outbox = open(&emulator, &options);
    let room = |outbox: &Outbox| outbox.stats().room;
    assert_eq!(room(&outbox), 2);
    assert!(outbox.wait_not_full(Duration::ZERO));
    bind(&outbox, "t1", "alice", 1);
    bind(&outbox, "t2", "bob", 2);
    assert_eq!(room(&outbox), 0);
    assert!(!outbox.wait_not_full(Duration::from_millis(5)));
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| outbox.wait_not_full(LONG));
        emulator.clear_faults();
        assert!(waits.join().unwrap());
    });
    outbox.submit(&Operation::clear_token("t3"), 3).unwrap();
    outbox.close(LONG);
    assert!(!outbox.wait_not_full(LONG), "closed");
}

/// For languages that take no lines for a log.
#[test]
fn trouble_is_shown_until_it_is_over() {
    let emulator = emulator(Service::default());
    emulator.push_fault(Fault::new(FaultKind::ret_code(1_008_003)).times(8));
    let options = [
        ("retry_base_ms", "1"),
        ("throttle_base_ms", "1"),
        ("max_backoff_ms", "5"),
    ];
    let outbox = open(&emulator, &options);
    let (told, lines) = std::sync::mpsc::channel();
    outbox.set_log(Some(std::sync::Arc::new(move |_, line: &str| {
        let _ = told.send(line.to_owned());
    })));
    assert_eq!(outbox.trouble(), "");
    let mut troubles = Vec::new();
    bind(&outbox, "t1", "alice", 1);
    while outbox.stats().open > 0 {
        troubles.push(outbox.trouble());
        std::thread::yield_now();
    }
    assert!(lines.recv_timeout(LONG).unwrap().contains("1008003"));
    assert!(lines.recv_timeout(LONG).unwrap().contains("answers again"));
    assert!(troubles.iter().any(|text| text.contains("1008003")));
    assert_eq!(outbox.trouble(), "");
}

fn waiting(
    outbox: &Outbox,
    token: Option<&str>,
    account: Option<&str>,
) -> Vec<xgpush::outbox::PendingOperation> {
    outbox.list_pending(token, account, 1000, LONG).unwrap()
}

/// Whatever numbers of places are used again.
#[test]
fn waiting_operations_are_listed_in_order_of_submission() {
    let emulator = emulator(Service::default());
    let outbox = open(&emulator, &[]);
    for round in 0..5 {
        for n in 0..100 {
            bind(&outbox, &format!("t{n}"), &format!("player{n}"), n);
        }
        assert_eq!(outbox.flush(LONG).unwrap(), 0, "{round}");
    }
    emulator.push_fault(Fault::new(FaultKind::Hang).times(0));
    for n in 0..100 {
        bind(&outbox, &format!("t{n}"), &format!("player{n}"), n);
    }
    let tags: Vec<u64> = waiting(&outbox, None, None).iter().map(|w| w.tag).collect();
    assert!(tags.is_sorted() && tags.len() == 100, "{tags:?}");
    outbox.close(Duration::ZERO);
}

#[test]
fn waiting_operations_are_found_by_token_and_account() {
    let emulator = emulator(Service::default());
    emulator.push_fault(Fault::new(FaultKind::status(503)).times(0));
    let outbox = open(&emulator, &[("retry_base_ms", "1")]);
    bind(&outbox, "phone1", "alice", 1);
    assert!(emulator.wait_until(LONG, |c| c.received >= 1));
    let typed = [("alice", Some(xgpush::AccountType(3)))];
    outbox
        .submit(&Operation::unbind("phone1", &typed), 2)
        .unwrap();
    bind(&outbox, "phone2", "alice", 3);
    bind(&outbox, "phone3", "bob", 4);
    let tags =
        |list: &[xgpush::outbox::PendingOperation]| list.iter().map(|w| w.tag).collect::<Vec<_>>();
    // An attempt may be on its way.
    let first = loop {
        let list = waiting(&outbox, Some("phone1"), None);
        assert_eq!(tags(&list), [1, 2]);
        if list[0].state == "ready" && list[0].reason.is_some() {
            break list;
        }
    };
    assert_eq!(first[0].reason, Some("http_error"));
    assert!(first[0].message.contains("503") && first[0].attempts > 0);
    assert!(first[0].maybe_sent && !first[0].durable && first[0].operation == "bind");
    assert_eq!((first[1].state, first[1].reason), ("behind", None));
    assert_eq!(first[1].accounts[0].account_type, Some(3));
    assert_eq!(tags(&waiting(&outbox, None, Some("alice"))), [1, 2, 3]);
    assert_eq!(waiting(&outbox, None, None).len(), 4);
    assert_eq!(outbox.list_pending(None, None, 2, LONG).unwrap().len(), 2);
    assert!(waiting(&outbox, Some("phone1"), Some("bob")).is_empty());
    outbox.close(Duration::ZERO);
    let error = outbox.list_pending(None, None, 1, LONG).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
}

#[test]
fn closed_file_can_be_inspected_unchanged() {
    let emulator = emulator(Service::default());
    emulator.push_fault(Fault::new(FaultKind::status(503)).times(0));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outbox");
    let outbox = open(&emulator, &[("outbox_file", file.to_str().unwrap())]);
    for n in 0..40 {
        bind(&outbox, &format!("t{n}"), &format!("player{}", n % 2), n);
    }
    outbox.sync(LONG).unwrap();
    let look = |token, account| xgpush::outbox::list_pending_in_file(&file, token, account, 1000);
    let held = look(None, None).unwrap_err();
    assert_eq!(held.kind(), ErrorKind::Storage);
    assert!(held.to_string().contains("is held"), "{held}");
    // As a killed process leaves it: most of it is beside the file.
    let killed = folder.path().join("killed");
    for end in ["", "-wal"] {
        let beside = |path: &std::path::Path| format!("{}{end}", path.display());
        std::fs::copy(beside(&file), beside(&killed)).unwrap();
    }
    let before = std::fs::read(&killed).unwrap();
    let found = xgpush::outbox::list_pending_in_file(&killed, None, Some("player1"), 1000).unwrap();
    assert_eq!(
        found.iter().map(|w| w.tag).collect::<Vec<_>>(),
        (0..20).map(|n| 2 * n + 1).collect::<Vec<_>>()
    );
    assert_eq!(std::fs::read(&killed).unwrap(), before);
    let beside = folder.path().join("killed.lock");
    assert!(!beside.exists(), "it could belong to somebody else");
    outbox.close(Duration::ZERO);
    let found = look(Some("t7"), None).unwrap();
    assert_eq!(
        (found.len(), found[0].tag, found[0].state),
        (1, 7, "stored")
    );
    assert!(found[0].durable);
    let none = xgpush::outbox::list_pending_in_file(&folder.path().join("none"), None, None, 1)
        .unwrap_err();
    assert_eq!(none.kind(), ErrorKind::Storage);
    let other = folder.path().join("other");
    std::fs::write(&other, "no file of an outbox, whatever it is called").unwrap();
    let refused = xgpush::outbox::list_pending_in_file(&other, None, None, 1).unwrap_err();
    let named = format!("{refused}").contains(&*other.to_string_lossy());
    assert!(named, "{refused}");
    assert!(!folder.path().join("none").exists());
}

/// Asks until it is so.
fn becomes(outbox: &Outbox, so: impl Fn(&OutboxStats) -> bool) -> bool {
    let ends = Instant::now() + LONG;
    while !so(&outbox.stats()) {
        if Instant::now() >= ends {
            return false;
        }
        std::thread::yield_now();
    }
    true
}

#[test]
fn gauges_tell_what_travels_from_what_lies_ready() {
    let emulator = emulator(Service::default());
    emulator.push_fault(Fault::new(FaultKind::Hang).times(0));
    let outbox = open(&emulator, &[("outbox_parallel", "2")]);
    for n in 0..200 {
        bind(&outbox, &format!("t{n}"), &format!("player{n}"), n);
    }
    let both = |stats: &OutboxStats| (stats.in_flight, stats.ready) == (2, 2);
    assert!(becomes(&outbox, both), "{:?}", outbox.stats());
    assert!(emulator.wait_until(LONG, |counters| counters.received == 2));
    outbox.close(Duration::ZERO);
}

#[test]
fn histogram_has_every_final_report() {
    let emulator = emulator(Service::default());
    let outbox = open(&emulator, &[]);
    for n in 0..50 {
        bind(&outbox, &format!("t{n}"), &format!("player{n}"), n);
    }
    assert_eq!(outbox.flush(LONG).unwrap(), 0);
    let stats = outbox.stats();
    let at_most = stats.latency_at_most;
    assert!(at_most.is_sorted(), "{at_most:?}");
    // The last bound is five minutes.
    assert_eq!((at_most.last(), stats.accepted), (Some(&50), 50));
    let page = outbox.prometheus();
    let name = outbox.name();
    for end in ["300.000", "+Inf"] {
        let line = format!("latency_seconds_bucket{{outbox=\"{name}\",le=\"{end}\"}} 50\n");
        assert!(page.contains(&line), "{line}{page}");
    }
}

#[test]
fn begin_close_takes_nothing_more_and_delivers_the_rest() {
    let emulator = emulator(Service::default());
    let outbox = open(&emulator, &[("outbox_linger_ms", "60000")]);
    for n in 0..5 {
        bind(&outbox, &format!("t{n}"), &format!("player{n}"), n);
    }
    outbox.begin_close();
    let refused = outbox.submit(&Operation::clear_token("t9"), 9).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Closed);
    let mut reports = Vec::new();
    while !outbox.is_drained() {
        let came = outbox.reports(10, LONG);
        assert!(!came.is_empty() || outbox.is_drained(), "nothing comes");
        reports.extend(came);
    }
    assert_eq!(reports.len(), 5);
    assert_eq!((outbox.stats().accepted, outbox.close(LONG)), (5, 0));
}

#[test]
fn clock_that_is_off_again_and_again_is_one_line() {
    let off_by = |clock_skew_s| Service {
        clock_skew_s,
        timestamp_tolerance_s: Some(60),
        ..Service::default()
    };
    let emulator = emulator(Service::default());
    let outbox = open(&emulator, &[]);
    let (told, lines) = std::sync::mpsc::channel();
    outbox.set_log(Some(std::sync::Arc::new(move |_, line: &str| {
        let _ = told.send(line.to_owned());
    })));
    for (n, skew) in (0..).zip([1000, -1000, 2000, -2000]) {
        emulator.reconfigure(off_by(skew));
        bind(&outbox, &format!("t{n}"), &format!("player{n}"), n);
        assert_eq!(outbox.flush(LONG).unwrap(), 0);
    }
    assert_eq!(outbox.close(LONG), 0);
    assert_eq!(outbox.stats().accepted, 4);
    outbox.set_log(None);
    let lines: Vec<String> = lines.iter().collect();
    assert!(
        lines.len() == 1 && lines[0].contains("1000 s behind"),
        "{lines:?}"
    );
}
