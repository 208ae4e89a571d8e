//! A test that starts itself again, as a process that it can kill.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

/// The process: this program, running `test` alone, with a word for it in `variable`.
pub(crate) fn command(test: &str, variable: &str, word: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--nocapture"])
        .env(variable, word)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

/// The word, in that process.
pub(crate) fn word(variable: &str) -> Option<String> {
    std::env::var(variable).ok()
}
