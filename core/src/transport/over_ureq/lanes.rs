//! The connections: each is a lane of its own, on one attempt at a time.
//!
//! A lane is an agent of `ureq` that keeps one connection, and the state of the
//! attempt that it is on. Names and TLS are shared by all lanes.

use std::collections::VecDeque;
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use rustix::net::RecvFlags;

use super::watch::Watch;

/// One connection and its attempt.
pub(super) struct Lane {
    pub(super) agent: ureq::Agent,
    pub(super) watch: Arc<Watch>,
    line: Arc<Line>,
}

impl Lane {
    /// Not connected yet. `line` is what its connector fills.
    pub(super) fn new(agent: ureq::Agent, watch: Arc<Watch>, line: Arc<Line>) -> Self {
        Self { agent, watch, line }
    }
}

/// The socket of a lane.
#[derive(Debug)]
pub(super) struct Line {
    /// From its opening; zero is for ever.
    longest_age: Duration,
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    stream: Weak<TcpStream>,
    /// When it is too old.
    ends: Option<Instant>,
}

impl Line {
    pub(super) fn new(longest_age: Duration) -> Self {
        let open = Mutex::default();
        Self { longest_age, open }
    }

    /// A connection was opened. It lives for three quarters of the longest age, or
    /// up to a quarter more: what was opened together does not end together.
    pub(super) fn opened(&self, stream: &Arc<TcpStream>) {
        let age = self.longest_age.mul_f64(0.75 + 0.25 * fastrand::f64());
        let ends = if age.is_zero() {
            None
        } else {
            Instant::now().checked_add(age)
        };
        let stream = Arc::downgrade(stream);
        *lock(&self.open) = Some(Open { stream, ends });
    }

    fn stream(&self) -> Option<Arc<TcpStream>> {
        lock(&self.open).as_ref()?.stream.upgrade()
    }

    fn is_too_old(&self) -> bool {
        let ends = lock(&self.open).as_ref().and_then(|open| open.ends);
        ends.is_some_and(|ends| ends <= Instant::now())
    }

    /// Nothing to read and not closed: the only state in which an idle connection
    /// is good.
    fn is_quiet(&self) -> bool {
        let Some(stream) = self.stream() else {
            return false;
        };
        let mut byte = [0_u8; 1];
        let peeked = rustix::net::recv(&*stream, &mut byte, RecvFlags::PEEK | RecvFlags::DONTWAIT);
        matches!(peeked, Err(rustix::io::Errno::AGAIN))
    }
}

/// The lanes of a client. The lock is held for a push or a pop only: sockets are
/// asked and closed without it.
pub(super) struct Lanes {
    state: Mutex<State>,
    most_idle: usize,
    idle_timeout: Duration,
    longest_age: Duration,
}

#[derive(Default)]
struct State {
    /// The one that was used last is at the back, and taken first.
    idle: VecDeque<(Lane, Instant)>,
    /// Idle or not.
    all: Vec<Weak<Line>>,
    closed: bool,
}

impl Lanes {
    pub(super) fn new(most_idle: usize, idle_timeout: Duration, longest_age: Duration) -> Self {
        Self {
            state: Mutex::default(),
            most_idle,
            idle_timeout,
            longest_age,
        }
    }

    /// The socket of a new lane.
    pub(super) fn line(&self) -> Arc<Line> {
        let line = Arc::new(Line::new(self.longest_age));
        let mut state = self.lock();
        state.all.retain(|line| line.strong_count() > 0);
        state.all.push(Arc::downgrade(&line));
        line
    }

    /// A lane with a connection that is good, as far as can be seen.
    pub(super) fn idle(&self) -> Option<Lane> {
        loop {
            let (lane, since) = self.lock().idle.pop_back()?;
            if since.elapsed() < self.idle_timeout
                && !lane.line.is_too_old()
                && lane.line.is_quiet()
            {
                return Some(lane);
            }
        }
    }

    /// After an answer: kept if its connection is.
    pub(super) fn give_back(&self, lane: Lane) {
        if lane.line.stream().is_none() {
            return;
        }
        let mut state = self.lock();
        if state.closed {
            return;
        }
        state.idle.push_back((lane, Instant::now()));
        let mut surplus = Vec::new();
        while let Some((_, since)) = state.idle.front() {
            if state.idle.len() <= self.most_idle && since.elapsed() < self.idle_timeout {
                break;
            }
            surplus.extend(state.idle.pop_front());
        }
        drop(state);
        drop(surplus);
    }

    /// Closes the idle ones and breaks the others.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let idle = std::mem::take(&mut state.idle);
        let all = std::mem::take(&mut state.all);
        drop(state);
        drop(idle);
        for stream in all
            .iter()
            .filter_map(Weak::upgrade)
            .filter_map(|l| l.stream())
        {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
