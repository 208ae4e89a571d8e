//! Options by name. The table in [`options`](crate::options) is the one place
//! that knows them.

mod service_link;

use std::fmt;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::model::error::{Error, Result};
use crate::options::{self, OPTIONS};
use crate::protocol::access_point::{AccessPoint, BaseUrl};
use crate::protocol::credentials::{Credentials, Scheme};
use crate::protocol::rules::ProtocolVersion;

/// Everything that can be set before a client is made.
///
/// ```
/// let mut config = xgpush::Config::new();
/// config.set("access_id", "1500001048")?;
/// config.set("request_timeout_ms", "3000")?;
/// assert!(config.set("request_timeout", "3000").is_err());
/// # Ok::<(), xgpush::Error>(())
/// ```
#[derive(Clone)]
pub struct Config {
    pub(crate) access_id: String,
    pub(crate) secret_key: Zeroizing<String>,
    pub(crate) auth: Scheme,
    pub(crate) protocol: ProtocolVersion,
    pub(crate) access_point: Option<AccessPoint>,
    pub(crate) base_url: String,
    pub(crate) allow_http: bool,
    pub(crate) allow_append: bool,
    pub(crate) deadline: Duration,
    pub(crate) request_timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) max_attempts: u32,
    pub(crate) retry_base: Duration,
    pub(crate) throttle_base: Duration,
    pub(crate) max_backoff: Duration,
    pub(crate) retry_budget: u32,
    pub(crate) requests_per_second: u32,
    pub(crate) parallel: u32,
    pub(crate) max_idle_connections: u32,
    pub(crate) idle_timeout: Duration,
    pub(crate) connection_max_age: Duration,
    pub(crate) dns_cache: Duration,
    pub(crate) max_response_bytes: u32,
    pub(crate) ca_file: String,
    pub(crate) proxy: String,
    pub(crate) proxy_from_env: bool,
    pub(crate) user_agent: String,
    pub(crate) outbox: OutboxConfig,
}

/// The options of the outbox.
#[derive(Debug, Clone, Default)]
pub(crate) struct OutboxConfig {
    pub(crate) file: String,
    pub(crate) durability: Durability,
    pub(crate) file_max_bytes: u32,
    pub(crate) max_operations: u32,
    pub(crate) max_bytes: u32,
    pub(crate) linger: Duration,
    pub(crate) deadline: Duration,
    pub(crate) parallel: u32,
    pub(crate) name: String,
    pub(crate) reports: bool,
    pub(crate) durable_notices: bool,
    pub(crate) recover_max_age: Duration,
    pub(crate) commit: Duration,
}

/// What the operations in the outbox's file outlive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// The end of the process, `kill -9` included.
    #[default]
    Process,
    /// A loss of power: each commit waits for the disk.
    Power,
}

impl Durability {
    /// Every level with its stable name.
    pub const NAMES: &'static [(&'static str, Self)] =
        &[("process", Self::Process), ("power", Self::Power)];

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Power => "power",
        }
    }
}

impl Config {
    /// Every option at its default.
    pub fn new() -> Self {
        let mut config = Self {
            access_id: String::new(),
            secret_key: Zeroizing::default(),
            auth: Scheme::default(),
            protocol: ProtocolVersion::default(),
            access_point: None,
            base_url: String::new(),
            allow_http: false,
            allow_append: false,
            deadline: Duration::ZERO,
            request_timeout: Duration::ZERO,
            connect_timeout: Duration::ZERO,
            max_attempts: 0,
            retry_base: Duration::ZERO,
            throttle_base: Duration::ZERO,
            max_backoff: Duration::ZERO,
            retry_budget: 0,
            requests_per_second: 0,
            parallel: 0,
            max_idle_connections: 0,
            idle_timeout: Duration::ZERO,
            connection_max_age: Duration::ZERO,
            dns_cache: Duration::ZERO,
            max_response_bytes: 0,
            ca_file: String::new(),
            proxy: String::new(),
            proxy_from_env: false,
            user_agent: String::new(),
            outbox: OutboxConfig::default(),
        };
        for option in OPTIONS {
            option
                .write(&mut config, option.default)
                .expect("the default of every option is in its range");
        }
        config
    }

    /// Sets an option from text; the names are those of the table.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) for an unknown name
    /// and for a value outside the option's range.
    pub fn set(&mut self, name: &str, value: &str) -> Result<&mut Self> {
        options::find(name)?.write(self, value)?;
        Ok(self)
    }

    /// Sets every option for which the environment has `XGPUSH_` and its name
    /// in upper case, such as `XGPUSH_ACCESS_ID`. What Kubernetes and Docker put
    /// there for a service called `xgpush` or `xgpush-…` (`XGPUSH_SERVICE_HOST`,
    /// `XGPUSH_PORT_80_TCP` …) is passed over.
    ///
    /// # Errors
    /// As [`Config::set`]; also for a variable that is no option.
    pub fn set_from_env(&mut self) -> Result<&mut Self> {
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((
                name.to_str()?.to_owned(),
                value.to_string_lossy().into_owned(),
            ))
        });
        self.set_from(variables)
    }

    fn set_from(&mut self, variables: impl Iterator<Item = (String, String)>) -> Result<&mut Self> {
        const PREFIX: &str = "XGPUSH_";
        let mut ours: Vec<(String, String)> = variables
            .filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?.to_owned(), value)))
            .collect();
        ours.sort_unstable();
        for (variable, value) in &ours {
            let name = variable.to_ascii_lowercase();
            if options::find(&name).is_err() && service_link::is_one(variable, value) {
                continue;
            }
            self.set(&name, value).map_err(|error| {
                Error::option(format!("{PREFIX}{variable} in the environment: {error}"))
            })?;
        }
        Ok(self)
    }

    /// The value of an option as text; a secret as `***`.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) for an unknown name.
    pub fn get(&self, name: &str) -> Result<String> {
        Ok(options::find(name)?.read(self))
    }

    pub(crate) fn credentials(&self) -> Result<Credentials> {
        // The legacy service knows Basic only (REST API v3 summary).
        let scheme = match self.protocol {
            ProtocolVersion::XgV3 => Scheme::Basic,
            ProtocolVersion::Tpns | ProtocolVersion::TpnsWithPlatform => self.auth,
        };
        Credentials::new(scheme, self.access_id.as_str(), self.secret_key.as_str())
    }

    pub(crate) fn base(&self) -> Result<BaseUrl> {
        match (self.access_point, self.base_url.as_str()) {
            (None, "") if self.protocol == ProtocolVersion::XgV3 => {
                Ok(AccessPoint::LegacyXg.base_url())
            }
            (None, "") => Err(Error::option(
                "neither access_point nor base_url is set; an application exists at one access \
                 point only (\"Making API requests\"): guangzhou, shanghai, hongkong or singapore",
            )),
            (Some(point), "") => Ok(point.base_url()),
            (None, url) => BaseUrl::parse(url, self.allow_http),
            (Some(_), _) => Err(Error::option(
                "access_point and base_url are both set; they say the same thing, set one",
            )),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for option in OPTIONS {
            map.entry(&option.name, &option.read(self));
        }
        map.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set_from(variables: &[(&str, &str)]) -> Result<Config> {
        let mut config = Config::new();
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        config.set_from(variables.iter().map(owned))?;
        Ok(config)
    }

    #[test]
    fn what_links_to_services_leave_in_the_environment_is_passed_over() {
        let config = set_from(&[
            ("XGPUSH_ACCESS_ID", "1500001048"),
            ("XGPUSH_SERVICE_HOST", "10.0.0.1"),
            ("XGPUSH_SERVICE_PORT", "80"),
            ("XGPUSH_SERVICE_PORT_HTTP", "80"),
            ("XGPUSH_SERVICE_PORT_METRICS_2", "81"),
            ("XGPUSH_PORT", "tcp://10.0.0.1:80"),
            ("XGPUSH_PORT_80_TCP", "tcp://10.0.0.1:80"),
            ("XGPUSH_PORT_80_TCP_PROTO", "tcp"),
            ("XGPUSH_PORT_80_TCP_PORT", "80"),
            ("XGPUSH_PORT_80_TCP_ADDR", "10.0.0.1"),
            ("XGPUSH_PORT_53_UDP", "udp://10.0.0.1:53"),
            ("XGPUSH_PORT_8000_9000_TCP", "tcp://10.0.0.1:8000"),
            ("XGPUSH_PORT_80_TCP_START", "tcp://10.0.0.1:80"),
            ("XGPUSH_NAME", "/web/xgpush"),
            ("XGPUSH_ENV_PATH", "/bin"),
            ("XGPUSH_ENV_ACCESS_ID", "other"),
            ("XGPUSH_EMULATOR_SERVICE_HOST", "10.0.0.2"),
            ("XGPUSH_EMULATOR_SERVICE_PORT", "80"),
            ("XGPUSH_EMULATOR_PORT", "tcp://10.0.0.2:80"),
            ("XGPUSH_EMULATOR_PORT_80_TCP_ADDR", "10.0.0.2"),
            ("XGPUSH_EMULATOR_NAME", "/web/emulator"),
            ("XGPUSH_SERVICE_SERVICE_HOST", "10.0.0.3"),
            ("XGPUSH_SERVICE_SERVICE_PORT", "80"),
            ("XGPUSH_SERVICE_SERVICE_PORT_HTTP", "80"),
            ("XGPUSH_SERVICE_PORT_80_TCP_ADDR", "10.0.0.3"),
            ("XGPUSH_MY_SERVICE_SERVICE_HOST", "10.0.0.3"),
            ("XGPUSH_PORT_SERVICE_HOST", "10.0.0.4"),
            ("XGPUSH_PORT_PORT", "tcp://10.0.0.4:80"),
            ("XGPUSH_PORT_PORT_80_TCP", "tcp://10.0.0.4:80"),
            ("XGPUSH_ENV_SERVICE_PORT", "80"),
            ("XGPUSH_EMULATOR_ENV_HOME", "/root"),
            ("OTHER_XGPUSH_ACCESS_ID", "2"),
        ])
        .unwrap();
        assert_eq!(config.get("access_id").unwrap(), "1500001048");
    }

    #[test]
    fn a_mistyped_option_is_told() {
        for (name, value) in [
            ("XGPUSH_ACESS_ID", "1"),
            ("XGPUSH_PROXI", "http://p:1"),
            ("XGPUSH_PORT", "8080"),
            ("XGPUSH_HOST", "10.0.0.1"),
            ("XGPUSH_NAME", "mine"),
            ("XGPUSH_SERVICE", "x"),
            ("XGPUSH_SERVICE_HOSTS", "10.0.0.1"),
            ("XGPUSH_ENV", "production"),
            ("XGPUSH_PORT_X_TCP", "tcp://10.0.0.1:80"),
            ("XGPUSH_", "x"),
            ("XGPUSH_DEADLINE_MS", "ten"),
        ] {
            let error = set_from(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(name), "{name}: {error}");
        }
    }
}
