//! A Tencent Push Notification Service on localhost: see `--help`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    let status = xgpush_emulator::cli::run(std::env::args_os().skip(1));
    ExitCode::from(u8::try_from(status).unwrap_or(1))
}
