//! `sync` and `bulk` on one thread, in coroutines: wherever a call would wait for its
//! socket, another one goes on, as under a library that hooks the system's calls. No
//! answer may be better than what the log of the service allows. (The other calls:
//! `ffi/tests/c/coroutines.c`.)
#![cfg(all(target_os = "linux", target_env = "gnu"))]
#![expect(clippy::print_stdout, reason = "how much ran")]

mod common;
#[path = "one_thread/coroutines.rs"]
mod coroutines;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use common::emulator;
use coroutines::turn;
use xgpush::bulk::{Bulk, BulkOptions};
use xgpush::sync::{Change, DesiredAccounts, SyncOptions, SyncState, Synced};
use xgpush::{
    Account, AccountType, Binding, Client, ItemOutcome, Operation, Request, State, Token,
};
use xgpush_emulator::{Config as Service, Emulator, Fault, FaultKind, LogEntry, RandomFaults};

const QUERY: &str = "/v3/device/account/query";

/// What was said of a token.
#[derive(Debug)]
enum Said {
    Synced(Synced),
    Row(ItemOutcome),
}

impl Said {
    fn name(&self) -> &'static str {
        match self {
            Self::Synced(synced) => synced.state.name(),
            Self::Row(outcome) => outcome.state().name(),
        }
    }
}

type Answers = Rc<RefCell<Vec<(String, Said)>>>;

/// One coroutine: its clients, and where its answers go.
struct Player {
    name: String,
    good: Client,
    /// Of a port where nobody listens.
    dead: Client,
    rng: fastrand::Rng,
    answers: Answers,
}

impl Player {
    fn client(&mut self) -> Client {
        let dead = self.rng.u8(0..16) == 0;
        (if dead { &self.dead } else { &self.good }).clone()
    }

    fn says(&self, token: String, said: Said) {
        self.answers.borrow_mut().push((token, said));
    }

    /// Synchronises one to three tokens at a time.
    fn synchronise(mut self, rounds: usize) {
        for round in 0..rounds {
            let tokens: Vec<_> = (0..self.rng.usize(1..4))
                .map(|n| format!("{}-{round}-{n}.", self.name))
                .collect();
            let wanted: Vec<_> = tokens.iter().map(|token| self.wanted(token)).collect();
            let mut options = SyncOptions::new().with_apply(self.rng.u8(0..4) > 0);
            options.confirm = self.rng.bool().then_some(Duration::from_millis(20));
            let client = self.client();
            let synced = coroutines::inside(|| client.sync(&wanted, &options)).unwrap();
            assert_eq!(synced.len(), tokens.len());
            for (token, synced) in tokens.into_iter().zip(synced) {
                self.says(token, Said::Synced(synced));
            }
            turn();
        }
    }

    fn wanted(&mut self, token: &str) -> DesiredAccounts {
        let account = |name: &str, kind| Account::with_type(name, AccountType(kind)).unwrap();
        let accounts = match self.rng.u8(0..4) {
            0 => vec![],
            1 => vec![account("alice", 0), account("alice", 3)],
            _ => vec![account("alice", 0)],
        };
        DesiredAccounts::new(Token::new(token).unwrap(), accounts).unwrap()
    }

    /// Streams of up to 100 rows; one in four is dropped before its end.
    fn stream(mut self, rounds: usize) {
        for round in 0..rounds {
            let options = BulkOptions::new()
                .with_parallel(self.rng.u32(1..4))
                .with_outage_timeout(Duration::from_millis([0, 5, 50][self.rng.usize(0..3)]));
            let mut bulk = Bulk::new(&self.client(), &options).unwrap();
            let rows = self.rng.usize(1..100);
            let dropped = self.rng.u8(0..4) == 0;
            let most = if dropped {
                self.rng.usize(0..rows)
            } else {
                rows
            };
            let (mut pushed, mut polled) = (0, 0);
            let token = |n| format!("{}-{round}-{n}.", self.name);
            coroutines::inside(|| {
                while !(bulk.is_finished() || dropped && polled == most) {
                    match self.rng.u8(0..4) {
                        0 | 1 if pushed < rows && bulk.wants_row() => {
                            // Few share an account, and are held back behind each other.
                            let account = format!("player{}", self.rng.u16(0..2000));
                            let accounts = [(account.as_str(), None)];
                            bulk.push(&Operation::bind(&token(pushed), &accounts))
                                .unwrap();
                            pushed += 1;
                        }
                        0 | 1 if pushed == rows => bulk.end(),
                        2 => bulk.wait(Duration::from_millis(1)),
                        _ => {
                            if let Some(outcome) = bulk.poll() {
                                let row = (token(polled), Said::Row(outcome));
                                self.answers.borrow_mut().push(row);
                                polled += 1;
                            }
                        }
                    }
                    turn();
                }
            });
        }
    }
}

/// What the service says of a token, in the order of arrival.
#[derive(Default)]
struct Seen<'a>(Vec<&'a LogEntry>);

impl Seen<'_> {
    fn queries(&self) -> impl Iterator<Item = &&LogEntry> {
        self.0.iter().filter(|entry| entry.path == QUERY)
    }

    fn operations(&self, operator: i64) -> impl Iterator<Item = &&LogEntry> {
        let is = move |entry: &&&LogEntry| entry.operator_type == Some(operator);
        self.0.iter().filter(|entry| entry.path != QUERY).filter(is)
    }

    /// Whether an answer of this kind may be given.
    fn allow(&self, said: &Said) -> bool {
        match said {
            Said::Row(outcome) => may_say(outcome, self.operations(2)),
            Said::Synced(synced) => self.allow_synced(&synced.state, synced.change.as_ref()),
        }
    }

    fn allow_synced(&self, state: &SyncState, change: Option<&Change>) -> bool {
        let read = self.queries().any(|entry| is_sound(entry));
        let steps: Vec<i64> = change.into_iter().flat_map(steps).collect();
        let took = |operator: &i64| {
            let mut entries = self.operations(*operator);
            entries.any(|entry| is_sound(entry) && entry.applied)
        };
        match state {
            SyncState::Unread(why) => steps.is_empty() && may_say(why, self.queries()),
            SyncState::Same => read && steps.is_empty() && self.0.iter().all(|e| e.path == QUERY),
            SyncState::Different => read && self.0.iter().all(|entry| entry.path == QUERY),
            SyncState::Changed | SyncState::Unconfirmed => read && steps.iter().all(took),
            SyncState::Confirmed => {
                let applied = self.0.iter().rposition(|entry| entry.applied);
                let shown = applied.map(|at| &self.0[at..]).unwrap_or_default();
                let shown = shown.iter().any(|e| e.path == QUERY && is_sound(e));
                read && steps.iter().all(took) && shown
            }
            // One of the steps ended so; those before it were taken, and none behind
            // it was sent.
            SyncState::Failed(why) => (0..steps.len()).any(|at| {
                steps[..at].iter().all(took)
                    && may_say(why, self.operations(steps[at]))
                    && steps[at + 1..]
                        .iter()
                        .all(|step| self.operations(*step).next().is_none())
            }),
            _ => false,
        }
    }
}

/// The operators of a change, in their order.
fn steps(change: &Change) -> impl Iterator<Item = i64> {
    let clear = change.clear.then_some(4);
    let unbind = (!change.unbind.is_empty()).then_some(3);
    let bind = (!change.bind.is_empty()).then_some(2);
    clear.into_iter().chain(unbind).chain(bind)
}

/// It was answered, and the answer arrived.
fn is_sound(entry: &LogEntry) -> bool {
    entry.status == Some(200) && entry.fault.is_none()
}

fn may_say<'a>(outcome: &ItemOutcome, entries: impl Iterator<Item = &'a &'a LogEntry>) -> bool {
    let mut entries = entries;
    match outcome.state() {
        State::Unknown => true,
        State::NotSent => entries.next().is_none(),
        State::Accepted => entries.any(|entry| is_sound(entry)),
        State::Rejected => entries.any(|e| e.ret_code != Some(0) || !e.results.is_empty()),
    }
}

/// One request in four goes wrong, before it is taken or after it, and idle
/// connections break as they are used again.
fn faulty(emulator: &Emulator, seed: u64) {
    emulator.reconfigure(Service {
        max_log: 1_000_000,
        random_faults: Some(RandomFaults {
            seed,
            per_mille: 250,
            kinds: vec![
                FaultKind::ResetBefore,
                FaultKind::ResetAfter,
                FaultKind::CloseBefore,
                FaultKind::CloseAfter,
                FaultKind::Truncate { at: 10 },
            ],
        }),
        ..Service::default()
    });
    emulator.push_fault(
        Fault::new(FaultKind::CloseIdle {
            rst: true,
            per_mille: 50,
        })
        .times(0),
    );
}

/// A third of the tokens that are synchronised are bound already, by a client of its own.
fn bound_before(emulator: &Emulator, names: &[String], rounds: usize) {
    let account = |kind| Account::with_type("alice", AccountType(kind)).unwrap();
    let bindings = names.iter().flat_map(|name| {
        (0..rounds).step_by(3).map(move |round| {
            let token = Token::new(format!("{name}-{round}-0.")).unwrap();
            let kind = [0, 3, 5][round % 9 / 3];
            Binding::new(token, vec![account(kind)]).unwrap()
        })
    });
    let patient = [("max_attempts", "20"), ("retry_base_ms", "1")];
    let client = common::client(emulator, &patient);
    let outcome = client.batch_operate(&Request::bind(bindings));
    assert!(outcome.unwrap().all_accepted());
}

#[test]
fn interleaved_sync_and_bulk_say_no_more_than_the_service_saw() {
    const ROUNDS: usize = 60;
    const STATES: [&str; 9] = [
        "same",
        "different",
        "changed",
        "confirmed",
        "unread",
        "failed",
        "accepted",
        "unknown",
        "not_sent",
    ];
    let emulator = emulator(Service::default());
    let mut interleaved = 0;
    let mut told: HashMap<&str, usize> = HashMap::new();
    for seed in 0..20 {
        if interleaved >= 10_000 && STATES.iter().all(|name| told.contains_key(name)) {
            break;
        }
        let syncs: Vec<_> = (0..3).map(|n| format!("s{seed}-{n}")).collect();
        faulty(&emulator, seed);
        bound_before(&emulator, &syncs, ROUNDS);
        let answers = Answers::default();
        let client = |url: &str| {
            let options = [
                ("base_url", url),
                ("max_attempts", "1"),
                ("retry_base_ms", "1"),
            ];
            common::client(&emulator, &options)
        };
        let (good, dead) = (client(&emulator.base_url()), client("http://127.0.0.1:1"));
        let player = |name: &str, n: u64| Player {
            name: name.to_owned(),
            good: good.clone(),
            dead: dead.clone(),
            rng: fastrand::Rng::with_seed(seed * 10 + n),
            answers: Rc::clone(&answers),
        };
        let mut bodies: Vec<Box<dyn FnOnce()>> = Vec::new();
        for (n, name) in (0..).zip(&syncs) {
            let player = player(name, n);
            bodies.push(Box::new(move || player.synchronise(ROUNDS)));
        }
        for n in 5..7 {
            let player = player(&format!("b{seed}-{n}"), n);
            bodies.push(Box::new(move || player.stream(6)));
        }
        let before = emulator.log().len();
        interleaved += coroutines::run(seed, bodies);
        drop((good, dead));
        let log = emulator.log();
        let mut seen: HashMap<String, Seen<'_>> = HashMap::new();
        for entry in &log[before..] {
            for token in tokens(&entry.body) {
                seen.entry(token).or_default().0.push(entry);
            }
        }
        for (token, said) in answers.borrow().iter() {
            let seen = seen.remove(token.as_str()).unwrap_or_default();
            *told.entry(said.name()).or_default() += 1;
            assert!(
                seen.allow(said),
                "seed {seed}: {token}: {said:?}, but the service says {:#?}",
                seen.0
            );
        }
    }
    println!("{interleaved} interleavings, {told:?}");
    assert!(interleaved >= 10_000, "{interleaved}");
    for name in STATES {
        assert!(told.contains_key(name), "never {name}: {told:?}");
    }
}

/// The tokens of a body: they end in a full stop, and nothing else does.
fn tokens(body: &str) -> impl Iterator<Item = String> {
    let strings = body.split('"').filter(|text| text.ends_with('.'));
    strings.map(str::to_owned)
}
