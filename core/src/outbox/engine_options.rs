//! What the options say about the engine of a fleet, checked.

use std::time::Duration;

use crate::model::error::{Error, Result};
use crate::model::text::shortened;
use crate::options::{Config, EngineDurability, OutboxRole, ReportsTo};

/// How many requests travel at once with an engine, unless that was set: one relay sends
/// for all.
const PARALLEL: u32 = 64;

/// How much longer a lease is than two requests.
const LEASE_MARGIN: Duration = Duration::from_secs(4);

/// Of a process in a fleet.
#[derive(Debug, Clone)]
pub(super) struct EngineOptions {
    /// Whose successor it is.
    pub(super) name: String,
    pub(super) role: OutboxRole,
    pub(super) durability: EngineDurability,
    pub(super) lease: Duration,
    pub(super) reports_to: ReportsTo,
    pub(super) parallel: u32,
}

impl EngineOptions {
    /// `None` without an engine.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption): what does not fit together.
    pub(super) fn of(config: &Config) -> Result<Option<Self>> {
        let options = &config.settings.outbox;
        if options.url.is_empty() {
            refuse_without_engine(config)?;
            return Ok(None);
        }
        Self::with_engine(config).map(Some)
    }

    /// Whatever `outbox_url` says.
    pub(super) fn with_engine(config: &Config) -> Result<Self> {
        let options = &config.settings.outbox;
        let least = 2 * config.settings.request_timeout + LEASE_MARGIN;
        if options.lease < least {
            return Err(Error::option(format!(
                "outbox_lease_ms is {}, and has to be at least 2 × request_timeout_ms + 4000, \
                 which is {}: a relay sends only what ends within its lease",
                options.lease.as_millis(),
                least.as_millis()
            )));
        }
        Ok(Self {
            name: name(&options.name)?,
            role: options.role,
            durability: options.engine_durability,
            lease: options.lease,
            reports_to: options.reports_to.clone(),
            parallel: if config.is_set("outbox_parallel") {
                options.parallel
            } else {
                PARALLEL
            },
        })
    }
}

/// What says something about a fleet and would have no effect: somebody believes that the
/// operations go to one.
fn refuse_without_engine(config: &Config) -> Result<()> {
    let options = &config.settings.outbox;
    let set = if options.role != OutboxRole::Auto {
        "outbox_role"
    } else if options.reports_to != ReportsTo::Process {
        "outbox_reports_to"
    } else {
        return Ok(());
    };
    Err(Error::option(format!(
        "{set} is {}, and outbox_url is not set: without an engine there is no fleet",
        config.get(set).unwrap_or_default()
    )))
}

/// The name of the sender: what was set, or the host's.
fn name(set: &str) -> Result<String> {
    if set.is_empty() {
        return Ok(host_name());
    }
    let is_plain = |c: char| !c.is_control() && !c.is_whitespace();
    if set.len() > 128 || !set.chars().all(is_plain) {
        return Err(Error::option(format!(
            "outbox_name {} cannot be the name of a sender: with outbox_url it has at most 128 \
             bytes and no space",
            shortened(set)
        )));
    }
    Ok(set.to_owned())
}

fn host_name() -> String {
    let system = rustix::system::uname();
    let name = system.nodename().to_string_lossy();
    let plain: String = name
        .chars()
        .filter(|c| !c.is_control() && !c.is_whitespace())
        .take(64)
        .collect();
    if plain.is_empty() {
        "host".to_owned()
    } else {
        plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(options: &[(&str, &str)]) -> Config {
        let mut config = Config::new();
        for (name, value) in options {
            config.set(name, value).unwrap();
        }
        config
    }

    #[test]
    fn lease_covers_two_requests_and_some_seconds() {
        for (lease, timeout, fits) in [
            ("10000", "3000", true),
            ("9999", "3000", false),
            ("4500", "250", true),
            ("4499", "250", false),
        ] {
            let config = config(&[("outbox_lease_ms", lease), ("request_timeout_ms", timeout)]);
            let checked = EngineOptions::with_engine(&config);
            assert_eq!(checked.is_ok(), fits, "{lease} {timeout}");
            if let Err(error) = checked {
                let text = error.to_string();
                assert!(text.contains("2 × request_timeout_ms + 4000"), "{text}");
            }
        }
    }

    #[test]
    fn more_requests_travel_at_once_unless_their_number_was_set() {
        let parallel = |options: &[(&str, &str)]| {
            let options = EngineOptions::with_engine(&config(options));
            options.unwrap().parallel
        };
        assert_eq!(parallel(&[]), 64);
        assert_eq!(parallel(&[("outbox_parallel", "16")]), 16);
    }

    #[test]
    fn a_sender_has_a_name_that_people_can_read() {
        let name = |name: &str| EngineOptions::with_engine(&config(&[("outbox_name", name)]));
        assert_eq!(name("gate-1.eu").unwrap().name, "gate-1.eu");
        assert!(!name("").unwrap().name.is_empty());
        for bad in ["two words", "line\nend", &"n".repeat(129)] {
            assert!(name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_needs_an_engine_is_refused_without_one() {
        for (name, value) in [("outbox_role", "submit"), ("outbox_reports_to", "none")] {
            let error = EngineOptions::of(&config(&[(name, value)])).unwrap_err();
            assert!(error.to_string().contains("outbox_url"), "{error}");
        }
        assert!(EngineOptions::of(&Config::new()).unwrap().is_none());
    }
}
