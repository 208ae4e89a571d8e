//! A client made of a socket: it shows the bytes as they come.
#![allow(dead_code, reason = "each test program uses its part")]

pub(crate) mod program;
pub(crate) mod v3;

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use serde_json::Value;
use xgpush_emulator::Emulator;

pub(crate) const BATCH: &str = "/v3/device/account/batchoperate";
pub(crate) const QUERY: &str = "/v3/device/account/query";
pub(crate) const BASIC: &str =
    "Authorization: Basic MTUwMDAwMTA0ODoxNDUyZmNlYmFlOWYzMTE1YmE3OTRmYjBmZmYyZmQ3Mw==\r\n";
/// Long enough never to be reached by a sound server.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// How reading ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// All that `Content-Length` promised is here; the connection lives.
    Complete,
    Closed,
    Reset,
    /// Nothing more came in time.
    Silent,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) bytes: Vec<u8>,
    pub(crate) end: End,
}

impl Received {
    fn split(&self) -> Option<(&str, &[u8])> {
        let at = self.bytes.windows(4).position(|end| end == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&self.bytes[..at]).expect("a head in ASCII");
        Some((head, &self.bytes[at + 4..]))
    }

    pub(crate) fn head(&self) -> &str {
        self.split().expect("a whole head").0
    }

    pub(crate) fn body(&self) -> &str {
        std::str::from_utf8(self.split().expect("a whole head").1).expect("a body in UTF-8")
    }

    pub(crate) fn status(&self) -> u16 {
        let line = self.head().split(' ').nth(1).expect("a status line");
        line.parse().expect("a status")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head().lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(self.body()).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    fn is_complete(&self) -> bool {
        let Some((_, body)) = self.split() else {
            return false;
        };
        let length = self.header("content-length");
        length.is_some_and(|length| length.parse::<usize>().is_ok_and(|n| body.len() >= n))
    }
}

pub(crate) struct Client {
    stream: TcpStream,
}

impl Client {
    pub(crate) fn new(emulator: &Emulator) -> Self {
        Self::to(emulator.port())
    }

    pub(crate) fn to(port: u16) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a listening server");
        stream.set_nodelay(true).unwrap();
        let client = Self { stream };
        client.patience(PATIENCE);
        client
    }

    pub(crate) fn patience(&self, patience: Duration) {
        self.stream.set_read_timeout(Some(patience)).unwrap();
    }

    pub(crate) fn write(&mut self, method: &str, path: &str, headers: &str, body: &str) -> bool {
        let length = body.len();
        let text = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        );
        self.stream.write_all(text.as_bytes()).is_ok()
    }

    pub(crate) fn read(&mut self) -> Received {
        let mut received = Received {
            bytes: Vec::new(),
            end: End::Complete,
        };
        let mut buffer = [0; 8192];
        while !received.is_complete() {
            match self.stream.read(&mut buffer) {
                Ok(0) => {
                    received.end = End::Closed;
                    break;
                }
                Ok(count) => received.bytes.extend_from_slice(&buffer[..count]),
                Err(error) => {
                    received.end = match error.kind() {
                        ErrorKind::ConnectionReset => End::Reset,
                        ErrorKind::WouldBlock | ErrorKind::TimedOut => End::Silent,
                        _ => panic!("{error}"),
                    };
                    break;
                }
            }
        }
        received
    }

    pub(crate) fn exchange(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> Received {
        self.write(method, path, headers, body);
        self.read()
    }

    /// An authenticated POST.
    pub(crate) fn post(&mut self, path: &str, body: &str) -> Received {
        self.exchange("POST", path, BASIC, body)
    }
}

/// An overwrite of each token with one account of type 0.
pub(crate) fn overwrite(pairs: &[(&str, &str)]) -> String {
    let items: Vec<Value> = pairs
        .iter()
        .map(|(token, account)| {
            serde_json::json!({"token": token, "account_list": [{"account": account}]})
        })
        .collect();
    serde_json::json!({"operator_type": 2, "token_accounts": items}).to_string()
}
