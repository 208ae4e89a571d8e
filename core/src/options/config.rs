//! [`Config`]: options set by name, from text or from the environment.

use std::fmt;

use super::option::ConfigOption;
use super::service_link;
use super::settings::Settings;
use super::table::OPTIONS;
use crate::model::error::{Error, Result};
use crate::model::text::shortened;

/// Everything that can be set before a client is made.
///
/// ```
/// use std::time::Duration;
/// use xgpush::{AccessPoint, Config};
///
/// let mut config = Config::new();
/// config.access_id("1500001048")?.secret_key("0123456789abcdef")?;
/// config.access_point(AccessPoint::Guangzhou)?;
/// config.request_timeout(Duration::from_secs(2))?;
/// // By name, as in a file or in the environment:
/// config.set("request_timeout_ms", "3000")?;
/// assert_eq!(config.get("request_timeout_ms")?, "3000");
/// assert!(config.set("request_timeout", "3000").is_err());
/// # Ok::<(), xgpush::Error>(())
/// ```
#[derive(Clone)]
pub struct Config {
    pub(crate) settings: Settings,
    /// The values as text, in the order of [`OPTIONS`]; secrets as `***`.
    shown: Vec<String>,
    /// Which of them were set.
    set: Vec<bool>,
}

impl Config {
    /// Every option at its default.
    pub fn new() -> Self {
        let mut settings = Settings::default();
        let write_default = |option: &ConfigOption| {
            option
                .write(&mut settings, option.default)
                .expect("the default of every option is in its range")
        };
        let shown: Vec<String> = OPTIONS.iter().map(write_default).collect();
        let set = vec![false; shown.len()];
        Self {
            settings,
            shown,
            set,
        }
    }

    /// Sets an option from text; the names are those of the table.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) for an unknown name
    /// and for a value outside the option's range.
    pub fn set(&mut self, name: &str, value: &str) -> Result<&mut Self> {
        let index = find(name)?;
        self.shown[index] = OPTIONS[index].write(&mut self.settings, value)?;
        self.set[index] = true;
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
            if find(&name).is_err() && service_link::is_one(variable, value) {
                continue;
            }
            self.set(&name, value).map_err(|error| {
                Error::option(format!("{PREFIX}{variable} in the environment: {error}"))
            })?;
        }
        Ok(self)
    }

    /// Whether an option was set, be it to its default.
    #[cfg(feature = "outbox")]
    pub(crate) fn is_set(&self, name: &str) -> bool {
        find(name).is_ok_and(|index| self.set[index])
    }

    /// The value of an option as text; a secret as `***`.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) for an unknown name.
    pub fn get(&self, name: &str) -> Result<String> {
        Ok(self.shown[find(name)?].clone())
    }
}

/// Where in the table the option with this name is.
fn find(name: &str) -> Result<usize> {
    OPTIONS.iter().position(|o| o.name == name).ok_or_else(|| {
        let names: Vec<_> = OPTIONS.iter().map(|o| o.name).collect();
        Error::option(format!(
            "unknown option {}; the options are {}",
            shortened(name),
            names.join(", ")
        ))
    })
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = OPTIONS.iter().map(|option| option.name);
        f.debug_map().entries(names.zip(&self.shown)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_takes_its_default_and_gives_it_back() {
        let config = Config::new();
        for option in OPTIONS {
            let shown = config.get(option.name).unwrap();
            assert_eq!(shown, option.default, "{}", option.name);
        }
    }

    #[test]
    fn every_option_takes_the_ends_of_its_range_and_nothing_beyond() {
        let mut config = Config::new();
        for option in OPTIONS {
            let range = option.range();
            let (good, bad): (Vec<String>, Vec<String>) = match option.type_name() {
                "number" | "milliseconds" => {
                    let ends = range.trim_end_matches(" ms").split(" to ");
                    let ends: Vec<i64> = ends.map(|end| end.parse().unwrap()).collect();
                    let beyond = [ends[0] - 1, ends[1] + 1].map(|n| n.to_string());
                    let texts = ["", "three", "1.5", " 3"].map(str::to_owned);
                    (
                        ends.iter().map(i64::to_string).collect(),
                        beyond.into_iter().chain(texts).collect(),
                    )
                }
                "flag" => (vec!["true".into(), "0".into()], vec!["yes".into()]),
                "choice" => (
                    range.split(", ").map(str::to_owned).collect(),
                    vec!["no such thing".into()],
                ),
                _ => continue,
            };
            for value in good {
                config.set(option.name, &value).unwrap();
            }
            for value in bad {
                let error = config.set(option.name, &value).unwrap_err();
                let text = error.to_string();
                assert!(
                    text.contains(option.name) && text.contains(&range),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn unknown_option_is_refused_with_the_names_that_there_are() {
        let error = Config::new().set("timeout", "1").unwrap_err().to_string();
        assert!(error.contains("request_timeout_ms"), "{error}");
    }

    #[test]
    fn secret_and_password_are_never_shown() {
        let mut config = Config::new();
        config.set("secret_key", "hunter2hunter2").unwrap();
        assert_eq!(config.get("secret_key").unwrap(), "***");
        config
            .set("proxy", "http://user:hunter2@proxy:8080")
            .unwrap();
        assert_eq!(config.get("proxy").unwrap(), "http://***@proxy:8080");
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn no_password_of_an_engine_is_shown() {
        let mut config = Config::new();
        for (url, shown) in [
            ("redis://10.0.0.7:6379/0", "redis://10.0.0.7:6379/0"),
            ("redis://:hunter2@h:1/0", "redis://***@h:1/0"),
            ("rediss://user:hunt@er2@h", "rediss://***@h"),
            ("redis://user:hunt?er2@h", "redis://***@h?***"),
            (
                "redis+sentinel://u:hunter2@h1,h2/m?db=1",
                "redis+sentinel://***@h1,h2/m?***",
            ),
            (
                "unix:/run/redis.sock?pass=hunter2",
                "unix:/run/redis.sock?***",
            ),
            ("unix:/run/redis.sock?pass=hunter2@x", "***@x?***"),
            ("redis:/u:hunter2@h", "***@h"),
        ] {
            config.set("outbox_url", url).unwrap();
            assert_eq!(config.get("outbox_url").unwrap(), shown);
            assert_eq!(config.settings.outbox.url.as_str(), url);
            assert!(!format!("{config:?}").contains("hunter2"), "{url}");
        }
    }

    #[test]
    fn readers_of_reports_are_named_as_people_write_them() {
        let mut config = Config::new();
        for good in ["process", "none", "group:web"] {
            config.set("outbox_reports_to", good).unwrap();
        }
        for bad in [
            "",
            "group",
            "group:",
            "group:two words",
            "Process",
            "group:\n",
        ] {
            assert!(config.set("outbox_reports_to", bad).is_err(), "{bad}");
        }
    }

    fn set_from(variables: &[(&str, &str)]) -> Result<Config> {
        let mut config = Config::new();
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        config.set_from(variables.iter().map(owned))?;
        Ok(config)
    }

    #[test]
    fn variables_of_kubernetes_and_docker_are_ignored() {
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
    fn mistyped_option_in_the_environment_is_refused() {
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
