//! How quick page and control API are when there is very much, and how quick requests are
//! meanwhile: `cargo run --release --example page_load -p xgpush-emulator`.
//!
//! 1,000,000 bindings and 100,000 requests in the log; then 2,000 requests a second, beside
//! them one search after the other. Client and server share the process and the machine.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use xgpush_emulator::{Config, Emulator};

const BINDINGS: usize = 1_000_000;
const LOGGED: usize = 100_000;
const CONNECTIONS: usize = 8;
const RATE: usize = 2_000;
const SECONDS: usize = 10;
const BASIC: &str = "Basic MTUwMDAwMTA0ODoxNDUyZmNlYmFlOWYzMTE1YmE3OTRmYjBmZmYyZmQ3Mw==";
static SEARCHING: AtomicBool = AtomicBool::new(true);

fn main() -> io::Result<()> {
    let emulator = Emulator::start(Config::default())?;
    let port = emulator.port();
    let mut out = io::stdout();

    let began = Instant::now();
    let tokens: Vec<String> = (0..BINDINGS)
        .map(|n| {
            format!(
                r#""token-{:07}":[["player-{:06}",0]]"#,
                n * 7919 % BINDINGS,
                n % 400_000
            )
        })
        .collect();
    let body = format!(r#"{{"state":{{"tokens":{{{}}}}}}}"#, tokens.join(","));
    drop(tokens);
    let mut client = Client::new(port)?;
    client.send("POST", "/_emulator/import", &body)?;
    let seconds = began.elapsed().as_secs_f64();
    writeln!(
        out,
        "{BINDINGS} bindings of {} MB are imported in {seconds:.1} s",
        body.len() >> 20
    )?;
    drop(body);
    writeln!(out, "{} MB of memory", memory_mb())?;
    thread::scope(|scope| {
        for connection in 0..CONNECTIONS {
            scope.spawn(move || fill_log(port, connection).expect("a server"));
        }
    });
    writeln!(out, "{} MB with {LOGGED} requests in the log", memory_mb())?;

    report("requests alone", requests(port));
    let searches = [
        ("the page", "/"),
        ("a token", "/_emulator/bindings?token=token-0712345"),
        (
            "tokens that begin with",
            "/_emulator/bindings?token=token-07&limit=50",
        ),
        ("an account", "/_emulator/bindings?account=player-012345"),
        (
            "anywhere, a step",
            "/_emulator/bindings?token=12345&contains=true",
        ),
        (
            "newest requests",
            "/_emulator/log?before=9007199254740991&limit=100",
        ),
        (
            "requests of a token",
            "/_emulator/log?token=token-0000042&limit=100",
        ),
        ("refused requests", "/_emulator/log?refused=true&limit=100"),
        ("health", "/_emulator/health"),
    ];
    let looking = thread::spawn(move || -> io::Result<Vec<Vec<Duration>>> {
        let mut client = Client::new(port)?;
        let mut times = vec![Vec::new(); searches.len()];
        while SEARCHING.load(Ordering::Relaxed) {
            for ((_, path), times) in searches.iter().zip(&mut times) {
                let began = Instant::now();
                client.send("GET", path, "")?;
                times.push(began.elapsed());
            }
        }
        Ok(times)
    });
    report("requests beside searches", requests(port));
    SEARCHING.store(false, Ordering::Relaxed);
    let times = looking.join().expect("a searcher does not panic")?;
    for ((name, _), times) in searches.iter().zip(times) {
        report(name, times);
    }
    let exporter = thread::spawn(move || -> io::Result<(Duration, usize)> {
        let began = Instant::now();
        let length = Client::new(port)?.send("GET", "/_emulator/export", "")?;
        Ok((began.elapsed(), length))
    });
    report("requests beside an export", requests(port));
    let (time, length) = exporter.join().expect("an exporter does not panic")?;
    writeln!(
        out,
        "the export took {:.1} s and has {} MB",
        time.as_secs_f64(),
        length >> 20
    )?;
    writeln!(out, "{} MB of memory at the end", memory_mb())
}

fn bind(n: usize) -> String {
    format!(
        r#"{{"operator_type":2,"token_accounts":[{{"token":"token-{n:07}","account_list":[{{"account":"player-{n:06}"}}]}}]}}"#
    )
}

fn fill_log(port: u16, connection: usize) -> io::Result<()> {
    let mut client = Client::new(port)?;
    for n in (connection..LOGGED).step_by(CONNECTIONS) {
        client.send("POST", "/v3/device/account/batchoperate", &bind(n))?;
    }
    Ok(())
}

/// So many a second, each at its time: how long after it the answer was there.
fn requests(port: u16) -> Vec<Duration> {
    let start = Instant::now() + Duration::from_millis(50);
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|connection| {
            thread::spawn(move || -> io::Result<Vec<Duration>> {
                let mut client = Client::new(port)?;
                let mut times = Vec::new();
                for n in (connection..RATE * SECONDS).step_by(CONNECTIONS) {
                    let due =
                        start + Duration::from_secs(1) * u32::try_from(n).unwrap_or(0) / 2_000;
                    thread::sleep(due.saturating_duration_since(Instant::now()));
                    client.send("POST", "/v3/device/account/batchoperate", &bind(n))?;
                    times.push(due.elapsed());
                }
                Ok(times)
            })
        })
        .collect();
    let times = clients
        .into_iter()
        .map(|client| client.join().expect("no panic"));
    times.flat_map(|times| times.expect("a server")).collect()
}

fn report(name: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |percent: usize| {
        let place = (times.len() * percent / 100).min(times.len().saturating_sub(1));
        times
            .get(place)
            .map_or(0.0, |time| time.as_secs_f64() * 1000.0)
    };
    let count = times.len();
    // If standard output is closed, nobody reads it.
    let _ = writeln!(
        io::stdout(),
        "{name}: median {:.2} ms, p99 {:.2} ms, longest {:.2} ms of {count}",
        at(50),
        at(99),
        at(100)
    );
}

struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    fn new(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: vec![0; 1 << 16],
        })
    }

    /// The length of the answer's body.
    fn send(&mut self, method: &str, path: &str, body: &str) -> io::Result<usize> {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {BASIC}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        self.stream
            .write_all(&[head.as_bytes(), body.as_bytes()].concat())?;
        let mut count = 0;
        loop {
            count += match self.stream.read(&mut self.buffer[count..])? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => count,
            };
            let text = String::from_utf8_lossy(&self.buffer[..count]);
            let Some(end) = text.find("\r\n\r\n") else {
                continue;
            };
            assert!(text.starts_with("HTTP/1.1 200"), "{path}: {text}");
            let length = text[..end]
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
            let mut left = (end + 4 + length).saturating_sub(count);
            while left > 0 {
                match self.stream.read(&mut self.buffer)? {
                    0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                    count => left = left.saturating_sub(count),
                }
            }
            return Ok(length);
        }
    }
}

fn memory_mb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1024
}
