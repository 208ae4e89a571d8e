//! The thread that asks the clock for all requests that wait. It begins with the first one,
//! and ends with its connection when nobody has asked for a while.

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Shared, State};
use crate::fleet::quota::QuotaEngine;
use crate::fleet::quota::clock::Ask;
use crate::sys::threads;

/// After so long without a question the connection and the thread end.
const REST: Duration = Duration::from_secs(15);

impl Shared {
    /// Lets the thread ask, if there is something.
    pub(super) fn ask_if_due(self: &Arc<Self>, state: &mut State, now: Duration) {
        if state.closed || !state.member.is_due(now, state.waiting.len()) {
            return;
        }
        if state.is_running {
            self.asks.notify_one();
            return;
        }
        let shared = Arc::clone(self);
        match threads::thread("xgpush-quota").spawn(move || shared.run()) {
            Ok(thread) => {
                state.thread = Some(thread);
                state.is_running = true;
            }
            Err(error) => {
                let why = threads::no_thread("for quota_url", &error).to_string();
                self.missed(state, now, why);
            }
        }
    }

    fn run(&self) {
        let Some(engine) = self.lock().engine.take() else {
            return;
        };
        let mut asking = Asking {
            shared: self,
            engine: Some(engine),
        };
        asking.run();
    }

    /// There is no answer: everybody who waits looks again.
    fn missed(&self, state: &mut State, now: Duration, why: String) {
        state.member.failed(now);
        state.notice.failed(why);
        self.told(state);
    }

    fn told(&self, state: &mut State) {
        state.notice.update(state.member.keeping());
        self.has_notice
            .store(state.notice.is_news(), std::sync::atomic::Ordering::Release);
        let places = state.member.places();
        state.wake(places.max(1));
    }
}

/// The engine, while the thread has it.
struct Asking<'a> {
    shared: &'a Shared,
    engine: Option<Box<dyn QuotaEngine>>,
}

impl Drop for Asking<'_> {
    /// However it ends, another thread may begin.
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.engine = self.engine.take();
        state.is_connected = false;
        state.is_running = false;
    }
}

impl<'a> Asking<'a> {
    fn run(&mut self) {
        let shared = self.shared;
        let mut asked = shared.now();
        let mut state = shared.lock();
        while !state.closed {
            let now = shared.now();
            let waiting = state.waiting.len();
            if state.member.is_due(now, waiting) {
                asked = now;
                state = self.ask(state, now, waiting);
                continue;
            }
            let rests = asked + REST;
            if waiting == 0 && now >= rests {
                break;
            }
            // Past its rest it waits for a request, which is polled for.
            let wakes = state.member.due(waiting).unwrap_or(rests).max(now + STEP);
            let waited = shared.asks.wait_timeout(state, wakes.saturating_sub(now));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(state);
        if let Some(engine) = &mut self.engine {
            engine.rest();
        }
    }

    fn ask(
        &mut self,
        mut state: MutexGuard<'a, State>,
        now: Duration,
        waiting: usize,
    ) -> MutexGuard<'a, State> {
        let shared = self.shared;
        let Some(engine) = &mut self.engine else {
            return state;
        };
        let was_connected = state.is_connected;
        if was_connected && !engine.is_connected() {
            state.member.disconnected(now);
        }
        let Some(ask) = state.member.ask(now, waiting) else {
            return state;
        };
        drop(state);
        let mut answer = engine.ask(&ask);
        if was_connected && answer.is_err() {
            // Perhaps it was only this connection.
            let again: Ask = shared.lock().member.ask_again(shared.now(), waiting);
            answer = engine.ask(&again);
        }
        let mut state = shared.lock();
        let now = shared.now();
        state.is_connected = answer.is_ok();
        match answer {
            Ok(answer) => {
                state.member.answered(now, &answer);
                shared.told(&mut state);
            }
            Err(error) => shared.missed(&mut state, now, error.to_string()),
        }
        state
    }
}

/// Time passes.
const STEP: Duration = Duration::from_millis(1);
