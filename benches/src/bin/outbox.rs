//! Benchmarks of the outbox after submission, next to plain `SQLite` and blocking calls.
//!
//! `outbox durable URL FILE`, `outbox inserts FILE`, `outbox memory URL`,
//! `outbox delivered URL`, `outbox blocking URL`: each prints one number.

#![allow(clippy::print_stdout, reason = "a program that prints its result")]

use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use xgpush::{Account, Binding, Client, Config, Operation, Outbox, Request, Token};
use xgpush_emulator::Config as Service;

const COUNT: u32 = 90_000;
const LONG: Duration = Duration::from_secs(120);

fn config(url: &str, options: &[(&str, &str)]) -> Config {
    let service = Service::default();
    let mut config = Config::new();
    let always = [
        ("access_id", service.access_id.as_str()),
        ("secret_key", service.secret_key.as_str()),
        ("base_url", url),
    ];
    for (name, value) in always.iter().chain(options) {
        config.set(name, value).expect("a known option");
    }
    config
}

/// 36 bytes of token and 10 of account.
fn names(n: u32) -> (String, String) {
    (format!("token{n:031}"), format!("play{n:06}"))
}

fn fill(outbox: &Outbox) {
    fill_some(outbox, 0..COUNT);
}

fn fill_some(outbox: &Outbox, numbers: std::ops::Range<u32>) {
    for n in numbers {
        let (token, account) = names(n);
        let accounts = [(account.as_str(), None)];
        outbox
            .submit(&Operation::bind(&token, &accounts), n.into())
            .expect("capacity for all");
    }
}

/// Operations a second that became durable, while nothing is delivered.
fn durable(url: &str, file: &str) -> f64 {
    let outbox = Outbox::open(&config(url, &[("outbox_file", file)])).expect("a new file");
    let began = Instant::now();
    fill(&outbox);
    while outbox.stats().durable < COUNT.into() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let took = began.elapsed();
    outbox.close(Duration::ZERO);
    per_second(took)
}

/// The same rows by plain inserts, 100 a transaction.
fn inserts(file: &str) -> f64 {
    let mut db = Connection::open(file).expect("a new file");
    db.execute_batch(
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; \
         CREATE TABLE operation (id INTEGER PRIMARY KEY, tag INTEGER NOT NULL, \
         handed_in INTEGER NOT NULL, body BLOB NOT NULL) STRICT;",
    )
    .expect("a table");
    let began = Instant::now();
    for first in (0..COUNT).step_by(100) {
        let transaction = db.transaction().expect("a transaction");
        {
            let mut insert = transaction
                .prepare("INSERT INTO operation (tag, handed_in, body) VALUES (?1, ?2, ?3)")
                .expect("a statement");
            for n in first..first + 100 {
                let (token, account) = names(n);
                let body = format!("\x02\x24{token}\x14{account}");
                insert
                    .execute(params![
                        n.cast_signed(),
                        1_700_000_000_000_i64,
                        body.as_bytes()
                    ])
                    .expect("an insert");
            }
        }
        transaction.commit().expect("a commit");
    }
    per_second(began.elapsed())
}

/// Bytes of memory a queued operation.
fn memory(url: &str) -> f64 {
    let options = [("outbox_max_operations", "200000")];
    let outbox = Outbox::open(&config(url, &options)).expect("an outbox");
    // The threads and their first requests are no part of it.
    let accounts = [("warm-up", None)];
    for n in 0..200 {
        let token = format!("warm{n}");
        outbox
            .submit(&Operation::unbind(&token, &accounts), n)
            .expect("capacity");
    }
    std::thread::sleep(Duration::from_millis(300));
    let before = resident();
    // In portions that the worker takes in at once: the intake's own memory is no
    // part of what is queued.
    const QUEUED: u32 = 100_000;
    for first in (0..QUEUED).step_by(500) {
        fill_some(&outbox, first..first + 500);
        std::thread::sleep(Duration::from_millis(25));
    }
    std::thread::sleep(Duration::from_millis(500));
    let grown = resident() - before;
    outbox.close(Duration::ZERO);
    grown / f64::from(QUEUED)
}

fn resident() -> f64 {
    let page = std::fs::read_to_string("/proc/self/statm").expect("a Linux");
    let pages: f64 = page
        .split(' ')
        .nth(1)
        .and_then(|n| n.parse().ok())
        .expect("its second number");
    pages * 4096.0
}

/// Operations a second, submitted and delivered.
fn delivered(url: &str) -> f64 {
    let outbox = Outbox::open(&config(url, &[])).expect("an outbox");
    let began = Instant::now();
    fill(&outbox);
    assert_eq!(outbox.flush(LONG).expect("this process"), 0);
    per_second(began.elapsed())
}

/// The same by one blocking call, as many requests at once.
fn blocking(url: &str) -> f64 {
    let options = [("parallel", "4"), ("deadline_ms", "120000")];
    let client = Client::new(&config(url, &options)).expect("a client");
    let began = Instant::now();
    let bindings = (0..COUNT).map(|n| {
        let (token, account) = names(n);
        let token = Token::new(token).expect("a token");
        Binding::one(token, Account::new(account).expect("an account"))
    });
    let request = Request::bind(bindings);
    assert!(
        client
            .batch_operate(&request)
            .expect("a request")
            .all_accepted()
    );
    per_second(began.elapsed())
}

fn per_second(took: Duration) -> f64 {
    f64::from(COUNT) / took.as_secs_f64()
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[1..] {
        ["durable", url, file] => durable(url, file),
        ["inserts", file] => inserts(file),
        ["memory", url] => memory(url),
        ["delivered", url] => delivered(url),
        ["blocking", url] => blocking(url),
        _ => panic!("usage: outbox durable|inserts|memory|delivered|blocking …"),
    };
    println!("{result:.0}");
}
