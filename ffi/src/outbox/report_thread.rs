//! The thread that brings reports to a function of the host's.

use std::ffi::c_void;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use xgpush::{Error, Outbox};

use crate::boundary::user_data::Context;
use crate::outbox::reports::xg_reports;

/// The function, and what it is called with.
#[derive(Clone, Copy)]
pub(crate) struct Function {
    pub(crate) call: unsafe extern "C" fn(*const xg_reports, *mut c_void),
    pub(crate) context: Context,
    /// How many reports it gets at once at most.
    pub(crate) room: usize,
}

/// The thread has its own part in all that it uses: one that hangs in the function is
/// left alone, and touches nothing that was freed when it comes back.
pub(crate) struct Caller {
    gate: Arc<Gate>,
    thread: ThreadId,
}

/// What the function has to pass each time, so that it is not called after the end.
#[derive(Default)]
struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The function runs.
    calls: bool,
    /// It is not called any more.
    shut: bool,
    /// The thread has ended.
    ended: bool,
}

impl Caller {
    pub(crate) fn start(outbox: Arc<Outbox>, function: Function) -> Result<Self, Error> {
        let gate = Arc::new(Gate::default());
        let own = Arc::clone(&gate);
        let thread = xgpush::thread("xgpush-report")
            .spawn(move || {
                let _end = End(Arc::clone(&own));
                bring(&outbox, function, &own);
            })
            .map_err(|error| xgpush::no_thread("to bring reports on", &error))?;
        Ok(Self {
            gate,
            thread: thread.thread().id(),
        })
    }

    /// Waits until every report was brought, at most until `ends`. Not in the function
    /// itself.
    pub(crate) fn wait(&self, ends: Instant) {
        if std::thread::current().id() == self.thread {
            return;
        }
        self.gate.wait(ends, |state| !state.ended);
    }

    /// When this returns the function is not called any more; a call that hangs is left
    /// to itself.
    pub(crate) fn shut(&self) {
        /// For a call that is nearly over.
        const NEARLY: Duration = Duration::from_millis(100);
        self.gate.lock().shut = true;
        if std::thread::current().id() != self.thread {
            self.gate.wait(Instant::now() + NEARLY, |state| state.calls);
        }
    }
}

fn bring(outbox: &Arc<Outbox>, function: Function, gate: &Gate) {
    let mut reports = xg_reports::of(outbox, function.room);
    while !outbox.is_drained() {
        // Taken once nothing can keep them from being brought: else they would be in no
        // number.
        outbox.reports(0, Duration::from_secs(3600));
        if !gate.enter() {
            return;
        }
        if reports.fill(outbox, Duration::ZERO) > 0 {
            // SAFETY: a function of this type, by the caller's promise.
            unsafe { (function.call)(&raw const reports, function.context.0) };
        }
        gate.leave();
    }
}

/// However the thread ends.
struct End(Arc<Gate>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.lock().ended = true;
        self.0.changed.notify_all();
    }
}

impl Gate {
    /// Whether the function may be called.
    fn enter(&self) -> bool {
        let mut state = self.lock();
        state.calls = !state.shut;
        state.calls
    }

    fn leave(&self) {
        self.lock().calls = false;
        self.changed.notify_all();
    }

    fn wait(&self, ends: Instant, busy: impl Fn(&State) -> bool) {
        let left = ends.saturating_duration_since(Instant::now());
        let waited = self
            .changed
            .wait_timeout_while(self.lock(), left, |s| busy(s));
        drop(waited);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
