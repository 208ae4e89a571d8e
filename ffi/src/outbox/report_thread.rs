//! The thread that calls the report callback of an outbox.

use std::ffi::c_void;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use xgpush::{Error, Outbox};

use super::reports::xg_reports;
use crate::boundary::user_data::UserData;

/// The callback, and what it is called with.
#[derive(Clone, Copy)]
pub(crate) struct ReportCallback {
    pub(crate) function: unsafe extern "C" fn(*const xg_reports, *mut c_void),
    pub(crate) context: UserData,
    /// How many reports it gets at once at most.
    pub(crate) capacity: usize,
}

/// The thread owns a share of all that it uses. One that hangs in the callback is left
/// alone, and touches nothing that was freed when it comes back.
pub(crate) struct ReportThread {
    permit: Arc<CallPermit>,
    thread: ThreadId,
}

/// Keeps the callback from being called after the outbox is freed.
#[derive(Default)]
struct CallPermit {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The callback runs.
    running: bool,
    /// The callback is not called any more.
    stopped: bool,
    /// The thread has ended.
    ended: bool,
}

impl ReportThread {
    pub(crate) fn start(outbox: Arc<Outbox>, callback: ReportCallback) -> Result<Self, Error> {
        let permit = Arc::new(CallPermit::default());
        let own = Arc::clone(&permit);
        let thread = xgpush::internal::thread("xgpush-report")
            .spawn(move || {
                let _end = End(Arc::clone(&own));
                deliver(&outbox, callback, &own);
            })
            .map_err(|error| xgpush::internal::no_thread("to deliver reports", &error))?;
        Ok(Self {
            permit,
            thread: thread.thread().id(),
        })
    }

    /// Waits until every report was delivered and the thread ended, at most until `ends`.
    /// Returns at once in the callback itself.
    pub(crate) fn wait_until_ended(&self, ends: Instant) {
        if std::thread::current().id() == self.thread {
            return;
        }
        self.permit.wait(ends, |state| !state.ended);
    }

    /// When this returns the callback is not called any more; a call that hangs is left
    /// to itself.
    pub(crate) fn stop(&self) {
        /// For a call that is nearly over.
        const NEARLY_OVER: Duration = Duration::from_millis(100);
        self.permit.lock().stopped = true;
        if std::thread::current().id() != self.thread {
            self.permit
                .wait(Instant::now() + NEARLY_OVER, |state| state.running);
        }
    }
}

fn deliver(outbox: &Arc<Outbox>, callback: ReportCallback, permit: &CallPermit) {
    let mut reports = xg_reports::for_callback(outbox, callback.capacity);
    while !outbox.is_drained() {
        // Reports are taken only when the callback is certain to get them: otherwise no
        // number would count them.
        outbox.reports(0, Duration::from_secs(3600));
        if !permit.begin_call() {
            return;
        }
        if reports.fill(outbox, Duration::ZERO) > 0 {
            // SAFETY: a function of this type, by the caller's promise.
            unsafe { (callback.function)(&raw const reports, callback.context.0) };
        }
        permit.end_call();
    }
}

/// Notes the end of the thread, however it ends.
struct End(Arc<CallPermit>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.lock().ended = true;
        self.0.changed.notify_all();
    }
}

impl CallPermit {
    /// Whether the callback may be called.
    fn begin_call(&self) -> bool {
        let mut state = self.lock();
        state.running = !state.stopped;
        state.running
    }

    fn end_call(&self) {
        self.lock().running = false;
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
