//! Setters with types, beside [`Config::set`] by name. They set the same options through
//! the same table, so ranges and errors are the same.

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use super::{Config, Durability, EngineDurability, OutboxRole};
use crate::model::error::{Error, Result};
use crate::protocol::access_point::AccessPoint;
use crate::protocol::credentials::Scheme;
use crate::protocol::rules::ProtocolVersion;

/// A value as the table reads it.
trait AsOption {
    fn text(&self, option: &str) -> Result<Cow<'_, str>>;
}

macro_rules! shown_as {
    ($($Type:ty),+) => {$(
        impl AsOption for $Type {
            fn text(&self, _: &str) -> Result<Cow<'_, str>> {
                Ok(self.to_string().into())
            }
        }
    )+};
}

shown_as!(
    bool,
    u32,
    AccessPoint,
    Durability,
    EngineDurability,
    OutboxRole,
    ProtocolVersion,
    Scheme
);

impl AsOption for &str {
    /// Borrowed: no copy of a secret stays in memory.
    fn text(&self, _: &str) -> Result<Cow<'_, str>> {
        Ok((*self).into())
    }
}

impl AsOption for Duration {
    /// Rounded up: a time that is not zero never becomes zero, which may mean forever.
    fn text(&self, _: &str) -> Result<Cow<'_, str>> {
        Ok(self.as_nanos().div_ceil(1_000_000).to_string().into())
    }
}

impl AsOption for &Path {
    fn text(&self, option: &str) -> Result<Cow<'_, str>> {
        let text = self.to_str().map(Cow::from);
        text.ok_or_else(|| {
            Error::option(format!(
                "option {option}: the path {} is not UTF-8",
                self.display()
            ))
        })
    }
}

macro_rules! setters {
    ($($setter:ident($name:literal): $Type:ty;)+) => {
        /// Setters with types. What an option does, its range and its default stand in
        /// [`options::OPTIONS`](crate::options::OPTIONS); a value out of range is
        /// [`InvalidOption`](crate::ErrorKind::InvalidOption). A duration is rounded up
        /// to a millisecond.
        impl Config {
            $(
                #[doc = concat!("Sets the option `", $name, "`.")]
                ///
                /// # Errors
                /// As [`Config::set`].
                pub fn $setter(&mut self, value: $Type) -> Result<&mut Self> {
                    self.set($name, &value.text($name)?)
                }
            )+

            /// Sets the option `ca_file`.
            ///
            /// # Errors
            /// As [`Config::set`]; also for a path that is not UTF-8.
            pub fn ca_file(&mut self, path: impl AsRef<Path>) -> Result<&mut Self> {
                self.set("ca_file", &path.as_ref().text("ca_file")?)
            }

            /// Sets the option `outbox_file`.
            ///
            /// # Errors
            /// As [`Config::set`]; also for a path that is not UTF-8.
            pub fn outbox_file(&mut self, path: impl AsRef<Path>) -> Result<&mut Self> {
                self.set("outbox_file", &path.as_ref().text("outbox_file")?)
            }
        }

        #[cfg(test)]
        const NAMES: &[&str] = &["ca_file", "outbox_file", $($name),+];
    };
}

setters! {
    access_id("access_id"): &str;
    secret_key("secret_key"): &str;
    access_point("access_point"): AccessPoint;
    base_url("base_url"): &str;
    allow_http("allow_http"): bool;
    auth("auth"): Scheme;
    protocol("protocol"): ProtocolVersion;
    allow_append("allow_append"): bool;
    deadline("deadline_ms"): Duration;
    request_timeout("request_timeout_ms"): Duration;
    connect_timeout("connect_timeout_ms"): Duration;
    max_attempts("max_attempts"): u32;
    retry_base("retry_base_ms"): Duration;
    throttle_base("throttle_base_ms"): Duration;
    max_backoff("max_backoff_ms"): Duration;
    retry_budget("retry_budget"): u32;
    requests_per_second("requests_per_second"): u32;
    quota_url("quota_url"): &str;
    parallel("parallel"): u32;
    max_idle_connections("max_idle_connections"): u32;
    idle_timeout("idle_timeout_ms"): Duration;
    connection_max_age("connection_max_age_ms"): Duration;
    dns_cache("dns_cache_ms"): Duration;
    max_response_bytes("max_response_bytes"): u32;
    proxy("proxy"): &str;
    proxy_from_env("proxy_from_env"): bool;
    outbox_durability("outbox_durability"): Durability;
    outbox_commit("outbox_commit_ms"): Duration;
    outbox_file_max_bytes("outbox_file_max_bytes"): u32;
    outbox_max_operations("outbox_max_operations"): u32;
    outbox_max_bytes("outbox_max_bytes"): u32;
    outbox_linger("outbox_linger_ms"): Duration;
    outbox_deadline("outbox_deadline_ms"): Duration;
    outbox_recover_max_age("outbox_recover_max_age_ms"): Duration;
    outbox_parallel("outbox_parallel"): u32;
    outbox_name("outbox_name"): &str;
    outbox_reports("outbox_reports"): bool;
    outbox_durable_notices("outbox_durable_notices"): bool;
    outbox_url("outbox_url"): &str;
    outbox_role("outbox_role"): OutboxRole;
    outbox_engine_durability("outbox_engine_durability"): EngineDurability;
    outbox_lease("outbox_lease_ms"): Duration;
    outbox_reports_to("outbox_reports_to"): &str;
    outbox_report_ttl("outbox_report_ttl_ms"): Duration;
    outbox_prefix("outbox_prefix"): &str;
    user_agent("user_agent"): &str;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::OPTIONS;
    use super::*;

    #[test]
    fn every_option_has_a_setter() {
        let options: BTreeSet<_> = OPTIONS.iter().map(|option| option.name).collect();
        assert_eq!(options, NAMES.iter().copied().collect());
        assert_eq!(options.len(), NAMES.len());
    }

    #[test]
    fn setters_set_what_is_read_by_name() {
        let mut config = Config::new();
        let set = config.access_id("1500001048").unwrap();
        set.access_point(AccessPoint::Shanghai).unwrap();
        set.allow_http(true).unwrap().parallel(4).unwrap();
        set.request_timeout(Duration::from_micros(1_500)).unwrap();
        set.outbox_file("box.db").unwrap();
        for (name, value) in [
            ("access_id", "1500001048"),
            ("access_point", "shanghai"),
            ("allow_http", "true"),
            ("parallel", "4"),
            ("request_timeout_ms", "2"),
            ("outbox_file", "box.db"),
        ] {
            assert_eq!(config.get(name).unwrap(), value, "{name}");
        }
    }

    #[test]
    fn setter_refuses_what_is_out_of_range() {
        let error = Config::new().deadline(Duration::ZERO).unwrap_err();
        assert!(error.to_string().contains("deadline_ms"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn path_that_is_not_utf8_is_refused() {
        use std::os::unix::ffi::OsStrExt as _;
        let path = Path::new(std::ffi::OsStr::from_bytes(b"\xff.pem"));
        let error = Config::new().ca_file(path).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::InvalidOption);
    }
}
