//! Over a clock in memory that can be away, hang and refuse.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use super::*;
use crate::engine::Cancel;
use crate::fleet::engine;
use crate::fleet::quota::clock::{Answer, Ask, QuotaClock};
use crate::model::outcome::WarningKind;

const S: Duration = Duration::from_secs(1);

const OF_OTHERS: Ask = Ask {
    want: 1,
    rate: 1,
    lead: 0,
    pause: 0,
    lost: false,
    told: 0,
};

/// An application's clock, and how it is.
#[derive(Default)]
struct Store {
    clock: Mutex<QuotaClock>,
    away: AtomicBool,
    hangs: AtomicBool,
    refuses: AtomicBool,
    asked: AtomicU32,
    wanted: AtomicU32,
    connections: AtomicU32,
}

struct OfStore {
    store: Arc<Store>,
    began: Instant,
    connected: bool,
}

impl QuotaEngine for OfStore {
    fn ask(&mut self, ask: &Ask) -> engine::Result<Answer> {
        self.store.asked.fetch_add(1, SeqCst);
        while self.store.hangs.load(SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
        if self.store.refuses.load(SeqCst) {
            return Err(EngineError::Refused("it refuses".to_owned()));
        }
        if self.store.away.load(SeqCst) {
            self.connected = false;
            return Err(EngineError::Away("it is away".to_owned()));
        }
        if !std::mem::replace(&mut self.connected, true) {
            self.store.connections.fetch_add(1, SeqCst);
        }
        self.store.wanted.fetch_add(ask.want, SeqCst);
        let now = 1_000_000 + u64::try_from(self.began.elapsed().as_micros()).unwrap();
        Ok(self.store.clock.lock().unwrap().ask(now, 1, ask))
    }

    fn is_connected(&mut self) -> bool {
        self.connected && !self.store.away.load(SeqCst)
    }

    fn rest(&mut self) {
        if std::mem::take(&mut self.connected) {
            self.store.connections.fetch_sub(1, SeqCst);
        }
    }

    fn place(&self) -> String {
        "a store".to_owned()
    }
}

fn rate(store: &Arc<Store>, rate: u32) -> Result<SharedRate> {
    let engine = OfStore {
        store: Arc::clone(store),
        began: Instant::now(),
        connected: false,
    };
    SharedRate::over(rate, Box::new(engine))
}

fn limits(cancel: &Arc<Cancel>) -> Limits {
    Limits::new(Duration::MAX, Arc::clone(cancel), None)
}

fn cancel() -> Arc<Cancel> {
    Arc::new(Cancel::new(Arc::default()))
}

#[test]
fn one_question_reserves_for_all_who_wait() {
    let store = Arc::new(Store::default());
    let rate = rate(&store, 10_000).unwrap();
    store.hangs.store(true, SeqCst);
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| rate.wait(&limits(&cancel()), 60 * S).unwrap());
        }
        let waiting = || rate.shared.lock().waiting.len();
        while waiting() < 16 || store.asked.load(SeqCst) < 2 {
            std::thread::yield_now();
        }
        store.hangs.store(false, SeqCst);
    });
    assert_eq!(rate.shared.lock().waiting.len(), 0);
    assert!(store.asked.load(SeqCst) < 16, "{:?}", store.asked);
    assert_eq!(store.connections.load(SeqCst), 1);
    drop(rate);
    assert_eq!(store.connections.load(SeqCst), 0);
}

#[test]
fn client_that_sends_nothing_has_no_connection_and_no_thread() {
    let store = Arc::new(Store::default());
    let rate = rate(&store, 100).unwrap();
    assert_eq!(store.asked.load(SeqCst), 1);
    assert_eq!(store.connections.load(SeqCst), 0);
    assert!(rate.shared.lock().thread.is_none());
}

#[test]
fn who_waits_keeps_its_deadline_and_its_cancel_while_the_engine_hangs() {
    let store = Arc::new(Store::default());
    let rate = rate(&store, 100).unwrap();
    store.hangs.store(true, SeqCst);
    let cancel = cancel();
    let waited = rate.wait(&limits(&cancel), Duration::from_millis(50));
    assert_eq!(waited, Err(StopReason::Deadline));
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| rate.wait(&limits(&cancel), 3600 * S));
        cancel.cancel();
        assert_eq!(waits.join().unwrap(), Err(StopReason::Cancelled));
    });
    assert_eq!(rate.shared.lock().waiting.len(), 0);
    // Ends while the thread asks.
    drop(rate);
    store.hangs.store(false, SeqCst);
}

#[test]
fn call_whose_place_is_after_its_deadline_does_not_wait_for_it() {
    let store = Arc::new(Store::default());
    let rate = rate(&store, 1).unwrap();
    // Others have the next two hours.
    let of_others = Ask {
        want: 7200,
        ..OF_OTHERS
    };
    store.clock.lock().unwrap().ask(2_000_000, 2, &of_others);
    let waited = rate.wait(&limits(&cancel()), 3600 * S);
    assert_eq!(waited, Err(StopReason::Deadline));
    let state = rate.shared.lock();
    assert_eq!(state.member.places(), 1, "it is there for the next one");
}

#[test]
fn engine_that_is_away_is_said_once_and_requests_go_on() {
    let store = Arc::new(Store::default());
    store.away.store(true, SeqCst);
    let rate = rate(&store, 1_000_000).unwrap();
    let warning = rate.warning().expect("it is away from the beginning");
    assert_eq!(warning.kind(), WarningKind::SharedRate);
    assert!(
        warning.message().contains("it is away"),
        "{}",
        warning.message()
    );
    for _ in 0..5 {
        rate.wait(&limits(&cancel()), 60 * S).unwrap();
    }
    assert_eq!(rate.warning(), None);
}

#[test]
fn engine_that_refuses_is_an_error_at_opening_and_away_later() {
    let store = Arc::new(Store::default());
    let open = rate(&store, 1_000_000).unwrap();
    store.refuses.store(true, SeqCst);
    let error = rate(&store, 100).err().expect("it refuses");
    assert_eq!(error.kind(), crate::ErrorKind::InvalidOption);
    assert!(
        error.to_string().contains("quota_url: it refuses"),
        "{error}"
    );
    open.wait(&limits(&cancel()), 60 * S).unwrap();
    assert!(open.warning().unwrap().message().contains("it refuses"));
}

#[test]
fn pause_reaches_the_clock_without_a_request() {
    let store = Arc::new(Store::default());
    let rate = rate(&store, 100).unwrap();
    rate.pause(3600 * S);
    while store.asked.load(SeqCst) < 2 {
        std::thread::yield_now();
    }
    let waited = rate.wait(&limits(&cancel()), Duration::from_millis(100));
    assert_eq!(waited, Err(StopReason::Deadline));
    let mut clock = store.clock.lock().unwrap();
    let answer = clock.ask(2_000_000, 2, &OF_OTHERS);
    assert!(answer.first - answer.now > 3_000 * 1_000_000);
}
