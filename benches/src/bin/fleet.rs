//! Benchmarks of an outbox over an engine; `benches/python/fleet.py` starts the engine and
//! these processes. The options `XGPUSH_…` of the environment say which engine.
//!
//! `fleet delivered URL COUNT`: operations a second, submitted and delivered.
//! `fleet feed URL COUNT`: submits and waits until all are durable; `fleet relay URL` sends
//! what others submit, until standard input ends.
//! `fleet marked URL`: submits 32 at a time at 60 Hz between two calls of `getppid`, for
//! `strace`.
//! `fleet minute URL SECONDS TIMES WITHIN`: one operation each so many seconds, the first
//! one within some; the milliseconds until each report.

#![allow(clippy::print_stdout, reason = "a program that prints its result")]

use std::io::Read as _;
use std::time::{Duration, Instant};

use xgpush::outbox::Report;
use xgpush::{Config, Operation, Outbox, State};
use xgpush_emulator::Config as Service;

const LONG: Duration = Duration::from_secs(300);

fn open(url: &str, options: &[(&str, &str)]) -> Outbox {
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
    config.set_from_env().expect("options in the environment");
    Outbox::open(&config).expect("an outbox")
}

/// 36 bytes of token and 10 of account, as in the other benchmarks; `of` tells processes
/// apart.
fn submit(outbox: &Outbox, of: u32, n: u32) {
    let token = format!("token{of:010}{n:021}");
    let account = format!("play{n:06}");
    let accounts = [(account.as_str(), None)];
    outbox
        .submit(&Operation::bind(&token, &accounts), n.into())
        .expect("capacity for all");
}

fn feed(outbox: &Outbox, count: u32) {
    let process = std::process::id();
    (0..count).for_each(|n| submit(outbox, process, n));
}

fn delivered(url: &str, count: u32) {
    let options = [
        ("outbox_max_operations", "1000000"),
        ("outbox_max_bytes", "200000000"),
        ("outbox_reports", "false"),
    ];
    let outbox = open(url, &options);
    // The lease is taken, and the connections are made.
    submit(&outbox, 0, 0);
    outbox.flush(LONG).expect("this process");
    let began = Instant::now();
    feed(&outbox, count);
    assert_eq!(outbox.flush(LONG).expect("this process"), 0);
    println!("{:.0}", f64::from(count) / began.elapsed().as_secs_f64());
    outbox.close(Duration::from_secs(2));
}

fn feed_until_durable(url: &str, count: u32) {
    let options = [
        ("outbox_max_operations", "1000000"),
        ("outbox_max_bytes", "200000000"),
    ];
    let outbox = open(url, &options);
    feed(&outbox, count);
    outbox.sync(LONG).expect("an engine");
    // What waits in the engine is looked at next, so nothing is handed over.
    std::process::exit(0);
}

fn relay(url: &str) {
    let outbox = open(url, &[("outbox_role", "relay")]);
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    outbox.close(Duration::from_secs(2));
}

fn marked(url: &str) {
    let outbox = open(url, &[("outbox_reports", "false")]);
    // Memory grows before, and the outbox's thread is awake.
    (0..10_000).for_each(|n| submit(&outbox, 0, n));
    std::thread::sleep(Duration::from_millis(200));
    submit(&outbox, 0, 0);
    let _ = rustix::process::getppid();
    for burst in 0..300 {
        (0..32).for_each(|n| submit(&outbox, 1 + burst, n));
        std::thread::sleep(Duration::from_millis(16));
    }
    let _ = rustix::process::getppid();
    std::process::exit(0);
}

fn minute(url: &str, every: Duration, times: u32, within: Duration) {
    let outbox = open(url, &[]);
    let process = std::process::id();
    // Each process has its own moment of the minute.
    std::thread::sleep(within.mul_f64(f64::from(process % 997) / 997.0));
    for n in 0..times {
        let began = Instant::now();
        submit(&outbox, process, n);
        let reports = outbox.reports(1, LONG);
        // Who comes back has looked at what came before.
        outbox.reports(1, Duration::ZERO);
        let is_in = reports.first().and_then(Report::state) == Some(State::Accepted);
        println!("{} {}", u8::from(is_in), began.elapsed().as_millis());
        if n + 1 < times {
            std::thread::sleep(every.saturating_sub(began.elapsed()));
        }
    }
    outbox.close(Duration::from_secs(10));
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse::<u32>().expect("a number");
    match arguments[1..] {
        ["delivered", url, count] => delivered(url, number(count)),
        ["feed", url, count] => feed_until_durable(url, number(count)),
        ["relay", url] => relay(url),
        ["marked", url] => marked(url),
        ["minute", url, every, times, within] => {
            let seconds = |text| Duration::from_secs(number(text).into());
            minute(url, seconds(every), number(times), seconds(within));
        }
        _ => panic!("usage: fleet delivered|feed|relay|marked|minute …"),
    }
}
