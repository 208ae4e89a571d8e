//! The program, for tests that start it.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};

use serde_json::Value;

use super::Client;

/// A running program, which ends with its standard input.
pub(crate) struct Program {
    pub(crate) child: Child,
    stdin: Option<ChildStdin>,
    pub(crate) urls: Vec<String>,
}

impl Program {
    pub(crate) fn start(arguments: &[&str], addresses: usize) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_xgpush-emulator"))
            .arg("--exit-with-parent")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let urls = (0..addresses)
            .map(|_| {
                let line = lines.next().expect("a line for each address").unwrap();
                line.strip_prefix("listening on ").unwrap().to_owned()
            })
            .collect();
        Self { child, stdin, urls }
    }

    pub(crate) fn port(&self, index: usize) -> u16 {
        let (_, port) = self.urls[index].rsplit_once(':').unwrap();
        port.parse().unwrap()
    }

    pub(crate) fn client(&self) -> Client {
        Client::to(self.port(0))
    }

    pub(crate) fn tokens(&self) -> Value {
        let state = self.client().exchange("GET", "/_emulator/state", "", "");
        state.json()["state"]["tokens"].clone()
    }

    /// Closes its input, and gives what it wrote on standard error.
    pub(crate) fn end(mut self) -> String {
        drop(self.stdin.take());
        let mut text = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut text).unwrap();
        assert!(self.child.wait().unwrap().success());
        text
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

/// A folder of its own for a test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let own = format!("xg-emulator-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(own);
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
