//! Processes of a fleet over an engine in memory, each an outbox with its threads.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::fleet::Mutant;
use crate::fleet::engine::{
    Appended, Done, EngineError, FleetEngine, Hello, LeaseAnswer, NewOperation, Page, Position,
    ReportList, ReportsTo, Result, SenderId, StoredReport,
};
use crate::fleet::model::engine::ModelEngine;
use crate::outbox::Outbox;
use crate::outbox::engine_options::EngineOptions;
use crate::outbox::report::Report;
use crate::transport::{CallbackTransport, Transfer};
use crate::{Client, Config, ErrorKind, HttpResponse, Operation, Reason, State};

const LONG: Duration = Duration::from_secs(60);

/// The engine and the service that the processes of a test share.
struct World {
    engine: Mutex<ModelEngine>,
    began: Instant,
    /// Nobody reaches the engine.
    away: AtomicBool,
    /// The accounts of what the service got, in order.
    sent: Mutex<Vec<String>>,
    /// Requests wait for this.
    answers: Mutex<bool>,
    changed: Condvar,
}

impl World {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            engine: Mutex::new(ModelEngine::new(Mutant::None)),
            began: Instant::now(),
            away: AtomicBool::new(false),
            sent: Mutex::default(),
            answers: Mutex::new(true),
            changed: Condvar::new(),
        })
    }

    /// Whether the service answers.
    fn set_answers(&self, answers: bool) {
        *self.answers.lock().unwrap() = answers;
        self.changed.notify_all();
    }

    fn sent(&self) -> Vec<String> {
        self.sent.lock().unwrap().clone()
    }

    /// A process, and the switch that cuts it off the engine for good.
    fn process(self: &Arc<Self>, options: &[(&str, &str)]) -> Process {
        let config = config(options);
        let world = Arc::clone(self);
        let transport = CallbackTransport::new(&config, move |transfer: Transfer| {
            let world = Arc::clone(&world);
            std::thread::spawn(move || {
                let answers = world.answers.lock().unwrap();
                drop(
                    world
                        .changed
                        .wait_while(answers, |answers| !*answers)
                        .unwrap(),
                );
                let body = transfer.request().body().to_vec();
                let items = world.take(&body);
                let result = vec!["\"0\""; items].join(",");
                let text = format!(r#"{{"ret_code":0,"result":[{result}]}}"#);
                transfer.answer(HttpResponse::new(200, text));
            });
        });
        let client = Client::with_transport(&config, transport).unwrap();
        let cut = Arc::new(AtomicBool::new(false));
        let engine = OfProcess {
            world: Arc::clone(self),
            cut: Arc::clone(&cut),
            id: String::new(),
        };
        let options = EngineOptions::with_engine(&config).unwrap();
        let outbox = Outbox::in_fleet(&config, client, options, Box::new(engine)).unwrap();
        Process { outbox, cut }
    }

    /// Notes what a request carried; answers how many items.
    fn take(&self, body: &[u8]) -> usize {
        let body: serde_json::Value = serde_json::from_slice(body).unwrap();
        let items = body["token_accounts"].as_array().unwrap();
        let mut sent = self.sent.lock().unwrap();
        for item in items {
            let account = item["account_list"][0]["account"].as_str().unwrap();
            sent.push(account.to_owned());
        }
        items.len()
    }
}

struct Process {
    outbox: Outbox,
    cut: Arc<AtomicBool>,
}

impl Process {
    fn bind(&self, token: &str, account: &str, tag: u64) {
        self.outbox
            .submit(&Operation::bind(token, account), tag)
            .unwrap();
    }

    /// The next final report.
    fn report(&self) -> Report {
        loop {
            let mut reports = self.outbox.reports(1, LONG);
            let report = reports.pop().expect("a report in time");
            if report.is_final() {
                return report;
            }
        }
    }

    fn reports(&self, count: usize) -> BTreeMap<u64, Option<Reason>> {
        let reports = (0..count).map(|_| self.report());
        reports
            .map(|report| (report.tag(), report.reason()))
            .collect()
    }

    fn relays(&self) -> bool {
        self.outbox.stats().role == 3
    }
}

fn config(options: &[(&str, &str)]) -> Config {
    let mut config = Config::new();
    for (name, value) in [
        ("access_id", "1500001048"),
        ("secret_key", "secret"),
        ("base_url", "http://127.0.0.1:9"),
        ("request_timeout_ms", "500"),
        ("outbox_lease_ms", "5000"),
        ("outbox_linger_ms", "1"),
    ]
    .iter()
    .chain(options)
    {
        config.set(name, value).unwrap();
    }
    config
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let ends = Instant::now() + LONG;
    while !is_so() {
        assert!(Instant::now() < ends, "{what}");
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

/// The way of one process to the engine.
struct OfProcess {
    world: Arc<World>,
    cut: Arc<AtomicBool>,
    /// Who it says it is.
    id: String,
}

impl OfProcess {
    fn with<T>(&self, work: impl FnOnce(&mut ModelEngine) -> Result<T>) -> Result<T> {
        if self.cut.load(Ordering::SeqCst) || self.world.away.load(Ordering::SeqCst) {
            return Err(EngineError::Away("nobody answers".to_owned()));
        }
        let mut engine = self.world.engine.lock().unwrap();
        engine.now = u64::try_from(self.world.began.elapsed().as_millis()).unwrap();
        engine.caller.clone_from(&self.id);
        work(&mut engine)
    }
}

impl FleetEngine for OfProcess {
    fn hello(&mut self, sender: &SenderId) -> Result<Hello> {
        if self.id.is_empty() {
            self.id = sender.0.to_string();
        }
        self.with(|engine| engine.hello(sender))
    }

    fn append(
        &mut self,
        sender: &SenderId,
        after: u64,
        operations: &[NewOperation<'_>],
        reports_to: &ReportsTo,
    ) -> Result<Appended> {
        self.with(|engine| engine.append(sender, after, operations, reports_to))
    }

    fn lease(&mut self, holder: &str, epoch: Option<u64>, time: Duration) -> Result<LeaseAnswer> {
        self.with(|engine| engine.lease(holder, epoch, time))
    }

    fn load(&mut self, epoch: u64, after: Position, most: usize) -> Result<Option<Page>> {
        self.with(|engine| engine.load(epoch, after, most))
    }

    fn settle(&mut self, epoch: u64, top: Position, done: &[Done]) -> Result<Option<u64>> {
        self.with(|engine| engine.settle(epoch, top, done))
    }

    fn confirm(&mut self) -> Result<bool> {
        self.with(FleetEngine::confirm)
    }

    fn reports(
        &mut self,
        reader: &SenderId,
        from: &ReportList,
        taken: &[Position],
        after: Position,
        most: usize,
    ) -> Result<Vec<StoredReport>> {
        self.with(|engine| engine.reports(reader, from, taken, after, most))
    }

    fn release(&mut self, epoch: u64) -> Result<()> {
        self.with(|engine| engine.release(epoch))
    }

    fn backlog(&mut self) -> Result<u64> {
        self.with(FleetEngine::backlog)
    }

    fn rest(&mut self) {}
}

#[test]
fn what_is_submitted_is_relayed_and_reported() {
    let world = World::new();
    let process = world.process(&[]);
    for n in 0..100 {
        process.bind(&format!("phone{n}"), &format!("player{n}"), n);
    }
    let reports = process.reports(100);
    assert_eq!(reports.len(), 100);
    assert!(
        reports
            .values()
            .all(|reason| *reason == Some(Reason::Accepted))
    );
    let stats = process.outbox.stats();
    assert_eq!((stats.accepted, stats.open, stats.role), (100, 0, 3));
    assert!(stats.epoch == 1 && stats.takeovers == 1, "{stats:?}");
    assert_eq!(process.outbox.close(LONG), 0);
    assert!(world.engine.lock().unwrap().is_empty());
}

#[test]
fn an_operation_that_follows_a_durable_one_of_another_process_comes_behind_it() {
    let world = World::new();
    let one = world.process(&[("outbox_name", "one")]);
    let other = world.process(&[("outbox_name", "other")]);
    let mut wanted = Vec::new();
    for round in 0..20 {
        let process = [&one, &other][round % 2];
        let account = format!("player{round}");
        process.bind("phone", &account, round as u64);
        process.outbox.sync(LONG).unwrap();
        wanted.push(account);
    }
    assert_eq!(one.outbox.flush(LONG).unwrap(), 0);
    assert_eq!(other.outbox.flush(LONG).unwrap(), 0);
    // What was never sent may be left out for what came behind it.
    let sent = world.sent();
    let mut rest = wanted.iter();
    assert!(
        sent.iter()
            .all(|account| rest.any(|other| other == account)),
        "{sent:?}"
    );
    assert_eq!(sent.last(), wanted.last());
}

#[test]
fn each_process_gets_its_own_reports() {
    let world = World::new();
    let processes: Vec<Process> = ["a", "b", "c"]
        .iter()
        .map(|name| world.process(&[("outbox_name", name)]))
        .collect();
    for (first, process) in (0..).step_by(1000).zip(&processes) {
        for n in 0..50 {
            process.bind(&format!("phone{}", first + n), "player", first + n);
        }
    }
    for (first, process) in (0..).step_by(1000).zip(&processes) {
        let tags: Vec<u64> = process.reports(50).into_keys().collect();
        assert!(tags.into_iter().eq(first..first + 50));
    }
    let relays = processes.iter().filter(|process| process.relays()).count();
    assert!(relays <= 1, "{relays}");
}

#[test]
fn another_process_takes_over_when_the_relay_is_gone() {
    let world = World::new();
    let relay = world.process(&[("outbox_name", "relay"), ("outbox_role", "relay")]);
    wait_until("it relays", || relay.relays());
    let other = world.process(&[("outbox_name", "other")]);
    other.bind("phone", "first", 1);
    assert_eq!(other.report().tag(), 1);
    relay.cut.store(true, Ordering::SeqCst);
    other.bind("phone", "second", 2);
    assert_eq!(other.report().reason(), Some(Reason::Accepted));
    assert_eq!(other.outbox.stats().epoch, 2);
    wait_until("it knows", || !relay.relays());
}

#[test]
fn closing_hands_the_lease_over_at_once() {
    let world = World::new();
    let relay = ("outbox_role", "relay");
    // By the clock of the engine a lease would last for an hour.
    let long = ("outbox_lease_ms", "3600000");
    let one = world.process(&[("outbox_name", "one"), relay, long]);
    wait_until("it relays", || one.relays());
    let other = world.process(&[("outbox_name", "other"), relay, long]);
    one.bind("phone", "player", 1);
    assert_eq!(one.outbox.close(LONG), 0);
    wait_until("the other one does", || other.relays());
    assert_eq!(other.outbox.stats().epoch, 2);
    assert_eq!(one.report().tag(), 1, "what is unread can be read");
    assert!(one.outbox.is_drained());
    drop(other);
    assert!(
        world.engine.lock().unwrap().is_empty(),
        "and is nobody else's"
    );
}

#[test]
fn an_engine_that_is_away_costs_nothing_but_time() {
    let world = World::new();
    world.away.store(true, Ordering::SeqCst);
    let process = world.process(&[("outbox_max_operations", "3")]);
    let (told, lines) = std::sync::mpsc::channel();
    process.outbox.set_log(Some(Arc::new(move |_, line: &str| {
        let _ = told.send(line.to_owned());
    })));
    assert!(lines.recv_timeout(LONG).unwrap().contains("nobody answers"));
    assert!(process.outbox.trouble().contains("nobody answers"));
    for n in 0..3 {
        process.bind("phone", &format!("player{n}"), n);
    }
    let full = process
        .outbox
        .submit(&Operation::bind("phone", "one more"), 3);
    assert_eq!(full.unwrap_err().kind(), ErrorKind::Full);
    let error = process.outbox.sync(Duration::from_millis(1)).unwrap_err();
    assert!(error.is_retryable(), "{error}");
    wait_until("it is counted", || {
        let stats = process.outbox.stats();
        stats.engine_failures > 1 && stats.engine_lag_ms > 0 && stats.open == 3
    });
    world.away.store(false, Ordering::SeqCst);
    process.outbox.sync(LONG).unwrap();
    assert_eq!(process.reports(3).len(), 3);
    wait_until("it is over", || process.outbox.trouble().is_empty());
    let said: Vec<String> = lines.try_iter().collect();
    let over = said.iter().filter(|line| line.contains("works again"));
    assert_eq!(over.count(), 1, "{said:?}");
    assert_eq!(process.outbox.stats().engine_lag_ms, 0);
}

#[test]
fn who_only_submits_never_relays() {
    let world = World::new();
    let web = world.process(&[("outbox_name", "web"), ("outbox_role", "submit")]);
    web.bind("phone", "player", 1);
    web.outbox.sync(LONG).unwrap();
    assert_eq!(web.outbox.stats().role, 1);
    assert!(world.sent().is_empty());
    let relay = world.process(&[("outbox_name", "relay"), ("outbox_role", "relay")]);
    assert_eq!(web.report().tag(), 1);
    let (web, relay) = (web.outbox.stats(), relay.outbox.stats());
    assert_eq!(
        (web.accepted, web.sent, relay.accepted, relay.sent),
        (1, 0, 0, 1)
    );
}

#[test]
fn any_member_of_a_group_gets_its_reports() {
    let world = World::new();
    let group = ("outbox_reports_to", "group:web");
    let submits = world.process(&[
        ("outbox_name", "one"),
        group,
        ("outbox_max_operations", "1"),
    ]);
    // Its place is free once it is durable.
    for n in 0..5 {
        let operation = Operation::bind("phone", "player");
        submits.outbox.submit_waiting(&operation, n, LONG).unwrap();
    }
    assert_eq!(submits.outbox.flush(LONG).unwrap(), 0);
    drop(submits);
    let reads = world.process(&[("outbox_name", "other"), group]);
    let report = reads.report();
    assert!(report.is_recovered());
    assert_eq!(report.tag(), 0);
    assert_eq!(reads.outbox.stats().open, 0);
}

#[test]
fn reports_for_nobody_are_for_nobody() {
    let world = World::new();
    let process = world.process(&[("outbox_reports_to", "none")]);
    process.bind("phone", "player", 1);
    wait_until("it is over", || process.outbox.stats().open == 0);
    wait_until("it was sent", || !world.sent().is_empty());
    wait_until("it is forgotten", || {
        world.engine.lock().unwrap().is_empty()
    });
    assert!(process.outbox.reports(1, Duration::ZERO).is_empty());
}

#[test]
fn a_successor_gets_what_nobody_has_looked_at() {
    let world = World::new();
    let first = world.process(&[("outbox_name", "gate")]);
    first.bind("phone0", "player", 0);
    first.bind("phone1", "player", 1);
    let taken = first.reports(2);
    assert_eq!(taken.len(), 2);
    // It has them, and never came back to say that it looked.
    first.cut.store(true, Ordering::SeqCst);
    let next = world.process(&[("outbox_name", "gate")]);
    assert_eq!(next.reports(2), taken);
    let report = next.outbox.reports(1, Duration::ZERO);
    assert!(report.is_empty(), "{report:?}");
}

#[test]
fn reports_that_are_not_kept_are_forgotten_at_once() {
    let world = World::new();
    let process = world.process(&[("outbox_reports", "false"), ("outbox_max_operations", "1")]);
    for n in 0..3 {
        let operation = Operation::bind("phone", "player");
        process.outbox.submit_waiting(&operation, n, LONG).unwrap();
    }
    assert_eq!(process.outbox.flush(LONG).unwrap(), 0);
    wait_until("the engine forgets", || {
        world.engine.lock().unwrap().is_empty()
    });
    assert_eq!(process.outbox.stats().accepted, 3);
}

#[test]
fn a_spool_brings_back_what_the_engine_does_not_have() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("spool");
    let options = [
        ("outbox_name", "gate"),
        ("outbox_role", "submit"),
        ("outbox_file", file.to_str().unwrap()),
    ];
    // One is in the engine, the other is not, when the process ends.
    let first = world.process(&options);
    first.bind("phone0", "player0", 0);
    wait_until("it is in the engine", || {
        first.outbox.stats().engine_lag_ms == 0
    });
    world.away.store(true, Ordering::SeqCst);
    first.bind("phone1", "player1", 1);
    assert_eq!(first.outbox.close(Duration::ZERO), 2);
    drop(first);
    // Once more, with the engine still away.
    let second = world.process(&options);
    second.bind("phone2", "player2", 2);
    let error = second.outbox.sync(Duration::ZERO).unwrap_err();
    assert!(
        error.is_retryable(),
        "the engine does not have them: {error}"
    );
    assert_eq!(second.outbox.close(Duration::ZERO), 3);
    drop(second);
    world.away.store(false, Ordering::SeqCst);
    let third = world.process(&options);
    third.bind("phone3", "player3", 3);
    third.outbox.sync(LONG).unwrap();
    let listed = third.outbox.list_pending(None, None, 10, LONG).unwrap();
    assert_eq!(listed.len(), 4);
    let relay = world.process(&[("outbox_name", "relay"), ("outbox_role", "relay")]);
    let mut reports = Vec::new();
    while reports.len() < 4 {
        reports.push(third.report());
    }
    reports.sort_by_key(Report::tag);
    let seen: Vec<(u64, Option<State>, bool)> = reports
        .iter()
        .map(|report| (report.tag(), report.state(), report.is_recovered()))
        .collect();
    let accepted = Some(State::Accepted);
    assert_eq!(
        seen,
        [
            (0, accepted, true),
            (1, accepted, true),
            (2, accepted, true),
            (3, accepted, false)
        ]
    );
    assert_eq!(world.sent(), ["player0", "player1", "player2", "player3"]);
    assert_eq!(third.outbox.close(LONG), 0);
    drop((third, relay));
    let last = world.process(&options);
    assert_eq!(last.outbox.stats().recovered, 0, "the file forgot them");
}

#[test]
fn what_no_engine_was_given_is_reported_at_the_end() {
    let world = World::new();
    world.away.store(true, Ordering::SeqCst);
    let process = world.process(&[]);
    process.bind("phone", "player", 1);
    assert_eq!(process.outbox.close(Duration::from_millis(10)), 1);
    let report = process.report();
    let known = [Some(State::NotSent), Some(State::Unknown)];
    assert!(known.contains(&report.state()), "{report:?}");
    assert!(process.outbox.is_drained());
}

#[test]
fn what_is_in_the_engine_stays_there_when_a_process_closes() {
    let world = World::new();
    world.set_answers(false);
    let one = world.process(&[("outbox_name", "one")]);
    one.bind("phone", "player", 1);
    one.outbox.sync(LONG).unwrap();
    assert_eq!(one.outbox.close(Duration::from_millis(50)), 1);
    assert!(one.outbox.reports(1, Duration::ZERO).is_empty());
    drop(one);
    world.set_answers(true);
    let relay = world.process(&[("outbox_name", "relay"), ("outbox_role", "relay")]);
    let next = world.process(&[("outbox_name", "one")]);
    let report = next.report();
    assert_eq!((report.tag(), report.state()), (1, Some(State::Accepted)));
    drop(relay);
}

#[test]
fn an_engine_that_refuses_is_an_error_at_opening() {
    struct Refusing;
    impl FleetEngine for Refusing {
        fn hello(&mut self, _: &SenderId) -> Result<Hello> {
            Err(EngineError::Refused("it evicts".to_owned()))
        }
        fn append(
            &mut self,
            _: &SenderId,
            _: u64,
            _: &[NewOperation<'_>],
            _: &ReportsTo,
        ) -> Result<Appended> {
            unreachable!()
        }
        fn lease(&mut self, _: &str, _: Option<u64>, _: Duration) -> Result<LeaseAnswer> {
            unreachable!()
        }
        fn load(&mut self, _: u64, _: Position, _: usize) -> Result<Option<Page>> {
            unreachable!()
        }
        fn settle(&mut self, _: u64, _: Position, _: &[Done]) -> Result<Option<u64>> {
            unreachable!()
        }
        fn confirm(&mut self) -> Result<bool> {
            unreachable!()
        }
        fn reports(
            &mut self,
            _: &SenderId,
            _: &ReportList,
            _: &[Position],
            _: Position,
            _: usize,
        ) -> Result<Vec<StoredReport>> {
            unreachable!()
        }
        fn release(&mut self, _: u64) -> Result<()> {
            unreachable!()
        }
        fn backlog(&mut self) -> Result<u64> {
            unreachable!()
        }
        fn rest(&mut self) {}
    }
    let config = config(&[]);
    let client = Client::new(&config).unwrap();
    let options = EngineOptions::with_engine(&config).unwrap();
    let error = Outbox::in_fleet(&config, client, options, Box::new(Refusing)).unwrap_err();
    assert!(error.to_string().contains("it evicts"), "{error}");
}
