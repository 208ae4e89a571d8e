//! [`SharedService`]: the service behind its lock, for the server and for waiting threads.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::Notify;

use super::log::Counters;
use super::{Now, Service};
use crate::config::Config;

struct Locked {
    service: Service,
    waiting: usize,
}

/// The one service, behind its lock.
pub(crate) struct SharedService {
    watched: Mutex<Locked>,
    changed: Condvar,
    started: Instant,
    /// There is something to apply later.
    pub(crate) scheduled: Notify,
    /// A request was logged.
    pub(crate) arrived: Notify,
}

impl SharedService {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            watched: Mutex::new(Locked {
                service: Service::new(config),
                waiting: 0,
            }),
            changed: Condvar::new(),
            started: Instant::now(),
            scheduled: Notify::new(),
            arrived: Notify::new(),
        }
    }

    pub(crate) fn now(&self) -> Now {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Now {
            unix_ms: millis(
                SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default(),
            ),
            monotonic_ms: millis(self.started.elapsed()),
        }
    }

    /// How long until a moment of [`Now::monotonic_ms`].
    pub(crate) fn until(&self, monotonic_ms: u64) -> Duration {
        Duration::from_millis(monotonic_ms).saturating_sub(self.started.elapsed())
    }

    /// Runs `act` on the service, then wakes the threads that wait for its counters.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Service) -> T) -> T {
        let mut watched = self.lock();
        let result = act(&mut watched.service);
        if watched.waiting > 0 {
            self.changed.notify_all();
        }
        result
    }

    /// Replaces the configuration and resets everything.
    pub(crate) fn reconfigure(&self, config: Config) {
        let before = self.with(|service| service.reconfigure(config));
        self.arrived.notify_waiters();
        if before.is_large() {
            // To free a million bindings takes half a second, for which requests do not
            // wait. Without another thread they do.
            let _ = std::thread::Builder::new().spawn(move || drop(before));
        }
    }

    /// Removes every binding; log, counters and faults stay.
    pub(crate) fn clear(&self) {
        let before = self.with(Service::clear);
        let _ = std::thread::Builder::new().spawn(move || drop(before));
    }

    pub(crate) fn wait_until(&self, timeout: Duration, until: impl Fn(&Counters) -> bool) -> bool {
        let mut watched = self.lock();
        watched.waiting += 1;
        let (mut watched, _) = self
            .changed
            .wait_timeout_while(watched, timeout, |watched| {
                !until(watched.service.counters())
            })
            .unwrap_or_else(PoisonError::into_inner);
        watched.waiting -= 1;
        until(watched.service.counters())
    }

    fn lock(&self) -> MutexGuard<'_, Locked> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
