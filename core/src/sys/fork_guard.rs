//! Forks, and what must not be under way at one.
//!
//! A lock that a thread holds while another one forks is held forever in the child.
//! `SQLite` has such locks, also around each allocation, and a child that opens an
//! outbox of its own needs them. So a fork waits until nobody is inside `SQLite`, and
//! nobody goes in meanwhile.

use std::cell::Cell;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How many forks began, and how many of them are over.
static BEGUN: AtomicU32 = AtomicU32::new(0);
static OVER: AtomicU32 = AtomicU32::new(0);

/// How many threads are inside.
static INSIDE: AtomicU32 = AtomicU32::new(0);

/// How long a fork waits at most. What is inside waits for the disk.
const LONGEST: Duration = Duration::from_secs(2);

const STEP: Duration = Duration::from_micros(50);

thread_local! {
    /// How often this thread is inside.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// As long as this is there, no fork happens.
pub(crate) struct NoFork(());

impl NoFork {
    pub(crate) fn begin() -> Self {
        watch();
        let depth = DEPTH.get();
        DEPTH.set(depth + 1);
        if depth > 0 {
            return Self(());
        }
        loop {
            INSIDE.fetch_add(1, Ordering::SeqCst);
            if under_way().is_none() {
                return Self(());
            }
            INSIDE.fetch_sub(1, Ordering::SeqCst);
            std::thread::sleep(STEP);
        }
    }
}

impl Drop for NoFork {
    fn drop(&mut self) {
        let depth = DEPTH.get() - 1;
        DEPTH.set(depth);
        if depth == 0 {
            INSIDE.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// How many forks began; `None` is that none is under way.
fn under_way() -> Option<u32> {
    let begun = BEGUN.load(Ordering::SeqCst);
    (begun != OVER.load(Ordering::SeqCst)).then_some(begun)
}

/// A number that changes with each fork; waits for one that is under way.
pub(super) fn count() -> u32 {
    watch();
    while under_way().is_some() {
        std::thread::sleep(STEP);
    }
    BEGUN.load(Ordering::SeqCst)
}

unsafe extern "C" fn before_fork() {
    BEGUN.fetch_add(1, Ordering::SeqCst);
    let began = Instant::now();
    while INSIDE.load(Ordering::SeqCst) > 0 && began.elapsed() < LONGEST {
        std::thread::sleep(STEP);
    }
}

unsafe extern "C" fn in_the_parent() {
    OVER.fetch_add(1, Ordering::SeqCst);
}

unsafe extern "C" fn in_the_child() {
    INSIDE.store(0, Ordering::SeqCst);
    OVER.store(BEGUN.load(Ordering::SeqCst), Ordering::SeqCst);
}

fn watch() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        // SAFETY: the handlers use atomic numbers, the clock, and sleeping, which may be
        // done in a child of a program with threads. The library is never unloaded, or the C library drops the
        // handlers with it. Without memory this fails, and forks are not noticed.
        unsafe { libc::pthread_atfork(Some(before_fork), Some(in_the_parent), Some(in_the_child)) };
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The handlers run as at a fork: this process has threads, and none is lost.
    #[test]
    fn a_fork_waits_for_those_inside_and_they_for_it() {
        let inside = NoFork::begin();
        let again = NoFork::begin();
        let fork = std::thread::spawn(|| {
            // SAFETY: nothing but atomic numbers, the clock and sleeping.
            unsafe { before_fork() };
            let left = INSIDE.load(Ordering::SeqCst);
            unsafe { in_the_parent() };
            left
        });
        while under_way().is_none() {
            std::thread::yield_now();
        }
        // Already inside: not to be waited for.
        drop(NoFork::begin());
        drop(again);
        assert!(!fork.is_finished());
        let late = std::thread::spawn(|| drop(NoFork::begin()));
        drop(inside);
        assert_eq!(fork.join().unwrap(), 0);
        late.join().unwrap();
    }
}
