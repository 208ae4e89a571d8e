//! Files through a stream into a report.

mod common;

use std::fs;
use std::path::Path;

use common::files::{Files, LONG, finish, plain, refusal};
use common::{client, emulator};
use proptest::prelude::*;
use xgpush::apply::{Apply, ApplyEnd, Format, Reading, RowFile};
use xgpush::{ErrorKind, Operator};
use xgpush_emulator::Config as Service;

#[test]
fn csv_becomes_report_and_rejects() {
    let (emulator, files) = (emulator(Service::default()), Files::new());
    let client = client(&emulator, &[]);
    let table = "\u{feff}account,token,operation,account_type\n\
                 alice,token1,,\n\
                 \"bob, the \"\"second\"\"\",bad-1,bind,3\r\n\
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
            "2,bad-1,\"bob, the \"\"second\"\"\",3,bind,rejected,item_refused,1008006,1,false,"
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
         \"bob, the \"\"second\"\"\",bad-1,bind,3\n\
         carol,token3,bind,many\n\
         dave,token4\n\
         erin,token5,forget,\n"
    );
}

#[test]
fn json_lines_become_report_and_rejects() {
    let (emulator, files) = (emulator(Service::default()), Files::new());
    let client = client(&emulator, &[]);
    let text = "{\"token\":\"token1\",\"account\":\"al\\u0069ce\"}\n\n\
                {\"token\":\"bad-2\",\"account\":\"bob\",\"account_type\":3}\n\
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
        .filter(|l| l.contains("bad-2") || l.contains("acount") || *l == "not json")
        .collect();
    assert_eq!(
        files.text("rejects.jsonl").lines().collect::<Vec<_>>(),
        left
    );
}

#[test]
fn formulas_in_a_report_for_a_spreadsheet_are_escaped() {
    let (emulator, files) = (emulator(Service::default()), Files::new());
    let client = client(&emulator, &[]);
    let names = [
        "=1+1",
        "+8613800000000",
        "-2+3",
        "@SUM(A1)",
        "＝1+1",
        "ali=ce",
        "a;=1",
    ];
    let rows = names.map(|name| format!("bad-{},{name}\n", name.len()));
    let table = format!("token,account\n{}", rows.concat());
    let input = files.input("in.csv", &table);
    let mut options = files.options("csv");
    finish(&client, &input, &options);
    let plain = files.text("report.csv");
    options.escape_formulas = true;
    finish(&client, &input, &options);
    let report = files.text("report.csv");
    for name in names {
        assert!(plain.contains(&format!(",{name},")), "{plain}");
        let mark = if name.starts_with('a') { "" } else { "'" };
        assert!(report.contains(&format!(",\"{mark}{name}\",")), "{report}");
    }
    // What is to be applied again stands as it stood.
    assert_eq!(files.text("rejects.csv"), table);
    for report in [None, Some(files.path("report.jsonl"))] {
        let mut options = files.options("csv").with_escape_formulas(true);
        options.report = report;
        let found = refusal(Apply::open(&client, &input, &options));
        assert!(found.contains("a report in CSV"), "{found}");
    }
    for (name, words) in [
        ("report.csv.gz", "a name without .gz"),
        ("report.tsv", "a name without .tsv"),
        ("report", "let it end in .csv or .jsonl"),
        ("-", "let it end in .csv or .jsonl"),
    ] {
        let options = files.options("csv").with_report(files.path(name));
        let found = refusal(Apply::open(&client, &input, &options));
        assert!(found.contains(words), "{found}");
    }
}

#[test]
fn input_that_is_no_table_is_refused() {
    let (emulator, files) = (emulator(Service::default()), Files::new());
    let client = client(&emulator, &[]);
    for (table, message) in [
        ("", "the file is empty"),
        ("token;acount\n", "is unknown"),
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
    assert!(Format::from_path(Path::new("players.xlsx")).is_err());
    let input = files.input("in.csv", "token,account\n");
    let over_input = plain().with_rejects(input.path.clone());
    let found = refusal(Apply::open(&client, &input, &over_input));
    assert!(found.contains("two files"), "{found}");
    std::os::unix::fs::symlink(files.path(""), files.path("link")).unwrap();
    let twice = plain()
        .with_report(files.path("new.csv"))
        .with_rejects(files.path("link/new.csv"));
    let found = refusal(Apply::open(&client, &input, &twice));
    assert!(found.contains("two files"), "{found}");
    assert!(!files.path("new.csv").exists());
    let found = refusal(Apply::open(&client, &input, &files.options("jsonl")));
    assert!(found.contains("format of the input"), "{found}");
    assert_eq!(files.text("in.csv"), "token,account\n");
    let endless = format!("token,account\nt1,\"{}", "alice\n".repeat(400_000));
    let found = refusal(Apply::open(
        &client,
        &files.input("in.csv", &endless),
        &plain(),
    ));
    assert!(found.contains("longer than 1 MiB"), "{found}");
    assert_eq!(emulator.counters().received, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn no_bytes_make_reading_panic_or_end_in_the_middle(
        mut bytes in prop::collection::vec(prop_oneof![Just(b','), Just(b'"'), Just(b'\n'), Just(b'{'), 0_u8..128], 0..300),
        odd in prop::option::of(128_u8..),
    ) {
        bytes.extend(odd);
        let files = Files::new();
        for (name, head) in [("in.csv", "token,account,account_type,operation\n"), ("in.jsonl", "")] {
            let path = files.path(name);
            fs::write(&path, [head.as_bytes(), &bytes].concat()).unwrap();
            let format = Format::from_path(&path).unwrap();
            let opened = RowFile::open(&path, format, Operator::Bind, &Reading::default());
            let mut rows = match opened {
                Ok(rows) => rows,
                Err(error) => {
                    prop_assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{}", error);
                    continue;
                }
            };
            let mut count = 0;
            while rows.read().unwrap().is_some() {
                count += 1;
            }
            prop_assert!(count <= bytes.len());
            prop_assert!(std::str::from_utf8(&bytes).is_ok());
            if format == Format::Jsonl {
                let lines = bytes.split(|byte| *byte == b'\n');
                prop_assert_eq!(count, lines.filter(|line| !line.trim_ascii().is_empty()).count());
            }
        }
    }
}

#[test]
fn a_table_without_rows_has_a_report_with_a_header() {
    let (emulator, files) = (emulator(Service::default()), Files::new());
    let client = client(&emulator, &[]);
    let input = files.input("in.csv", "token,account\n");
    let options = files.with_state();
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
        let mut rows = RowFile::open(
            &input.path,
            input.format,
            Operator::Bind,
            &Reading::default(),
        )
        .unwrap();
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

#[test]
fn rows_appended_after_the_first_reading_are_not_sent() {
    let (emulator, files) = (emulator(Service::default()), Files::new());
    let client = client(&emulator, &[]);
    // More than is read at once.
    let rows: Vec<_> = (0..9000).map(|n| format!("token{n},player{n}\n")).collect();
    let rows = rows.concat();
    let before = format!("token,account\n{rows}last,player-hal");
    let grown = format!("{before}f\nmore,x\u{200b}");
    let other = before.replace("token8999", "tokenXXXX");
    for (after, says, most) in [
        (grown.as_str(), "has grown", 9000),
        (&before[..before.len() - 3000], "is shorter", 8990),
        (other.as_str(), "is another one", 9000),
        (before.as_str(), "", 9001),
    ] {
        let input = files.input("in.csv", &before);
        let mut apply = Apply::open(&client, &input, &plain()).unwrap();
        assert_eq!(apply.counted(), Some(9001));
        // In its place: the file that is open is the one that changes.
        fs::write(&input.path, after).unwrap();
        let end = apply.work(LONG).unwrap();
        let told = apply.error().map(ToString::to_string).unwrap_or_default();
        assert!(
            told.contains(says),
            "{says}: {told} {end:?} {:?}",
            apply.progress()
        );
        assert_eq!(told.is_empty(), says.is_empty(), "{told}");
        let complete = end == Some(ApplyEnd::Complete);
        assert_eq!(complete, says.is_empty(), "{end:?}");
        let sent = apply.progress().accepted;
        assert!(sent <= most && (sent == 9001) == complete, "{says}: {sent}");
    }
}
