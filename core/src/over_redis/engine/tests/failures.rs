//! What happens to a server: it restarts, forgets, is full, becomes a replica.

use super::*;
use crate::fleet::engine::Loaded;

fn sender() -> SenderId {
    SenderId("gate.a".into())
}

fn operation(number: u64) -> NewOperation<'static> {
    NewOperation {
        number,
        tag: number,
        submitted_ms: 1_764_436_800_000,
        maybe_sent: false,
        body: b"body",
    }
}

fn append(
    engine: &mut RedisEngine,
    after: u64,
    numbers: impl Iterator<Item = u64>,
) -> Result<Appended> {
    let operations: Vec<_> = numbers.map(operation).collect();
    engine.append(&sender(), after, &operations, &ReportsTo::Sender)
}

fn take(engine: &mut RedisEngine, holder: &str) -> u64 {
    match engine.lease(holder, None, Duration::from_secs(60)).unwrap() {
        LeaseAnswer::Held(lease) => lease.epoch,
        taken @ LeaseAnswer::Taken { .. } => panic!("{taken:?}"),
    }
}

fn load(engine: &mut RedisEngine, epoch: u64) -> Vec<Loaded> {
    let page = engine.load(epoch, Position::default(), 1000).unwrap();
    page.expect("the epoch is right").operations
}

fn done(operations: &[Loaded]) -> Vec<Done> {
    let done = operations.iter().map(|operation| Done {
        position: operation.position,
        sender: operation.sender.clone(),
        reports_to: operation.reports_to.clone(),
        report: format!("report {}", operation.number).into_bytes().into(),
    });
    done.collect()
}

fn reports(engine: &mut RedisEngine, taken: &[Position]) -> Vec<StoredReport> {
    let list = ReportList::Sender(sender());
    engine
        .reports(&sender(), &list, taken, Position::default(), 1000)
        .unwrap()
}

fn away<T: std::fmt::Debug>(answer: Result<T>) -> String {
    match answer {
        Err(EngineError::Away(why)) => why,
        other => panic!("not away: {other:?}"),
    }
}

#[test]
fn what_was_appended_survives_kill_9_with_an_append_only_file() {
    // With the usual "everysec" a write may wait for a running fsync, after its reply.
    let always = ["--appendonly", "yes", "--appendfsync", "always"];
    let Some(mut server) = RedisServer::start(&always) else {
        return;
    };
    let mut engine = RedisEngine::new(link(&server.url()), settings("test"));
    engine.hello(&sender()).unwrap();
    append(&mut engine, 0, 1..=500).unwrap();
    let epoch = take(&mut engine, "r");
    let before = load(&mut engine, epoch);
    engine
        .settle(epoch, Position::default(), &done(&before[..100]))
        .unwrap();
    server.kill();
    away(append(&mut engine, 500, 501..=501));
    away(engine.hello(&sender()));
    server.up();
    // The scripts are gone from it.
    assert_eq!(append(&mut engine, 500, 400..=501), Ok(Appended::UpTo(501)));
    let left = load(&mut engine, epoch);
    assert!(left[..400] == before[100..], "{} are left", left.len());
    assert_eq!(engine.backlog(), Ok(401));
    assert_eq!(reports(&mut engine, &[]).len(), 100);
}

/// It loads an old snapshot, as a replica does that is behind when it becomes the master.
#[test]
fn a_server_that_went_back_is_noticed_and_nothing_strange_is_removed() {
    let Some(mut server) = RedisServer::start(&[]) else {
        return;
    };
    let mut engine = RedisEngine::new(link(&server.url()), settings("test"));
    append(&mut engine, 0, 1..=3).unwrap();
    let epoch = take(&mut engine, "r");
    load(&mut engine, epoch);
    assert!(server.said(&["SAVE"]).unwrap().starts_with("+OK"));
    append(&mut engine, 3, 4..=6).unwrap();
    let page = engine
        .load(epoch, Position::default(), 1000)
        .unwrap()
        .unwrap();
    server.kill();
    server.up();
    // Another process takes the place of what was lost.
    let settled = engine.settle(epoch, Position::default(), &done(&page.operations));
    assert_ne!(away_or(settled), Some(page.beat + 1));
    assert_eq!(engine.backlog(), Ok(3));
    assert_eq!(reports(&mut engine, &[]), []);
    let seen = append(&mut engine, 6, 7..=7);
    assert_eq!(seen, Ok(Appended::WentBack { seen: 3 }));
    assert_eq!(append(&mut engine, 3, 4..=7), Ok(Appended::UpTo(7)));
    let anew = take(&mut engine, "r");
    assert_eq!(load(&mut engine, anew).len(), 7);
}

/// The beat, whether the connection was found broken or not.
fn away_or(answer: Result<Option<u64>>) -> Option<u64> {
    match answer {
        Ok(beat) => beat,
        Err(EngineError::Away(_)) => None,
        Err(refused) => panic!("{refused}"),
    }
}

#[test]
fn a_settle_that_expects_another_beat_does_nothing() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let mut engine = RedisEngine::new(link(&server.url()), settings("test"));
    append(&mut engine, 0, 1..=3).unwrap();
    let epoch = take(&mut engine, "r");
    let loaded = load(&mut engine, epoch);
    server
        .said(&["HINCRBY", &engine.keys().lease.clone(), "beat", "-1"])
        .unwrap();
    let settled = engine.settle(epoch, loaded[2].position, &done(&loaded));
    assert_eq!(settled, Ok(Some(0)));
    assert_eq!(engine.backlog(), Ok(3));
    // An epoch that was given twice, as by an engine that forgot the first.
    let mut other = RedisEngine::new(link(&server.url()), settings("test"));
    server
        .said(&["HSET", &engine.keys().lease.clone(), "holder", "s"])
        .unwrap();
    assert_eq!(
        engine.settle(epoch, loaded[2].position, &done(&loaded)),
        Ok(None)
    );
    assert_eq!(engine.load(epoch, Position::default(), 1), Ok(None));
    engine.release(epoch).unwrap();
    assert!(matches!(
        other.lease("t", None, Duration::from_secs(1)),
        Ok(LeaseAnswer::Taken { .. })
    ));
}

#[test]
fn a_full_server_takes_nothing_new_and_drains() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let mut engine = RedisEngine::new(link(&server.url()), settings("test"));
    engine.hello(&sender()).unwrap();
    append(&mut engine, 0, 1..=300).unwrap();
    let epoch = take(&mut engine, "r");
    server.said(&["CONFIG", "SET", "maxmemory", "1"]).unwrap();
    match append(&mut engine, 300, 301..=301) {
        Err(EngineError::Refused(why)) => assert!(why.contains("maxmemory"), "{why}"),
        other => panic!("{other:?}"),
    }
    let mut newcomer = RedisEngine::new(link(&server.url()), settings("test"));
    newcomer.hello(&SenderId("gate.b".into())).unwrap();
    let renewed = engine.lease("r", Some(epoch), Duration::from_secs(60));
    assert!(matches!(renewed, Ok(LeaseAnswer::Held(_))), "{renewed:?}");
    newcomer.lease("s", None, Duration::from_secs(60)).unwrap();
    let loaded = load(&mut engine, epoch);
    engine
        .settle(epoch, loaded[299].position, &done(&loaded))
        .unwrap()
        .unwrap();
    let found = reports(&mut engine, &[]);
    assert_eq!(found.len(), 300);
    let taken: Vec<_> = found.iter().map(|stored| stored.position).collect();
    assert_eq!(reports(&mut engine, &taken), []);
    engine.release(epoch).unwrap();
    take(&mut newcomer, "s");
    server.said(&["CONFIG", "SET", "maxmemory", "0"]).unwrap();
    assert_eq!(append(&mut engine, 300, 301..=301), Ok(Appended::UpTo(301)));
}

#[test]
fn a_master_that_becomes_a_replica_is_left() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let mut engine = RedisEngine::new(link(&server.url()), settings("test"));
    append(&mut engine, 0, 1..=1).unwrap();
    let connections = engine.link().connections();
    server.said(&["REPLICAOF", "127.0.0.1", "1"]).unwrap();
    for _ in 0..2 {
        let why = away(append(&mut engine, 1, 2..=2));
        assert!(why.contains("takes no writes"), "{why}");
        away(engine.lease("r", None, Duration::from_secs(1)));
    }
    server.said(&["REPLICAOF", "NO", "ONE"]).unwrap();
    assert_eq!(append(&mut engine, 1, 2..=2), Ok(Appended::UpTo(2)));
    assert!(engine.link().connections() >= connections + 4);
}

/// A replica that is slow is asked again.
fn until_confirmed(engine: &mut RedisEngine) {
    while engine.confirm() != Ok(true) {
        std::thread::yield_now();
    }
}

#[test]
fn a_replica_confirms_while_it_is_there() {
    let Some(master) = RedisServer::start_on_port(&[]) else {
        return;
    };
    let of = format!("127.0.0.1 {}", master.port());
    let settings = EngineSettings {
        survives: Survives::Master,
        ..settings("test")
    };
    let mut engine = RedisEngine::new(link(&master.url()), settings);
    append(&mut engine, 0, 1..=1).unwrap();
    assert_ne!(engine.confirm(), Ok(true));
    let mut replica = RedisServer::start(&["--replicaof", &of]).unwrap();
    until_confirmed(&mut engine);
    let keys = engine.keys().clone();
    append(&mut engine, 1, 2..=9).unwrap();
    until_confirmed(&mut engine);
    master.said(&["CONFIG", "SET", "maxmemory", "1"]).unwrap();
    until_confirmed(&mut engine);
    master.said(&["CONFIG", "SET", "maxmemory", "0"]).unwrap();
    assert!(
        replica
            .said(&["XLEN", &keys.ops])
            .unwrap()
            .starts_with(":9")
    );
    replica.kill();
    append(&mut engine, 9, 10..=10).unwrap();
    assert_ne!(engine.confirm(), Ok(true));
    // Nothing was written on this connection: it is asked about what others wrote.
    engine.rest();
    assert_ne!(engine.confirm(), Ok(true));
}

#[test]
fn an_operation_takes_less_than_a_hundred_bytes() {
    const COUNT: u64 = 10_000;
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let mut engine = RedisEngine::new(link(&server.url()), settings("test"));
    // A bind of a token of 36 bytes and an account of 16.
    let body = [b'x'; 55];
    for first in (1..=COUNT).step_by(100) {
        let operations: Vec<_> = (first..first + 100)
            .map(|number| NewOperation {
                body: &body,
                tag: 1_000_000 + number,
                ..operation(number)
            })
            .collect();
        let from = SenderId("gate-17.mfx3k2p9".into());
        engine
            .append(&from, first - 1, &operations, &ReportsTo::Sender)
            .unwrap();
    }
    let ops = engine.keys().ops.clone();
    let ask: [&[u8]; 5] = [b"MEMORY", b"USAGE", ops.as_bytes(), b"SAMPLES", b"0"];
    let bytes = engine.link().command(&ask).unwrap().number().unwrap();
    assert!(bytes <= 100 * COUNT, "{} bytes an operation", bytes / COUNT);
}

#[test]
fn what_nobody_comes_for_is_forgotten() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let store = RedisStore::new(&Arc::new(server));
    let keys = store.settings.keys.clone();
    let ttl = store.settings.report_ttl;
    // One run has nothing open, one has reports, and so has a group; one has an operation.
    let (done_run, reports_run) = (SenderId("old.1".into()), SenderId("old.2".into()));
    let open_run = SenderId("old.3".into());
    let mut engine = store.engine();
    engine
        .append(&done_run, 0, &[operation(1)], &ReportsTo::Nobody)
        .unwrap();
    engine
        .append(
            &reports_run,
            0,
            &[operation(1), operation(2)],
            &ReportsTo::Sender,
        )
        .unwrap();
    engine
        .append(&done_run, 1, &[operation(2)], &ReportsTo::Group("g".into()))
        .unwrap();
    let epoch = take(&mut engine, "r");
    let all = done(&load(&mut engine, epoch));
    engine.settle(epoch, Position::default(), &all).unwrap();
    engine
        .append(&open_run, 0, &[operation(1)], &ReportsTo::Sender)
        .unwrap();

    let hello = |dropped| {
        let hello = store.engine().hello(&SenderId("new.1".into())).unwrap();
        assert_eq!(hello.reports_dropped, dropped);
    };
    let there = |key: &str| {
        !store
            .server
            .said(&["EXISTS", key])
            .unwrap()
            .starts_with(":0")
    };
    let seen = |run: &SenderId| {
        let said = store.server.said(&["HGET", &keys.seen, &run.0]).unwrap();
        !said.starts_with("$-1")
    };
    hello(0);
    assert!(seen(&done_run));
    store.pass(Duration::from_secs(25 * 3600));
    hello(0);
    assert!(!seen(&done_run) && seen(&reports_run) && seen(&open_run));
    assert!(there(&keys.reports_of(&reports_run)) && there(&keys.group("g")));
    // The reports are as young as they are: their time is made short.
    let brief = EngineSettings {
        report_ttl: Duration::from_millis(1),
        ..store.settings.clone()
    };
    store.pass(ttl);
    let mut engine = RedisEngine::new(link(&store.server.url()), brief);
    let dropped = engine
        .hello(&SenderId("new.2".into()))
        .unwrap()
        .reports_dropped;
    assert_eq!(dropped, 3);
    assert!(!there(&keys.reports_of(&reports_run)) && !there(&keys.group("g")));
    engine.swept = None;
    engine.hello(&SenderId("new.2".into())).unwrap();
    // What is still to be sent keeps its run, and so its number.
    assert!(!seen(&reports_run) && seen(&open_run));
}
