//! Files through a stream into a report, and runs that end in the middle.

mod common;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::{client, emulator};
use proptest::prelude::*;
use tempfile::TempDir;
use xgpush::{
    Apply, ApplyEnd, ApplyInput, ApplyOptions, BulkOptions, Client, ErrorKind, Format, Operator,
    Progress, Result, RowFile,
};
use xgpush_emulator::{Config as Service, Emulator, Fault, FaultKind};

const LONG: Duration = Duration::from_secs(60);

struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn input(&self, name: &str, text: &str) -> ApplyInput {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        ApplyInput {
            format: Format::of(&path).unwrap(),
            path,
            read_from: None,
        }
    }

    fn options(&self, suffix: &str) -> ApplyOptions {
        ApplyOptions {
            report: Some(self.path(&format!("report.{suffix}"))),
            rejects: Some(self.path(&format!("rejects.{suffix}"))),
            ..plain()
        }
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }
}

fn plain() -> ApplyOptions {
    ApplyOptions {
        operator: Operator::Bind,
        platform: None,
        bulk: BulkOptions {
            parallel: 2,
            ..BulkOptions::default()
        },
        report: None,
        rejects: None,
        state: None,
    }
}

fn finish(client: &Client, input: &ApplyInput, options: &ApplyOptions) -> (ApplyEnd, Progress) {
    let mut apply = Apply::open(client, input, options).unwrap();
    loop {
        if let Some(end) = apply.work(LONG).unwrap() {
            return (end, apply.progress());
        }
    }
}

fn refusal(result: Result<Apply>) -> String {
    let error = result.unwrap_err();
    let known = matches!(
        error.kind(),
        ErrorKind::InvalidArgument | ErrorKind::Storage
    );
    assert!(known, "{error:?}");
    error.to_string()
}

#[test]
fn a_table_becomes_a_report_and_rejects() {
    let (emulator, files) = (emulator(Service::default()), Files::new());
    let client = client(&emulator, &[]);
    let table = "\u{feff}account,token,operation,account_type\n\
                 alice,token1,,\n\
                 \"bob, the \"\"second\"\"\",bad1,bind,3\r\n\
                 carol,token3,bind,many\n\
                 dave,token4\n\
                 ,token1,clear_token,\n\
                 erin,token5,forget,\n";
    let (end, progress) = finish(
        &client,
        &files.input("in.csv", table),
        &files.options("csv"),
    );
    assert_eq!(end, ApplyEnd::Complete);
    assert_eq!(
        (
            progress.rows,
            progress.accepted,
            progress.rejected,
            progress.not_sent
        ),
        (6, 2, 1, 3)
    );
    let report = files.text("report.csv");
    let lines: Vec<_> = report.lines().collect();
    assert_eq!(
        lines[0],
        "row,token,account,account_type,operation,state,reason,code,attempts,retryable,message"
    );
    assert_eq!(
        lines[1],
        "1,token1,alice,,bind,accepted,accepted,0,1,false,"
    );
    assert!(
        lines[2].starts_with(
            "2,bad1,\"bob, the \"\"second\"\"\",3,bind,rejected,item_refused,1008006,1,false,"
        ),
        "{}",
        lines[2]
    );
    assert!(lines[3].contains("not_sent,invalid,,0,false,") && lines[3].contains("many"));
    assert!(lines[4].starts_with("4,token4,dave,") && lines[4].contains("2 field(s)"));
    assert!(lines[5].starts_with("5,token1,,,clear_token,accepted"));
    assert!(lines[6].contains("forget"));
    assert_eq!(
        files.text("rejects.csv"),
        "account,token,operation,account_type\n\
         \"bob, the \"\"second\"\"\",bad1,bind,3\n\
         carol,token3,bind,many\n\
         dave,token4\n\
         erin,token5,forget,\n"
    );
}

#[test]
fn lines_of_json_become_a_report_and_rejects() {
    let (emulator, files) = (emulator(Service::default()), Files::new());
    let client = client(&emulator, &[]);
    let text = "{\"token\":\"token1\",\"account\":\"al\\u0069ce\"}\n\n\
                {\"token\":\"bad2\",\"account\":\"bob\",\"account_type\":3}\n\
                {\"token\":\"token3\",\"acount\":\"carol\"}\n\
                not json\n\
                {\"account\":\"dave\",\"operation\":\"clear_account\",\"token\":null}";
    let (end, progress) = finish(
        &client,
        &files.input("in.jsonl", text),
        &files.options("jsonl"),
    );
    assert_eq!(
        (end, progress.rows, progress.accepted),
        (ApplyEnd::Complete, 5, 2)
    );
    let report = files.text("report.jsonl");
    let reasons: Vec<String> = report
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|line| line["reason"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        reasons,
        ["accepted", "item_refused", "invalid", "invalid", "accepted"]
    );
    let left: Vec<_> = text
        .lines()
        .filter(|l| l.contains("bad2") || l.contains("acount") || *l == "not json")
        .collect();
    assert_eq!(
        files.text("rejects.jsonl").lines().collect::<Vec<_>>(),
        left
    );
}

#[test]
fn what_is_no_table_is_refused() {
    let (emulator, files) = (emulator(Service::default()), Files::new());
    let client = client(&emulator, &[]);
    for (table, message) in [
        ("", "neither token nor account"),
        ("token;account\n", "is unknown"),
        ("token,acount\nt1,alice\n", "\"acount\" is unknown"),
        ("token,account,token\n", "twice"),
        (
            "token, account\nt1, alice\n",
            "\" account\" has a blank beside its name",
        ),
        ("operation\nbind\n", "neither token nor account"),
    ] {
        let input = files.input("in.csv", table);
        let found = refusal(Apply::open(&client, &input, &plain()));
        assert!(found.contains(message), "{table:?}: {found}");
    }
    assert!(Format::of(Path::new("players.xlsx")).is_err());
    let input = files.input("in.csv", "token,account\n");
    let over_input = ApplyOptions {
        rejects: Some(input.path.clone()),
        ..plain()
    };
    let found = refusal(Apply::open(&client, &input, &over_input));
    assert!(found.contains("two files"), "{found}");
    std::os::unix::fs::symlink(files.0.path(), files.path("link")).unwrap();
    let twice = ApplyOptions {
        report: Some(files.path("new.csv")),
        rejects: Some(files.path("link/new.csv")),
        ..plain()
    };
    let found = refusal(Apply::open(&client, &input, &twice));
    assert!(found.contains("two files"), "{found}");
    assert!(!files.path("new.csv").exists());
    let found = refusal(Apply::open(&client, &input, &files.options("jsonl")));
    assert!(found.contains("format of the input"), "{found}");
    assert_eq!(files.text("in.csv"), "token,account\n");
    let endless = format!("token,account\nt1,\"{}", "alice\n".repeat(400_000));
    let mut apply = Apply::open(&client, &files.input("in.csv", &endless), &plain()).unwrap();
    let error = apply.work(LONG).unwrap_err();
    assert!(error.to_string().contains("longer than 1 MiB"), "{error}");
    assert_eq!(emulator.counters().received, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn no_bytes_make_reading_panic_or_end_in_the_middle(
        bytes in prop::collection::vec(prop_oneof![Just(b','), Just(b'"'), Just(b'\n'), Just(b'{'), any::<u8>()], 0..300),
    ) {
        let files = Files::new();
        for (name, head) in [("in.csv", "token,account,account_type,operation\n"), ("in.jsonl", "")] {
            let path = files.path(name);
            fs::write(&path, [head.as_bytes(), &bytes].concat()).unwrap();
            let format = Format::of(&path).unwrap();
            let mut rows = RowFile::open(&path, format, Operator::Bind).unwrap();
            let mut count = 0;
            while rows.read().unwrap().is_some() {
                count += 1;
            }
            prop_assert!(count <= bytes.len());
            if format == Format::Jsonl {
                let lines = bytes.split(|byte| *byte == b'\n');
                prop_assert_eq!(count, lines.filter(|line| !line.trim_ascii().is_empty()).count());
            }
        }
    }
}

/// `rows` rows on `tokens` phones; one in a hundred is refused.
fn table(rows: usize, tokens: usize) -> String {
    let mut text = "token,account\n".to_owned();
    for n in 0..rows {
        let kind = if n % 100 == 7 { "bad" } else { "token" };
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
fn a_run_that_was_dropped_anywhere_goes_on() {
    let (emulator, files) = (emulator(Service::default()), Files::new());
    let client = client(&emulator, &[("retry_base_ms", "1")]);
    let input = files.input("in.csv", &table(4000, 300));
    let options = ApplyOptions {
        state: Some(files.path("state")),
        ..files.options("csv")
    };
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

#[test]
fn what_was_held_back_before_a_kill_is_held_back_after_it() {
    let (emulator, files) = (emulator(Service::default()), Files::new());
    let client = client(&emulator, &[("max_attempts", "1"), ("retry_base_ms", "1")]);
    let mut text = "token,account,operation\nphone,alice,unbind\n".to_owned();
    for n in 0..2000 {
        writeln!(text, "token{n},player{n},").unwrap();
    }
    text.push_str("phone,bob,bind\n");
    let input = files.input("in.csv", &text);
    let options = files_with_state(&files);
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
    assert!(
        report.lines().last().unwrap().contains("held_back"),
        "{:?}",
        report.lines().last()
    );
    assert!(files.text("rejects.csv").ends_with("phone,bob,bind\n"));
}

#[test]
fn a_state_of_something_else_is_refused() {
    let (emulator, files) = (emulator(Service::default()), Files::new());
    let client = client(&emulator, &[]);
    let input = files.input("in.csv", &table(100, 100));
    let mut options = ApplyOptions {
        state: Some(files.path("state")),
        ..files.options("csv")
    };
    finish(&client, &input, &options);
    options.operator = Operator::Unbind;
    let found = refusal(Apply::open(&client, &input, &options));
    assert!(
        found.contains("not what the state was written for"),
        "{found}"
    );
    options.operator = Operator::Bind;
    fs::write(files.path("report.csv"), "row,retryable\n").unwrap();
    let found = refusal(Apply::open(&client, &input, &options));
    assert!(found.contains("the report"), "{found}");
    options.report = None;
    let found = refusal(Apply::open(&client, &input, &options));
    assert!(found.contains("needs a report"), "{found}");
    fs::write(files.path("state"), "{}").unwrap();
    let found = refusal(Apply::open(&client, &input, &files_with_state(&files)));
    assert!(found.contains("no state"), "{found}");
    let found = refusal(Apply::open(
        &client,
        &files.input("other.csv", "token,account\n"),
        &ApplyOptions {
            report: Some(files.path("no/such/report.csv")),
            ..plain()
        },
    ));
    assert!(found.contains("no/such"), "{found}");
}

#[test]
fn rejects_are_not_lost_between_runs() {
    let (emulator, files) = (emulator(Service::default()), Files::new());
    let client = client(&emulator, &[]);
    let input = files.input("in.csv", &table(1000, 1000));
    let with = files_with_state(&files);
    let without = ApplyOptions {
        rejects: None,
        ..with.clone()
    };
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
fn a_table_without_rows_has_a_report_with_a_header() {
    let (emulator, files) = (emulator(Service::default()), Files::new());
    let client = client(&emulator, &[]);
    let input = files.input("in.csv", "token,account\n");
    let options = files_with_state(&files);
    for _ in 0..2 {
        let (end, progress) = finish(&client, &input, &options);
        assert_eq!((end, progress.rows), (ApplyEnd::Complete, 0));
        let header = "row,token,account,account_type,operation,state,reason,code,attempts,retryable,message\n";
        assert_eq!(files.text("report.csv"), header);
        assert_eq!(files.text("rejects.csv"), "token,account\n");
    }
}

#[test]
fn whole_numbers_are_account_types_however_they_are_written() {
    let files = Files::new();
    let types = |name: &str, text: String| -> Vec<Option<i32>> {
        let input = files.input(name, &text);
        let mut rows = RowFile::open(&input.path, input.format, Operator::Bind).unwrap();
        let mut found = Vec::new();
        while let Some((row, wrong)) = rows.read().unwrap() {
            assert_eq!(
                wrong.is_some(),
                row.account_type.is_none(),
                "{row:?} {wrong:?}"
            );
            found.push(row.account_type.map(|kind| kind.0));
        }
        found
    };
    let given = [
        "3",
        "3.0",
        "-2.00",
        "2147483647.0",
        "2.5",
        "2147483648",
        "1e99",
        "\"x\"",
    ];
    let read = vec![
        Some(3),
        Some(3),
        Some(-2),
        Some(i32::MAX),
        None,
        None,
        None,
        None,
    ];
    let csv = given.map(|kind| format!("t,a,{kind}\n")).concat();
    let csv = format!("token,account,account_type\n{csv}");
    assert_eq!(types("in.csv", csv), read);
    let jsonl = given.map(|kind| format!("{{\"token\":\"t\",\"account_type\":{kind}}}\n"));
    assert_eq!(types("in.jsonl", jsonl.concat()), read);
}

fn files_with_state(files: &Files) -> ApplyOptions {
    ApplyOptions {
        state: Some(files.path("state")),
        ..files.options("csv")
    }
}

#[test]
fn a_run_leaves_the_rest_when_the_service_does() {
    let (emulator, files) = (emulator(Service::default()), Files::new());
    let fast = [
        ("throttle_base_ms", "1"),
        ("retry_base_ms", "1"),
        ("max_backoff_ms", "5"),
    ];
    let good = client(&emulator, &fast);
    let input = files.input("in.csv", &table(2000, 2000));
    let mut options = files_with_state(&files);
    options.bulk.patience = Duration::from_millis(50);
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
