//! Runs over a file that end in the middle, and go on.

mod common;

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use common::files::{Files, LONG, finish, plain, refusal};
use common::{client, emulator};
use xgpush::Operator;
use xgpush::apply::{Apply, ApplyEnd};
use xgpush_emulator::{Config as Service, Emulator, Fault, FaultKind};

/// `rows` rows on `tokens` phones; one in a hundred is refused.
fn table(rows: usize, tokens: usize) -> String {
    let mut text = "token,account\n".to_owned();
    for n in 0..rows {
        let kind = if n % 100 == 7 { "bad-" } else { "token" };
        writeln!(text, "{kind}{},player{n}", n % tokens).unwrap();
    }
    text
}

fn report_is_whole(files: &Files, rows: usize) {
    let report = files.text("report.csv");
    let numbers = report
        .lines()
        .skip(1)
        .map(|line| line.split(',').next().unwrap());
    let numbers: Vec<usize> = numbers.map(|n| n.parse().unwrap()).collect();
    assert_eq!(numbers, (1..=rows).collect::<Vec<_>>());
}

fn last_player(emulator: &Emulator, token: &str) -> String {
    emulator.state().tokens[token][0].0.clone()
}

#[test]
fn run_dropped_anywhere_resumes() {
    let (emulator, files) = (emulator(Service::default()), Files::new());
    let client = client(&emulator, &[("retry_base_ms", "1")]);
    let input = files.input("in.csv", &table(4000, 300));
    let options = files.options("csv").with_state(files.path("state"));
    let mut rng = fastrand::Rng::with_seed(7);
    let mut runs = 0;
    let progress = loop {
        runs += 1;
        emulator.push_fault(Fault::new(FaultKind::ResetAfter).skip(rng.u32(0..5)));
        let mut apply = Apply::open(&client, &input, &options).unwrap();
        if runs > 10 {
            break loop {
                if apply.work(LONG).unwrap() == Some(ApplyEnd::Complete) {
                    break apply.progress();
                }
            };
        }
        // Some runs are killed, the others end as Ctrl-C ends them.
        for _ in 0..rng.u32(1..4) {
            apply.work(Duration::from_millis(rng.u64(1..10))).unwrap();
        }
        if rng.bool() {
            apply.halt();
            while apply.work(LONG).unwrap().is_none() {}
        }
    };
    assert_eq!((progress.rows, progress.rejected), (4000, 40));
    assert!(progress.resumed > 0, "nothing was resumed");
    report_is_whole(&files, 4000);
    assert_eq!(files.text("rejects.csv").lines().count(), 41);
    for token in 0..300 {
        let name = format!("token{token}");
        let last = (0..4000).rev().find(|n| n % 300 == token && n % 100 != 7);
        if let Some(last) = last {
            assert_eq!(last_player(&emulator, &name), format!("player{last}"));
        }
    }
    // Once more: there is nothing left to do.
    let (end, again) = finish(&client, &input, &options);
    assert_eq!(
        (end, again.rows, again.requests),
        (ApplyEnd::Complete, 4000, 0)
    );
    report_is_whole(&files, 4000);
}

/// The first run has both rows at the service and is killed before it knew. In the
/// second one the row behind the other is not sent: that does not make it never sent.
#[test]
fn row_that_a_killed_run_may_have_sent_is_never_not_sent() {
    let (emulator, files) = (emulator(Service::default()), Files::new());
    let client = client(&emulator, &[("max_attempts", "1"), ("retry_base_ms", "1")]);
    let text = "token,account,operation\nphone,alice,unbind\nphone,bob,bind\n,,\nx,y,bind\n";
    let input = files.input("in.csv", text);
    let options = files.with_state();
    let mut apply = Apply::open(&client, &input, &options).unwrap();
    let saved = files.text("state");
    while emulator.counters().applied < 2 {
        apply.work(Duration::from_millis(1)).unwrap();
    }
    drop(apply);
    // It answers, and asks to come back with this item.
    let come_back = || FaultKind::Element {
        code: "1008004".to_owned(),
        index: Vec::new(),
    };
    let fail = || Fault::new(come_back()).operator_type(3).times(0);
    for killed in [true, false] {
        if killed {
            // As the run left it that was killed before it could write another one.
            fs::write(files.path("state"), &saved).unwrap();
        } else {
            for name in ["state", "report.csv", "rejects.csv"] {
                fs::remove_file(files.path(name)).unwrap();
            }
        }
        emulator.push_fault(fail());
        let (_, progress) = finish(&client, &input, &options);
        emulator.clear_faults();
        assert_eq!(progress.rows, 3);
        let report = files.text("report.csv");
        let second = report.lines().nth(2).unwrap();
        let says = if killed {
            "unknown,interrupted"
        } else {
            "not_sent,held_back"
        };
        assert!(second.contains(says), "{second}");
        let third = report.lines().nth(3).unwrap();
        assert!(third.contains("not_sent,invalid"), "{third}");
    }
}

#[test]
fn row_held_back_before_a_kill_is_held_back_after_it() {
    let (emulator, files) = (emulator(Service::default()), Files::new());
    let client = client(&emulator, &[("max_attempts", "1"), ("retry_base_ms", "1")]);
    let mut text = "token,account,operation\nphone,alice,unbind\n".to_owned();
    for n in 0..2000 {
        writeln!(text, "token{n},player{n},").unwrap();
    }
    text.push_str("phone,bob,bind\n");
    let input = files.input("in.csv", &text);
    let options = files.with_state();
    emulator.push_fault(Fault::new(FaultKind::status(500)).operator_type(3).times(0));
    let mut apply = Apply::open(&client, &input, &options).unwrap();
    while apply.progress().rows == 0 {
        apply.work(Duration::from_millis(1)).unwrap();
    }
    apply.halt();
    while apply.work(LONG).unwrap().is_none() {}
    assert!(apply.progress().unknown >= 1 && apply.progress().rows < 2002);
    drop(apply);
    emulator.clear_faults();
    let (end, progress) = finish(&client, &input, &options);
    assert_eq!((end, progress.rows), (ApplyEnd::Complete, 2002));
    let report = files.text("report.csv");
    let last = report.lines().last().unwrap();
    let says = "held back: row 1 on the same token (\"\"phone\"\") ended unknown";
    assert!(last.contains("held_back") && last.contains(says), "{last}");
    assert!(files.text("rejects.csv").ends_with("phone,bob,bind\n"));
}

#[test]
fn state_file_of_another_program_is_refused() {
    let (emulator, files) = (emulator(Service::default()), Files::new());
    let client = client(&emulator, &[]);
    let input = files.input("in.csv", &table(100, 100));
    let mut options = files.options("csv").with_state(files.path("state"));
    finish(&client, &input, &options);
    options.operator = Operator::Unbind;
    let found = refusal(Apply::open(&client, &input, &options));
    assert!(found.contains("--operation was bind"), "{found}");
    options.operator = Operator::Bind;
    fs::write(files.path("report.csv"), "row,retryable\n").unwrap();
    let found = refusal(Apply::open(&client, &input, &options));
    assert!(found.contains("report.csv does not hold"), "{found}");
    options.report = None;
    let found = refusal(Apply::open(&client, &input, &options));
    assert!(found.contains("needs a report"), "{found}");
    fs::write(files.path("state"), "{}").unwrap();
    let found = refusal(Apply::open(&client, &input, &files.with_state()));
    assert!(found.contains("no state"), "{found}");
    let found = refusal(Apply::open(
        &client,
        &files.input("other.csv", "token,account\n"),
        &plain().with_report(files.path("no/such/report.csv")),
    ));
    assert!(found.contains("no/such"), "{found}");
}

#[test]
fn rejects_are_not_lost_between_runs() {
    let (emulator, files) = (emulator(Service::default()), Files::new());
    let client = client(&emulator, &[]);
    let input = files.input("in.csv", &table(1000, 1000));
    let with = files.with_state();
    let mut without = with.clone();
    without.rejects = None;
    finish(&client, &input, &with);
    let rejects = files.text("rejects.csv");
    assert_eq!(rejects.lines().count(), 11);
    let found = refusal(Apply::open(&client, &input, &without));
    assert!(found.contains("by a run with a file of rejects"), "{found}");
    finish(&client, &input, &with);
    assert_eq!(files.text("rejects.csv"), rejects);
    for name in ["rejects.csv", "report.csv"] {
        let text = files.text(name);
        fs::remove_file(files.path(name)).unwrap();
        let found = refusal(Apply::open(&client, &input, &with));
        assert!(
            found.contains(name) && found.contains("not there any more"),
            "{found}"
        );
        fs::write(files.path(name), text).unwrap();
    }
    fs::remove_file(files.path("state")).unwrap();
    finish(&client, &input, &without);
    let found = refusal(Apply::open(&client, &input, &with));
    assert!(
        found.contains("by a run without a file of rejects"),
        "{found}"
    );
    assert_eq!(files.text("rejects.csv"), rejects);
}

#[test]
fn run_stops_and_keeps_the_rest_when_the_service_is_down() {
    let (emulator, files) = (emulator(Service::default()), Files::new());
    let fast = [
        ("throttle_base_ms", "1"),
        ("retry_base_ms", "1"),
        ("max_backoff_ms", "5"),
    ];
    let good = client(&emulator, &fast);
    let input = files.input("in.csv", &table(2000, 2000));
    let mut options = files.with_state();
    options.bulk.outage_timeout = Duration::from_millis(50);
    emulator.push_fault(Fault::new(FaultKind::status(503)).times(0).skip(10));
    let (end, progress) = finish(&good, &input, &options);
    assert_eq!(end, ApplyEnd::NoAnswer);
    assert!(
        progress.accepted > 0 && progress.rows < 2000,
        "{progress:?}"
    );
    emulator.clear_faults();
    let bad = client(
        &emulator,
        &[("secret_key", "0123456789abcdef0123456789abcdef")],
    );
    let (end, refused) = finish(&bad, &input, &options);
    assert_eq!((end, refused.rows), (ApplyEnd::Refused, progress.rows));
    let (end, progress) = finish(&good, &input, &options);
    assert_eq!((end, progress.rows), (ApplyEnd::Complete, 2000));
    report_is_whole(&files, 2000);
}
