//! What an option is: a name, a kind of value, a range.

use std::ops::RangeInclusive;
use std::time::Duration;

use zeroize::Zeroizing;

use super::settings::Settings;
use crate::model::error::{Error, Result};
use crate::model::text::shortened;

/// One row of the table.
pub struct ConfigOption {
    /// The name: of the C option, the Python keyword and, in upper case after
    /// `XGPUSH_`, of the environment variable.
    pub name: &'static str,
    /// The default, as text.
    pub default: &'static str,
    /// What it does.
    pub text: &'static str,
    pub(super) kind: Kind,
}

/// Writes a value.
pub(super) type Write<T> = fn(&mut Settings, T);

/// The kind of its values, and where they are written.
pub(super) enum Kind {
    Text(Write<String>),
    /// A text with a password in it, perhaps: shown without.
    Url(Write<Zeroizing<String>>),
    Secret(Write<Zeroizing<String>>),
    Flag(Write<bool>),
    Number(RangeInclusive<u32>, Write<u32>),
    Milliseconds(RangeInclusive<u64>, Write<Duration>),
    Choice {
        names: fn() -> Vec<&'static str>,
        /// `false` for a name that is none of them.
        write: fn(&mut Settings, &str) -> bool,
    },
}

impl std::fmt::Debug for ConfigOption {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConfigOption")
            .field("name", &self.name)
            .field("default", &self.default)
            .finish_non_exhaustive()
    }
}

impl ConfigOption {
    /// The type, for people: `text`, `url`, `secret`, `flag`, `number`, `milliseconds`
    /// or `choice`.
    pub fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::Text(_) => "text",
            Kind::Url(_) => "url",
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
            Kind::Text(_) | Kind::Url(_) | Kind::Secret(_) => "any text".to_owned(),
            Kind::Flag(_) => "true, false".to_owned(),
            Kind::Number(range, _) => format!("{} to {}", range.start(), range.end()),
            Kind::Milliseconds(range, _) => format!("{} to {} ms", range.start(), range.end()),
            Kind::Choice { names, .. } => names().join(", "),
        }
    }

    /// Writes a value, and answers how it may be shown: a secret as `***`.
    pub(super) fn write(&self, settings: &mut Settings, value: &str) -> Result<String> {
        self.try_write(settings, value).ok_or_else(|| {
            Error::option(format!(
                "option {}: {} is not in its range ({})",
                self.name,
                shortened(value),
                self.range()
            ))
        })
    }

    fn try_write(&self, settings: &mut Settings, value: &str) -> Option<String> {
        match &self.kind {
            Kind::Text(write) => {
                write(settings, value.to_owned());
                Some(without_password(value))
            }
            Kind::Url(write) => {
                write(settings, Zeroizing::new(value.to_owned()));
                Some(without_secrets(value))
            }
            Kind::Secret(write) => {
                write(settings, Zeroizing::new(value.to_owned()));
                Some(if value.is_empty() { "" } else { "***" }.to_owned())
            }
            Kind::Flag(write) => {
                let flag = match value {
                    "true" | "1" => true,
                    "false" | "0" => false,
                    _ => return None,
                };
                write(settings, flag);
                Some(flag.to_string())
            }
            Kind::Number(range, write) => {
                let number = value.parse().ok().filter(|n| range.contains(n))?;
                write(settings, number);
                Some(number.to_string())
            }
            Kind::Milliseconds(range, write) => {
                let number = value.parse().ok().filter(|n| range.contains(n))?;
                write(settings, Duration::from_millis(number));
                Some(number.to_string())
            }
            Kind::Choice { write, .. } => write(settings, value).then(|| value.to_owned()),
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

/// A URL without what may be a user, a password, or a parameter that bears one. Less is
/// shown where the text is no URL: a password may be in it all the same.
fn without_secrets(text: &str) -> String {
    let (address, has_parameters) = match text.split_once(['?', '#']) {
        Some((address, _)) => (address, true),
        None => (text, false),
    };
    let shown = match (address.split_once("://"), text.rsplit_once('@')) {
        (_, None) => address.to_owned(),
        (scheme, Some((_, host))) => {
            let scheme = scheme.map_or(String::new(), |(scheme, _)| format!("{scheme}://"));
            let host = host.split_once(['?', '#']).map_or(host, |(host, _)| host);
            format!("{scheme}***@{host}")
        }
    };
    if has_parameters {
        format!("{shown}?***")
    } else {
        shown
    }
}
