//! The configuration, a fresh start, and how the server is.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::answer::{Answer, done, fields, read, read_or_default};
use crate::config::Config;
use crate::service::locked::SharedService;

/// The settings as they are and as they are by default.
pub(super) fn show(shared: &SharedService) -> Answer {
    #[derive(Serialize)]
    struct Shown {
        config: Value,
        defaults: Value,
    }
    fields(&Shown {
        config: shared.with(|service| service.config().shown()),
        defaults: Config::default().shown(),
    })
}

/// Changes the settings that are given, and nothing else.
pub(super) fn change(shared: &SharedService, body: &[u8]) -> Answer {
    let given: Map<String, Value> = read(body)?;
    shared.with(|service| {
        let config = changed(service.config(), service.config(), &given)?;
        let faults = given.contains_key("faults") || given.contains_key("random_faults");
        service.follow(config, faults);
        Ok(done())
    })
}

fn changed(running: &Config, base: &Config, given: &Map<String, Value>) -> Result<Config, String> {
    let config = base.with(given)?;
    if given.contains_key("tls") && config.tls != running.tls {
        return Err("`tls` is read only when the server starts".into());
    }
    Ok(config)
}

/// Wipes bindings, log and counters, with the faults as they are configured. With `config`
/// the settings become these, and for the rest the defaults.
pub(super) fn reset(shared: &SharedService, body: &[u8]) -> Answer {
    #[derive(Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Fresh {
        config: Option<Map<String, Value>>,
    }
    let fresh: Fresh = read_or_default(body)?;
    let config = shared.with(|service| {
        let running = service.config();
        match fresh.config {
            None => Ok(running.clone()),
            Some(given) => {
                let base = Config {
                    tls: running.tls,
                    ..Config::default()
                };
                changed(running, &base, &given)
            }
        }
    })?;
    shared.reconfigure(config);
    Ok(done())
}

/// That it serves, and how much it holds.
pub(super) fn health(shared: &SharedService) -> Answer {
    #[derive(Serialize)]
    struct Log {
        entries: usize,
        bytes: usize,
        max_entries: usize,
        max_bytes: usize,
        /// The number of the newest entry.
        last: u64,
    }
    #[derive(Serialize)]
    struct Health {
        status: &'static str,
        version: &'static str,
        uptime_ms: u64,
        tokens: usize,
        accounts: usize,
        /// Requests that were accepted and do not show yet.
        waiting: usize,
        log: Log,
        /// The memory of the process; null where the system does not tell.
        memory_bytes: Option<u64>,
    }
    let now = shared.now();
    let health = shared.with(|service| {
        let (tokens, accounts) = service.bindings(now).counts();
        let (entries, bytes) = service.log().size();
        Health {
            status: "ok",
            version: env!("CARGO_PKG_VERSION"),
            uptime_ms: now.monotonic_ms,
            tokens,
            accounts,
            waiting: service.waiting(),
            log: Log {
                entries,
                bytes,
                max_entries: service.config().max_log,
                max_bytes: service.config().max_log_bytes,
                last: service.log().last(),
            },
            memory_bytes: memory_bytes(),
        }
    });
    fields(&health)
}

/// `VmRSS` of Linux.
fn memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}
