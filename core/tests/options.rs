//! Every option is shown to work: one row per option, with the effect that can be
//! seen from outside. Each row sets the option to two values and looks at what differs.
//!
//! A new option needs a row in [`rows!`] and a function of its name in one of the
//! files of `core/tests/options/`. `make mutants` disconnects the options one by one,
//! and shows that the row fails.

mod common;

#[path = "options/calls.rs"]
mod calls;
#[path = "options/connections.rs"]
mod connections;
#[path = "options/fake_transport.rs"]
mod fake_transport;
#[path = "options/libc_spy.rs"]
mod libc_spy;
#[path = "options/outbox.rs"]
mod outbox;
#[path = "options/outbox_engine.rs"]
mod outbox_engine;
#[path = "options/outbox_file.rs"]
mod outbox_file;
#[path = "options/raw_server.rs"]
mod raw_server;
#[path = "options/requests.rs"]
mod requests;

use std::collections::BTreeSet;

use xgpush::options::OPTIONS;

/// A test of its name for each option, and the list of them.
macro_rules! rows {
    ($($module:ident { $($option:ident: $effect:literal,)+ })+) => {
        const ROWS: &[&str] = &[$($(stringify!($option),)+)+];
        $($(
            #[doc = $effect]
            #[test]
            fn $option() {
                $module::$option();
            }
        )+)+
    };
}

rows! {
    requests {
        access_id: "the header `AccessId`, and the name of an outbox",
        secret_key: "the header `Authorization`",
        access_point: "the URL of the request",
        base_url: "the URL of the request",
        allow_http: "a `base_url` with http to another machine is refused or taken",
        auth: "the header `Sign` or `Authorization`",
        protocol: "which rules a request must keep; Basic authentication and address of `xg_v3`",
        allow_append: "operator 1 is refused or sent",
        user_agent: "the header `User-Agent`; what no header can carry is refused",
    }
    calls {
        deadline_ms: "the time that the transport gets",
        request_timeout_ms: "the time that the transport gets",
        max_attempts: "how many requests a failing call makes",
        retry_base_ms: "whether a call pauses before a retry",
        throttle_base_ms: "whether a call pauses before a retry after 'too fast'",
        max_backoff_ms: "whether `Retry-After` takes a call past its deadline",
        retry_budget: "how many requests a failing call makes",
        requests_per_second: "how many requests a short call makes",
        quota_url: "what cannot be used is refused, and no password is in the error",
        parallel: "how many requests are under way at once, and how many connections stay",
        max_response_bytes: "whether a longer answer is read, by either transport",
    }
    connections {
        connect_timeout_ms: "which of two attempts ends first at a silent server",
        max_idle_connections: "how many connections the server sees",
        idle_timeout_ms: "how many connections the server sees",
        connection_max_age_ms: "how many connections the server sees",
        dns_cache_ms: "how often the name is looked up",
        ca_file: "whether the server's certificate is trusted; a file that is missing is named",
        proxy: "whether the proxy is asked to CONNECT; what is no proxy is refused",
        proxy_from_env: "whether the proxy of the environment is asked to CONNECT",
    }
    outbox {
        outbox_max_operations: "after how many operations it is full",
        outbox_max_bytes: "after how many bytes it is full",
        outbox_linger_ms: "whether a lone operation is sent before its deadline",
        outbox_deadline_ms: "whether an operation is given up in an outage",
        outbox_parallel: "how many requests are under way at once",
        outbox_name: "the label on the page for Prometheus",
        outbox_reports: "whether a report comes, and takes room",
    }
    outbox_file {
        outbox_file: "the file exists, and an operation is durable",
        outbox_durability: "how often the file is synchronised with the disk",
        outbox_commit_ms: "how many commits a number of operations takes",
        outbox_file_max_bytes: "whether all operations are durable",
        outbox_recover_max_age_ms: "whether an operation from an earlier run is sent",
        outbox_durable_notices: "whether a report tells that an operation is durable",
    }
    outbox_engine {
        outbox_url: "what cannot be used is refused, and no password is in the error",
        outbox_role: "who relays; without an engine nobody would, and it is refused",
        outbox_engine_durability: "whether an operation is durable that no replica has",
        outbox_lease_ms: "a lease that two requests may outlast is refused",
        outbox_reports_to: "whether its own process gets a report",
        outbox_report_ttl_ms: "whether a report is kept that nobody reads",
        outbox_prefix: "whether two processes share their operations",
    }
}

/// An option without a row would be one that nobody has seen to have an effect.
#[test]
fn every_option_has_a_row() {
    let options: BTreeSet<&str> = OPTIONS.iter().map(|option| option.name).collect();
    let rows: BTreeSet<&str> = ROWS.iter().copied().collect();
    let missing: Vec<_> = options.difference(&rows).collect();
    assert!(
        missing.is_empty(),
        "no test shows that these options have an effect: {missing:?}. For each add a row to \
         `rows!` in core/tests/options.rs, and a function of its name to a file in \
         core/tests/options/ that sets the option to two values and asserts what differs"
    );
    let unknown: Vec<_> = rows.difference(&options).collect();
    assert!(
        unknown.is_empty(),
        "{unknown:?} in core/tests/options.rs are no options any more: remove their rows"
    );
}
