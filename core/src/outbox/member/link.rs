//! The thread that owns the engine and carries out one command after the other. Whoever
//! asks never waits for it.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::fleet::command::{Answer, Command};
use crate::fleet::engine::{EngineError, FleetEngine, Result};
use crate::sys::threads;

/// One command at a time is under way.
pub(super) struct Link {
    exchange: Arc<Exchange>,
    thread: Option<JoinHandle<()>>,
}

struct Exchange {
    state: Mutex<State>,
    changed: Condvar,
    /// Called after each answer.
    on_answer: Box<dyn Fn() + Send + Sync>,
}

enum Work {
    Command(Command),
    /// The connection is let go.
    Rest,
}

/// The answer to a command; `None`: the connection was let go.
pub(super) type Done = Option<Result<Answer>>;

#[derive(Default)]
struct State {
    work: Option<Work>,
    answer: Option<Done>,
    /// A command waits, or is carried out.
    busy: bool,
    shut_down: bool,
}

impl Link {
    /// # Errors
    /// There is no thread.
    pub(super) fn start(
        engine: Box<dyn FleetEngine>,
        on_answer: Box<dyn Fn() + Send + Sync>,
    ) -> io::Result<Self> {
        let exchange = Arc::new(Exchange {
            state: Mutex::default(),
            changed: Condvar::new(),
            on_answer,
        });
        let of_thread = Arc::clone(&exchange);
        let thread = threads::thread("xgpush-engine").spawn(move || of_thread.carry_out(engine))?;
        Ok(Self {
            exchange,
            thread: Some(thread),
        })
    }

    /// Asks; not before the last answer was taken.
    pub(super) fn ask(&self, command: Command) {
        self.begin(Work::Command(command));
    }

    /// Lets the connection go.
    pub(super) fn rest(&self) {
        self.begin(Work::Rest);
    }

    fn begin(&self, work: Work) {
        let mut state = self.exchange.lock();
        debug_assert!(!state.busy && state.answer.is_none());
        state.work = Some(work);
        state.busy = true;
        drop(state);
        self.exchange.changed.notify_one();
    }

    pub(super) fn has_answer(&self) -> bool {
        self.exchange.lock().answer.is_some()
    }

    pub(super) fn take_answer(&self) -> Option<Done> {
        self.exchange.lock().answer.take()
    }

    /// Ends the thread when it has carried out what is under way, and waits for it unless
    /// something is: an engine that hangs holds nobody up.
    pub(super) fn end(mut self) {
        let mut state = self.exchange.lock();
        state.shut_down = true;
        let busy = state.busy;
        drop(state);
        self.exchange.changed.notify_one();
        if !busy && let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Exchange {
    fn carry_out(&self, mut engine: Box<dyn FleetEngine>) {
        while let Some(work) = self.next() {
            let carry_out = || match work {
                Work::Command(command) => Some(command.run(&mut *engine)),
                Work::Rest => {
                    engine.rest();
                    None
                }
            };
            let answer = catch_unwind(AssertUnwindSafe(carry_out)).unwrap_or_else(|_| {
                let why = "a defect in xgpush: a command to the engine panicked";
                Some(Err(EngineError::Away(why.to_owned())))
            });
            let mut state = self.lock();
            state.answer = Some(answer);
            state.busy = false;
            drop(state);
            (self.on_answer)();
        }
    }

    fn next(&self) -> Option<Work> {
        let mut state = self.lock();
        loop {
            if state.shut_down {
                return None;
            }
            if let Some(work) = state.work.take() {
                return Some(work);
            }
            let woken = self.changed.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
