//! The parts of one call, one or several at once.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Client;
use crate::engine::{Limits, items};
use crate::model::operation::Request;
use crate::model::outcome::{ItemOutcome, Outcome, Reason, Warning};
use crate::ordering::MAX_ITEMS_PER_REQUEST;
use crate::progress::{PartProgress, RequestProgress};
use crate::sys::threads;

/// How often the calling thread asks whether to end, while others send.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

pub(super) fn run(
    client: &Client,
    limits: &Limits,
    request: &Request,
    warnings: Vec<Warning>,
) -> Outcome {
    let parts = Parts {
        client,
        request,
        state: Mutex::new(State {
            progress: RequestProgress::new(request, warnings),
            under_way: 0,
            threads: 0,
        }),
        changed: Condvar::new(),
    };
    parts.send_all(limits);
    let state = parts.state.into_inner();
    let progress = state.unwrap_or_else(PoisonError::into_inner).progress;
    // Each item that may be sent has its outcome; this is for none of them.
    let unsent = ItemOutcome::new(Reason::Cancelled, None);
    progress.into_outcome(request, &unsent)
}

/// A call under way, as the threads see it that send its parts.
struct Parts<'a> {
    client: &'a Client,
    request: &'a Request,
    state: Mutex<State>,
    /// A part or a thread has ended.
    changed: Condvar,
}

struct State {
    progress: RequestProgress,
    /// How many parts are being sent.
    under_way: usize,
    /// How many threads send them.
    threads: usize,
}

/// Something that is counted while it lasts, be it ended by a panic.
struct Counted<'a> {
    parts: &'a Parts<'a>,
    number: fn(&mut State) -> &mut usize,
}

impl<'a> Counted<'a> {
    fn new(
        parts: &'a Parts<'a>,
        mut state: MutexGuard<'_, State>,
        number: fn(&mut State) -> &mut usize,
    ) -> Self {
        *number(&mut state) += 1;
        Self { parts, number }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        *(self.number)(&mut self.parts.lock()) -= 1;
        self.parts.changed.notify_all();
    }
}

impl Parts<'_> {
    fn send_all(&self, limits: &Limits) {
        let most = self.request.len().div_ceil(MAX_ITEMS_PER_REQUEST);
        let threads = most.min(self.client.parallel as usize);
        // Whose caller has had enough starts no thread: each part tells so by itself.
        if threads <= 1 || limits.check().is_err() {
            return self.send_parts(limits);
        }
        std::thread::scope(|scope| {
            let mut started = 0;
            while started < threads {
                let counted = Counted::new(self, self.lock(), |state| &mut state.threads);
                let limits = limits.without_interrupt();
                let work = move || {
                    let _counted = counted;
                    self.send_parts(&limits);
                };
                let thread = threads::thread("xgpush-part");
                // Short of threads: the ones that run do the rest.
                if thread.spawn_scoped(scope, work).is_err() {
                    break;
                }
                started += 1;
            }
            if started == 0 {
                return self.send_parts(limits);
            }
            let busy = |state: &mut State| state.threads > 0;
            loop {
                // Asks the caller's interrupt, which the threads do not.
                let _ = limits.check();
                let waited = (self.changed).wait_timeout_while(self.lock(), POLL_INTERVAL, busy);
                let (state, time) = waited.unwrap_or_else(PoisonError::into_inner);
                drop(state);
                if !time.timed_out() {
                    return;
                }
            }
        });
    }

    /// Sends one part after the other, until none is left or under way.
    fn send_parts(&self, limits: &Limits) {
        while let Some((part, _under_way)) = self.next() {
            self.send_part(part, limits);
        }
    }

    /// The next part that may be sent. One that is under way may free more.
    fn next(&self) -> Option<(PartProgress, Counted<'_>)> {
        let mut state = self.lock();
        loop {
            if let Some(part) = state.progress.next_batch() {
                return Some((
                    part,
                    Counted::new(self, state, |state| &mut state.under_way),
                ));
            }
            if state.under_way == 0 {
                return None;
            }
            let waited = self.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn send_part(&self, part: PartProgress, limits: &Limits) {
        let mut payload = items::of_request(part, self.request);
        let sent = self.client.engine.send(&mut payload, limits);
        let (mut part, mut notes) = (payload.part, payload.notes);
        if let Some(reason) = sent.gave_up {
            part.explain(reason);
            part.fill_unsent(reason);
        }
        notes.warnings.extend(sent.warnings);
        let progress = &mut self.lock().progress;
        progress.record(self.request, &part);
        progress.add_notes(notes);
        progress.requests += sent.requests;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
