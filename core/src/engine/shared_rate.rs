//! [`SharedRate`]: one rate for all processes of an application (`quota_url`). Requests wait
//! here for their turn; one thread asks the clock for all of them.

mod asking;
mod notice;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

use super::Limits;
use crate::fleet::engine::EngineError;
use crate::fleet::quota::QuotaEngine;
use crate::fleet::quota::member::{QuotaMember, Turn};
use crate::model::error::{Error, Result};
use crate::model::outcome::Warning;
use crate::options::Config;
use crate::over_redis::quota::RedisQuota;
use crate::retry::StopReason;
use crate::sys::owner_process::OwnerProcess;

use notice::Notice;

/// How often one who waits asks whether to end.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// The same for those who have no place yet: they are woken when they get one.
const POLL_BEHIND: Duration = Duration::from_millis(40);

/// The rate of a client that shares it with other processes.
pub(super) struct SharedRate {
    shared: Arc<Shared>,
    owner: OwnerProcess,
}

struct Shared {
    began: Instant,
    state: Mutex<State>,
    /// There may be something to ask.
    asks: Condvar,
    has_notice: AtomicBool,
}

struct State {
    member: QuotaMember,
    /// Not here while the thread has it.
    engine: Option<Box<dyn QuotaEngine>>,
    thread: Option<JoinHandle<()>>,
    is_running: bool,
    is_connected: bool,
    closed: bool,
    /// In the order in which they came.
    waiting: VecDeque<Waiting>,
    next_number: u64,
    notice: Notice,
}

struct Waiting {
    number: u64,
    thread: Thread,
}

impl SharedRate {
    /// What `quota_url` says; asks the clock once.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption): the URL is none, there is no
    /// rate, or the engine refuses. One that is away is no error.
    pub(super) fn open(config: &Config) -> Result<Option<Self>> {
        if config.settings.quota_url.is_empty() {
            return Ok(None);
        }
        let rate = config.settings.requests_per_second;
        let engine = RedisQuota::new(config)?;
        if rate == 0 {
            return Err(Error::option(
                "quota_url is set and requests_per_second is 0: set the rate that all processes \
                 of the application share",
            ));
        }
        Self::over(rate, Box::new(engine)).map(Some)
    }

    fn over(rate: u32, mut engine: Box<dyn QuotaEngine>) -> Result<Self> {
        let began = Instant::now();
        let mut member = QuotaMember::new(rate, fastrand::f64());
        let mut notice = Notice::new(rate);
        let ask = member.hello(began.elapsed());
        match engine.ask(&ask) {
            Ok(answer) => member.answered(began.elapsed(), &answer),
            Err(EngineError::Refused(why)) => {
                return Err(Error::option(format!("quota_url: {why}")));
            }
            Err(EngineError::Away(why)) => {
                member.failed(began.elapsed());
                notice.failed(why);
            }
        }
        // A client that sends nothing has no connection.
        engine.rest();
        notice.update(member.keeping());
        Ok(Self {
            shared: Arc::new(Shared {
                began,
                has_notice: AtomicBool::new(notice.is_news()),
                state: Mutex::new(State {
                    member,
                    engine: Some(engine),
                    thread: None,
                    is_running: false,
                    is_connected: false,
                    closed: false,
                    waiting: VecDeque::new(),
                    next_number: 0,
                    notice,
                }),
                asks: Condvar::new(),
            }),
            owner: OwnerProcess::current(),
        })
    }

    /// Waits for a turn, at most so long.
    ///
    /// # Errors
    /// Why there is none: its place is after the end, or the call is over.
    pub(super) fn wait(
        &self,
        limits: &Limits,
        left: Duration,
    ) -> std::result::Result<(), StopReason> {
        let ends = self.shared.now().saturating_add(left);
        let mut place = None;
        loop {
            limits.check()?;
            let now = self.shared.now();
            if now >= ends {
                return Err(StopReason::Deadline);
            }
            let mut state = self.shared.lock();
            let number = place
                .get_or_insert_with(|| self.shared.enter(&mut state))
                .number;
            let position = state.position(number);
            let turn = state.member.turn(now, position);
            if turn == Turn::Now {
                state.leave(position);
            }
            self.shared.ask_if_due(&mut state, now);
            drop(state);
            let wakes = match turn {
                Turn::Now => {
                    place.into_iter().for_each(Place::used);
                    // Nothing comes between this question and the request.
                    return limits.check();
                }
                // Nobody behind it comes sooner.
                Turn::At(time) if time >= ends => return Err(StopReason::Deadline),
                Turn::At(time) | Turn::Unknown(Some(time)) => {
                    time.saturating_sub(now).min(POLL_INTERVAL)
                }
                Turn::Unknown(None) => POLL_BEHIND,
            };
            std::thread::park_timeout(wakes.min(ends.saturating_sub(now)));
        }
    }

    /// The service asked for fewer requests: a pause for every process.
    pub(super) fn pause(&self, pause: Duration) {
        let now = self.shared.now();
        let mut state = self.shared.lock();
        state.member.pause(now, pause);
        self.shared.ask_if_due(&mut state, now);
    }

    /// What the next outcome should say.
    pub(super) fn warning(&self) -> Option<Warning> {
        if !self.shared.has_notice.swap(false, Ordering::AcqRel) {
            return None;
        }
        self.shared.lock().notice.take()
    }

    /// Ends the thread soon.
    pub(super) fn close(&self) {
        self.shared.lock().closed = true;
        self.shared.asks.notify_all();
    }
}

impl Drop for SharedRate {
    /// Waits for the thread, unless it waits for the engine: it ends by itself then.
    fn drop(&mut self) {
        // A lock may be held forever in a child, and the thread is the parent's.
        if self.owner.is_forked() {
            return std::mem::forget(Arc::clone(&self.shared));
        }
        self.close();
        let mut state = self.shared.lock();
        let is_asking = state.is_running && state.member.is_asking();
        let thread = state.thread.take();
        drop(state);
        if let Some(thread) = thread.filter(|_| !is_asking) {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, state: &mut State) -> Place<'_> {
        state.next_number += 1;
        let number = state.next_number;
        state.waiting.push_back(Waiting {
            number,
            thread: std::thread::current(),
        });
        Place {
            shared: self,
            number,
        }
    }
}

impl State {
    fn position(&self, number: u64) -> usize {
        self.waiting.partition_point(|other| other.number < number)
    }

    fn leave(&mut self, position: usize) {
        self.waiting.remove(position);
        // It may have been the next one to take a share.
        self.wake(1);
    }

    /// Wakes so many of those who have waited longest.
    fn wake(&self, most: usize) {
        for waiting in self.waiting.iter().take(most) {
            waiting.thread.unpark();
        }
    }
}

/// A request that waits; it leaves with this, whatever ends it.
struct Place<'a> {
    shared: &'a Shared,
    number: u64,
}

impl Place<'_> {
    /// It has left already.
    fn used(self) {
        std::mem::forget(self);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        let position = state.position(self.number);
        state.waiting.remove(position);
        // The places of those behind it are sooner now.
        let places = state.member.places();
        state.wake(places.max(1));
    }
}

#[cfg(test)]
mod tests;
