//! The rows.

use std::mem::take;

use super::option::{ConfigOption, Kind, Write};
use super::settings::{Durability, OutboxSettings, Settings};
use crate::protocol::access_point::AccessPoint;
use crate::protocol::credentials::Scheme;
use crate::protocol::rules::ProtocolVersion;

/// Writes one field. A struct update, because an assignment would count as a use: so
/// the compiler names a field that nothing else reads, an option without effect.
macro_rules! field {
    (outbox.$field:ident) => {
        |settings, value| {
            settings.outbox = OutboxSettings {
                $field: value,
                ..take(&mut settings.outbox)
            };
        }
    };
    ($field:ident) => {
        |settings, value| {
            *settings = Settings {
                $field: value,
                ..take(settings)
            };
        }
    };
}

macro_rules! choice {
    ($values:ty, $($field:ident).+) => {
        Kind::Choice {
            names: || <$values>::ALL.iter().map(|value| value.name()).collect(),
            write: |settings, value| {
                let write: Write<_> = field!($($field).+);
                let chosen = value.parse::<$values>();
                chosen.map(|chosen| write(settings, chosen)).is_ok()
            },
        }
    };
}

const HOUR: u64 = 3_600_000;

/// Every option.
pub static OPTIONS: &[ConfigOption] = &[
    ConfigOption {
        name: "access_id",
        default: "",
        text: "AccessID of the application; for the legacy service its APPID. Required",
        kind: Kind::Text(field!(access_id)),
    },
    ConfigOption {
        name: "secret_key",
        default: "",
        text: "SecretKey of the application (the server key, not the AccessKey). Required; \
               printed nowhere",
        kind: Kind::Secret(field!(secret_key)),
    },
    ConfigOption {
        name: "access_point",
        default: "",
        text: "Region in which the application exists. This or base_url is required, except with xg_v3",
        kind: Kind::Choice {
            names: || AccessPoint::ALL.iter().map(|point| point.name()).collect(),
            write: |settings, value| {
                let write: Write<_> = field!(access_point);
                let point = value.parse().ok();
                let is_known = point.is_some() || value.is_empty();
                if is_known {
                    write(settings, point);
                }
                is_known
            },
        },
    },
    ConfigOption {
        name: "base_url",
        default: "",
        text: "Service address in place of access_point: scheme, host, port and an optional prefix",
        kind: Kind::Text(field!(base_url)),
    },
    ConfigOption {
        name: "allow_http",
        default: "false",
        text: "Allow a base_url with plain http to another machine. Loopback needs no permission",
        kind: Kind::Flag(field!(allow_http)),
    },
    ConfigOption {
        name: "auth",
        default: "sign",
        text: "Authentication: sign (recommended; the secret never travels) or basic. \
               xg_v3 always uses basic",
        kind: choice!(Scheme, auth),
    },
    ConfigOption {
        name: "protocol",
        default: "tpns",
        text: "Which documents apply: tpns (since 2021), tpns_with_platform (2020 to 2021) or \
               xg_v3 (legacy)",
        kind: choice!(ProtocolVersion, protocol),
    },
    ConfigOption {
        name: "allow_append",
        default: "false",
        text: "Send operator_type 1 (append) at tpns, although the service overwrites since \
               2020-10-26",
        kind: Kind::Flag(field!(allow_append)),
    },
    ConfigOption {
        name: "deadline_ms",
        default: "10000",
        text: "The whole time of a call, with all its parts, retries and pauses. What is not sent \
               by then is reported so",
        kind: Kind::Milliseconds(1..=24 * HOUR, field!(deadline)),
    },
    ConfigOption {
        name: "request_timeout_ms",
        default: "3000",
        text: "The time of one HTTP request, connecting included",
        kind: Kind::Milliseconds(1..=HOUR, field!(request_timeout)),
    },
    ConfigOption {
        name: "connect_timeout_ms",
        default: "2000",
        text: "The time for name, TCP and TLS of a new connection, within request_timeout_ms",
        kind: Kind::Milliseconds(1..=HOUR, field!(connect_timeout)),
    },
    ConfigOption {
        name: "max_attempts",
        default: "3",
        text: "How often an item is sent at most by one call; an outbox goes by outbox_deadline_ms",
        kind: Kind::Number(1..=20, field!(max_attempts)),
    },
    ConfigOption {
        name: "retry_base_ms",
        default: "50",
        text: "Upper end of the random pause before the first retry; doubles with each one",
        kind: Kind::Milliseconds(0..=60_000, field!(retry_base)),
    },
    ConfigOption {
        name: "throttle_base_ms",
        default: "1000",
        text: "As retry_base_ms, after the service asked for fewer calls",
        kind: Kind::Milliseconds(0..=60_000, field!(throttle_base)),
    },
    ConfigOption {
        name: "max_backoff_ms",
        default: "20000",
        text: "The longest pause before a retry; also bounds Retry-After",
        kind: Kind::Milliseconds(0..=HOUR, field!(max_backoff)),
    },
    ConfigOption {
        name: "retry_budget",
        default: "500",
        text: "Shared by all calls of a client: a retry takes 14, one after throttling 5, \
               successes pay back; empty means no retry. 0 turns retries off",
        kind: Kind::Number(0..=1_000_000, field!(retry_budget)),
    },
    ConfigOption {
        name: "requests_per_second",
        default: "0",
        text: "Upper bound on HTTP requests, evenly spaced, for the whole client; 0 is none. No \
               document gives a limit for the account APIs",
        kind: Kind::Number(0..=1_000_000, field!(requests_per_second)),
    },
    ConfigOption {
        name: "parallel",
        default: "1",
        text: "How many parts of one call travel at once. 1 starts no thread",
        kind: Kind::Number(1..=256, field!(parallel)),
    },
    ConfigOption {
        name: "max_idle_connections",
        default: "64",
        text: "How many idle connections are kept; at least as many as parallel",
        kind: Kind::Number(1..=4096, field!(max_idle_connections)),
    },
    ConfigOption {
        name: "idle_timeout_ms",
        default: "15000",
        text: "How long an idle connection is kept",
        kind: Kind::Milliseconds(1..=24 * HOUR, field!(idle_timeout)),
    },
    ConfigOption {
        name: "connection_max_age_ms",
        default: "120000",
        text: "How long a connection is used at most, busy or not (each ends at random in the \
               last quarter of it, so that they do not end together). With dns_cache_ms it \
               bounds how long requests go to an address that the name has no more; 0 is for ever",
        kind: Kind::Milliseconds(0..=24 * HOUR, field!(connection_max_age)),
    },
    ConfigOption {
        name: "dns_cache_ms",
        default: "60000",
        text: "How long the addresses of a name are used for new connections before it is looked \
               up again; an open connection stays with its address (connection_max_age_ms)",
        kind: Kind::Milliseconds(0..=24 * HOUR, field!(dns_cache)),
    },
    ConfigOption {
        name: "max_response_bytes",
        default: "4194304",
        text: "The longest response body that is read",
        kind: Kind::Number(1024..=1 << 30, field!(max_response_bytes)),
    },
    ConfigOption {
        name: "ca_file",
        default: "",
        text: "PEM file with certificates to trust besides the built-in ones of Mozilla",
        kind: Kind::Text(field!(ca_file)),
    },
    ConfigOption {
        name: "proxy",
        default: "",
        text: "HTTP proxy to CONNECT through, such as http://user:password@host:port (user and \
               password percent-encoded where needed)",
        kind: Kind::Text(field!(proxy)),
    },
    ConfigOption {
        name: "proxy_from_env",
        default: "false",
        text: "Without the option proxy, take it from the environment, as curl does: \
               https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY (for a base_url with http: \
               http_proxy, all_proxy, ALL_PROXY), the first that is not empty, unless no_proxy or \
               NO_PROXY names the host. One that cannot be used, such as socks5://, is an error",
        kind: Kind::Flag(field!(proxy_from_env)),
    },
    ConfigOption {
        name: "outbox_file",
        default: "",
        text: "Outbox: the file in which operations outlive the process, on a disk of this machine, \
               made for its owner only (0600); none keeps them in memory only",
        kind: Kind::Text(field!(outbox.file)),
    },
    ConfigOption {
        name: "outbox_durability",
        default: "process",
        text: "Outbox with a file: process (outlives the end of the process, kill -9 included) or \
               power (outlives a loss of power: each commit waits for the disk)",
        kind: choice!(Durability, outbox.durability),
    },
    ConfigOption {
        name: "outbox_commit_ms",
        default: "2",
        text: "Outbox with a file: how long what is handed in stays in memory before it is written. \
               Until then the end of the process takes it along; sync waits for it. 0 wakes the \
               outbox's thread at each hand-in after a rest, the least there is",
        kind: Kind::Milliseconds(0..=1000, field!(outbox.commit)),
    },
    ConfigOption {
        name: "outbox_file_max_bytes",
        default: "268435456",
        text: "Outbox: the largest size of the file. Beyond it operations are kept in memory only, \
               and not reported durable",
        kind: Kind::Number(1 << 20..=u32::MAX, field!(outbox.file_max_bytes)),
    },
    ConfigOption {
        name: "outbox_max_operations",
        default: "100000",
        text: "Outbox: how many operations it holds, reports that nobody took included; full is \
               an answer",
        kind: Kind::Number(1..=100_000_000, field!(outbox.max_operations)),
    },
    ConfigOption {
        name: "outbox_max_bytes",
        default: "33554432",
        text: "Outbox: how many bytes of tokens and accounts it holds; full is an answer",
        kind: Kind::Number(1..=u32::MAX, field!(outbox.max_bytes)),
    },
    ConfigOption {
        name: "outbox_linger_ms",
        default: "20",
        text: "Outbox: how long an operation waits for others to fill its request",
        kind: Kind::Milliseconds(0..=60_000, field!(outbox.linger)),
    },
    ConfigOption {
        name: "outbox_deadline_ms",
        default: "300000",
        text: "Outbox: how long delivery is tried before an operation is given up; 0 is for ever. \
               After a restart the time begins anew",
        kind: Kind::Milliseconds(0..=365 * 24 * HOUR, field!(outbox.deadline)),
    },
    ConfigOption {
        name: "outbox_recover_max_age_ms",
        default: "0",
        text: "Outbox with a file: what was handed in longer ago than this when the file is opened \
               is reported expired and not sent; 0 sends all of it. By this machine's clock: what \
               is dated in its future counts as new",
        kind: Kind::Milliseconds(0..=365 * 24 * HOUR, field!(outbox.recover_max_age)),
    },
    ConfigOption {
        name: "outbox_parallel",
        default: "16",
        text: "Outbox: how many requests travel at once, each on a thread of its own that is \
               started when it is needed first and takes about 90 KiB. Operations per second are at most this × 20 ÷ \
               the time of a round trip in seconds: 16 carry 6,400 at 50 ms",
        kind: Kind::Number(1..=256, field!(outbox.parallel)),
    },
    ConfigOption {
        name: "outbox_name",
        default: "",
        text: "Outbox: its label in the page for Prometheus; the access_id where there is none. \
               Two outboxes of one application in one process need two names",
        kind: Kind::Text(field!(outbox.name)),
    },
    ConfigOption {
        name: "outbox_reports",
        default: "true",
        text: "Outbox: keep a report of each operation until it is taken. Without, its place is \
               free as soon as it is settled",
        kind: Kind::Flag(field!(outbox.reports)),
    },
    ConfigOption {
        name: "outbox_durable_notices",
        default: "false",
        text: "Outbox with a file: report as well when an operation is durable",
        kind: Kind::Flag(field!(outbox.durable_notices)),
    },
    ConfigOption {
        name: "user_agent",
        default: concat!("xgpush/", env!("CARGO_PKG_VERSION")),
        text: "The User-Agent header",
        kind: Kind::Text(field!(user_agent)),
    },
];
