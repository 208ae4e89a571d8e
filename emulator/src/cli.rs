//! The command line of `xgpush-emulator`, callable from other programs.

mod options;
mod process;
mod running;

use std::ffi::OsString;
use std::io::{self, Write as _};

use self::options::{Command, HELP};

/// Runs the program with the arguments after its name, and gives its exit
/// status: 0, 1 when it could not start, 2 for wrong arguments. It returns when it
/// serves no longer: after SIGTERM or SIGINT, and with `--exit-with-parent` when
/// standard input is closed.
pub fn run(args: impl Iterator<Item = OsString>) -> i32 {
    let command = match options::parse(lexopt::Parser::from_args(args)) {
        Ok(command) => command,
        Err(error) => {
            complain(&error.to_string());
            return 2;
        }
    };
    let done = match command {
        Command::Help => io::stdout().write_all(HELP.as_bytes()),
        Command::Version => writeln!(
            io::stdout(),
            "xgpush-emulator {}",
            env!("CARGO_PKG_VERSION")
        ),
        Command::Serve(options) => running::serve(*options),
    };
    match done {
        Ok(()) => 0,
        Err(error) => {
            complain(&error.to_string());
            1
        }
    }
}

fn complain(error: &str) {
    // If standard error is closed, the error cannot be shown.
    let _ = writeln!(io::stderr(), "xgpush-emulator: {error}");
}
