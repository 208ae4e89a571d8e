//! What a server says about itself beside what opening looks at, judged: pure.

use super::super::info::Info;
use super::Lines;
use crate::over_redis::engine::Survives;

/// A line for each thing that can become a fleet's trouble.
pub(super) fn judge(info: &Info, wanted: Survives, lines: &mut Lines) {
    memory(info, lines);
    disk(info, lines);
    replicas(info, wanted, lines);
    clients(info, lines);
}

fn memory(info: &Info, lines: &mut Lines) {
    let Some(used) = info.number("used_memory") else {
        return;
    };
    let megabytes = |bytes: u64| format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10);
    match info.number("maxmemory") {
        Some(limit) if limit > 0 => {
            let found = format!("{} of {} used", megabytes(used), megabytes(limit));
            if used / 4 >= limit / 5 {
                lines.warn("memory", found, "when it is full, it takes no operations");
            } else {
                lines.ok("memory", found);
            }
        }
        _ => lines.ok("memory", format!("{} used, no limit", megabytes(used))),
    }
}

fn disk(info: &Info, lines: &mut Lines) {
    for (name, of) in [
        ("rdb_last_bgsave_status", "the last snapshot"),
        (
            "aof_last_write_status",
            "the last write to the append-only file",
        ),
    ] {
        match info.text(name) {
            None | Some("ok") => {}
            Some(_) => lines.fail(
                "disk",
                format!("{of} failed"),
                "it takes no writes until its disk is well",
            ),
        }
    }
}

fn replicas(info: &Info, wanted: Survives, lines: &mut Lines) {
    // With `Master` opening looks at them.
    if wanted == Survives::Master {
        return;
    }
    match info.number("connected_slaves") {
        None => {}
        Some(0) => lines.warn(
            "replicas",
            "none",
            "with this machine is lost what was handed in by processes that died as well",
        ),
        Some(1) => lines.ok("replicas", "1 connected"),
        Some(more) => lines.ok("replicas", format!("{more} connected")),
    }
}

fn clients(info: &Info, lines: &mut Lines) {
    let (Some(now), Some(most)) = (info.number("connected_clients"), info.number("maxclients"))
    else {
        return;
    };
    let found = format!("{now} of {most}");
    if now / 4 >= most / 5 {
        let advice = "every busy process of the fleet needs one: raise maxclients";
        lines.warn("connections", found, advice);
    } else {
        lines.ok("connections", found);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{CheckLine, CheckState};
    use super::*;

    const WELL: &str = "used_memory:1200000\nmaxmemory:512000000\naof_last_write_status:ok\n\
        rdb_last_bgsave_status:ok\nconnected_slaves:1\nconnected_clients:10\nmaxclients:10000\n";

    fn judged(page: &str, wanted: Survives) -> Vec<CheckLine> {
        let mut lines = Lines::default();
        judge(&Info::parse(page), wanted, &mut lines);
        lines.0
    }

    #[test]
    fn a_server_that_is_well_has_nothing_to_say() {
        for wanted in [Survives::Engine, Survives::Master, Survives::Power] {
            for line in judged(WELL, wanted) {
                assert_eq!(line.state, CheckState::Ok, "{line:?}");
                assert_eq!(line.advice, "", "{line:?}");
            }
        }
        // What is not known is no trouble.
        assert_eq!(judged("", Survives::Engine), []);
    }

    #[test]
    fn each_trouble_is_found_and_says_what_to_do() {
        use CheckState::{Failed, Warning};
        for (was, is, name, state) in [
            (
                "used_memory:1200000",
                "used_memory:500000000",
                "memory",
                Warning,
            ),
            ("write_status:ok", "write_status:err", "disk", Failed),
            ("bgsave_status:ok", "bgsave_status:err", "disk", Failed),
            (
                "connected_slaves:1",
                "connected_slaves:0",
                "replicas",
                Warning,
            ),
            (
                "connected_clients:10\n",
                "connected_clients:9999\n",
                "connections",
                Warning,
            ),
        ] {
            let page = WELL.replace(was, is);
            assert_ne!(page, WELL, "{was}");
            let lines = judged(&page, Survives::Engine);
            let odd: Vec<_> = lines.iter().filter(|l| l.state != CheckState::Ok).collect();
            assert_eq!(odd.len(), 1, "{is}: {odd:?}");
            assert_eq!((odd[0].name, odd[0].state), (name, state), "{is}");
            assert!(!odd[0].advice.is_empty(), "{is}");
        }
    }
}
