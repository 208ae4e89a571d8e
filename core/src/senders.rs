//! The threads that carry requests, started when they are needed first.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// What the threads do with a job. It must not panic: a thread that is lost keeps
/// its job for ever.
pub(crate) trait Work: Send + Sync + 'static {
    type Job: Send + 'static;
    type Done: Send + 'static;
    fn run(&self, job: Self::Job) -> Self::Done;
}

/// Where jobs lie before a thread takes them, and after.
struct Desk<W: Work> {
    work: W,
    state: Mutex<State<W>>,
    /// A job has come, or the end.
    changed: Condvar,
    /// Something is done, and few jobs lie ready.
    finished: Condvar,
    /// How many are few.
    few: usize,
    /// Tells that something is done.
    tell: Box<dyn Fn() + Send + Sync>,
}

struct State<W: Work> {
    jobs: VecDeque<W::Job>,
    done: Vec<W::Done>,
    ended: bool,
}

/// At most as many threads as requests may travel at once. As many jobs again may
/// lie ready, so that a thread need not wait for the next one.
pub(crate) struct Senders<W: Work> {
    most: usize,
    threads: Vec<JoinHandle<()>>,
    in_flight: usize,
    desk: Arc<Desk<W>>,
}

impl<W: Work> Senders<W> {
    /// `tell` is called after each job that is done.
    pub(crate) fn new(work: W, most: usize, tell: Box<dyn Fn() + Send + Sync>) -> Self {
        Self {
            most,
            threads: Vec::new(),
            in_flight: 0,
            desk: Arc::new(Desk {
                work,
                state: Mutex::new(State {
                    jobs: VecDeque::new(),
                    done: Vec::new(),
                    ended: false,
                }),
                changed: Condvar::new(),
                finished: Condvar::new(),
                few: most / 2,
                tell,
            }),
        }
    }

    /// Whether one more may be given out.
    pub(crate) fn has_room(&self) -> bool {
        self.in_flight < 2 * self.most
    }

    /// Whether a thread has, or would have, nothing to do.
    pub(crate) fn is_idle(&self) -> bool {
        self.in_flight < self.most
    }

    /// Requests under way, or ready to go.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Sends a job, or gives it back when no thread can be had.
    pub(crate) fn send(&mut self, job: W::Job) -> Result<(), W::Job> {
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
        let desk = Arc::clone(&self.desk);
        let thread = std::thread::Builder::new()
            .name("xgpush-send".to_owned())
            .spawn(move || desk.serve());
        self.threads.extend(thread.ok());
    }

    /// The jobs that are done.
    pub(crate) fn done(&mut self) -> Vec<W::Done> {
        let done = std::mem::take(&mut self.desk.lock().done);
        self.in_flight -= done.len();
        done
    }

    pub(crate) fn has_done(&self) -> bool {
        !self.desk.lock().done.is_empty()
    }

    /// Waits until something is done and the threads will want more soon: waking up
    /// for each request would cost more than the request.
    pub(crate) fn wait(&self, timeout: Duration) {
        let desk = &*self.desk;
        let busy = |state: &mut State<W>| !desk.is_worth_a_look(state);
        let waited = desk.finished.wait_timeout_while(desk.lock(), timeout, busy);
        drop(waited);
    }

    /// Takes back what no thread has begun.
    pub(crate) fn recall(&mut self) -> VecDeque<W::Job> {
        let jobs = std::mem::take(&mut self.desk.lock().jobs);
        self.in_flight -= jobs.len();
        jobs
    }

    /// In a child after `fork`, where the threads are not: one that is joined there
    /// is waited for in vain, and the desk's lock may be held for ever.
    pub(crate) fn forget(&mut self) {
        std::mem::forget(std::mem::take(&mut self.threads));
    }

    /// Ends the threads when they have done what they have begun.
    pub(crate) fn end(&mut self) {
        self.desk.lock().ended = true;
        self.desk.changed.notify_all();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl<W: Work> Desk<W> {
    /// What one thread does.
    fn serve(&self) {
        while let Some(job) = self.next() {
            let done = self.work.run(job);
            let mut state = self.lock();
            state.done.push(done);
            let look = self.is_worth_a_look(&state);
            drop(state);
            if look {
                self.finished.notify_one();
            }
            (self.tell)();
        }
    }

    fn is_worth_a_look(&self, state: &State<W>) -> bool {
        !state.done.is_empty() && state.jobs.len() <= self.few
    }

    fn next(&self) -> Option<W::Job> {
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

    fn lock(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
