//! The connections: each is a connection of its own, on one attempt at a time.
//!
//! A connection is an agent of `ureq` that keeps one connection, and the state of the
//! attempt that it is on. Names and TLS are shared by all connections.

use std::collections::VecDeque;
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use rustix::net::RecvFlags;

use super::attempt_state::AttemptState;

/// One connection and its attempt.
pub(super) struct PooledConnection {
    pub(super) agent: ureq::Agent,
    pub(super) attempt_state: Arc<AttemptState>,
    socket: Arc<Socket>,
}

impl PooledConnection {
    /// Not connected yet. `line` is what its connector fills.
    pub(super) fn new(
        agent: ureq::Agent,
        attempt_state: Arc<AttemptState>,
        socket: Arc<Socket>,
    ) -> Self {
        Self {
            agent,
            attempt_state,
            socket,
        }
    }
}

/// The socket of a connection.
#[derive(Debug)]
pub(super) struct Socket {
    /// From its opening; zero is forever.
    longest_age: Duration,
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    stream: Weak<TcpStream>,
    /// When it is too old.
    ends: Option<Instant>,
}

impl Socket {
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

/// The connections of a client. The lock is held for a push or a pop only: sockets are
/// asked and closed without it.
pub(super) struct ConnectionPool {
    state: Mutex<State>,
    most_idle: usize,
    idle_timeout: Duration,
    longest_age: Duration,
}

#[derive(Default)]
struct State {
    /// The one that was used last is at the back, and taken first.
    idle: VecDeque<(PooledConnection, Instant)>,
    /// Idle or not.
    all: Vec<Weak<Socket>>,
    closed: bool,
}

impl ConnectionPool {
    pub(super) fn new(most_idle: usize, idle_timeout: Duration, longest_age: Duration) -> Self {
        Self {
            state: Mutex::default(),
            most_idle,
            idle_timeout,
            longest_age,
        }
    }

    /// The socket of a new connection.
    pub(super) fn socket(&self) -> Arc<Socket> {
        let socket = Arc::new(Socket::new(self.longest_age));
        let mut state = self.lock();
        state.all.retain(|socket| socket.strong_count() > 0);
        state.all.push(Arc::downgrade(&socket));
        socket
    }

    /// A connection with a connection that is good, as far as can be seen.
    pub(super) fn idle(&self) -> Option<PooledConnection> {
        loop {
            let (connection, since) = self.lock().idle.pop_back()?;
            if since.elapsed() < self.idle_timeout
                && !connection.socket.is_too_old()
                && connection.socket.is_quiet()
            {
                return Some(connection);
            }
        }
    }

    /// After an answer: kept if its connection is.
    pub(super) fn give_back(&self, connection: PooledConnection) {
        if connection.socket.stream().is_none() {
            return;
        }
        let mut state = self.lock();
        if state.closed {
            return;
        }
        state.idle.push_back((connection, Instant::now()));
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
