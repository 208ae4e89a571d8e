//! How fast the emulator answers: `cargo run --release --example load -p xgpush-emulator`.
//!
//! Some connections send one signed operation after the other. On Linux the CPU
//! time of the server's thread is shown too: the clients share the machine.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use xgpush_emulator::{Config, Emulator};

const CONNECTIONS: usize = 8;
const FOR: Duration = Duration::from_secs(3);
const BODY: &str = r#"{"operator_type":3,"token_accounts":[{"token":"token1","account_list":[{"account":"+8613711112222","account_type":1002}]}]}"#;
const SIGN: &str =
    "MzdlNzk3ODJmNTA2ZDhiMzAyYzAyNWNjM2UwNjY3N2I2ZjA3NTY3MWI0ZmEwOTI2ZjdhMWRlOWRlYjkzM2ZjZg==";

fn main() -> io::Result<()> {
    let config = Config {
        timestamp_tolerance_s: None,
        ..Config::default()
    };
    let emulator = Emulator::start(config)?;
    let port = emulator.port();
    let request = format!(
        "POST /v3/device/account/batchoperate HTTP/1.1\r\nHost: 127.0.0.1\r\n\
         Content-Type: application/json\r\nAccessId: 1500001048\r\nTimeStamp: 1565314789\r\n\
         Sign: {SIGN}\r\nContent-Length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    let start = Instant::now();
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let request = request.clone();
            thread::spawn(move || -> io::Result<()> {
                let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
                stream.set_nodelay(true)?;
                let mut buffer = [0; 4096];
                while start.elapsed() < FOR {
                    stream.write_all(request.as_bytes())?;
                    let mut count = 0;
                    while !buffer[..count].ends_with(b"}") {
                        count += stream.read(&mut buffer[count..])?;
                    }
                    assert!(buffer[..count].ends_with(b"[\"0\"]}"));
                }
                Ok(())
            })
        })
        .collect();
    for client in clients {
        client.join().expect("a client does not panic")?;
    }
    let seconds = start.elapsed().as_secs_f64();
    let answered = u32::try_from(emulator.counters().answered).unwrap_or(u32::MAX);
    let rate = f64::from(answered) / seconds;
    let mut out = io::stdout();
    writeln!(out, "{rate:.0} requests/s over {CONNECTIONS} connections")?;
    if let Some(busy) = server_cpu_seconds() {
        let per_core = f64::from(answered) / busy;
        writeln!(
            out,
            "{per_core:.0} requests per CPU second of the server's thread"
        )?;
    }
    Ok(())
}

/// User and system time of the thread, at the usual 100 ticks a second.
fn server_cpu_seconds() -> Option<f64> {
    let task = fs::read_dir("/proc/self/task")
        .ok()?
        .flatten()
        .find(|task| {
            fs::read_to_string(task.path().join("comm"))
                .is_ok_and(|name| name.trim_end() == "xgpush-emulator")
        })?;
    let stat = fs::read_to_string(task.path().join("stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: f64 = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    Some(ticks / 100.0)
}
