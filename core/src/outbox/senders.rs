//! The threads that carry requests, started when they are needed first.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::queue::Slot;
use crate::client::{Attempted, Client};
use crate::operation::Operator;

/// Operations on their way.
pub(crate) struct Job {
    pub(crate) slots: Vec<Slot>,
    pub(crate) operator: Operator,
    pub(crate) body: Vec<u8>,
}

/// What became of them.
pub(crate) struct Done {
    pub(crate) slots: Vec<Slot>,
    pub(crate) attempted: Attempted,
}

/// Where jobs lie before a thread takes them, and after.
struct Desk {
    state: Mutex<State>,
    /// A job has come, or the end.
    changed: Condvar,
    /// Tells that something is done.
    tell: Box<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    done: Vec<Done>,
    ended: bool,
}

/// At most as many threads as requests may travel at once. As many jobs again may
/// lie ready, so that a thread need not wait for the next one.
pub(crate) struct Senders {
    client: Client,
    most: usize,
    threads: Vec<JoinHandle<()>>,
    in_flight: usize,
    desk: Arc<Desk>,
}

impl Senders {
    pub(crate) fn new(client: Client, most: usize, tell: Box<dyn Fn() + Send + Sync>) -> Self {
        Self {
            client,
            most,
            threads: Vec::new(),
            in_flight: 0,
            desk: Arc::new(Desk {
                state: Mutex::default(),
                changed: Condvar::new(),
                tell,
            }),
        }
    }

    /// Whether one more may be given out.
    pub(crate) fn has_room(&self) -> bool {
        self.in_flight < 2 * self.most
    }

    /// Requests under way, or ready to go.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Sends a job, or gives it back when no thread can be had.
    pub(crate) fn send(&mut self, job: Job) -> Result<(), Job> {
        if self.in_flight >= self.threads.len() && self.threads.len() < self.most {
            self.start();
        }
        if self.threads.is_empty() {
            return Err(job);
        }
        self.in_flight += 1;
        self.desk.lock().jobs.push_back(job);
        self.desk.changed.notify_one();
        Ok(())
    }

    fn start(&mut self) {
        let (client, desk) = (self.client.clone(), Arc::clone(&self.desk));
        let thread = std::thread::Builder::new()
            .name("xgpush-send".to_owned())
            .spawn(move || desk.work(&client));
        self.threads.extend(thread.ok());
    }

    /// The jobs that are done.
    pub(crate) fn done(&mut self) -> Vec<Done> {
        let done = std::mem::take(&mut self.desk.lock().done);
        self.in_flight -= done.len();
        done
    }

    pub(crate) fn has_done(&self) -> bool {
        !self.desk.lock().done.is_empty()
    }

    /// Takes back what no thread has begun.
    pub(crate) fn recall(&mut self) -> Vec<Slot> {
        let jobs = std::mem::take(&mut self.desk.lock().jobs);
        self.in_flight -= jobs.len();
        jobs.into_iter().flat_map(|job| job.slots).collect()
    }

    /// Ends the threads. Nothing may be in flight.
    pub(crate) fn end(self) {
        self.desk.lock().ended = true;
        self.desk.changed.notify_all();
        for thread in self.threads {
            let _ = thread.join();
        }
    }
}

impl Desk {
    /// The work of one thread.
    fn work(&self, client: &Client) {
        while let Some(job) = self.next() {
            let count = job.slots.len();
            let attempt = || client.attempt(job.operator, &job.body, count);
            let attempted = catch_unwind(AssertUnwindSafe(attempt))
                .unwrap_or_else(|_| Attempted::panicked(count));
            self.lock().done.push(Done {
                slots: job.slots,
                attempted,
            });
            (self.tell)();
        }
    }

    fn next(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            if state.ended {
                return None;
            }
            let woken = self.changed.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
