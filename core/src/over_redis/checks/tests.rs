//! Each thing that is wrong, on a real server that has it.

use super::*;
use crate::fleet::engine::{FleetEngine, NewOperation, ReportsTo, SenderId};
use crate::over_redis::engine::RedisEngine;
use crate::over_redis::engine::tests::{link, settings};
use crate::over_redis::server::RedisServer;

/// What opening says: the warnings.
fn open(url: &str, settings: &EngineSettings) -> Result<Vec<String>> {
    hello(&mut RedisEngine::new(link(url), settings.clone()))
}

fn hello(engine: &mut RedisEngine) -> Result<Vec<String>> {
    Ok(engine.hello(&SenderId("gate.1".into()))?.warnings)
}

fn refused(url: &str, settings: &EngineSettings) -> String {
    match open(url, settings) {
        Err(EngineError::Refused(why)) => why,
        other => panic!("not refused: {other:?}"),
    }
}

fn surviving(survives: Survives) -> EngineSettings {
    EngineSettings {
        survives,
        ..settings("test")
    }
}

#[test]
fn a_server_as_it_has_to_be_is_taken_without_a_word() {
    let Some(server) = RedisServer::start(&["--appendonly", "yes"]) else {
        return;
    };
    let plain = settings("test");
    assert_eq!(open(&server.url(), &plain), Ok(vec![]));
    let findings = look(&mut link(&server.url()), &plain).unwrap();
    assert!(
        findings.iter().all(|f| matches!(f, Finding::Good(_))),
        "{findings:?}"
    );
    assert!(findings.len() >= 5, "{findings:?}");
}

#[test]
fn one_that_forgets_or_expels_is_said_so() {
    let Some(server) = RedisServer::start(&["--maxmemory-policy", "allkeys-lru"]) else {
        return;
    };
    let mut engine = RedisEngine::new(link(&server.url()), settings("test"));
    let warnings = hello(&mut engine).unwrap();
    assert_eq!(hello(&mut engine).unwrap(), [""; 0], "each is said once");
    engine.rest();
    assert_eq!(hello(&mut engine).unwrap(), [""; 0], "each is said once");
    assert!(
        warnings.iter().any(|w| w.contains("appendonly no")),
        "{warnings:?}"
    );
    assert!(
        warnings.iter().any(|w| w.contains("allkeys-lru")),
        "{warnings:?}"
    );
    server
        .said(&["CONFIG", "SET", "maxmemory", "100mb"])
        .unwrap();
    let why = refused(&server.url(), &settings("test"));
    assert!(why.contains("maxmemory-policy allkeys-lru"), "{why}");
    assert!(why.contains("set maxmemory-policy to noeviction"), "{why}");
    server
        .said(&["CONFIG", "SET", "maxmemory-policy", "noeviction"])
        .unwrap();
    open(&server.url(), &settings("test")).unwrap();
}

#[test]
fn another_ones_keys_are_refused() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let mine = settings("test");
    open(&server.url(), &mine).unwrap();
    let other = EngineSettings {
        application: "1500009999".to_owned(),
        ..mine.clone()
    };
    let why = refused(&server.url(), &other);
    assert!(
        why.contains("belong to the application 1500001048"),
        "{why}"
    );
    server
        .said(&["HSET", &mine.keys.meta, "schema", "2"])
        .unwrap();
    let why = refused(&server.url(), &mine);
    assert!(why.contains("layout \"2\""), "{why}");
    for (place, key) in mine.keys.fixed().iter().map(|(key, _)| *key).enumerate() {
        server.said(&["FLUSHALL"]).unwrap();
        let command = if place % 2 == 0 { "SET" } else { "SADD" };
        server.said(&[command, key, "1"]).unwrap();
        let why = refused(&server.url(), &mine);
        assert!(
            why.contains(key) && why.contains("another application's data"),
            "{why}"
        );
    }
    server.said(&["FLUSHALL"]).unwrap();
    server.said(&["SET", &mine.keys.runs("gate"), "1"]).unwrap();
    let why = refused(&server.url(), &mine);
    assert!(why.contains("another application's data"), "{why}");
}

#[test]
fn a_replica_is_refused_and_a_master_without_one_warned_of() {
    let Some(master) = RedisServer::start_on_port(&["--appendonly", "yes"]) else {
        return;
    };
    let replica = surviving(Survives::Master);
    let warnings = open(&master.url(), &replica).unwrap();
    assert!(
        warnings[0].contains("no replica is connected"),
        "{warnings:?}"
    );
    let of = format!("127.0.0.1 {}", master.port());
    let copy = RedisServer::start(&["--replicaof", &of]).unwrap();
    while !copy
        .said(&["INFO", "replication"])
        .unwrap()
        .contains("link_status:up")
    {
        std::thread::yield_now();
    }
    let why = refused(&copy.url(), &replica);
    assert!(why.contains("read-only replica"), "{why}");
    let warnings = open(&master.url(), &replica).unwrap();
    assert!(
        warnings[0].contains("min-replicas-to-write is 0"),
        "{warnings:?}"
    );
    master
        .said(&["CONFIG", "SET", "min-replicas-to-write", "1"])
        .unwrap();
    while !master
        .said(&["INFO", "replication"])
        .unwrap()
        .contains("good_slaves:1")
    {
        std::thread::yield_now();
    }
    assert_eq!(open(&master.url(), &replica), Ok(vec![]));
}

#[test]
fn the_disk_needs_a_version_and_an_append_only_file() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let why = refused(&server.url(), &surviving(Survives::Power));
    // Debian 12 has 7.0.
    assert!(why.contains("outbox_engine_durability=disk"), "{why}");
    assert!(
        why.contains("7.2 or newer") || why.contains("appendonly yes"),
        "{why}"
    );
}

#[test]
fn a_cluster_is_refused() {
    let Some(server) = RedisServer::start_on_port(&["--cluster-enabled", "yes"]) else {
        return;
    };
    let why = refused(&server.url(), &settings("test"));
    assert!(why.contains("cluster"), "{why}");
}

#[test]
fn a_user_who_may_not_is_told_what() {
    let Some(server) = RedisServer::start_on_port(&[]) else {
        return;
    };
    let user = |rules: &[&str]| {
        let mut command = vec!["ACL", "SETUSER", "fleet", "reset", "on", ">geheim"];
        command.extend(rules);
        assert!(server.said(&command).unwrap().starts_with("+OK"));
        format!("redis://fleet:geheim@127.0.0.1:{}", server.port())
    };
    let all = ["~{test}:*", "+@all"];
    open(&user(&all), &settings("test")).unwrap();
    for (forbidden, expected) in [
        ("-eval", "EVAL is needed"),
        ("-xadd", "allow TIME"),
        ("-wait", "WAIT is needed"),
    ] {
        let url = user(&[all[0], all[1], forbidden]);
        let why = if let Err(error) = open(&url, &surviving(Survives::Master)) {
            error.to_string()
        } else {
            // Not before something is appended.
            let mut engine = RedisEngine::new(link(&url), settings("test"));
            let new = NewOperation {
                number: 1,
                tag: 0,
                submitted_ms: 0,
                maybe_sent: false,
                body: b"alice",
            };
            let answer = engine.append(&SenderId("g.1".into()), 0, &[new], &ReportsTo::Sender);
            answer.unwrap_err().to_string()
        };
        assert!(why.contains(expected), "{forbidden}: {why}");
        assert!(!why.contains("geheim") && !why.contains("alice"), "{why}");
    }
    let why = refused(&user(&["~other:*", "+@all"]), &settings("test"));
    assert!(why.contains("may not do that"), "{why}");
    // The settings cannot be seen, and all may be well.
    let warnings = open(&user(&[all[0], all[1], "-info"]), &settings("test")).unwrap();
    assert!(warnings[0].contains("INFO is refused"), "{warnings:?}");
}

/// What no server here is.
#[test]
fn versions_and_settings_are_read_from_info() {
    let look = |text: &str, survives| {
        let info: Info<'_> = text
            .lines()
            .filter_map(|line| line.split_once(':'))
            .collect();
        version(&info, survives)
    };
    for (text, survives, good) in [
        ("redis_version:6.0.16", Survives::Engine, false),
        ("redis_version:5.0.3", Survives::Engine, false),
        ("redis_version:6.2.0", Survives::Engine, true),
        ("redis_version:6.2.0", Survives::Power, false),
        (
            "redis_version:7.2.4\nvalkey_version:8.1.1",
            Survives::Power,
            true,
        ),
        ("redis_version:10.0.0", Survives::Power, true),
    ] {
        let found = look(text, survives).unwrap();
        assert_eq!(matches!(found, Finding::Good(_)), good, "{found:?}");
    }
    assert_eq!(look("", Survives::Engine), None);
}

#[test]
fn a_server_that_is_down_is_away_and_not_refused() {
    let Some(mut server) = RedisServer::start(&[]) else {
        return;
    };
    server.kill();
    match open(&server.url(), &settings("test")) {
        Err(EngineError::Away(why)) => assert!(why.contains("no connection"), "{why}"),
        other => panic!("{other:?}"),
    }
}
