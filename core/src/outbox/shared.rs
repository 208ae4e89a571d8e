//! State shared by the worker and the callers.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::durability::DurableProgress;
use super::intake::Intake;
use super::log::{LogLevel, Logger};
use super::pending::Question;
use super::report::{Event, Report};
use super::reports::Reports;
use super::stats::Counters;
use super::wall_clock::WallClock;
use crate::model::outcome::ItemOutcome;
pub(super) use crate::ordering::queue::millis;
use crate::ordering::queue::{Millis, Removed};
use crate::sys::clock;

/// How many kinds of trouble there are.
const TROUBLES: usize = 4;

pub(super) struct Shared {
    pub(super) intake: Intake,
    pub(super) reports: Reports,
    pub(super) counters: Counters,
    /// When it was opened, in milliseconds since 1970.
    pub(super) opened: Millis,
    started: Instant,
    first_coarse: Duration,
    keeps_reports: bool,
    /// The largest number of a recovered operation.
    pub(super) recovered: AtomicU64,
    /// Whether there is a store.
    pub(super) stores: bool,
    pub(super) synced: DurableProgress,
    /// How many callers flush.
    pub(super) flushing: AtomicUsize,
    closing: AtomicBool,
    stopping: AtomicBool,
    /// Whoever closes may read on: reports that are unread at the end are not for others.
    keeps_unread: AtomicBool,
    /// Whether the worker has ended; told through `changed`, as is whatever somebody may
    /// wait for.
    ended: Mutex<bool>,
    changed: Condvar,
    /// How many operations were left when the worker ended; `usize::MAX` before.
    pub(super) left: AtomicUsize,
    pub(super) logger: Logger,
    /// Until when the failure of a callback is no line.
    callback_rests_until: AtomicU64,
    /// Asked, and not answered yet.
    questions: Mutex<BTreeMap<u64, Question>>,
    asked: AtomicU64,
    /// What fails now, by its kind.
    troubles: Mutex<[Option<String>; TROUBLES]>,
}

impl Shared {
    pub(super) fn new(intake: Intake, keeps_reports: bool, stores: bool) -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self {
            intake,
            reports: Reports::default(),
            counters: Counters::default(),
            opened: millis(since.unwrap_or_default()),
            started: Instant::now(),
            first_coarse: clock::coarse() + clock::COARSE_STEP,
            keeps_reports,
            recovered: AtomicU64::new(0),
            stores,
            synced: DurableProgress::default(),
            flushing: AtomicUsize::new(0),
            closing: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            keeps_unread: AtomicBool::new(false),
            ended: Mutex::new(false),
            changed: Condvar::new(),
            left: AtomicUsize::new(usize::MAX),
            logger: Logger::default(),
            callback_rests_until: AtomicU64::new(0),
            questions: Mutex::default(),
            asked: AtomicU64::new(0),
            troubles: Mutex::default(),
        }
    }

    /// Milliseconds since 1970; never goes back.
    pub(super) fn now(&self) -> Millis {
        self.opened + millis(self.started.elapsed())
    }

    /// The wall clock now, against our own, which was set by it at the opening and then
    /// ran evenly: a step of the clock and the time of a suspended machine.
    pub(super) fn wall(&self) -> WallClock {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        WallClock::of(millis(wall.unwrap_or_default()), self.now(), self.opened)
    }

    /// As `now`, but some milliseconds earlier, and never later: by the kernel's
    /// last tick, which costs next to nothing to read.
    pub(super) fn about_now(&self) -> Millis {
        self.opened + millis(clock::coarse().saturating_sub(self.first_coarse))
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    pub(super) fn keep_unread(&self) {
        self.keeps_unread.store(true, Ordering::Release);
    }

    pub(super) fn keeps_unread(&self) -> bool {
        self.keeps_unread.load(Ordering::Acquire)
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Accepts nothing more and delivers what is there.
    pub(super) fn close(&self) {
        self.intake.close();
        self.closing.store(true, Ordering::Release);
        self.intake.waker.wake();
        self.notify();
    }

    /// Ends without delivering the rest.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.intake.waker.wake();
    }

    /// Reports what was decided, and makes room.
    pub(super) fn complete(&self, settled: Vec<(Removed, ItemOutcome)>) {
        if settled.is_empty() {
            return;
        }
        let at = self.now();
        let wall = self.wall();
        let recovered = self.recovered.load(Ordering::Relaxed);
        let count = settled.len();
        let mut reports = Vec::with_capacity(if self.keeps_reports { count } else { 0 });
        for (gone, mut outcome) in settled {
            outcome.attempts = gone.attempts;
            self.counters.count_final(&outcome);
            let took = at.saturating_sub(gone.at.max(self.opened));
            self.counters.note_latency(took);
            if self.keeps_reports {
                reports.push(Report {
                    tag: gone.tag,
                    event: Event::settled(outcome),
                    submitted: wall.date(gone.at),
                    at: wall.date(at),
                    recovered: gone.id != 0 && gone.id <= recovered,
                });
            }
            self.intake.complete(gone.bytes);
            if self.stores && gone.id == 0 {
                self.synced.settle_volatile();
            }
        }
        if self.keeps_reports {
            self.reports.push(reports);
        } else {
            self.intake.release(count);
        }
        self.notify();
    }

    /// Reports of so many operations were taken: their places are free.
    pub(super) fn release(&self, operations: usize) {
        if operations > 0 {
            self.intake.release(operations);
            self.notify();
        }
    }

    /// Lets those look again who wait for something to be so.
    pub(super) fn notify(&self) {
        let _ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        self.changed.notify_all();
    }

    pub(super) fn end(&self) {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    /// So many more operations went past the store.
    pub(super) fn advance(&self, operations: usize) {
        if self.synced.advance(operations) {
            self.notify();
        }
    }

    /// Waits until so many operations went past the store.
    pub(super) fn wait_for_store(&self, operations: u64, timeout: Duration) -> bool {
        self.synced.wait_begins();
        self.intake.waker.wake();
        self.wait_until(timeout, || self.synced.has_reached(operations));
        self.synced.wait_ends();
        self.synced.has_reached(operations)
    }

    /// Waits until nothing is open, or the worker has ended if `to_the_end`.
    pub(super) fn wait(&self, timeout: Duration, to_the_end: bool) -> bool {
        self.wait_until(timeout, || !to_the_end && self.intake.open() == 0)
    }

    /// Waits until an operation of so many bytes can be submitted, or none can any more.
    /// What others wait with makes no difference.
    pub(super) fn wait_for_room(&self, bytes: usize, timeout: Duration) -> bool {
        self.wait_until(timeout, || self.intake.has_room_for(bytes))
    }

    /// Waits until the operation that was refused last can be submitted, or none can any
    /// more.
    pub(super) fn wait_not_full(&self, timeout: Duration) {
        self.wait_until(timeout, || self.intake.room() != Some(0));
    }

    /// Waits until something is so, or the worker has ended.
    fn wait_until(&self, timeout: Duration, is_so: impl Fn() -> bool) -> bool {
        let ends = Instant::now().checked_add(timeout);
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if *ended || is_so() {
                return true;
            }
            let left = ends.map_or(Duration::from_secs(3600), |ends| {
                ends.saturating_duration_since(Instant::now())
            });
            if left.is_zero() {
                return false;
            }
            let waited = self.changed.wait_timeout(ended, left);
            ended = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Logs what was to be said before there was a log.
    pub(super) fn say_early_lines(&self) {
        self.logger.say_early_lines();
    }

    pub(super) fn log(&self, level: LogLevel, line: &str) {
        self.logger.log(level, line);
    }

    /// Puts a question to the outbox's thread; its number, to take it back.
    pub(super) fn ask(&self, question: Question) -> u64 {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        self.questions().insert(number, question);
        number
    }

    pub(super) fn questions(&self) -> MutexGuard<'_, BTreeMap<u64, Question>> {
        self.questions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn troubles(&self) -> MutexGuard<'_, [Option<String>; TROUBLES]> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The outbox's thread hangs: no report of it is waited for, and it logs nothing more.
    pub(super) fn give_up(&self) {
        self.reports.end();
        self.logger.end();
    }

    /// Whether a minute has passed since.
    pub(super) fn may_log_callback_failure(&self) -> bool {
        const MINUTE: Millis = 60_000;
        let now = self.now();
        let rests = |until: Millis| (now >= until).then_some(now + MINUTE);
        let order = Ordering::Relaxed;
        self.callback_rests_until
            .try_update(order, order, rests)
            .is_ok()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("open", &self.intake.open())
            .field("closing", &self.is_closing())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};

    use super::*;
    use crate::model::operation::Operation;
    use crate::model::outcome::Reason;

    const LONG: Duration = Duration::from_secs(60);

    /// Of at most 10 operations and 100 bytes, 60 of which are taken.
    fn with_60_of_100_bytes() -> Shared {
        let shared = Shared::new(Intake::new(10, 100), false, false);
        let token = "t".repeat(58);
        let operation = Operation::clear_token(&token);
        assert_eq!(operation.encoded_len(), 60);
        shared.intake.submit(&operation, 0, 0).unwrap();
        shared
    }

    #[test]
    fn small_operation_does_not_wait_for_the_room_of_a_large_one() {
        let shared = with_60_of_100_bytes();
        shared.intake.note_refused(90);
        assert!(shared.wait_for_room(40, Duration::ZERO));
        assert!(!shared.wait_for_room(41, Duration::ZERO));
        assert_eq!(
            shared.intake.room(),
            Some(0),
            "for the one that was refused"
        );
    }

    #[test]
    fn every_waiting_size_wakes_when_room_for_it_appears() {
        let shared = Arc::new(with_60_of_100_bytes());
        shared.intake.note_refused(1000);
        let (woken, wakes) = mpsc::channel();
        for bytes in [41, 100] {
            let (shared, woken) = (Arc::clone(&shared), woken.clone());
            std::thread::spawn(move || {
                shared.wait_for_room(bytes, Duration::MAX);
                woken.send(bytes).unwrap();
            });
        }
        let complete = |bytes| {
            let removed = Removed {
                slot: 0,
                id: 0,
                tag: 0,
                at: 0,
                attempts: 1,
                bytes,
            };
            shared.complete(vec![(removed, ItemOutcome::new(Reason::Accepted, None))]);
        };
        complete(1);
        assert_eq!(wakes.recv_timeout(LONG), Ok(41));
        complete(59);
        assert_eq!(wakes.recv_timeout(LONG), Ok(100));
    }

    #[test]
    fn a_step_of_the_clock_moves_dates_and_not_ages() {
        const OPENED: Millis = 1_000_000;
        // Nothing happened, a step back, a step ahead (or a suspended machine).
        for (wall, first, last) in [
            (OPENED + 505, OPENED + 100, OPENED + 500),
            (
                OPENED - 400_000 + 500,
                OPENED - 400_000 + 100,
                OPENED - 400_000 + 500,
            ),
            (OPENED + 7_200_500, OPENED + 7_200_100, OPENED + 7_200_500),
        ] {
            let dates = WallClock::of(wall, OPENED + 500, OPENED);
            assert_eq!(
                (dates.date(OPENED + 100), dates.date(OPENED + 500)),
                (first, last)
            );
            assert_eq!(
                dates.date(OPENED - 7),
                OPENED - 7,
                "as it came out of the file"
            );
        }
    }

    #[test]
    fn submission_time_is_never_later_than_its_report() {
        for _ in 0..20 {
            let shared = Shared::new(Intake::new(1, 1), false, false);
            // Right after a tick the coarse clock is exact, and its beginning was not.
            for _ in 0..8 {
                let before = clock::coarse();
                while clock::coarse() == before {}
                let submitted = shared.about_now();
                assert!(submitted <= shared.now());
            }
        }
    }
}
