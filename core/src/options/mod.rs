//! The table of options: name, type, unit, default, range, text. C setters,
//! Python keyword arguments, environment variables and the reference page all
//! come from it.

use std::fmt::Write as _;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::model::error::{Error, Result};
use crate::options::config::Config;

pub(crate) mod config;
mod table;

pub use table::OPTIONS;

/// One row of the table.
pub struct ConfigOption {
    /// The name: of the C option, the Python keyword and, in upper case after
    /// `XGPUSH_`, of the environment variable.
    pub name: &'static str,
    /// The default, as text.
    pub default: &'static str,
    /// What it does.
    pub text: &'static str,
    kind: Kind,
}

type Field<T> = fn(&mut Config) -> &mut T;

enum Kind {
    Text(Field<String>),
    Secret(Field<Zeroizing<String>>),
    Flag(Field<bool>),
    Number(Field<u32>, u32, u32),
    Milliseconds(Field<Duration>, u64, u64),
    Choice {
        names: fn() -> Vec<&'static str>,
        write: fn(&mut Config, &str) -> bool,
        read: fn(&Config) -> &'static str,
    },
}

impl ConfigOption {
    /// The type, for people: `text`, `secret`, `flag`, `number`, `milliseconds`
    /// or `choice`.
    pub fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::Text(_) => "text",
            Kind::Secret(_) => "secret",
            Kind::Flag(_) => "flag",
            Kind::Number(..) => "number",
            Kind::Milliseconds(..) => "milliseconds",
            Kind::Choice { .. } => "choice",
        }
    }

    /// What values it takes, for people.
    pub fn range(&self) -> String {
        match &self.kind {
            Kind::Text(_) | Kind::Secret(_) => "any text".to_owned(),
            Kind::Flag(_) => "true, false".to_owned(),
            Kind::Number(_, least, most) => format!("{least} to {most}"),
            Kind::Milliseconds(_, least, most) => format!("{least} to {most} ms"),
            Kind::Choice { names, .. } => names().join(", "),
        }
    }

    pub(crate) fn write(&self, config: &mut Config, value: &str) -> Result<()> {
        let taken = match &self.kind {
            Kind::Text(field) => {
                value.clone_into(field(config));
                true
            }
            Kind::Secret(field) => {
                *field(config) = Zeroizing::new(value.to_owned());
                true
            }
            Kind::Flag(field) => match value {
                "true" | "1" => set(field(config), true),
                "false" | "0" => set(field(config), false),
                _ => false,
            },
            Kind::Number(field, least, most) => match value.parse() {
                Ok(n) if (*least..=*most).contains(&n) => set(field(config), n),
                _ => false,
            },
            Kind::Milliseconds(field, least, most) => match value.parse() {
                Ok(n) if (*least..=*most).contains(&n) => {
                    set(field(config), Duration::from_millis(n))
                }
                _ => false,
            },
            Kind::Choice { write, .. } => write(config, value),
        };
        if taken {
            return Ok(());
        }
        Err(Error::option(format!(
            "option {}: {} is not in its range ({})",
            self.name,
            crate::model::account::shortened(value),
            self.range()
        )))
    }

    pub(crate) fn read(&self, config: &Config) -> String {
        // The fields are reached through `&mut`; reading is rare.
        let mut copy = config.clone();
        match &self.kind {
            Kind::Text(field) => without_password(field(&mut copy)),
            Kind::Secret(field) if field(&mut copy).is_empty() => String::new(),
            Kind::Secret(_) => "***".to_owned(),
            Kind::Flag(field) => field(&mut copy).to_string(),
            Kind::Number(field, ..) => field(&mut copy).to_string(),
            Kind::Milliseconds(field, ..) => field(&mut copy).as_millis().to_string(),
            Kind::Choice { read, .. } => read(config).to_owned(),
        }
    }
}

/// A URL without the user and password that it may carry.
fn without_password(text: &str) -> String {
    match text.split_once("://") {
        Some((scheme, rest)) if rest.contains('@') => {
            let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
            format!("{scheme}://***@{host}")
        }
        _ => text.to_owned(),
    }
}

fn set<T>(slot: &mut T, value: T) -> bool {
    *slot = value;
    true
}

/// The row with this name.
pub(crate) fn find(name: &str) -> Result<&'static ConfigOption> {
    OPTIONS.iter().find(|o| o.name == name).ok_or_else(|| {
        let names: Vec<_> = OPTIONS.iter().map(|o| o.name).collect();
        Error::option(format!(
            "unknown option {}; the options are {}",
            crate::model::account::shortened(name),
            names.join(", ")
        ))
    })
}

/// The reference page, in Markdown.
pub fn reference() -> String {
    let mut page = String::from(
        "# Options\n\nOne table for every language: the option of `xg_config_set` in C, the \
         keyword argument in Python, and `XGPUSH_` with the name in upper case as an environment \
         variable. This page is generated from the table in `core/src/options/table.rs`.\n\n\
         | option | type | default | range | what it does |\n|---|---|---|---|---|\n",
    );
    for option in OPTIONS {
        let default = match option.default {
            "" => "(none)".to_owned(),
            value => format!("`{value}`"),
        };
        let _ = writeln!(
            page,
            "| `{}` | {} | {default} | {} | {} |",
            option.name,
            option.type_name(),
            option.range(),
            option.text
        );
    }
    page
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
    fn ranges_are_kept_and_named() {
        let mut config = Config::new();
        for (name, bad) in [
            ("max_attempts", "0"),
            ("max_attempts", "21"),
            ("max_attempts", "three"),
            ("deadline_ms", "0"),
            ("deadline_ms", "-1"),
            ("auth", "digest"),
            ("access_point", "toronto"),
            ("allow_http", "yes"),
            ("protocol", ""),
        ] {
            let error = config.set(name, bad).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("range"), "{error}");
        }
        let error = config.set("timeout", "1").unwrap_err().to_string();
        assert!(error.contains("request_timeout_ms"), "{error}");
    }

    #[test]
    fn the_secret_is_shown_nowhere() {
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
    fn the_reference_page_is_up_to_date() {
        let committed = include_str!("../../../docs/options.md");
        assert!(committed == reference(), "run `make docs`");
    }
}
