//! What every engine must do: run over the model and over each real one.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::engine::{
    Appended, Done, FIRST_IN_LINE, FleetEngine, Lease, LeaseAnswer, Loaded, NewOperation, Position,
    READS_ALONE, ReportList, ReportsTo, SenderId,
};

/// An empty store that several processes share.
pub(crate) trait Store: Sync {
    /// The engine of one more process.
    fn connect(&self) -> Box<dyn FleetEngine>;

    /// Lets time pass on the store's clock.
    fn pass(&self, time: Duration);
}

const LEASE: Duration = Duration::from_secs(10);

/// Longer than a process is silent before it counts as gone.
const LONG: Duration = Duration::from_secs(60);

/// Runs every case, each on a store of its own.
pub(crate) fn check(new: &dyn Fn() -> Box<dyn Store>) {
    let cases: &[(&str, fn(&dyn Store))] = &[
        ("operations come back in order and as they were", order),
        ("an append is repeated without harm", repeated_append),
        ("an engine that has less than it said refuses", went_back),
        ("one holds the lease", one_lease),
        ("who lost the lease can do nothing", fenced),
        ("one is the first in line", first_in_line),
        ("a lease is given up at once", given_up),
        ("each operation gets one report", one_report),
        ("top only grows", top_grows),
        ("reports go where they are to go", readers),
        ("reports stay until they were taken", until_taken),
        ("a successor finds what is left behind", successor),
        ("a list has one reader at a time", one_reader),
        ("appends of several processes do not mix", several_at_once),
        ("a hundred thousand operations keep their order", many),
    ];
    for (name, case) in cases {
        let store = new();
        let run = std::panic::AssertUnwindSafe(|| case(&*store));
        assert!(std::panic::catch_unwind(run).is_ok(), "{name}");
    }
}

fn sender(text: &str) -> SenderId {
    SenderId(text.into())
}

fn operation(number: u64, body: &[u8]) -> NewOperation<'_> {
    NewOperation {
        number,
        tag: number * 1000,
        submitted_ms: 1_700_000_000_000 + number,
        maybe_sent: number.is_multiple_of(3),
        body,
    }
}

fn append(engine: &mut dyn FleetEngine, from: &SenderId, numbers: impl Iterator<Item = u64>) {
    let operations: Vec<_> = numbers.map(|number| operation(number, b"body")).collect();
    let last = operations.last().unwrap().number;
    let answer = engine.append(from, 0, &operations, &ReportsTo::Sender);
    assert_eq!(answer, Ok(Appended::UpTo(last)));
}

fn take(engine: &mut dyn FleetEngine, holder: &str) -> Lease {
    match engine.lease(holder, None, LEASE).unwrap() {
        LeaseAnswer::Held(lease) => lease,
        taken @ LeaseAnswer::Taken { .. } => panic!("{taken:?}"),
    }
}

fn is_taken(answer: &LeaseAnswer) -> bool {
    matches!(answer, LeaseAnswer::Taken { .. })
}

fn load_all(engine: &mut dyn FleetEngine, epoch: u64) -> Vec<Loaded> {
    let page = engine.load(epoch, Position::default(), 1_000_000).unwrap();
    page.expect("the epoch is right").operations
}

fn done(operation: &Loaded) -> Done {
    let report = format!("{} {}\0\r\n", operation.sender, operation.number);
    Done {
        position: operation.position,
        sender: operation.sender.clone(),
        reports_to: operation.reports_to.clone(),
        report: report.into_bytes().into(),
    }
}

fn reports(engine: &mut dyn FleetEngine, of: &SenderId) -> Vec<String> {
    let list = ReportList::Sender(of.clone());
    let stored = engine
        .reports(of, &list, &[], Position::default(), 1000)
        .unwrap();
    let text = |report: &[u8]| String::from_utf8(report.into()).unwrap();
    stored.iter().map(|stored| text(&stored.report)).collect()
}

fn numbers(operations: &[Loaded]) -> Vec<u64> {
    operations
        .iter()
        .map(|operation| operation.number)
        .collect()
}

fn order(store: &dyn Store) {
    let (a, b) = (sender("gate.a"), sender("gate.b"));
    let (mut one, mut other) = (store.connect(), store.connect());
    assert!(one.hello(&a).unwrap().now_ms > 0);
    assert_eq!(one.hello(&b).unwrap().predecessors, []);
    let all_bytes: Vec<u8> = (0..=255).collect();
    let bodies: [&[u8]; 5] = [b"", b"0", b"12345", &all_bytes, &[b'x'; 5000]];
    let mut expected = Vec::new();
    for (at, body) in bodies.iter().enumerate() {
        let number = at as u64 + 1;
        for (engine, from) in [(&mut one, &a), (&mut other, &b)] {
            let new = operation(number, body);
            engine
                .append(from, number - 1, &[new], &ReportsTo::Sender)
                .unwrap();
            expected.push((from.clone(), new));
        }
    }
    assert_eq!(one.backlog(), Ok(10));
    let lease = take(&mut *one, "r");
    let page = one
        .load(lease.epoch, Position::default(), 1000)
        .unwrap()
        .unwrap();
    assert_eq!(page.beat, lease.beat + 1);
    for (loaded, (from, new)) in page.operations.iter().zip(&expected) {
        assert_eq!(
            (&loaded.sender, loaded.number, loaded.tag),
            (from, new.number, new.tag)
        );
        assert_eq!(
            (loaded.submitted_ms, loaded.maybe_sent),
            (new.submitted_ms, new.maybe_sent)
        );
        assert_eq!(
            (&*loaded.body, &loaded.reports_to),
            (new.body, &ReportsTo::Sender)
        );
    }
    assert_eq!(page.operations.len(), expected.len());
    assert!(page.operations.is_sorted_by_key(|loaded| loaded.position));
    // In pages, from behind the last one.
    let mut after = Position::default();
    for at in (0..12).step_by(4) {
        let part = one.load(lease.epoch, after, 4).unwrap().unwrap();
        assert_eq!(part.operations, page.operations[at..(at + 4).min(10)]);
        after = part.operations.last().unwrap().position;
    }
    // Nothing behind the last: the beat stays.
    let beat = one
        .load(lease.epoch, Position::default(), 1)
        .unwrap()
        .unwrap()
        .beat;
    let none = one.load(lease.epoch, after, 4).unwrap().unwrap();
    assert_eq!((none.beat, none.operations.len()), (beat, 0));
    one.rest();
    assert_eq!(one.backlog(), Ok(10));
}

fn repeated_append(store: &dyn Store) {
    let a = sender("gate.a");
    let mut engine = store.connect();
    append(&mut *engine, &a, 1..=3);
    append(&mut *engine, &a, 1..=3);
    append(&mut *engine, &a, 2..=5);
    // Numbers may have gaps.
    let gaps = [7, 9, 12];
    for _ in 0..2 {
        append(&mut *store.connect(), &a, gaps.into_iter());
    }
    // What overlaps and has gaps.
    append(&mut *engine, &a, [3, 9, 12, 20].into_iter());
    // Older ones alone change nothing.
    let old = engine.append(&a, 0, &[operation(4, b"")], &ReportsTo::Sender);
    assert_eq!(old, Ok(Appended::UpTo(20)));
    // With none it is a question.
    assert_eq!(
        engine.append(&a, 20, &[], &ReportsTo::Sender),
        Ok(Appended::UpTo(20))
    );
    let lease = take(&mut *engine, "r");
    let loaded = load_all(&mut *engine, lease.epoch);
    assert_eq!(numbers(&loaded), [1, 2, 3, 4, 5, 7, 9, 12, 20]);
    // Also when they are through.
    let all: Vec<_> = loaded.iter().map(done).collect();
    engine
        .settle(lease.epoch, Position::default(), &all)
        .unwrap();
    append(&mut *engine, &a, 1..=20);
    assert_eq!(engine.backlog(), Ok(0));
    // Another run begins with its own numbers.
    append(&mut *engine, &sender("gate.b"), 1..=2);
    assert_eq!(engine.backlog(), Ok(2));
}

fn went_back(store: &dyn Store) {
    let a = sender("gate.a");
    let mut engine = store.connect();
    let refused = |seen| Ok(Appended::WentBack { seen });
    assert_eq!(engine.append(&a, 1, &[], &ReportsTo::Sender), refused(0));
    append(&mut *engine, &a, 1..=3);
    let next = [operation(5, b""), operation(6, b"")];
    assert_eq!(engine.append(&a, 4, &next, &ReportsTo::Sender), refused(3));
    assert_eq!(engine.append(&a, 4, &[], &ReportsTo::Sender), refused(3));
    assert_eq!(engine.backlog(), Ok(3));
    assert_eq!(
        engine.append(&a, 3, &next, &ReportsTo::Sender),
        Ok(Appended::UpTo(6))
    );
}

fn one_lease(store: &dyn Store) {
    let (mut one, mut other) = (store.connect(), store.connect());
    let first = take(&mut *one, "r1");
    match other.lease("r2", None, LEASE).unwrap() {
        LeaseAnswer::Taken { holder, left, .. } => {
            assert_eq!(holder, "r1");
            assert!(left <= LEASE && !left.is_zero(), "{left:?}");
        }
        held @ LeaseAnswer::Held(_) => panic!("{held:?}"),
    }
    let renewed = match one.lease("r1", Some(first.epoch), LEASE).unwrap() {
        LeaseAnswer::Held(lease) => lease,
        taken @ LeaseAnswer::Taken { .. } => panic!("{taken:?}"),
    };
    assert_eq!((renewed.epoch, renewed.beat), (first.epoch, first.beat + 1));
    // Who holds it may take it anew, and its old epoch is over.
    let anew = take(&mut *one, "r1");
    assert_eq!((anew.epoch, anew.beat), (first.epoch + 1, first.beat + 2));
    assert!(is_taken(
        &one.lease("r1", Some(first.epoch), LEASE).unwrap()
    ));
    // It can be renewed after its time, as long as nobody took it.
    store.pass(LEASE + Duration::from_secs(1));
    assert!(!is_taken(
        &one.lease("r1", Some(anew.epoch), LEASE).unwrap()
    ));
    store.pass(LEASE / 2);
    assert!(is_taken(&other.lease("r2", None, LEASE).unwrap()));
    store.pass(LEASE);
    let second = take(&mut *other, "r2");
    assert_eq!((second.epoch, second.beat), (anew.epoch + 1, anew.beat + 2));
    assert!(is_taken(&one.lease("r1", Some(anew.epoch), LEASE).unwrap()));
}

fn fenced(store: &dyn Store) {
    let a = sender("gate.a");
    let (mut one, mut other) = (store.connect(), store.connect());
    append(&mut *one, &a, 1..=2);
    let first = take(&mut *one, "r1");
    let loaded = load_all(&mut *one, first.epoch);
    store.pass(LEASE * 2);
    let second = take(&mut *other, "r2");
    let all: Vec<_> = loaded.iter().map(done).collect();
    assert_eq!(one.settle(first.epoch, loaded[1].position, &all), Ok(None));
    assert_eq!(one.load(first.epoch, Position::default(), 10), Ok(None));
    one.release(first.epoch).unwrap();
    assert!(is_taken(&one.lease("r1", None, LEASE).unwrap()));
    assert_eq!(reports(&mut *one, &a), [""; 0]);
    assert_eq!(load_all(&mut *other, second.epoch), loaded);
    let renewed = other.lease("r2", Some(second.epoch), LEASE).unwrap();
    let LeaseAnswer::Held(renewed) = renewed else {
        panic!("{renewed:?}")
    };
    // What was refused was no beat.
    assert_eq!(
        (renewed.beat, renewed.top),
        (second.beat + 2, Position::default())
    );
}

fn first_in_line(store: &dyn Store) {
    let (mut one, mut two, mut three) = (store.connect(), store.connect(), store.connect());
    let lease = take(&mut *one, "r1");
    let is_next = |engine: &mut dyn FleetEngine, name: &str| {
        matches!(
            engine.lease(name, None, LEASE).unwrap(),
            LeaseAnswer::Taken { next: true, .. }
        )
    };
    assert!(is_next(&mut *two, "r2"));
    assert!(!is_next(&mut *three, "r3"));
    store.pass(FIRST_IN_LINE / 2);
    assert!(is_next(&mut *two, "r2"));
    store.pass(FIRST_IN_LINE / 2);
    assert!(!is_next(&mut *three, "r3"));
    store.pass(FIRST_IN_LINE);
    assert!(is_next(&mut *three, "r3"));
    assert!(!is_next(&mut *two, "r2"));
    one.release(lease.epoch).unwrap();
    take(&mut *three, "r3");
    // Its place is free again.
    assert!(is_next(&mut *two, "r2"));
}

fn given_up(store: &dyn Store) {
    let (mut one, mut other) = (store.connect(), store.connect());
    let first = take(&mut *one, "r1");
    assert!(is_taken(&other.lease("r2", None, LEASE).unwrap()));
    one.release(first.epoch).unwrap();
    let second = take(&mut *other, "r2");
    assert_eq!(second.epoch, first.epoch + 1);
    // Once more, late: it is not its own any more.
    one.release(first.epoch).unwrap();
    assert!(is_taken(&one.lease("r1", None, LEASE).unwrap()));
}

fn one_report(store: &dyn Store) {
    let a = sender("gate.a");
    let mut engine = store.connect();
    append(&mut *engine, &a, 1..=4);
    let lease = take(&mut *engine, "r");
    let loaded = load_all(&mut *engine, lease.epoch);
    let all: Vec<_> = loaded.iter().map(done).collect();
    let first = engine.settle(lease.epoch, Position::default(), &all[1..3]);
    assert_eq!(first, Ok(Some(lease.beat + 2)));
    // Some of them once more, as after a lost answer.
    let second = engine.settle(lease.epoch, Position::default(), &all);
    assert_eq!(second, Ok(Some(lease.beat + 3)));
    engine
        .settle(lease.epoch, Position::default(), &all)
        .unwrap();
    let expected = [2, 3, 1, 4].map(|n| format!("gate.a {n}\0\r\n"));
    assert_eq!(reports(&mut *engine, &a), expected);
    assert_eq!(engine.backlog(), Ok(0));
}

fn top_grows(store: &dyn Store) {
    let a = sender("gate.a");
    let mut engine = store.connect();
    append(&mut *engine, &a, 1..=3);
    let mut lease = take(&mut *engine, "r");
    assert_eq!(lease.top, Position::default());
    let positions: Vec<_> = load_all(&mut *engine, lease.epoch)
        .iter()
        .map(|loaded| loaded.position)
        .collect();
    let beyond = Position {
        major: positions[2].major + 1,
        minor: 0,
    };
    for (top, expected) in [
        (positions[1], positions[1]),
        (positions[0], positions[1]),
        (Position::default(), positions[1]),
        (positions[2], positions[2]),
        (beyond, beyond),
        (positions[2], beyond),
    ] {
        engine
            .settle(lease.epoch, top, &[])
            .unwrap()
            .expect("the epoch is right");
        lease = take(&mut *engine, "r");
        assert_eq!(lease.top, expected);
    }
    assert_eq!(engine.backlog(), Ok(3));
}

fn readers(store: &dyn Store) {
    let a = sender("gate.a");
    let mut engine = store.connect();
    let all = [
        ReportsTo::Sender,
        ReportsTo::Group("workers".into()),
        ReportsTo::Nobody,
        ReportsTo::Group("gate.a".into()),
    ];
    for (number, reports_to) in (1..).zip(&all) {
        let new = operation(number, b"body");
        engine.append(&a, number - 1, &[new], reports_to).unwrap();
    }
    let lease = take(&mut *engine, "r");
    let loaded = load_all(&mut *engine, lease.epoch);
    let said: Vec<_> = loaded
        .iter()
        .map(|loaded| loaded.reports_to.clone())
        .collect();
    assert_eq!(said, all);
    let done: Vec<_> = loaded.iter().map(done).collect();
    engine
        .settle(lease.epoch, Position::default(), &done)
        .unwrap();
    assert_eq!(reports(&mut *engine, &a), ["gate.a 1\0\r\n"]);
    for (group, expected) in [("workers", "gate.a 2\0\r\n"), ("gate.a", "gate.a 4\0\r\n")] {
        let list = ReportList::Group(group.into());
        let mut other = store.connect();
        let found = other.reports(&sender("web.b"), &list, &[], Position::default(), 10);
        let found = found.unwrap();
        assert_eq!(found.len(), 1, "{group}");
        assert_eq!(&*found[0].report, expected.as_bytes());
    }
    assert_eq!(engine.backlog(), Ok(0));
}

fn until_taken(store: &dyn Store) {
    let a = sender("gate.a");
    let list = ReportList::Sender(a.clone());
    let mut engine = store.connect();
    append(&mut *engine, &a, 1..=6);
    let lease = take(&mut *engine, "r");
    let all: Vec<_> = load_all(&mut *engine, lease.epoch)
        .iter()
        .map(done)
        .collect();
    engine
        .settle(lease.epoch, Position::default(), &all)
        .unwrap();
    let mut read =
        |taken: &[Position], after, most| engine.reports(&a, &list, taken, after, most).unwrap();
    let six = read(&[], Position::default(), 100);
    assert_eq!(six.len(), 6);
    assert!(six.is_sorted_by_key(|stored| stored.position));
    assert_eq!(read(&[], Position::default(), 4), six[..4]);
    assert_eq!(read(&[], six[3].position, 100), six[4..]);
    let taken = [six[0].position, six[2].position];
    let left = read(&taken, Position::default(), 100);
    assert_eq!(left.len(), 4);
    assert_eq!(read(&taken, Position::default(), 100), left);
    assert_eq!(read(&[six[5].position], six[4].position, 100), []);
    assert_eq!(read(&[], Position::default(), 100), left[..3]);
    let rest: Vec<_> = left.iter().map(|stored| stored.position).collect();
    assert_eq!(read(&rest, Position::default(), 100), []);
}

fn successor(store: &dyn Store) {
    let (old, new, strange) = (sender("a.gate.1"), sender("a.gate.2"), sender("gate.3"));
    let (mut one, mut other) = (store.connect(), store.connect());
    one.hello(&old).unwrap();
    append(&mut *one, &old, 1..=3);
    assert_eq!(other.hello(&new).unwrap().predecessors, []);
    let lease = take(&mut *other, "r");
    let all: Vec<_> = load_all(&mut *other, lease.epoch)
        .iter()
        .map(done)
        .collect();
    other
        .settle(lease.epoch, Position::default(), &all)
        .unwrap();
    // It lives, as far as anybody knows.
    assert_eq!(other.hello(&new).unwrap().predecessors, []);
    store.pass(LONG);
    assert_eq!(other.hello(&strange).unwrap().predecessors, []);
    let found = other.hello(&new).unwrap().predecessors;
    assert_eq!(found, std::slice::from_ref(&old));
    let list = ReportList::Sender(old.clone());
    let found = other
        .reports(&new, &list, &[], Position::default(), 10)
        .unwrap();
    assert_eq!(found.len(), 3);
    let taken: Vec<_> = found.iter().map(|stored| stored.position).collect();
    let rest = other.reports(&new, &list, &taken, Position::default(), 10);
    assert_eq!(rest, Ok(Vec::new()));
    store.pass(LONG);
    // There is nothing left of it.
    assert_eq!(other.hello(&new).unwrap().predecessors, []);
}

fn one_reader(store: &dyn Store) {
    let (a, b, c) = (sender("gate.a"), sender("web.b"), sender("web.c"));
    let group = ReportList::Group("g".into());
    let mut engine = store.connect();
    let new = operation(1, b"body");
    engine
        .append(&a, 0, &[new], &ReportsTo::Group("g".into()))
        .unwrap();
    let lease = take(&mut *engine, "r");
    let all: Vec<_> = load_all(&mut *engine, lease.epoch)
        .iter()
        .map(done)
        .collect();
    engine
        .settle(lease.epoch, Position::default(), &all)
        .unwrap();
    let (mut one, mut other) = (store.connect(), store.connect());
    let read = |engine: &mut dyn FleetEngine, who: &SenderId| {
        let found = engine.reports(who, &group, &[], Position::default(), 10);
        found.unwrap().len()
    };
    assert_eq!(read(&mut *one, &b), 1);
    assert_eq!(read(&mut *other, &c), 0);
    store.pass(READS_ALONE * 2 / 3);
    assert_eq!(read(&mut *one, &b), 1);
    store.pass(READS_ALONE * 2 / 3);
    assert_eq!(read(&mut *other, &c), 0);
    store.pass(READS_ALONE);
    assert_eq!(read(&mut *other, &c), 1);
    assert_eq!(read(&mut *one, &b), 0);
}

fn several_at_once(store: &dyn Store) {
    const EACH: u64 = 300;
    std::thread::scope(|scope| {
        for process in 0..4 {
            scope.spawn(move || {
                let mut engine = store.connect();
                let own = sender(&format!("gate.{process}"));
                for first in (1..=EACH).step_by(7) {
                    let last = EACH.min(first + 6);
                    append(&mut *engine, &own, first..=last);
                    // Again and again, as after lost answers.
                    append(&mut *engine, &own, first.saturating_sub(3).max(1)..=last);
                }
            });
        }
    });
    let mut engine = store.connect();
    let lease = take(&mut *engine, "r");
    let mut next: HashMap<SenderId, u64> = HashMap::new();
    for loaded in load_all(&mut *engine, lease.epoch) {
        let next = next.entry(loaded.sender).or_insert(1);
        assert_eq!(loaded.number, *next);
        *next += 1;
    }
    assert_eq!(next.len(), 4);
    assert!(next.values().all(|next| *next == EACH + 1));
}

fn many(store: &dyn Store) {
    const MANY: u64 = 100_000;
    let a = sender("gate.a");
    let mut engine = store.connect();
    for first in (1..=MANY).step_by(1000) {
        append(&mut *engine, &a, first..first + 1000);
    }
    assert_eq!(engine.backlog(), Ok(MANY));
    let lease = take(&mut *engine, "r");
    let (mut after, mut next) = (Position::default(), 1);
    let list = ReportList::Sender(a.clone());
    let mut told = HashSet::new();
    let mut beat = lease.beat;
    loop {
        let page = engine.load(lease.epoch, after, 5000).unwrap().unwrap();
        let Some(newest) = page.operations.last() else {
            break;
        };
        after = newest.position;
        beat += 1;
        for loaded in &page.operations {
            assert_eq!(loaded.number, next);
            next += 1;
        }
        for part in page.operations.chunks(1000) {
            let part: Vec<_> = part.iter().map(done).collect();
            beat += 1;
            assert_eq!(engine.settle(lease.epoch, after, &part), Ok(Some(beat)));
        }
        let mut taken = Vec::new();
        loop {
            let found = engine
                .reports(&a, &list, &taken, Position::default(), 2500)
                .unwrap();
            taken = found.iter().map(|stored| stored.position).collect();
            if found.is_empty() {
                break;
            }
            for stored in found {
                assert!(told.insert(stored.report));
            }
        }
    }
    assert_eq!((next - 1, told.len() as u64), (MANY, MANY));
    assert_eq!(engine.backlog(), Ok(0));
}
