//! Processes that share one rate over a real Redis: clients, streams and outboxes. They are
//! killed, and so is Redis.
//!
//! The test starts itself again as the processes. Each writes down when a request leaves, by
//! the machine's own clock. With `XG_QUOTA_SECONDS=60` the test runs as long, with eight
//! processes and 200 requests a second, kills one every 5 s, and prints figures
//! (`make quota-storm`).

#![cfg(target_os = "linux")]
#![allow(clippy::print_stdout, reason = "the processes tell what they send")]

mod common;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use common::redis::RedisServer;
use common::{bindings, child, emulator};
use serde_json::{Value, json};
use xgpush::bulk::BulkOptions;
use xgpush::transport::{Attempt, Transport};
use xgpush::{
    Client, Config, HttpRequest, HttpResponse, Operation, Outbox, Row, SendError, SendErrorKind,
};
use xgpush_emulator::{Config as Service, Emulator};

const SECOND: u64 = 1_000_000;

/// Microseconds of the clock that all processes of this machine have in common.
fn now() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is there.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    u64::try_from(time.tv_sec).unwrap() * SECOND + u64::try_from(time.tv_nsec).unwrap() / 1000
}

/// Tells when each request leaves, and sends it over a connection of its own.
struct Told;

impl Transport for Told {
    fn send(&self, request: &HttpRequest, _: &Attempt) -> Result<HttpResponse, SendError> {
        let line = format!("\nt {}\n", now());
        let _ = std::io::stdout().write_all(line.as_bytes());
        let failed = |error: std::io::Error| {
            SendError::new(SendErrorKind::Connect, false, error.to_string())
        };
        let response = exchange(request).map_err(failed)?;
        let (head, body) = response.split_once("\r\n\r\n").unwrap_or((&response, ""));
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        Ok(HttpResponse::new(status.unwrap_or(0), body))
    }
}

fn exchange(request: &HttpRequest) -> std::io::Result<String> {
    let (_, rest) = request.url().split_once("://").expect("a URL");
    let (host, path) = rest.split_once('/').expect("a path");
    let length = request.body().len();
    let mut bytes = Vec::new();
    write!(bytes, "POST /{path} HTTP/1.1\r\nHost: {host}\r\n")?;
    for (name, value) in request.headers() {
        write!(bytes, "{name}: {value}\r\n")?;
    }
    write!(
        bytes,
        "Connection: close\r\nContent-Length: {length}\r\n\r\n"
    )?;
    bytes.extend(request.body());
    let mut socket = TcpStream::connect(host)?;
    socket.write_all(&bytes)?;
    let mut response = String::new();
    socket.read_to_string(&mut response)?;
    Ok(response)
}

/// Sends as much as it may, in its own way, until it is killed.
fn send_forever(told: &str) -> ! {
    // SAFETY: the process ends with the one that started it, also when that is killed.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    let told: Value = serde_json::from_str(told).unwrap();
    let service = Service::default();
    let mut config = Config::new();
    config.set("access_id", &service.access_id).unwrap();
    config.set("secret_key", &service.secret_key).unwrap();
    for (name, value) in told["options"].as_object().unwrap() {
        config.set(name, value.as_str().unwrap()).unwrap();
    }
    let client = Client::with_transport(&config, Told).unwrap();
    match told["role"].as_str().unwrap() {
        "client" => std::thread::scope(|scope| {
            for thread in 0..8 {
                let client = &client;
                scope.spawn(move || {
                    let request = bindings(&format!("client{thread}-"), 1);
                    loop {
                        let _ = client.batch_operate(&request);
                    }
                });
            }
        }),
        "bulk" => {
            let rows = (0_u64..).map(|n| Row::bind(format!("bulk{}", n % 10_000), "player"));
            let options = BulkOptions::new().with_parallel(8);
            client.bulk(rows, &options).unwrap().for_each(drop);
        }
        _ => {
            let outbox = Outbox::with_client(&config, client).unwrap();
            let mut reports = Vec::new();
            for n in 0.. {
                let token = format!("outbox{}", n % 10_000);
                while outbox
                    .submit(&Operation::bind(&token, "player"), n)
                    .is_err()
                {
                    reports.clear();
                    outbox.take_reports(&mut reports, 1000, Duration::from_millis(20));
                }
            }
        }
    }
    unreachable!("it sends until it is killed")
}

/// A process, and what it told.
struct Process {
    child: Child,
    reader: Option<JoinHandle<()>>,
}

impl Process {
    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// All processes of an application.
struct Fleet {
    options: BTreeMap<String, String>,
    left: Arc<Mutex<Vec<u64>>>,
    processes: Vec<Process>,
    roles: &'static [&'static str],
    started: usize,
}

impl Fleet {
    /// `fleet` among the roles is an outbox over the same Redis; one of them relays.
    fn new(
        emulator: &Emulator,
        server: &RedisServer,
        rate: u32,
        roles: &'static [&'static str],
        processes: usize,
    ) -> Self {
        let options = [
            ("base_url", emulator.base_url()),
            ("quota_url", server.url()),
            ("requests_per_second", rate.to_string()),
            ("outbox_max_operations", "5000".to_owned()),
        ];
        let options = options.map(|(name, value)| (name.to_owned(), value));
        let mut fleet = Self {
            options: options.into(),
            left: Arc::default(),
            processes: Vec::new(),
            roles,
            started: 0,
        };
        for _ in 0..processes {
            let process = fleet.start();
            fleet.processes.push(process);
        }
        fleet
    }

    fn start(&mut self) -> Process {
        let role = self.roles[self.started % self.roles.len()];
        self.started += 1;
        let mut options = self.options.clone();
        if role == "fleet" {
            let url = self.options["quota_url"].clone();
            options.insert("outbox_url".to_owned(), url);
            options.insert("outbox_name".to_owned(), format!("gate{}", self.started));
        }
        let told = json!({"role": role, "options": options}).to_string();
        let mut child = child::command(TEST, VARIABLE, told).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let left = Arc::clone(&self.left);
        let reader = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some(Ok(time)) = line.strip_prefix("t ").map(str::parse) {
                    left.lock().unwrap().push(time);
                }
            }
        });
        Process {
            child,
            reader: Some(reader),
        }
    }

    /// Kills one, and starts another.
    fn replace(&mut self, at: usize) {
        self.processes[at].kill();
        self.processes[at] = self.start();
    }

    /// When requests left from then on, in order.
    fn left_since(&self, from: u64) -> Vec<u64> {
        let mut left = self.left.lock().unwrap().clone();
        left.retain(|time| *time >= from);
        left.sort_unstable();
        left
    }

    /// Waits until so many requests left after this moment.
    fn wait_for(&self, count: usize) {
        let from = now();
        let began = Instant::now();
        while self.left_since(from).len() < count {
            assert!(began.elapsed() < Duration::from_secs(120), "nothing leaves");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Most in any second.
fn worst_second(times: &[u64]) -> usize {
    let mut first = 0;
    let windows = times.iter().enumerate().map(|(last, time)| {
        while times[first] + SECOND <= *time {
            first += 1;
        }
        last - first + 1
    });
    windows.max().unwrap_or(0)
}

const TEST: &str = "processes_share_one_rate_whatever_dies";
const VARIABLE: &str = "XG_QUOTA_PROCESS";

#[test]
fn processes_share_one_rate_whatever_dies() {
    if let Some(told) = child::word(VARIABLE) {
        send_forever(&told);
    }
    let Some(mut server) = RedisServer::start(&[]) else {
        return;
    };
    let emulator = emulator(Service::default());
    if let Ok(seconds) = std::env::var("XG_QUOTA_SECONDS") {
        return storm(&emulator, &mut server, seconds.parse().unwrap());
    }
    // Each alone would send as much, so without a common clock three times the rate leaves.
    // A machine that stands still in the moment in which a request leaves bunches some.
    let rate = 60;
    let most = rate as usize * 3 / 2;
    let mut fleet = Fleet::new(&emulator, &server, rate, &["client", "bulk", "outbox"], 3);
    fleet.wait_for(100);
    fleet.replace(0);
    fleet.wait_for(60);
    server.kill();
    fleet.wait_for(60);
    // It comes back, and knows nothing.
    server.up();
    fleet.wait_for(180);
    assert!(worst_second(&fleet.left_since(0)) <= most);
    let keys = server.said(&["HGET", &key(), "rate"]).unwrap();
    assert!(
        keys.contains(&rate.to_string()),
        "it went on without: {keys}"
    );
}

fn key() -> String {
    format!("{{xg:{}}}:quota", Service::default().access_id)
}

/// The long form: figures, and the promise by them.
fn storm(emulator: &Emulator, server: &mut RedisServer, seconds: u64) {
    let (rate, warm_up) = (200, 4 * SECOND);
    let mut fleet = Fleet::new(
        emulator,
        server,
        rate,
        &["client", "bulk", "fleet", "outbox"],
        8,
    );
    let step = Duration::from_secs(5);
    fleet.wait_for(1);
    let (began, usage) = (now() + warm_up, cpu(server.pid()));
    std::thread::sleep(Duration::from_micros(warm_up));
    let calls = calls(server);
    for kill in 0..seconds / 5 {
        std::thread::sleep(step);
        fleet.replace(usize::try_from(kill).unwrap() % 8);
    }
    let (ended, calls) = (now(), self::calls(server) - calls);
    let usage = cpu(server.pid()) - usage;
    let all = fleet.left_since(began);
    let left = all.iter().filter(|time| **time < ended).count();
    let took = Duration::from_micros(ended - began).as_secs_f64();
    println!(
        "{took:.1} s, 8 processes, R = {rate}, one killed each 5 s: {:.2} % of R used, worst \
         second {:.1} % of R; {:.1} questions a second and process, {:.1} ms of Redis a second",
        percent(left, f64::from(rate) * took),
        percent(worst_second(&all), f64::from(rate)),
        f64::from(calls) / took / 8.0,
        usage * 1000.0 / took,
    );
    let outages: [(&str, u64, bool); 4] = [
        ("killed for 5 s", 5000, true),
        ("killed for 0.3 s", 300, true),
        ("hanging for 5 s", 5000, false),
        (
            "killed for 10 s, one process killed meanwhile",
            10_000,
            true,
        ),
    ];
    for (what, ms, kills) in outages {
        let from = now() - 2 * SECOND;
        if kills {
            server.kill();
        } else {
            signal(server.pid(), libc::SIGSTOP);
        }
        std::thread::sleep(Duration::from_millis(ms / 2));
        if ms == 10_000 {
            fleet.replace(3);
        }
        std::thread::sleep(Duration::from_millis(ms / 2));
        let away = fleet.left_since(now() - ms * 1000 / 2).len() as u64 * 2000 / ms;
        if kills {
            server.up();
        } else {
            signal(server.pid(), libc::SIGCONT);
        }
        std::thread::sleep(Duration::from_secs(8));
        let after = fleet.left_since(now() - 2 * SECOND).len() / 2;
        println!(
            "Redis {what}: worst second {:.1} % of R from 2 s before to 8 s after; {away} a second \
             while it was away, {after} a second at the end",
            percent(worst_second(&fleet.left_since(from)), f64::from(rate)),
        );
    }
    let at_service = emulator
        .log()
        .iter()
        .map(|e| e.received_ms * 1000)
        .collect();
    println!(
        "at the service, all of it: worst second {:.1} % of R",
        percent(worst_second(&sorted(at_service)), f64::from(rate))
    );
    let worst = worst_second(&fleet.left_since(0));
    println!("all of it: worst second {worst}");
    assert!(worst <= rate as usize * 102 / 100, "{worst}");
}

fn sorted(mut times: Vec<u64>) -> Vec<u64> {
    times.sort_unstable();
    times
}

#[expect(clippy::cast_precision_loss, reason = "some thousands")]
fn percent(count: usize, of: f64) -> f64 {
    count as f64 * 100.0 / of
}

/// How often Redis ran a script.
fn calls(server: &RedisServer) -> u32 {
    let said = server.said(&["INFO", "commandstats"]).unwrap();
    let counts = said.lines().filter_map(|line| {
        let rest = line.strip_prefix("cmdstat_evalsha:calls=")?;
        rest.split(',').next()?.parse::<u32>().ok()
    });
    counts.sum()
}

/// Seconds of processor time of a process.
fn cpu(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    let ticks = |at: usize| fields[at].parse::<f64>().unwrap();
    (ticks(11) + ticks(12)) / 100.0
}

fn signal(pid: u32, signal: i32) {
    // SAFETY: the server that this test started.
    unsafe { libc::kill(i32::try_from(pid).unwrap(), signal) };
}
