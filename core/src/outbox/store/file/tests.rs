//! The file: what it brings back, whom it refuses, and what a damaged one says.

use std::fs;
use std::path::PathBuf;

use rusqlite::Connection;

use super::*;
use crate::model::operation::Operation;

const LARGE: u32 = 1 << 28;

struct Place {
    _folder: tempfile::TempDir,
    file: PathBuf,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outbox");
    Place {
        _folder: folder,
        file,
    }
}

fn open(path: &Path) -> Result<FileStore> {
    open_for(path, Purpose::Delivery)
}

fn open_for(path: &Path, purpose: Purpose) -> Result<FileStore> {
    FileStore::open(path, purpose, Durability::Process, LARGE)
}

fn body(n: u64) -> Box<[u8]> {
    let account = format!("player{n}");
    Operation::bind("token-of-a-phone", &account).encode()
}

fn append(store: &mut FileStore, tags: std::ops::Range<u64>) -> Result<u64> {
    let bodies: Vec<_> = tags.clone().map(|tag| (tag, body(tag))).collect();
    let records: Vec<_> = bodies
        .iter()
        .map(|(tag, body)| NewRecord {
            tag: *tag,
            submitted_ms: 1000 + tag,
            body,
        })
        .collect();
    store.append(&records)
}

fn tags(store: &mut FileStore) -> Result<Vec<u64>> {
    let records = store.claim(0, 1_000_000)?;
    assert!(records.windows(2).all(|w| w[0].id < w[1].id));
    assert!(
        records
            .iter()
            .all(|r| r.body == body(r.tag) && r.submitted_ms == 1000 + r.tag)
    );
    Ok(records.iter().map(|r| r.tag).collect())
}

fn message<T>(result: Result<T>) -> String {
    let error = result.err().expect("an error");
    assert_eq!(error.kind(), ErrorKind::Storage);
    error.to_string()
}

#[test]
fn what_is_not_acknowledged_is_there_in_order_after_opening_again() {
    for durability in [Durability::Process, Durability::Power] {
        let place = place();
        let mut store = FileStore::open(&place.file, Purpose::Delivery, durability, LARGE).unwrap();
        let first = append(&mut store, 0..50).unwrap();
        assert_eq!(append(&mut store, 50..100).unwrap(), first + 50);
        let gone: Vec<u64> = (0..100).filter(|n| n % 3 == 0).map(|n| first + n).collect();
        store.acknowledge(&gone).unwrap();
        drop(store);
        let mut store = open(&place.file).unwrap();
        let left: Vec<u64> = (0..100).filter(|n| n % 3 != 0).collect();
        assert_eq!(tags(&mut store).unwrap(), left);
        assert_eq!(store.claim(first + 97, 1).unwrap()[0].tag, 98);
        let later = append(&mut store, 100..101).unwrap();
        assert!(later > first + 98);
    }
}

#[test]
fn one_outbox_owns_a_file_and_leaves_it() {
    let place = place();
    let held = open(&place.file).unwrap();
    let other_way = place.file.parent().unwrap().join("./outbox");
    assert!(message(open(&other_way)).contains("held by another outbox of this process"));
    let folder = place.file.parent().unwrap();
    let link = folder.join("link");
    std::os::unix::fs::symlink("outbox", &link).unwrap();
    assert!(message(open(&link)).contains("held by another outbox of this process"));
    let hard = folder.join("hard");
    fs::hard_link(&place.file, &hard).unwrap();
    assert!(message(open(&hard)).contains("another name of the same file"));
    // Whoever closes a file of a process takes the process's own locks of it away.
    for entry in fs::read_dir(folder).unwrap() {
        let _ = fs::read(entry.unwrap().path());
    }
    for path in [&other_way, &link, &hard] {
        assert!(message(open(path)).contains("held by"));
    }
    drop(held);
    assert!(open(&other_way).is_ok());
    assert!(open(&hard).is_ok());
}

#[test]
fn nobody_else_can_read_what_is_in_the_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = place();
    let rights = |name: &str| {
        let path = place.file.with_file_name(name);
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    let mut store = open(&place.file).unwrap();
    append(&mut store, 0..10).unwrap();
    for name in ["outbox", "outbox-wal", "outbox.lock"] {
        assert_eq!(rights(name), 0o600, "{name}");
    }
    drop(store);
    // What somebody gave on purpose is kept.
    fs::set_permissions(&place.file, fs::Permissions::from_mode(0o640)).unwrap();
    let mut store = open(&place.file).unwrap();
    append(&mut store, 10..20).unwrap();
    assert_eq!((rights("outbox"), rights("outbox-wal")), (0o640, 0o640));
}

/// Not every file system can map the index of the log.
#[test]
fn nothing_needs_to_be_mapped() {
    let place = place();
    let index = place.file.with_file_name("outbox-shm");
    let mut store = open(&place.file).unwrap();
    append(&mut store, 0..10).unwrap();
    assert!(!index.exists(), "a new file");
    // As a killed process leaves it, with a log.
    let killed = place.file.with_file_name("killed");
    fs::copy(&place.file, &killed).unwrap();
    let log = place.file.with_file_name("outbox-wal");
    fs::copy(log, place.file.with_file_name("killed-wal")).unwrap();
    drop(store);
    for path in [&place.file, &killed] {
        // A folder of that name: it could not even be opened.
        let mut name = path.clone().into_os_string();
        name.push("-shm");
        fs::create_dir(name).unwrap();
        let mut store = open(path).unwrap();
        assert_eq!(tags(&mut store).unwrap().len(), 10);
        append(&mut store, 10..20).unwrap();
    }
}

#[test]
fn what_is_not_ours_is_refused_and_left_as_it_is() {
    let place = place();
    fs::write(&place.file, "my shopping list\n".repeat(100)).unwrap();
    let before = fs::read(&place.file).unwrap();
    assert!(message(open(&place.file)).contains("no file of the outbox"));
    assert_eq!(fs::read(&place.file).unwrap(), before);
    fs::remove_file(&place.file).unwrap();

    let other = Connection::open(&place.file).unwrap();
    other
        .execute_batch("CREATE TABLE mine (n INTEGER)")
        .unwrap();
    drop(other);
    assert!(message(open(&place.file)).contains("another program"));
    fs::remove_file(&place.file).unwrap();

    drop(open(&place.file).unwrap());
    let newer = Connection::open(&place.file).unwrap();
    newer.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(newer);
    assert!(message(open(&place.file)).contains("newer version"));

    let nowhere = place.file.join("below/a/file");
    assert!(message(open(&nowhere)).contains("cannot be opened"));
    assert!(message(open(Path::new("/"))).contains("a folder's"));
}

#[test]
fn a_full_file_takes_nothing_and_loses_nothing() {
    let place = place();
    let mut store =
        FileStore::open(&place.file, Purpose::Delivery, Durability::Process, 1 << 20).unwrap();
    let mut next = 0;
    let error = loop {
        match append(&mut store, next..next + 1000) {
            Ok(_) => next += 1000,
            Err(error) => break error,
        }
        assert!(next < 1_000_000, "it never fills");
    };
    assert!(error.to_string().contains("is full"), "{error}");
    let all = tags(&mut store).unwrap();
    assert_eq!(all, (0..next).collect::<Vec<_>>());
    let ids: Vec<u64> = store.claim(0, 2000).unwrap().iter().map(|r| r.id).collect();
    store.acknowledge(&ids).unwrap();
    append(&mut store, next..next + 1000).unwrap();
    assert!(fs::metadata(&place.file).unwrap().len() <= 1 << 20);
}

#[test]
fn a_bad_operation_in_the_file_is_told_and_kept() {
    let place = place();
    let mut store = open(&place.file).unwrap();
    append(&mut store, 0..3).unwrap();
    let broken = "UPDATE operation SET body = x'0203' WHERE tag = 1";
    store.db.execute_batch(broken).unwrap();
    assert!(message(store.claim(0, 10)).contains("operation 2 cannot be read"));
}

/// As after a crash, with the end of the file or of its log missing: it opens
/// with what is left, oldest first, or says why not.
#[test]
fn a_file_that_was_cut_opens_or_says_why_not() {
    let place = place();
    let mut store = open(&place.file).unwrap();
    append(&mut store, 0..1000).unwrap();
    store
        .db
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    for n in 0..10 {
        append(&mut store, 1000 + 5 * n..1005 + 5 * n).unwrap();
    }
    let whole = fs::read(&place.file).unwrap();
    let log = fs::read(place.file.with_file_name("outbox-wal")).unwrap();
    assert!(!log.is_empty(), "nothing to cut");
    let (mut opened, mut refused) = (0, 0);
    let cuts = |length: usize| (0..=length / 512).map(|n| n * 512);
    let by_file = cuts(whole.len()).map(|cut| (cut, log.len()));
    let by_log = cuts(log.len()).map(|cut| (whole.len(), cut));
    for (n, (of_file, of_log)) in by_file.chain(by_log).enumerate() {
        let copy = place.file.with_file_name(format!("copy{n}"));
        fs::write(&copy, &whole[..of_file]).unwrap();
        fs::write(
            place.file.with_file_name(format!("copy{n}-wal")),
            &log[..of_log],
        )
        .unwrap();
        let read = open(&copy).and_then(|mut store| tags(&mut store));
        match read {
            Ok(tags) => {
                opened += 1;
                let count = tags.len() as u64;
                assert_eq!(
                    tags,
                    (0..count).collect::<Vec<_>>(),
                    "cut at {of_file}, {of_log}"
                );
                // The file itself is whole: what it had before the log is there.
                assert!(
                    of_file < whole.len() || count >= 1000,
                    "cut at {of_file}, {of_log}"
                );
            }
            Err(error) => {
                refused += 1;
                assert_eq!(error.kind(), ErrorKind::Storage);
                assert!(error.to_string().contains("copy"), "{error}");
            }
        }
    }
    assert!(
        opened > 0 && refused > 0,
        "{opened} opened, {refused} refused"
    );
}

#[test]
fn the_mark_is_kept_and_numbers_below_it_are_not_given_again() {
    let place = place();
    let mut store = open(&place.file).unwrap();
    assert_eq!(store.sent_mark(), 0);
    let first = append(&mut store, 0..3).unwrap();
    assert_eq!(store.sent_mark(), 0, "appended while nothing is sent");
    store.set_sent_mark(first + 2).unwrap();
    let record = NewRecord {
        tag: 3,
        submitted_ms: 1003,
        body: &body(3),
    };
    let fourth = store.append_to_send(&[record]).unwrap();
    assert_eq!((fourth, store.sent_mark()), (first + 3, first + 3));
    store
        .acknowledge(&[first, first + 1, first + 2, fourth])
        .unwrap();
    drop(store);
    let mut store = open(&place.file).unwrap();
    assert_eq!(store.sent_mark(), fourth);
    assert!(append(&mut store, 4..5).unwrap() > fourth);
    store.set_sent_mark(0).unwrap();
    drop(store);
    assert_eq!(open(&place.file).unwrap().sent_mark(), 0);
}

/// A loss of power must not leave operations and take the mark that is over them.
#[test]
fn a_mark_that_is_lifted_over_stored_operations_goes_to_the_disk() {
    let place = place();
    let mut store = open(&place.file).unwrap();
    let record = |tag, body| NewRecord {
        tag,
        submitted_ms: 1000 + tag,
        body,
    };
    let (body, level) = (body(0), "PRAGMA synchronous");
    assert!(!store.lifts_over(store.next), "nothing is below");
    store.append_to_send(&[record(0, &body)]).unwrap();
    assert!(!store.lifts_over(store.next), "all is below");
    store.append(&[record(1, &body)]).unwrap();
    assert!(
        store.lifts_over(store.next),
        "appended while nothing was sent"
    );
    store.append_to_send(&[record(2, &body)]).unwrap();
    assert!(!store.lifts_over(store.next));
    store.set_sent_mark(1).unwrap();
    assert!(store.lifts_over(store.next), "an orderly end");
    assert!(store.lifts_over(3), "the mark of a window");
    store.set_sent_mark(3).unwrap();
    let level: i64 = store.db.query_row(level, [], |row| row.get(0)).unwrap();
    assert_eq!(level, 1, "NORMAL again");
}

/// Whatever is in a file of the first schema may have been sent.
#[test]
fn a_file_without_a_mark_is_taken_up() {
    let place = place();
    let mut store = open(&place.file).unwrap();
    let first = append(&mut store, 0..3).unwrap();
    store
        .db
        .execute_batch("DROP TABLE mark; PRAGMA user_version = 1")
        .unwrap();
    drop(store);
    let mut store = open(&place.file).unwrap();
    assert_eq!(store.sent_mark(), first + 2);
    assert_eq!(tags(&mut store).unwrap(), [0, 1, 2]);
    append(&mut store, 3..4).unwrap();
    drop(store);
    let mut store = open(&place.file).unwrap();
    assert_eq!(store.sent_mark(), first + 2);
    assert_eq!(tags(&mut store).unwrap(), [0, 1, 2, 3]);
}

#[test]
fn nothing_is_durable_in_a_file_that_was_removed() {
    let place = place();
    let mut store = open(&place.file).unwrap();
    append(&mut store, 0..1).unwrap();
    fs::remove_file(&place.file).unwrap();
    assert!(message(append(&mut store, 1..2)).contains("was removed"));
    drop(store);
    append(&mut open(&place.file).unwrap(), 2..3).unwrap();
}

#[test]
fn log_without_its_file_is_kept() {
    let place = place();
    let mut store = open(&place.file).unwrap();
    append(&mut store, 0..5).unwrap();
    let beside = |end: &str| PathBuf::from(format!("{}{end}", place.file.display()));
    let log = fs::read(beside("-wal")).unwrap();
    drop(store);
    // As somebody leaves it who moves the file of a killed process and forgets the log.
    let file = fs::read(&place.file).unwrap();
    fs::remove_file(&place.file).unwrap();
    fs::write(beside("-wal"), &log).unwrap();
    for _ in 0..2 {
        let refused = message(open(&place.file));
        assert!(refused.contains("outbox-wal is") && refused.contains("bring the file back"));
        assert_eq!(fs::read(beside("-wal")).unwrap(), log);
    }
    fs::write(&place.file, &file).unwrap();
    fs::write(beside("-wal"), &log).unwrap();
    assert_eq!(tags(&mut open(&place.file).unwrap()).unwrap().len(), 5);
    // The file of another outbox that bears the name of a log.
    let other = place.file.with_file_name("other-wal");
    let mut store = open(&other).unwrap();
    append(&mut store, 0..3).unwrap();
    let refused = message(open(&place.file.with_file_name("other")));
    assert!(refused.contains("other-wal is"), "{refused}");
    assert_eq!(tags(&mut store).unwrap().len(), 3);
}

/// The runs of a spool, as (sender, first number).
fn runs(store: &mut FileStore, sender: &str) -> Vec<(String, u64)> {
    let runs = store.begin_run(sender).unwrap().into_iter();
    runs.map(|run| (run.sender, run.first)).collect()
}

fn run(sender: &str, first: u64) -> (String, u64) {
    (sender.to_owned(), first)
}

#[test]
fn a_spool_knows_which_run_its_operations_are_of() {
    let place = place();
    let mut store = open_for(&place.file, Purpose::Spool).unwrap();
    assert_eq!(runs(&mut store, "gate.1"), [run("gate.1", 1)]);
    assert_eq!(append(&mut store, 0..5).unwrap(), 1);
    // Not stored, and its number is nobody else's.
    assert_eq!(store.skip(2), 6);
    assert_eq!(append(&mut store, 5..6).unwrap(), 8);
    drop(store);
    let mut store = open_for(&place.file, Purpose::Spool).unwrap();
    assert_eq!(
        runs(&mut store, "gate.2"),
        [run("gate.1", 1), run("gate.2", 9)]
    );
    drop(store);
    // The second one left nothing.
    let mut store = open_for(&place.file, Purpose::Spool).unwrap();
    assert_eq!(
        runs(&mut store, "gate.3"),
        [run("gate.1", 1), run("gate.3", 9)]
    );
    append(&mut store, 6..7).unwrap();
    store.acknowledge(&[1, 2, 3, 4, 5, 8]).unwrap();
    drop(store);
    let mut store = open_for(&place.file, Purpose::Spool).unwrap();
    assert_eq!(
        runs(&mut store, "gate.4"),
        [run("gate.3", 9), run("gate.4", 10)]
    );
}

#[test]
fn what_an_outbox_left_in_its_file_belongs_to_the_first_run_with_an_engine() {
    let place = place();
    let mut store = open(&place.file).unwrap();
    append(&mut store, 0..3).unwrap();
    store.acknowledge(&[1]).unwrap();
    drop(store);
    let mut store = open_for(&place.file, Purpose::Spool).unwrap();
    assert_eq!(runs(&mut store, "gate.1"), [run("gate.1", 2)]);
    assert_eq!(tags(&mut store).unwrap(), [1, 2]);
}

#[test]
fn an_outbox_without_an_engine_takes_a_spool_only_when_it_is_empty() {
    let place = place();
    let mut store = open_for(&place.file, Purpose::Spool).unwrap();
    store.begin_run("gate.1").unwrap();
    append(&mut store, 0..1).unwrap();
    drop(store);
    let said = message(open(&place.file));
    assert!(said.contains("outbox_url"), "{said}");
    let mut store = open_for(&place.file, Purpose::Reading).unwrap();
    assert_eq!(tags(&mut store).unwrap(), [0]);
    drop(store);
    let mut store = open_for(&place.file, Purpose::Spool).unwrap();
    store.acknowledge(&[1]).unwrap();
    drop(store);
    drop(open(&place.file).unwrap());
    drop(open(&place.file).unwrap());
    let mut store = open_for(&place.file, Purpose::Spool).unwrap();
    assert_eq!(runs(&mut store, "gate.2").len(), 1);
}
