//! Lines for the log of the host.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;
use std::time::Duration;

named! {
    /// How bad it is.
    #[non_exhaustive]
    pub enum LogLevel("the level", InvalidValue) {
        /// What failed before works again.
        Info => "info",
        /// Delivery is late, and goes on by itself.
        Warning => "warning",
        /// Somebody should look.
        Error => "error",
    }
}

/// Takes a line for a log.
pub(super) type Log = Arc<dyn Fn(LogLevel, &str) + Send + Sync>;

/// Calls the host's log, one line at a time.
#[derive(Default)]
pub(super) struct Logger {
    target: Mutex<Target>,
    line_done: Condvar,
}

/// Where lines go, and the thread that is logging one now.
#[derive(Default)]
struct Target {
    log: Option<Log>,
    /// Lines from before there was a log, if they are kept.
    early: Option<Vec<(LogLevel, String)>>,
    caller: Option<ThreadId>,
}

impl Logger {
    /// Returns when the function that was set before no longer runs, or hangs.
    pub(super) fn set(&self, log: Option<Log>) {
        self.replace(log, Duration::from_secs(1));
    }

    fn replace(&self, log: Option<Log>, patience: Duration) {
        let mut target = self.lock();
        let before = std::mem::replace(&mut target.log, log);
        let here = std::thread::current().id();
        let busy = |target: &mut Target| target.caller.is_some_and(|thread| thread != here);
        let waited = self.line_done.wait_timeout_while(target, patience, busy);
        drop(waited);
        // Not locked while it goes: that may run the caller's code.
        drop(before);
    }

    /// Keeps the first lines until there is a log: what an outbox has to say when it is
    /// opened.
    pub(super) fn keep_early_lines(&self) {
        self.lock().early = Some(Vec::new());
    }

    /// Logs what was kept, once there is a log.
    pub(super) fn say_early_lines(&self) {
        let mut target = self.lock();
        if target.log.is_none() || target.early.is_none() {
            return;
        }
        let early = target.early.take().unwrap_or_default();
        drop(target);
        for (level, line) in early {
            self.log(level, &line);
        }
    }

    pub(super) fn log(&self, level: LogLevel, line: &str) {
        /// Who never sets a log does not pay for one.
        const EARLY: usize = 16;
        // One line at a time.
        let others = self
            .line_done
            .wait_while(self.lock(), |l| l.caller.is_some());
        let mut target = others.unwrap_or_else(PoisonError::into_inner);
        let Some(log) = target.log.clone() else {
            if let Some(early) = &mut target.early
                && early.len() < EARLY
            {
                early.push((level, line.to_owned()));
            }
            return;
        };
        target.caller = Some(std::thread::current().id());
        drop(target);
        // Not locked while the caller's code runs, and its panic is its own.
        let _ = catch_unwind(AssertUnwindSafe(|| log(level, line)));
        drop(log);
        self.lock().caller = None;
        self.line_done.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Target> {
        self.target.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Logs nothing more; returns after 100 ms at most.
    pub(super) fn end(&self) {
        /// For a line that is nearly there.
        const NEARLY: Duration = Duration::from_millis(100);
        if self.lock().log.is_some() {
            self.replace(None, NEARLY);
        }
    }
}
