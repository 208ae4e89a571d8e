//! Runs that meet at a file, that are given other ones than they had, or whose files
//! give out.

mod common;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::time::{Duration, SystemTime};

use common::files::{Files, LONG, finish, plain, refusal};
use common::{client, emulator};
use xgpush::apply::{Apply, ApplyEnd, ApplyInput, ApplyOptions, RowFile};
use xgpush::{Client, Platform};
use xgpush_emulator::Config as Service;

fn table(rows: usize) -> String {
    let mut text = "token,account\n".to_owned();
    for n in 0..rows {
        writeln!(text, "token{n},player{n}").unwrap();
    }
    text
}

/// A run that was ended after some of its rows.
fn begin(client: &Client, input: &ApplyInput, options: &ApplyOptions) {
    let mut apply = Apply::open(client, input, options).unwrap();
    while apply.progress().rows == 0 {
        apply.work(Duration::from_millis(1)).unwrap();
    }
    apply.halt();
    while apply.work(LONG).unwrap().is_none() {}
    assert!(apply.progress().rows < 2000);
}

#[test]
fn state_of_another_application_or_address_is_refused() {
    let (service, files) = (emulator(Service::default()), Files::new());
    let mine = client(&service, &[]);
    let input = files.input("in.csv", &table(2000));
    let options = files.with_state();
    begin(&mine, &input, &options);
    let before = ["state", "report.csv", "rejects.csv"].map(|name| files.text(name));

    let elsewhere = emulator(Service::default());
    let ios = options.clone().with_platform(Platform::Ios);
    let other = [
        (
            client(&service, &[("access_id", "1500009999")]),
            "access_id was",
        ),
        (client(&elsewhere, &[]), "base_url was"),
        (
            client(&service, &[("protocol", "tpns_with_platform")]),
            "protocol was",
        ),
    ];
    for (client, message) in &other {
        let found = refusal(Apply::open(client, &input, &options));
        assert!(found.contains(message), "{found}");
    }
    let found = refusal(Apply::open(&mine, &input, &ios));
    assert!(found.contains("--platform was none and is ios"), "{found}");
    assert_eq!(elsewhere.counters().received, 0);
    assert_eq!(
        before,
        ["state", "report.csv", "rejects.csv"].map(|name| files.text(name))
    );
    // Another key of the same application is no other application.
    let (end, progress) = finish(&client(&service, &[]), &input, &options);
    assert_eq!((end, progress.accepted), (ApplyEnd::Complete, 2000));
}

#[test]
fn state_of_a_changed_table_is_refused() {
    let (service, files) = (emulator(Service::default()), Files::new());
    let client = client(&service, &[]);
    let text = table(2000);
    let input = files.input("in.csv", &text);
    let options = files.with_state();
    begin(&client, &input, &options);
    let refused = |text: &str| {
        let found = refusal(Apply::open(&client, &files.input("in.csv", text), &options));
        assert!(found.contains("before its place"), "{found}");
    };
    // Of the same size and time, but with another row.
    let modified = fs::metadata(&input.path).unwrap().modified().unwrap();
    files.input("in.csv", &text.replacen("player0\n", "player1\n", 1));
    let file = fs::File::options().write(true).open(&input.path).unwrap();
    file.set_modified(modified).unwrap();
    let found = refusal(Apply::open(&client, &input, &options));
    assert!(found.contains("before its place"), "{found}");
    refused(&text.replacen("token,account", "account,token", 1));
    refused(&text.replacen("token0,player0\n", "", 1));
    // The same under another name and of another time, with rows behind it.
    let copy = files.input("copy.csv", &format!("{text}token2000,player2000\n"));
    let file = fs::File::options().write(true).open(&copy.path).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    let (end, progress) = finish(&client, &copy, &options);
    assert_eq!((end, progress.accepted), (ApplyEnd::Complete, 2001));
    assert!(progress.resumed > 0);
}

#[test]
fn outputs_that_changed_since_the_run_are_refused() {
    let (service, files) = (emulator(Service::default()), Files::new());
    let client = client(&service, &[]);
    let mut text = table(2000);
    text.insert_str("token,account\n".len(), "bad-1,alice\nbad-2,bob\n");
    let input = files.input("in.csv", &text);
    let options = files.with_state();
    begin(&client, &input, &options);
    for name in ["report.csv", "rejects.csv"] {
        let text = files.text(name);
        let other = text.replacen("alice", "carol", 1);
        assert_ne!(text, other);
        fs::write(files.path(name), &other).unwrap();
        let found = refusal(Apply::open(&client, &input, &options));
        assert!(
            found.contains(name) && found.contains("does not hold"),
            "{found}"
        );
        // It may be somebody's.
        assert_eq!(files.text(name), other);
        fs::write(files.path(name), &text).unwrap();
    }
    let (end, progress) = finish(&client, &input, &options);
    assert_eq!(
        (end, progress.rows, progress.rejected),
        (ApplyEnd::Complete, 2002, 2)
    );
}

#[test]
fn a_state_of_an_earlier_version_is_refused() {
    let (service, files) = (emulator(Service::default()), Files::new());
    let client = client(&service, &[]);
    let input = files.input("in.csv", &table(10));
    let options = files.with_state();
    let earlier = r#"{"input":{"bytes":1,"modified_ns":2,"operation":"bind"},"rows":1,
        "report_bytes":1,"rejects_bytes":1,
        "counts":{"accepted":1,"rejected":0,"unknown":0,"not_sent":0}}"#;
    for state in [earlier, r#"{"version":3}"#] {
        fs::write(files.path("state"), state).unwrap();
        let found = refusal(Apply::open(&client, &input, &options));
        assert!(found.contains("another version"), "{found}");
        assert_eq!(files.text("state"), state);
    }
    fs::write(files.path("state"), "").unwrap();
    assert_eq!(finish(&client, &input, &options).0, ApplyEnd::Complete);
}

#[test]
fn second_run_over_the_same_files_is_refused() {
    let (service, files) = (emulator(Service::default()), Files::new());
    let client = client(&service, &[]);
    let input = files.input("in.csv", &table(2000));
    let options = files.with_state();
    let mut first = Apply::open(&client, &input, &options).unwrap();
    while first.progress().rows == 0 {
        first.work(Duration::from_millis(1)).unwrap();
    }
    symlink(files.path("rejects.csv"), files.path("link.csv")).unwrap();
    fs::hard_link(files.path("report.csv"), files.path("hard.csv")).unwrap();
    let other = files.input("other.csv", &table(3));
    let with = |report: &str, rejects: &str, state: &str| {
        plain()
            .with_report(files.path(report))
            .with_rejects(files.path(rejects))
            .with_state(files.path(state))
    };
    let names = ["state", "report.csv", "rejects.csv", "in.csv"];
    let before = names.map(|name| files.text(name));
    for (options, held) in [
        (options.clone(), "state"),
        (with("new.csv", "new2.csv", "state"), "state"),
        (with("report.csv", "new2.csv", "new"), "report.csv"),
        (with("hard.csv", "new2.csv", "new"), "hard.csv"),
        (with("new.csv", "link.csv", "new"), "link.csv"),
        // What another run reads is no place for a report.
        (with("in.csv", "new2.csv", "new"), "in.csv"),
        (
            plain()
                .with_report(files.path("report.csv"))
                .with_rejects(files.path("new2.csv")),
            "report.csv",
        ),
    ] {
        let found = refusal(Apply::open(&client, &other, &options));
        assert!(
            found.contains(held) && found.contains("in use by"),
            "{held}: {found}"
        );
        assert!(found.contains(&std::process::id().to_string()), "{found}");
    }
    // What another run is writing is no table yet; to read one table is free.
    let mut rejects = input.clone();
    rejects.path = files.path("rejects.csv");
    let found = refusal(Apply::open(&client, &rejects, &plain()));
    assert!(found.contains("in use by"), "{found}");
    let rows = RowFile::open(
        &rejects.path,
        rejects.format,
        plain().operator,
        &rejects.reading,
    );
    let found = rows.err().unwrap().to_string();
    assert!(found.contains("in use by"), "{found}");
    assert!(Apply::open(&client, &input, &plain()).is_ok());
    assert_eq!(before, names.map(|name| files.text(name)));
    assert!(!files.path("new").exists());

    while first.work(LONG).unwrap().is_none() {}
    assert_eq!(first.progress().accepted, 2000);
    drop(first);
    assert_eq!(finish(&client, &input, &options).1.resumed, 2000);
}

#[test]
fn files_beside_the_state_are_left_alone() {
    let (service, files) = (emulator(Service::default()), Files::new());
    let client = client(&service, &[]);
    let mut input = files.input("in.csv", &table(100));
    fs::rename(&input.path, files.path("state.new")).unwrap();
    input.path = files.path("state.new");
    // Of a run that was killed.
    fs::write(files.path("state.0123456789abcdef.new"), "").unwrap();
    let (end, progress) = finish(&client, &input, &files.with_state());
    assert_eq!((end, progress.accepted), (ApplyEnd::Complete, 100));
    assert_eq!(files.text("state.new"), table(100));
    // Nothing else is left.
    let names = fs::read_dir(files.path("")).unwrap().count();
    assert_eq!(names, 4);
}

#[test]
fn one_file_under_two_names_is_one() {
    let (service, files) = (emulator(Service::default()), Files::new());
    let client = client(&service, &[]);
    let input = files.input("in.csv", &table(3));
    fs::hard_link(&input.path, files.path("link.csv")).unwrap();
    let over = plain().with_report(files.path("link.csv"));
    let found = refusal(Apply::open(&client, &input, &over));
    assert!(found.contains("two files"), "{found}");
    let nowhere = files.with_state().with_state("/dev/null");
    let found = refusal(Apply::open(&client, &input, &nowhere));
    assert!(found.contains("no file in which"), "{found}");
    assert_eq!(files.text("in.csv"), table(3));
}

#[test]
fn device_as_output_is_not_locked() {
    let (service, files) = (emulator(Service::default()), Files::new());
    let client = client(&service, &[]);
    let input = files.input("in.csv", &table(3));
    symlink("/dev/null", files.path("nowhere.csv")).unwrap();
    let nowhere = plain().with_report(files.path("nowhere.csv"));
    let _other = Apply::open(&client, &input, &nowhere).unwrap();
    assert_eq!(finish(&client, &input, &nowhere).0, ApplyEnd::Complete);
}

#[test]
fn files_that_name_players_are_readable_by_their_owner_only() {
    let (service, files) = (emulator(Service::default()), Files::new());
    let client = client(&service, &[]);
    fs::write(files.path("rejects.csv"), "").unwrap();
    fs::set_permissions(files.path("rejects.csv"), fs::Permissions::from_mode(0o640)).unwrap();
    finish(
        &client,
        &files.input("in.csv", &table(3)),
        &files.with_state(),
    );
    let mode = |name| fs::metadata(files.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("report.csv"), mode("state")), (0o600, 0o600));
    // What was there keeps what it had.
    assert_eq!(mode("rejects.csv"), 0o640);
}

#[test]
fn a_full_disk_ends_a_run_whose_rows_are_counted() {
    for broken in ["report.csv", "rejects.csv"] {
        let (service, files) = (emulator(Service::default()), Files::new());
        let client = client(&service, &[]);
        // Each is refused, and is a line of both.
        let input = files.input(
            "in.csv",
            &table(20_000)
                .replace("token", "bad-")
                .replacen("bad-", "token", 1),
        );
        symlink("/dev/full", files.path(broken)).unwrap();
        let mut apply = Apply::open(&client, &input, &files.options("csv")).unwrap();
        let end = loop {
            if let Some(end) = apply.work(LONG).unwrap() {
                break end;
            }
        };
        let error = apply.error().unwrap().to_string();
        assert_eq!(end, ApplyEnd::Failed);
        assert!(
            error.contains(broken) && error.contains("No space"),
            "{error}"
        );
        // Nothing is in flight any more, and each row that was sent is counted.
        let progress = apply.progress();
        assert!(progress.rejected < 20_000, "{progress:?}");
        // Where the machine is slow, a request may travel before it is full.
        let sent = service
            .log()
            .iter()
            .map(|entry| entry.results.len())
            .sum::<usize>();
        assert_eq!(progress.rejected, sent as u64);
    }
}

#[test]
fn rows_before_one_that_cannot_be_read_are_reported() {
    let (service, files) = (emulator(Service::default()), Files::new());
    let client = client(&service, &[]);
    let made = std::process::Command::new("mkfifo")
        .arg(files.path("in.csv"))
        .status();
    assert!(made.unwrap().success());
    let path = files.path("in.csv");
    let writer = std::thread::spawn(move || {
        let mut pipe = fs::File::options().write(true).open(path).unwrap();
        pipe.write_all(table(1000).as_bytes()).unwrap();
        // It ends in the middle of this.
        let _ = pipe.write_all(format!("token,\"{}", "alice\n".repeat(400_000)).as_bytes());
    });
    let mut input = files.input("other.csv", "");
    input.path = files.path("in.csv");
    let mut apply = Apply::open(&client, &input, &files.options("csv")).unwrap();
    let end = loop {
        if let Some(end) = apply.work(LONG).unwrap() {
            break end;
        }
    };
    let error = apply.error().unwrap().to_string();
    assert!(
        end == ApplyEnd::Failed && error.contains("quotation mark"),
        "{error}"
    );
    assert_eq!(
        (apply.progress().rows, apply.progress().accepted),
        (1000, 1000)
    );
    drop(apply);
    writer.join().unwrap();
    assert_eq!(files.text("report.csv").lines().count(), 1001);
    assert_eq!(service.state().tokens.len(), 1000);
}

#[test]
fn dropped_run_reports_what_it_knows() {
    let (service, files) = (emulator(Service::default()), Files::new());
    let client = client(&service, &[]);
    let input = files.input("in.csv", &table(2000));
    let mut apply = Apply::open(&client, &input, &files.options("csv")).unwrap();
    while apply.progress().rows == 0 {
        apply.work(Duration::from_millis(1)).unwrap();
    }
    let rows = usize::try_from(apply.progress().rows).unwrap();
    drop(apply);
    assert_eq!(files.text("report.csv").lines().count(), 1 + rows);
}
