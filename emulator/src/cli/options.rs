//! The flags.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use lexopt::prelude::{Long, Short, ValueExt as _};
use serde_json::{Map, Value};

use super::process::is_alive;
use crate::Config;
use crate::http::tls::Certificates;

pub(super) const HELP: &str = "\
A Tencent Push Notification Service on localhost, with a page to look at.

xgpush-emulator [--listen ADDRESS] [--port N] [--tls | --tls-port N] [OPTION ...]

Where it listens
  --listen ADDRESS    an IP address, perhaps with a port: 0.0.0.0, [::1]:8388
                      (default 127.0.0.1)
  --port N            the port (default 0: any free one)
  --port-file FILE    write the port there once it listens; a second line is that of https
  --tls               HTTPS in place of HTTP
  --tls-port N        HTTPS too, on this port (0: any free one)

Certificates, with --tls or --tls-port
  --tls-name NAME     the certificate is for this name or address too; may be repeated
  --ca-dir FOLDER     keep the certificate authority in ca.pem and ca-key.pem there;
                      otherwise each start makes another one
  --ca-out FILE       write the authority to trust, as PEM
  --tls-cert FILE     a certificate of your own with its chain, as PEM
  --tls-key FILE      and its key

In front of a real service, or from a recording of one
  --upstream URL      pass each request on to this service, and its answer back
  --upstream-ca FILE  trust this authority there too, as PEM
  --record FILE       write what is said into a new file, without secrets and names
  --replay FILE       answer from such a file

Behaviour
  --config FILE       read the settings from a JSON file
  --set KEY=VALUE     set one of them; VALUE is JSON, or else taken as text
  --seed-file FILE    bind what FILE has: what /_emulator/export returned
  --persist FILE      keep the bindings in FILE, and go on from it; it is written within
                      a second of a change, and at the end
  --access-log        a line on standard error for each request
  --exit-with-parent  end when standard input is closed
  --exit-with-pid N   end when there is no process of this number (Linux)
  --help, --version   this text, the version

It prints a line `listening on URL` for each address, and serves until it gets SIGINT or
SIGTERM. The page is at that URL; the control API, described at
/_emulator/openapi.json, is below /_emulator/.
";

pub(super) struct Options {
    pub(super) config: Config,
    pub(super) http: Option<SocketAddr>,
    pub(super) https: Option<(SocketAddr, Certificates)>,
    pub(super) ca_out: Option<PathBuf>,
    pub(super) port_file: Option<PathBuf>,
    pub(super) seed_file: Option<PathBuf>,
    pub(super) persist: Option<PathBuf>,
    pub(super) upstream: Option<String>,
    pub(super) upstream_ca: Option<PathBuf>,
    pub(super) record: Option<PathBuf>,
    pub(super) replay: Option<PathBuf>,
    pub(super) access_log: bool,
    pub(super) exit_with_parent: bool,
    pub(super) exit_with_pid: Option<u32>,
}

pub(super) enum Command {
    Serve(Box<Options>),
    Help,
    Version,
}

/// What was given, before it is known to fit together.
#[derive(Default)]
struct Given {
    listen: Option<(IpAddr, Option<u16>)>,
    port: Option<u16>,
    port_file: Option<PathBuf>,
    tls: bool,
    tls_port: Option<u16>,
    tls_names: Vec<String>,
    ca_dir: Option<PathBuf>,
    ca_out: Option<PathBuf>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    seed_file: Option<PathBuf>,
    persist: Option<PathBuf>,
    upstream: Option<String>,
    upstream_ca: Option<PathBuf>,
    record: Option<PathBuf>,
    replay: Option<PathBuf>,
    access_log: bool,
    exit_with_parent: bool,
    exit_with_pid: Option<u32>,
}

pub(super) fn parse(mut parser: lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut given = Given::default();
    let mut file = Map::new();
    let mut set = Map::new();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("listen") => {
                let text = parser.value()?.string()?;
                given.listen = Some(address(&text)?);
            }
            Long("port") => given.port = Some(parser.value()?.parse()?),
            Long("port-file") => given.port_file = Some(parser.value()?.into()),
            Long("tls") => given.tls = true,
            Long("tls-port") => given.tls_port = Some(parser.value()?.parse()?),
            Long("tls-name") => given.tls_names.push(parser.value()?.string()?),
            Long("ca-dir") => given.ca_dir = Some(parser.value()?.into()),
            Long("ca-out") => given.ca_out = Some(parser.value()?.into()),
            Long("tls-cert") => given.tls_cert = Some(parser.value()?.into()),
            Long("tls-key") => given.tls_key = Some(parser.value()?.into()),
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
            Long("seed-file") => given.seed_file = Some(parser.value()?.into()),
            Long("persist") => given.persist = Some(parser.value()?.into()),
            Long("upstream") => given.upstream = Some(parser.value()?.string()?),
            Long("upstream-ca") => given.upstream_ca = Some(parser.value()?.into()),
            Long("record") => given.record = Some(parser.value()?.into()),
            Long("replay") => given.replay = Some(parser.value()?.into()),
            Long("access-log") => given.access_log = true,
            Long("exit-with-parent") => given.exit_with_parent = true,
            Long("exit-with-pid") => given.exit_with_pid = Some(parser.value()?.parse()?),
            Long("help") | Short('h') => return Ok(Command::Help),
            Long("version") | Short('V') => return Ok(Command::Version),
            other => return Err(other.unexpected()),
        }
    }
    file.extend(set);
    let config = Config::default()
        .with(&file)
        .map_err(|error| format!("configuration: {error}"))?;
    Ok(Command::Serve(Box::new(options(given, config)?)))
}

/// `127.0.0.1`, `127.0.0.1:80`, `::1` or `[::1]:80`.
fn address(text: &str) -> Result<(IpAddr, Option<u16>), String> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok((address.ip(), Some(address.port())));
    }
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    match bare.unwrap_or(text).parse() {
        Ok(address) => Ok((address, None)),
        Err(_) => Err(format!(
            "--listen {text}: this is no IP address; all addresses are 0.0.0.0 and [::]"
        )),
    }
}

/// What fits together, or the flag that does not.
fn options(given: Given, config: Config) -> Result<Options, String> {
    let (ip, port) = given
        .listen
        .unwrap_or((IpAddr::from(Ipv4Addr::LOCALHOST), None));
    if port.is_some() && given.port.is_some() {
        return Err("the port is in --listen or in --port, not in both".into());
    }
    let port = port.or(given.port).unwrap_or(0);
    let only_tls = given.tls || config.tls;
    let tls_port = match (only_tls, given.tls_port) {
        (true, Some(_)) => {
            return Err("--tls is HTTPS in place of HTTP, --tls-port beside it: take one".into());
        }
        (true, None) => Some(port),
        (false, Some(own)) if own == port && own != 0 => {
            return Err("--tls-port cannot be the port of HTTP".into());
        }
        (false, own) => own,
    };
    if let Some(pid) = given.exit_with_pid
        && !is_alive(pid)
    {
        return Err(format!("--exit-with-pid {pid}: there is no such process"));
    }
    elsewhere_fits(&given)?;
    let certificates = certificates(&given, tls_port.is_some())?;
    Ok(Options {
        http: (!only_tls).then(|| SocketAddr::from((ip, port))),
        https: tls_port.map(|port| (SocketAddr::from((ip, port)), certificates)),
        config: Config {
            tls: only_tls,
            ..config
        },
        ca_out: given.ca_out,
        port_file: given.port_file,
        seed_file: given.seed_file,
        persist: given.persist,
        upstream: given.upstream,
        upstream_ca: given.upstream_ca,
        record: given.record,
        replay: given.replay,
        access_log: given.access_log,
        exit_with_parent: given.exit_with_parent,
        exit_with_pid: given.exit_with_pid,
    })
}

fn elsewhere_fits(given: &Given) -> Result<(), String> {
    let needs = [
        ("--upstream-ca", given.upstream_ca.is_some()),
        ("--record", given.record.is_some()),
    ];
    if let Some((flag, _)) = needs.iter().find(|(_, is_given)| *is_given)
        && given.upstream.is_none()
    {
        return Err(format!("{flag} needs --upstream"));
    }
    if given.replay.is_some() && given.upstream.is_some() {
        return Err("the answers come from --upstream or from --replay, not from both".into());
    }
    if (given.replay.is_some() || given.upstream.is_some())
        && (given.seed_file.is_some() || given.persist.is_some())
    {
        return Err("there are no bindings here with --upstream or --replay".into());
    }
    Ok(())
}

fn certificates(given: &Given, has_tls: bool) -> Result<Certificates, String> {
    let made = [
        ("--tls-name", !given.tls_names.is_empty()),
        ("--ca-dir", given.ca_dir.is_some()),
        ("--ca-out", given.ca_out.is_some()),
    ];
    let own = [
        ("--tls-cert", given.tls_cert.is_some()),
        ("--tls-key", given.tls_key.is_some()),
    ];
    for (flag, is_given) in made.iter().chain(&own) {
        if *is_given && !has_tls {
            return Err(format!("{flag} needs --tls or --tls-port"));
        }
    }
    match (&given.tls_cert, &given.tls_key) {
        (None, None) => Ok(Certificates::Made {
            names: given.tls_names.clone(),
            authority: given.ca_dir.clone(),
        }),
        (Some(chain), Some(key)) => match made.iter().find(|(_, is_given)| *is_given) {
            Some((flag, _)) => Err(format!(
                "{flag} is about a certificate made here, --tls-cert is one of your own"
            )),
            None => Ok(Certificates::Files {
                chain: chain.clone(),
                key: key.clone(),
            }),
        },
        (Some(_), None) => Err("--tls-cert needs --tls-key".into()),
        (None, Some(_)) => Err("--tls-key needs --tls-cert".into()),
    }
}
