//! The values of the options, with their types. The rows of the table write them and
//! never read them, so that the compiler names an option that nothing uses ("field is
//! never read").

use std::time::Duration;

use zeroize::Zeroizing;

use crate::model::error::{Error, Result};
use crate::model::text::shortened;
use crate::protocol::access_point::{AccessPoint, BaseUrl};
use crate::protocol::api::Api;
use crate::protocol::credentials::{Credentials, Scheme};
use crate::protocol::rules::ProtocolVersion;

/// The value of every option. `Settings::default()` has none of their defaults:
/// those are in the table.
#[derive(Clone, Default)]
pub(crate) struct Settings {
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
    pub(crate) quota_url: Zeroizing<String>,
    pub(crate) outbox: OutboxSettings,
}

/// The values of the outbox's options.
#[derive(Clone, Default)]
pub(crate) struct OutboxSettings {
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
    pub(crate) url: Zeroizing<String>,
    pub(crate) role: OutboxRole,
    pub(crate) engine_durability: EngineDurability,
    pub(crate) lease: Duration,
    pub(crate) reports_to: ReportsTo,
    pub(crate) report_ttl: Duration,
    pub(crate) prefix: String,
}

named! {
    /// What operations in the outbox's file survive.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum Durability("outbox_durability", InvalidValue) {
        /// The end of the process, `kill -9` included.
        #[default]
        Process => "process",
        /// A power failure: each commit waits for the disk.
        Power => "power",
    }
}

named! {
    /// What a process does in its fleet.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum OutboxRole("outbox_role", InvalidValue) {
        /// Submits, and relays while it has open operations and nobody else relays.
        #[default]
        Auto => "auto",
        /// Submits only.
        Submit => "submit",
        /// Relays whenever nobody else does; may submit as well.
        Relay => "relay",
    }
}

named! {
    /// What operations in the engine survive.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum EngineDurability("outbox_engine_durability", InvalidValue) {
        /// The end of the process.
        #[default]
        Engine => "engine",
        /// The loss of the engine's machine: one copy at least is on another.
        Replica => "replica",
        /// A restart of the engine: it has brought them to its disk.
        Disk => "disk",
    }
}

/// Who gets the final reports of what a process submits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum ReportsTo {
    #[default]
    Process,
    Group(String),
    Nobody,
}

impl ReportsTo {
    /// What `outbox_reports_to` takes.
    pub(super) const NAMES: [&str; 3] = ["process", "group:NAME", "none"];

    pub(super) fn parse(text: &str) -> Option<Self> {
        match (text, text.strip_prefix("group:")) {
            ("process", _) => Some(Self::Process),
            ("none", _) => Some(Self::Nobody),
            (_, Some(name)) if is_name(name) => Some(Self::Group(name.to_owned())),
            _ => None,
        }
    }
}

/// Whether it can be a part of a key's name that people read.
fn is_name(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.chars().all(|c| !c.is_control() && !c.is_whitespace())
}

impl Settings {
    /// The application and its address, checked.
    pub(crate) fn api(&self) -> Result<Api> {
        let credentials = self.credentials()?;
        Ok(Api::new(
            self.base()?,
            credentials,
            self.protocol,
            self.allow_append,
        ))
    }

    fn credentials(&self) -> Result<Credentials> {
        // The legacy service knows Basic only (REST API v3 summary).
        let scheme = match self.protocol {
            ProtocolVersion::XgV3 => Scheme::Basic,
            ProtocolVersion::Tpns | ProtocolVersion::TpnsWithPlatform => self.auth,
        };
        Credentials::new(scheme, self.access_id.as_str(), self.secret_key.as_str())
    }

    /// What the names of the keys begin with that the processes of this application share:
    /// `outbox_prefix`, or `xg:` and the access id.
    pub(crate) fn fleet_prefix(&self) -> Result<String> {
        let set = &self.outbox.prefix;
        if set.is_empty() {
            return Ok(format!("xg:{}", self.access_id));
        }
        let is_plain = |c: char| !c.is_control() && !c.is_whitespace() && c != '{' && c != '}';
        if set.len() > 128 || !set.chars().all(is_plain) {
            return Err(Error::option(format!(
                "outbox_prefix {} cannot begin the names of keys: it has at most 128 bytes, no \
                 space and no brace",
                shortened(set)
            )));
        }
        Ok(set.clone())
    }

    /// The service address: of the access point, or the one that was set.
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
