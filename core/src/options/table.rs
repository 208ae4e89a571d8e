//! [`OPTIONS`], the table of the options: a row has name, kind, default and text.

use std::mem::take;

use super::option::{ConfigOption, Kind, Write};
use super::settings::{
    Durability, EngineDurability, OutboxRole, OutboxSettings, ReportsTo, Settings,
};
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
        text: "AccessID of the application; with xg_v3 its APPID. Required",
        kind: Kind::Text(field!(access_id)),
    },
    ConfigOption {
        name: "secret_key",
        default: "",
        text: "SecretKey of the application (the server key, not the AccessKey). Required. \
               Never printed",
        kind: Kind::Secret(field!(secret_key)),
    },
    ConfigOption {
        name: "access_point",
        default: "",
        text: "Region of the application. Set this or base_url; xg_v3 needs neither",
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
        text: "Service address instead of access_point: scheme, host, optional port and path \
               prefix",
        kind: Kind::Text(field!(base_url)),
    },
    ConfigOption {
        name: "allow_http",
        default: "false",
        text: "Allow a base_url with plain http to another machine. Loopback is always \
               allowed",
        kind: Kind::Flag(field!(allow_http)),
    },
    ConfigOption {
        name: "auth",
        default: "sign",
        text: "Authentication: sign (recommended: the secret is never sent) or basic. xg_v3 \
               always uses basic",
        kind: choice!(Scheme, auth),
    },
    ConfigOption {
        name: "protocol",
        default: "tpns",
        text: "Protocol version: tpns (since 2021), tpns_with_platform (2020 to 2021) or \
               xg_v3 (legacy)",
        kind: choice!(ProtocolVersion, protocol),
    },
    ConfigOption {
        name: "allow_append",
        default: "false",
        text: "Allow operator_type 1 (append) with tpns, where the service overwrites since \
               2020-10-26",
        kind: Kind::Flag(field!(allow_append)),
    },
    ConfigOption {
        name: "deadline_ms",
        default: "10000",
        text: "Time limit of a whole call, retries and pauses included. Items that could not \
               be sent by then are reported as not sent",
        kind: Kind::Milliseconds(1..=24 * HOUR, field!(deadline)),
    },
    ConfigOption {
        name: "request_timeout_ms",
        default: "3000",
        text: "Time limit of one HTTP request, connecting included",
        kind: Kind::Milliseconds(1..=HOUR, field!(request_timeout)),
    },
    ConfigOption {
        name: "connect_timeout_ms",
        default: "2000",
        text: "Time limit of a new connection: name look-up, TCP and TLS. Counts towards \
               request_timeout_ms",
        kind: Kind::Milliseconds(1..=HOUR, field!(connect_timeout)),
    },
    ConfigOption {
        name: "max_attempts",
        default: "3",
        text: "Maximum attempts per item in one call. The outbox ignores it and retries until \
               outbox_deadline_ms",
        kind: Kind::Number(1..=20, field!(max_attempts)),
    },
    ConfigOption {
        name: "retry_base_ms",
        default: "50",
        text: "Maximum of the random pause before the first retry. Doubles with each retry",
        kind: Kind::Milliseconds(0..=60_000, field!(retry_base)),
    },
    ConfigOption {
        name: "throttle_base_ms",
        default: "1000",
        text: "As retry_base_ms, after the service asked for fewer requests (HTTP 429, code \
               1008028)",
        kind: Kind::Milliseconds(0..=60_000, field!(throttle_base)),
    },
    ConfigOption {
        name: "max_backoff_ms",
        default: "20000",
        text: "Maximum pause before a retry. Also limits Retry-After",
        kind: Kind::Milliseconds(0..=HOUR, field!(max_backoff)),
    },
    ConfigOption {
        name: "retry_budget",
        default: "500",
        text: "Retry budget of a client, shared by its calls. A retry takes 14 units, one \
               after throttling 5; successes give units back. While it is empty nothing is \
               retried. 0 turns retries off",
        kind: Kind::Number(0..=1_000_000, field!(retry_budget)),
    },
    ConfigOption {
        name: "requests_per_second",
        default: "0",
        text: "Maximum HTTP requests per second of a client, evenly spaced. 0: no limit. The \
               documents state none for the account APIs. With quota_url it is the maximum of \
               all processes together",
        kind: Kind::Number(0..=1_000_000, field!(requests_per_second)),
    },
    ConfigOption {
        name: "quota_url",
        default: "",
        text: "Makes requests_per_second one limit for all processes of an application: the \
               Redis or Valkey that keeps it, written as in outbox_url. Calls, streams, files \
               and outboxes of every process take from it. If the processes have different \
               limits, the smallest holds. While Redis is away each process keeps to a share of \
               the limit",
        kind: Kind::Url(field!(quota_url)),
    },
    ConfigOption {
        name: "parallel",
        default: "1",
        text: "Maximum requests of one call in parallel. 1 starts no thread",
        kind: Kind::Number(1..=256, field!(parallel)),
    },
    ConfigOption {
        name: "max_idle_connections",
        default: "64",
        text: "Maximum idle connections to keep. Never fewer than parallel",
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
        text: "Maximum age of a connection, busy or not. 0: no limit. Each ends at a random \
               time in the last quarter, so that they do not end together. With \
               dns_cache_ms it limits how long requests go to an old address of the service",
        kind: Kind::Milliseconds(0..=24 * HOUR, field!(connection_max_age)),
    },
    ConfigOption {
        name: "dns_cache_ms",
        default: "60000",
        text: "How long the addresses of a name are used for new connections. An open \
               connection keeps its address: see connection_max_age_ms",
        kind: Kind::Milliseconds(0..=24 * HOUR, field!(dns_cache)),
    },
    ConfigOption {
        name: "max_response_bytes",
        default: "4194304",
        text: "Maximum size of a response body",
        kind: Kind::Number(1024..=1 << 30, field!(max_response_bytes)),
    },
    ConfigOption {
        name: "ca_file",
        default: "",
        text: "PEM file with certificates to trust besides Mozilla's, which are built in",
        kind: Kind::Text(field!(ca_file)),
    },
    ConfigOption {
        name: "proxy",
        default: "",
        text: "HTTP proxy that is asked to CONNECT, such as http://user:password@host:port. \
               User and password are percent-encoded where needed",
        kind: Kind::Text(field!(proxy)),
    },
    ConfigOption {
        name: "proxy_from_env",
        default: "false",
        text: "Without the option proxy, take it from the environment, as curl does: the \
               first that is not empty of https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY \
               (for a base_url with http: http_proxy, all_proxy, ALL_PROXY), unless \
               no_proxy or NO_PROXY names the host. One that cannot be used, such as \
               socks5://, is an error",
        kind: Kind::Flag(field!(proxy_from_env)),
    },
    ConfigOption {
        name: "outbox_file",
        default: "",
        text: "Outbox: file in which operations survive the end of the process. It is on a \
               disk of this machine, and created for its owner only (0600). Without it \
               operations are in memory only",
        kind: Kind::Text(field!(outbox.file)),
    },
    ConfigOption {
        name: "outbox_durability",
        default: "process",
        text: "Outbox with a file: what operations survive. process: the end of the process, \
               kill -9 included. power: a power failure as well; each commit waits for the \
               disk",
        kind: choice!(Durability, outbox.durability),
    },
    ConfigOption {
        name: "outbox_commit_ms",
        default: "2",
        text: "Outbox with a file: how long a submitted operation stays in memory before it \
               is written. The end of the process loses it until then; sync waits for it. 0 \
               wakes the outbox's thread at each submission after a rest. Values above 20 \
               or above outbox_linger_ms have no effect",
        kind: Kind::Milliseconds(0..=1000, field!(outbox.commit)),
    },
    ConfigOption {
        name: "outbox_file_max_bytes",
        default: "268435456",
        text: "Outbox: maximum size of the file. Beyond it operations are in memory only, and \
               not reported durable",
        kind: Kind::Number(1 << 20..=u32::MAX, field!(outbox.file_max_bytes)),
    },
    ConfigOption {
        name: "outbox_max_operations",
        default: "100000",
        text: "Outbox: capacity in operations, unread reports included. Beyond it submissions \
               fail: full",
        kind: Kind::Number(1..=100_000_000, field!(outbox.max_operations)),
    },
    ConfigOption {
        name: "outbox_max_bytes",
        default: "33554432",
        text: "Outbox: capacity in bytes of tokens and accounts. Beyond it submissions fail: \
               full",
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
        text: "Outbox: how long delivery is tried before an operation fails. 0: no limit. A \
               restart begins it anew",
        kind: Kind::Milliseconds(0..=365 * 24 * HOUR, field!(outbox.deadline)),
    },
    ConfigOption {
        name: "outbox_recover_max_age_ms",
        default: "0",
        text: "Outbox with a file: operations that were submitted longer ago than this when \
               the file is opened are reported expired and not sent. 0 sends all. By this \
               machine's clock; a time in the future counts as new",
        kind: Kind::Milliseconds(0..=365 * 24 * HOUR, field!(outbox.recover_max_age)),
    },
    ConfigOption {
        name: "outbox_parallel",
        default: "16",
        text: "Outbox: maximum requests in parallel, each on a thread of its own that starts \
               when it is first needed and takes about 90 KiB. Operations per second are at \
               most this × 20 ÷ the round trip in seconds: 16 carry 6,400 at 50 ms. With \
               outbox_url it is 64 unless it is set",
        kind: Kind::Number(1..=256, field!(outbox.parallel)),
    },
    ConfigOption {
        name: "outbox_name",
        default: "",
        text: "Outbox: its label in the metrics for Prometheus. Default: access_id. Two \
               outboxes of one application in one process need two names. With outbox_url \
               also the name whose reports it takes over when an earlier process of this \
               name ended without reading them. Default there: the name of the host",
        kind: Kind::Text(field!(outbox.name)),
    },
    ConfigOption {
        name: "outbox_url",
        default: "",
        text: "Outbox: the Redis or Valkey that keeps the operations of a fleet in one order: \
               redis://, rediss:// (TLS), redis+sentinel://host1,host2/master, or unix:. One \
               process of the fleet at a time relays them to the service. With outbox_file \
               beside it operations are in the file as well until their final report",
        kind: Kind::Url(field!(outbox.url)),
    },
    ConfigOption {
        name: "outbox_role",
        default: "auto",
        text: "Outbox with outbox_url: what it does in the fleet. auto: it submits, and relays \
               while it has open operations and nobody else relays. submit: it never relays, \
               as for web workers. relay: it relays whenever nobody else does, and may submit",
        kind: choice!(OutboxRole, outbox.role),
    },
    ConfigOption {
        name: "outbox_engine_durability",
        default: "engine",
        text: "Outbox with outbox_url: when an operation is durable. engine: the engine has \
               it. replica: so has at least one replica (WAIT). disk: it is on the engine's \
               disk (WAITAOF, Redis 7.2 or later)",
        kind: choice!(EngineDurability, outbox.engine_durability),
    },
    ConfigOption {
        name: "outbox_lease_ms",
        default: "10000",
        text: "Outbox with outbox_url: how long a relay that is not heard of keeps others \
               from relaying. At least 2 × request_timeout_ms + 4000. The same in every \
               process of a fleet",
        kind: Kind::Milliseconds(1..=HOUR, field!(outbox.lease)),
    },
    ConfigOption {
        name: "outbox_reports_to",
        default: "process",
        text: "Outbox with outbox_url: who gets the final reports of what is submitted here. \
               process: this one, or its successor of the same outbox_name. group:NAME: any \
               process with the same value, for workers that come and go. none: nobody. Unless \
               it is process, an operation takes no capacity here once it is durable",
        kind: Kind::Choice {
            names: || ReportsTo::NAMES.to_vec(),
            write: |settings, value| {
                let write: Write<_> = field!(outbox.reports_to);
                let reader = ReportsTo::parse(value);
                reader.map(|reader| write(settings, reader)).is_some()
            },
        },
    },
    ConfigOption {
        name: "outbox_report_ttl_ms",
        default: "604800000",
        text: "Outbox with outbox_url: how long the engine keeps reports of a process or group \
               that nobody is there to read. Older ones are dropped, and counted in \
               reports_dropped. The same in every process of a fleet",
        kind: Kind::Milliseconds(1000..=365 * 24 * HOUR, field!(outbox.report_ttl)),
    },
    ConfigOption {
        name: "outbox_prefix",
        default: "",
        text: "With outbox_url or quota_url: what the names of the keys begin with, in braces. The \
               same in every process of a fleet. Default: xg: and the access_id",
        kind: Kind::Text(field!(outbox.prefix)),
    },
    ConfigOption {
        name: "outbox_reports",
        default: "true",
        text: "Outbox: keep a report of each operation until it is read. If false, a \
               completed operation takes no capacity",
        kind: Kind::Flag(field!(outbox.reports)),
    },
    ConfigOption {
        name: "outbox_durable_notices",
        default: "false",
        text: "Outbox with a file: report as well when an operation becomes durable",
        kind: Kind::Flag(field!(outbox.durable_notices)),
    },
    ConfigOption {
        name: "user_agent",
        default: concat!("xgpush/", env!("CARGO_PKG_VERSION")),
        text: "The User-Agent header",
        kind: Kind::Text(field!(user_agent)),
    },
];
