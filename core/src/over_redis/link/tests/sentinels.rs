//! A real Sentinel with a master and a replica.

use super::*;

/// A Sentinel that watches this master under the name `m`.
fn watching(master: &RedisServer) -> (RedisServer, u16) {
    let port = crate::over_redis::server::free_port();
    let sentinel = RedisServer::start_sentinel(port, master.port()).unwrap();
    (sentinel, port)
}

#[test]
fn the_master_is_found_and_found_again_after_a_failover() {
    let Some(master) = RedisServer::start_on_port(&[]) else {
        return;
    };
    let of = format!("127.0.0.1 {}", master.port());
    let replica = RedisServer::start_on_port(&["--replicaof", &of]).unwrap();
    let is = |server: &RedisServer, word: &str| {
        server
            .said(&["INFO", "replication"])
            .unwrap()
            .contains(word)
    };
    // The master has to know it before the Sentinel asks, who asks every ten seconds.
    while !is(&master, "slave0:") || !is(&replica, "link_status:up") {
        std::thread::yield_now();
    }
    let (sentinel, port) = watching(&master);
    // One that is down comes first.
    let down = crate::over_redis::server::free_port();
    let url = format!("redis+sentinel://127.0.0.1:{down},127.0.0.1:{port}/m/3");
    let mut link = link(&url);
    link.command(&[b"SET", b"k", b"1"]).unwrap();
    assert_eq!(
        link.place(),
        format!("127.0.0.1:{} (master m)", master.port())
    );

    while !sentinel
        .said(&["SENTINEL", "FAILOVER", "m"])
        .unwrap()
        .starts_with("+OK")
    {
        std::thread::sleep(Duration::from_millis(50));
    }
    while !is(&replica, "role:master") {
        std::thread::sleep(Duration::from_millis(20));
    }
    // While it goes on it is away, and nothing is written to the wrong one.
    let began = Instant::now();
    loop {
        match link.command(&[b"SET", b"k", b"2"]) {
            Ok(_) if link.place().contains(&replica.port().to_string()) => break,
            Ok(_) | Err(EngineError::Away(_)) => {}
            Err(refused) => panic!("{refused}"),
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{link:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
    let value = link.command(&[b"GET", b"k"]).unwrap();
    assert_eq!(value.bytes(), Some(&b"2"[..]));
}

#[test]
fn what_no_sentinel_knows_is_refused_and_what_is_no_sentinel_too() {
    let Some(master) = RedisServer::start_on_port(&["--requirepass", "geheim"]) else {
        return;
    };
    let (_sentinel, port) = watching(&master);
    let at = |rest: &str| link(&format!("redis+sentinel://{rest}"));
    let why = refused(ping(&mut at(&format!("127.0.0.1:{port}/other"))));
    assert!(
        why.contains("no Sentinel knows a master of the name \"other\""),
        "{why}"
    );
    let why = refused(ping(&mut at(&format!("127.0.0.1:{}/m", master.port()))));
    assert!(why.contains("password"), "{why}");
    let why = refused(ping(&mut at(&format!("127.0.0.1:{port}/m"))));
    assert!(why.contains("needs a password"), "{why}");
    answers(&mut at(&format!(":geheim@127.0.0.1:{port}/m")));
    let mut wrong = at(&format!(":geheimnis@127.0.0.1:{port}/m"));
    let why = refused(ping(&mut wrong));
    assert!(!format!("{why} {wrong:?}").contains("geheim"), "{why}");
    let down = crate::over_redis::server::free_port();
    let why = away(ping(&mut at(&format!("127.0.0.1:{down}/m"))));
    assert!(why.contains("no Sentinel leads to a master"), "{why}");
}
