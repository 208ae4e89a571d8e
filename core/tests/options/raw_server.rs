//! A server over plain sockets that counts its connections, and keeps the head of each
//! request.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(10);

pub(crate) struct RawServer {
    port: u16,
    state: Arc<State>,
}

struct State {
    /// How many requests must have come, in all, before any of them is answered.
    gate: Mutex<usize>,
    seen: Mutex<Seen>,
    changed: Condvar,
}

#[derive(Default)]
struct Seen {
    connections: usize,
    heads: Vec<String>,
}

impl RawServer {
    /// Answers each request with this.
    pub(crate) fn start(body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            gate: Mutex::new(0),
            seen: Mutex::default(),
            changed: Condvar::new(),
        });
        let of_server = Arc::clone(&state);
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                of_server.seen.lock().unwrap().connections += 1;
                let (state, answer) = (Arc::clone(&of_server), answer.clone());
                std::thread::spawn(move || state.serve(stream, &answer));
            }
        });
        Self { port, state }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on nobody is answered before so many more requests have come.
    pub(crate) fn wait_for(&self, requests: usize) {
        *self.state.gate.lock().unwrap() = self.heads().len() + requests;
    }

    pub(crate) fn connections(&self) -> usize {
        self.state.seen.lock().unwrap().connections
    }

    pub(crate) fn heads(&self) -> Vec<String> {
        self.state.seen.lock().unwrap().heads.clone()
    }
}

impl State {
    fn serve(&self, mut stream: TcpStream, answer: &str) {
        while let Some(head) = read_request(&mut stream) {
            let gate = *self.gate.lock().unwrap();
            let mut seen = self.seen.lock().unwrap();
            seen.heads.push(head);
            self.changed.notify_all();
            let closed = |seen: &mut Seen| seen.heads.len() < gate;
            drop(self.changed.wait_timeout_while(seen, LONG, closed).unwrap());
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }
}

/// Reads a whole request, and gives its head; nothing at the end.
fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let length = lines
        .filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .find_map(|(_, value)| value.parse().ok());
    stream.read_exact(&mut vec![0; length.unwrap_or(0)]).ok()?;
    Some(head)
}
