//! The command line of `xgpush-emulator`, callable from other programs.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use lexopt::prelude::{Long, Short, ValueExt as _};
use serde_json::{Map, Value};

use crate::{Config, Emulator};

const HELP: &str = "\
A Tencent Push Notification Service on localhost.

xgpush-emulator [--port N] [--config FILE] [--set KEY=VALUE ...] [--tls]
                [--ca-out FILE] [--exit-with-parent]

  --port N            listen on this port of 127.0.0.1 (default 0: any free one)
  --config FILE       read the configuration from a JSON file
  --set KEY=VALUE     set one field of it; VALUE is JSON, or else taken as text
  --tls               HTTPS, with a certificate made at the start
  --ca-out FILE       write the certificate authority to trust, as PEM
  --exit-with-parent  end when standard input is closed
  --help              this text
  --version           the version

It prints one line, `listening on URL`, and serves until it is stopped. README.md
next to the source describes the fields, the faults and the paths below /_emulator/.
";

struct Options {
    port: u16,
    config: Config,
    ca_out: Option<PathBuf>,
    exit_with_parent: bool,
}

enum Command {
    Serve(Box<Options>),
    Print(String),
}

/// Runs the program with the arguments after its name, and gives its exit
/// status: 0, 1 when it could not start, 2 for wrong arguments. Without
/// `--exit-with-parent` it does not return once it serves.
pub fn run(args: impl Iterator<Item = OsString>) -> i32 {
    let command = match parse(lexopt::Parser::from_args(args)) {
        Ok(command) => command,
        Err(error) => {
            complain(&error.to_string());
            return 2;
        }
    };
    let done = match command {
        Command::Print(text) => io::stdout().write_all(text.as_bytes()),
        Command::Serve(options) => serve(*options),
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

fn parse(mut parser: lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut port = 0;
    let mut file = Map::new();
    let mut set = Map::new();
    let mut ca_out = None;
    let mut exit_with_parent = false;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("port") => port = parser.value()?.parse()?,
            Long("config") => {
                let path = PathBuf::from(parser.value()?);
                let text = fs::read_to_string(&path)
                    .map_err(|error| format!("{}: {error}", path.display()))?;
                file = serde_json::from_str(&text)
                    .map_err(|error| format!("{}: {error}", path.display()))?;
            }
            Long("set") => {
                let pair = parser.value()?.string()?;
                let (key, text) = pair
                    .split_once('=')
                    .ok_or_else(|| format!("--set {pair}: `=` is missing"))?;
                let value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
                set.insert(key.to_owned(), value);
            }
            Long("tls") => {
                set.insert("tls".into(), Value::Bool(true));
            }
            Long("ca-out") => ca_out = Some(PathBuf::from(parser.value()?)),
            Long("exit-with-parent") => exit_with_parent = true,
            Long("help") | Short('h') => return Ok(Command::Print(HELP.into())),
            Long("version") | Short('V') => {
                return Ok(Command::Print(format!(
                    "xgpush-emulator {}\n",
                    env!("CARGO_PKG_VERSION")
                )));
            }
            other => return Err(other.unexpected()),
        }
    }
    file.extend(set);
    let config = config(file).map_err(|error| format!("configuration: {error}"))?;
    Ok(Command::Serve(Box::new(Options {
        port,
        config,
        ca_out,
        exit_with_parent,
    })))
}

/// `--set access_id=1500001048` means the text: digits are taken as such where a number does not fit.
fn config(fields: Map<String, Value>) -> serde_json::Result<Config> {
    const TEXTS: [&str; 4] = ["access_id", "secret_key", "ok_word", "bad_token_prefix"];
    let fields = fields
        .into_iter()
        .map(|(key, value)| match value {
            Value::Number(number) if TEXTS.contains(&key.as_str()) => {
                (key, Value::from(number.to_string()))
            }
            value => (key, value),
        })
        .collect();
    serde_json::from_value(Value::Object(fields))
}

fn serve(options: Options) -> io::Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    let emulator = Emulator::start_on(options.config, address)?;
    if let (Some(path), Some(pem)) = (&options.ca_out, emulator.ca_pem()) {
        fs::write(path, pem)?;
    }
    let mut stdout = io::stdout();
    writeln!(stdout, "listening on {}", emulator.base_url())?;
    stdout.flush()?;
    if options.exit_with_parent {
        io::copy(&mut io::stdin().lock().by_ref(), &mut io::sink())?;
        return Ok(());
    }
    loop {
        std::thread::park();
    }
}
