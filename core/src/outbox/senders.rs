//! The threads that carry requests, started when they are needed first.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
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
    sender: usize,
    pub(crate) slots: Vec<Slot>,
    pub(crate) attempted: Attempted,
}

/// Done jobs, and who is to be told of them.
pub(crate) struct Desk {
    done: Mutex<Vec<Done>>,
    tell: Box<dyn Fn() + Send + Sync>,
}

/// At most as many threads as requests may travel at once.
pub(crate) struct Senders {
    client: Client,
    most: usize,
    threads: Vec<(Sender<Job>, JoinHandle<()>)>,
    idle: Vec<usize>,
    desk: Arc<Desk>,
}

impl Senders {
    pub(crate) fn new(client: Client, most: usize, tell: Box<dyn Fn() + Send + Sync>) -> Self {
        let desk = Desk {
            done: Mutex::default(),
            tell,
        };
        Self {
            client,
            most,
            threads: Vec::new(),
            idle: Vec::new(),
            desk: Arc::new(desk),
        }
    }

    /// Whether one more may travel.
    pub(crate) fn has_room(&self) -> bool {
        !self.idle.is_empty() || self.threads.len() < self.most
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.threads.len() - self.idle.len()
    }

    /// Sends a job, or gives it back when no thread can be had.
    pub(crate) fn send(&mut self, job: Job) -> Result<(), Job> {
        let Some(sender) = self.idle.pop().or_else(|| self.start()) else {
            return Err(job);
        };
        self.threads[sender]
            .0
            .send(job)
            .map_err(|refused| refused.0)
    }

    fn start(&mut self) -> Option<usize> {
        let number = self.threads.len();
        let (jobs, inbox) = mpsc::channel::<Job>();
        let (client, desk) = (self.client.clone(), Arc::clone(&self.desk));
        let work = move || {
            for job in inbox {
                let attempt = || client.attempt(job.operator, &job.body, job.slots.len());
                let attempted = catch_unwind(AssertUnwindSafe(attempt))
                    .unwrap_or_else(|_| Attempted::panicked(job.slots.len()));
                let done = Done {
                    sender: number,
                    slots: job.slots,
                    attempted,
                };
                desk.lock().push(done);
                (desk.tell)();
            }
        };
        let thread = std::thread::Builder::new()
            .name("xgpush-send".to_owned())
            .spawn(work)
            .ok()?;
        self.threads.push((jobs, thread));
        Some(number)
    }

    /// The jobs that are done; their threads are free again.
    pub(crate) fn done(&mut self) -> Vec<Done> {
        let done = std::mem::take(&mut *self.desk.lock());
        self.idle.extend(done.iter().map(|done| done.sender));
        done
    }

    pub(crate) fn has_done(&self) -> bool {
        !self.desk.lock().is_empty()
    }

    /// Ends the threads. Nothing may be in flight.
    pub(crate) fn end(self) {
        for (jobs, thread) in self.threads {
            drop(jobs);
            let _ = thread.join();
        }
    }
}

impl Desk {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Done>> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
