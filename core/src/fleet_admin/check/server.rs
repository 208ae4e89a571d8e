//! What a server says about itself, judged: pure.

use super::super::info::Info;
use super::Lines;
use crate::over_redis::engine::Survives;

/// A line for each thing that matters.
pub(super) fn judge(info: &Info, wanted: Survives, lines: &mut Lines) {
    if info.is_empty() {
        lines.warn(
            "server",
            "INFO is refused",
            "what follows could not be seen: make sure of noeviction, the append-only file and \
             replicas in another way",
        );
        return;
    }
    version(info, wanted, lines);
    role(info, lines);
    memory(info, lines);
    disk(info, wanted, lines);
    replicas(info, wanted, lines);
    clients(info, lines);
}

fn version(info: &Info, wanted: Survives, lines: &mut Lines) {
    let server = info.server().unwrap_or_else(|| "unknown".to_owned());
    match info.version() {
        None => lines.warn(
            "version",
            server,
            "it should have the commands of Redis 6.2",
        ),
        Some(version) if version < OLDEST => {
            lines.fail("version", server, "too old: Redis 6.2 or newer, or Valkey");
        }
        Some(version) if version < WAITAOF && wanted == Survives::Power => lines.fail(
            "version",
            server,
            "outbox_engine_durability=disk needs Redis 7.2 or newer",
        ),
        Some(_) => lines.ok("version", server),
    }
}

/// The oldest Redis whose commands do.
const OLDEST: (u32, u32) = (6, 2);
const WAITAOF: (u32, u32) = (7, 2);

fn role(info: &Info, lines: &mut Lines) {
    match info.text("redis_mode") {
        Some("cluster") => lines.fail(
            "mode",
            "a node of a cluster",
            "one order is on one server: take a Redis without cluster mode",
        ),
        Some("sentinel") => lines.fail(
            "mode",
            "a Sentinel",
            "name it by redis+sentinel://host:26379/master",
        ),
        Some(mode) => lines.ok("mode", mode),
        None => {}
    }
    match info.text("role") {
        Some("master") => lines.ok("role", "master"),
        Some(_) => lines.fail(
            "role",
            "a replica, which takes no writes",
            "name the master, or the Sentinels",
        ),
        None => {}
    }
}

fn memory(info: &Info, lines: &mut Lines) {
    match info.text("maxmemory_policy") {
        Some("noeviction") => lines.ok("eviction", "noeviction"),
        Some(policy) => lines.fail(
            "eviction",
            policy,
            "operations could be dropped: set maxmemory-policy noeviction",
        ),
        None => lines.warn(
            "eviction",
            "not to be seen",
            "make sure that maxmemory-policy is noeviction",
        ),
    }
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

fn disk(info: &Info, wanted: Survives, lines: &mut Lines) {
    let name = "append-only file";
    match (
        info.number("aof_enabled"),
        info.text("aof_last_write_status"),
    ) {
        (None, _) => {}
        (Some(0), _) if wanted == Survives::Power => lines.fail(
            name,
            "off",
            "outbox_engine_durability=disk needs it: set appendonly yes",
        ),
        (Some(0), _) => lines.warn(
            name,
            "off",
            "a restart loses what came since the last snapshot: set appendonly yes",
        ),
        (_, Some(status)) if status != "ok" => lines.fail(
            name,
            "the last write failed",
            "it takes no writes until its disk is well",
        ),
        _ => lines.ok(name, "on"),
    }
    if let Some(status) = info.text("rdb_last_bgsave_status")
        && status != "ok"
    {
        lines.fail(
            "snapshot",
            "the last one failed",
            "it takes no writes until its disk is well (stop-writes-on-bgsave-error)",
        );
    }
}

fn replicas(info: &Info, wanted: Survives, lines: &mut Lines) {
    let Some(count) = info.number("connected_slaves") else {
        return;
    };
    let found = match count {
        0 => "none".to_owned(),
        1 => "1 connected".to_owned(),
        more => format!("{more} connected"),
    };
    match (count, wanted) {
        (0, Survives::Master) => lines.fail(
            "replicas",
            found,
            "outbox_engine_durability=replica needs one",
        ),
        (0, _) => lines.warn(
            "replicas",
            found,
            "with this machine all is lost that was handed in by processes that died as well",
        ),
        _ => lines.ok("replicas", found),
    }
    // It is on the page only where min-replicas-to-write is set.
    match info.number("min_slaves_good_slaves") {
        Some(good) => lines.ok(
            "min-replicas-to-write",
            format!("set; {good} replicas are well"),
        ),
        None if count > 0 => lines.warn(
            "min-replicas-to-write",
            "not set",
            "a master that is cut off goes on taking operations, which a failover drops: set 1",
        ),
        None => {}
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

    const WELL: &str = "redis_version:7.2.4\nredis_mode:standalone\nrole:master\n\
        maxmemory_policy:noeviction\nused_memory:1200000\nmaxmemory:512000000\n\
        aof_enabled:1\naof_last_write_status:ok\nrdb_last_bgsave_status:ok\n\
        connected_slaves:1\nmin_slaves_good_slaves:1\nconnected_clients:10\nmaxclients:10000\n";

    fn judged(page: &str, wanted: Survives) -> Vec<CheckLine> {
        let mut lines = Lines::default();
        judge(&Info::parse(page), wanted, &mut lines);
        lines.0
    }

    #[test]
    fn a_server_that_is_well_has_nothing_to_say() {
        for wanted in [Survives::Engine, Survives::Master, Survives::Power] {
            let lines = judged(WELL, wanted);
            assert!(lines.len() >= 8, "{lines:?}");
            for line in lines {
                assert_eq!(line.state, CheckState::Ok, "{line:?}");
                assert_eq!(line.advice, "", "{line:?}");
            }
        }
    }

    #[test]
    fn each_defect_is_found_and_says_what_to_do() {
        use CheckState::{Failed, Warning};
        use Survives::{Engine, Master, Power};
        for (change, wanted, name, state) in [
            (
                ("redis_version:7.2.4", "redis_version:5.0.7"),
                Engine,
                "version",
                Failed,
            ),
            (
                ("redis_version:7.2.4", "redis_version:7.0.15"),
                Power,
                "version",
                Failed,
            ),
            (("redis_version:7.2.4", "x:1"), Engine, "version", Warning),
            (("standalone", "cluster"), Engine, "mode", Failed),
            (("standalone", "sentinel"), Engine, "mode", Failed),
            (("role:master", "role:slave"), Engine, "role", Failed),
            (("noeviction", "volatile-lru"), Engine, "eviction", Failed),
            (
                ("maxmemory_policy:noeviction", "x:1"),
                Engine,
                "eviction",
                Warning,
            ),
            (
                ("used_memory:1200000", "used_memory:500000000"),
                Engine,
                "memory",
                Warning,
            ),
            (
                ("aof_enabled:1", "aof_enabled:0"),
                Engine,
                "append-only file",
                Warning,
            ),
            (
                ("aof_enabled:1", "aof_enabled:0"),
                Power,
                "append-only file",
                Failed,
            ),
            (
                ("aof_last_write_status:ok", "aof_last_write_status:err"),
                Engine,
                "append-only file",
                Failed,
            ),
            (
                ("rdb_last_bgsave_status:ok", "rdb_last_bgsave_status:err"),
                Engine,
                "snapshot",
                Failed,
            ),
            (
                ("connected_slaves:1", "connected_slaves:0"),
                Engine,
                "replicas",
                Warning,
            ),
            (
                ("connected_slaves:1", "connected_slaves:0"),
                Master,
                "replicas",
                Failed,
            ),
            (
                ("min_slaves_good_slaves:1", "x:1"),
                Engine,
                "min-replicas-to-write",
                Warning,
            ),
            (
                ("connected_clients:10\n", "connected_clients:9999\n"),
                Engine,
                "connections",
                Warning,
            ),
        ] {
            let page = WELL.replace(change.0, change.1);
            assert_ne!(page, WELL, "{change:?}");
            let lines = judged(&page, wanted);
            let odd: Vec<_> = lines.iter().filter(|l| l.state != CheckState::Ok).collect();
            assert_eq!(odd.len(), 1, "{change:?}: {odd:?}");
            assert_eq!((odd[0].name, odd[0].state), (name, state), "{change:?}");
            assert!(!odd[0].advice.is_empty(), "{change:?}");
        }
    }

    #[test]
    fn a_refused_info_is_one_warning() {
        let lines = judged("", Survives::Engine);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].state, CheckState::Warning);
    }
}
