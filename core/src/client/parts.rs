//! The parts of one call, one or several at once.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Client;
use crate::engine::{Limits, items_payload};
use crate::model::outcome::{ItemOutcome, Outcome, Reason, Warning};
use crate::model::request::Request;
use crate::ordering::MAX_ITEMS_PER_REQUEST;
use crate::progress::{PartProgress, RequestProgress};
use crate::protocol::classify::ResponseNotes;
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
            idle: 0,
            threads: 0,
        }),
        part_ended: Condvar::new(),
        thread_ended: Condvar::new(),
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
    /// For idle threads: there is a part to send, or no part is under way.
    part_ended: Condvar,
    /// For the caller.
    thread_ended: Condvar,
}

struct State {
    progress: RequestProgress,
    /// How many parts are being sent.
    under_way: usize,
    /// How many threads wait for a part to end: to wake one is a system call.
    idle: usize,
    /// How many threads send parts.
    threads: usize,
}

/// A thread that sends parts.
struct Running<'a>(&'a Parts<'a>);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.lock().threads -= 1;
        self.0.thread_ended.notify_all();
    }
}

/// A part that is being sent.
struct UnderWay<'a>(&'a Parts<'a>);

impl UnderWay<'_> {
    /// The part ended in order: its outcomes are recorded, under the same lock.
    fn end(self, state: &mut State) {
        state.under_way -= 1;
        std::mem::forget(self);
    }
}

impl Drop for UnderWay<'_> {
    /// A panic ended it: lets the other threads end.
    fn drop(&mut self) {
        self.0.lock().under_way -= 1;
        self.0.part_ended.notify_all();
    }
}

/// What a part came to.
struct SentPart {
    part: PartProgress,
    notes: ResponseNotes,
    requests: u32,
}

impl Parts<'_> {
    fn send_all(&self, limits: &Limits) {
        let most = self.request.len().div_ceil(MAX_ITEMS_PER_REQUEST);
        let threads = most.min(self.client.parallel as usize);
        // If the call is already cancelled, no thread is started: each part reports it.
        if threads <= 1 || limits.check().is_err() {
            return self.send_parts(limits);
        }
        std::thread::scope(|scope| {
            let mut started = 0;
            while started < threads {
                self.lock().threads += 1;
                let running = Running(self);
                let limits = limits.without_interrupt();
                let work = move || {
                    let _running = running;
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
                let ended = &self.thread_ended;
                let waited = ended.wait_timeout_while(self.lock(), POLL_INTERVAL, busy);
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
        let mut next = self.next(self.lock());
        while let Some(items) = next {
            let under_way = UnderWay(self);
            let part = PartProgress::new(items, self.request.is_query());
            let sent = self.send(part, limits);
            let mut state = self.lock();
            state.progress.record(self.request, &sent.part);
            state.progress.add_notes(sent.notes);
            state.progress.requests += sent.requests;
            under_way.end(&mut state);
            next = self.next(state);
        }
    }

    /// The items of the next part that may be sent. One that is under way may free more.
    fn next(&self, mut state: MutexGuard<'_, State>) -> Option<Vec<u32>> {
        loop {
            if let Some(items) = state.progress.next_batch() {
                state.under_way += 1;
                if state.idle > 0 && state.progress.has_ready() {
                    self.part_ended.notify_one();
                }
                return Some(items);
            }
            if state.under_way == 0 {
                self.part_ended.notify_all();
                return None;
            }
            state.idle += 1;
            let waited = self.part_ended.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }

    fn send(&self, part: PartProgress, limits: &Limits) -> SentPart {
        let mut payload = items_payload::of_request(part, self.request);
        let sent = self.client.engine.send(&mut payload, limits);
        let (mut part, mut notes) = (payload.part, payload.notes);
        if let Some(reason) = sent.gave_up {
            part.explain(reason);
            part.fill_unsent(reason);
        }
        notes.warnings.extend(sent.warnings);
        SentPart {
            part,
            notes,
            requests: sent.requests,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
