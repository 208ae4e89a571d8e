//! The threads that carry requests, started when they are needed first.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::sys::threads;

/// What the threads do with a job. It must not panic: a thread that is lost keeps
/// its job for ever.
pub(crate) trait Work: Send + Sync + 'static {
    type Job: Send + 'static;
    type Done: Send + 'static;
    fn run(&self, job: Self::Job) -> Self::Done;
    /// Whether this says something that must be known before another job is begun.
    fn is_alarm(_: &Self::Done) -> bool {
        false
    }
}

/// Where jobs lie before a thread takes them, and after.
struct Desk<W: Work> {
    work: W,
    state: Mutex<State<W>>,
    /// A job has come, an alarm is over, or the end has come.
    changed: Condvar,
    /// Something is done, and few jobs lie ready, or there is an alarm.
    finished: Condvar,
    /// How many are few.
    few: usize,
    /// Tells that something is done.
    tell: Box<dyn Fn() + Send + Sync>,
}

struct State<W: Work> {
    jobs: VecDeque<W::Job>,
    done: Vec<W::Done>,
    /// How many threads wait for a job: to wake one up is a system call, even if
    /// there is none.
    idle: usize,
    /// No job is begun before the ones that are done were looked at.
    alarmed: bool,
    ended: bool,
}

/// At most as many threads as requests may travel at once. Some more jobs may lie
/// ready, so that a thread need not wait for the next one.
pub(crate) struct Senders<W: Work> {
    most: usize,
    ready: usize,
    threads: Vec<JoinHandle<()>>,
    /// How often the system gave none.
    refused: u64,
    in_flight: usize,
    desk: Arc<Desk<W>>,
}

impl<W: Work> Senders<W> {
    /// `most` jobs are worked on at once, and `ready` more may wait for that; `tell`
    /// is called after each one that is done.
    pub(crate) fn new(
        work: W,
        most: usize,
        ready: usize,
        tell: Box<dyn Fn() + Send + Sync>,
    ) -> Self {
        Self {
            most,
            ready,
            threads: Vec::new(),
            refused: 0,
            in_flight: 0,
            desk: Arc::new(Desk {
                work,
                state: Mutex::new(State {
                    jobs: VecDeque::new(),
                    done: Vec::new(),
                    idle: 0,
                    alarmed: false,
                    ended: false,
                }),
                changed: Condvar::new(),
                finished: Condvar::new(),
                few: ready / 2,
                tell,
            }),
        }
    }

    /// Whether one more may be given out.
    pub(crate) fn has_room(&self) -> bool {
        self.in_flight < self.most + self.ready
    }

    /// Whether a thread has, or would have, nothing to do.
    pub(crate) fn is_idle(&self) -> bool {
        self.in_flight < self.most
    }

    /// How often the system gave no thread.
    pub(crate) fn refused(&self) -> u64 {
        self.refused
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
        let mut state = self.desk.lock();
        state.jobs.push_back(job);
        let wake = state.idle > 0;
        drop(state);
        if wake {
            self.desk.changed.notify_one();
        }
        Ok(())
    }

    fn start(&mut self) {
        let desk = Arc::clone(&self.desk);
        match threads::thread("xgpush-send").spawn(move || desk.serve()) {
            Ok(thread) => self.threads.push(thread),
            Err(_) => self.refused += 1,
        }
    }

    /// The jobs that are done. After an alarm [`calm`](Self::calm) lets the next ones
    /// begin.
    pub(crate) fn done(&mut self) -> Vec<W::Done> {
        let done = std::mem::take(&mut self.desk.lock().done);
        self.in_flight -= done.len();
        done
    }

    /// Ends an alarm, unless more is done meanwhile.
    pub(crate) fn calm(&self) {
        let mut state = self.desk.lock();
        if state.done.is_empty() && std::mem::take(&mut state.alarmed) {
            self.desk.changed.notify_all();
        }
    }

    pub(crate) fn has_done(&self) -> bool {
        !self.desk.lock().done.is_empty()
    }

    /// Waits until something is done and the threads will want more soon, or until an
    /// alarm: waking up for each request would cost more than the request.
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

    /// Ends the threads when they have done what they have begun. Each keeps what it
    /// needs, so nobody has to wait for one that hangs.
    pub(crate) fn stop(&self) {
        self.desk.lock().ended = true;
        self.desk.changed.notify_all();
    }

    /// [`stop`](Self::stop), and waits for the threads.
    pub(crate) fn end(&mut self) {
        self.stop();
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
            state.alarmed |= W::is_alarm(&done);
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
        !state.done.is_empty() && (state.alarmed || state.jobs.len() <= self.few)
    }

    fn next(&self) -> Option<W::Job> {
        let mut state = self.lock();
        loop {
            if (!state.alarmed || state.ended)
                && let Some(job) = state.jobs.pop_front()
            {
                return Some(job);
            }
            if state.ended {
                return None;
            }
            state.idle += 1;
            let woken = self.changed.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::sync::Barrier;

    /// Job 0 waits at the barrier, and is bad news.
    struct Numbers(Barrier);

    impl Work for Numbers {
        type Job = u32;
        type Done = u32;

        fn run(&self, job: u32) -> u32 {
            if job == 0 {
                self.0.wait();
            }
            job
        }

        fn is_alarm(done: &u32) -> bool {
            *done == 0
        }
    }

    fn senders(most: usize, ready: usize) -> Senders<Numbers> {
        Senders::new(Numbers(Barrier::new(2)), most, ready, Box::new(|| ()))
    }

    /// Lets job 0 end, and waits until the only thread has nothing to do.
    fn alarm(senders: &Senders<Numbers>) {
        senders.desk.work.0.wait();
        while senders.desk.lock().idle == 0 {
            std::thread::yield_now();
        }
    }

    fn all_done(senders: &mut Senders<Numbers>, count: usize) -> Vec<u32> {
        let mut done = Vec::new();
        while done.len() < count {
            senders.wait(Duration::from_secs(60));
            done.extend(senders.done());
        }
        done
    }

    #[test]
    fn after_an_alarm_nothing_begins_before_it_was_looked_at() {
        let mut senders = senders(1, 8);
        for job in 0..4 {
            senders.send(job).unwrap();
        }
        alarm(&senders);
        senders.wait(Duration::from_secs(60));
        assert_eq!(senders.done(), [0]);
        assert_eq!(senders.recall(), [1, 2, 3]);
        senders.send(4).unwrap();
        senders.send(5).unwrap();
        senders.calm();
        assert_eq!(all_done(&mut senders, 2), [4, 5]);
        senders.send(0).unwrap();
        senders.send(6).unwrap();
        alarm(&senders);
        senders.end();
        assert_eq!(senders.done(), [0, 6], "the end waits for nobody to look");
    }

    #[test]
    fn every_job_is_done_once_whoever_sleeps() {
        let mut senders = senders(3, 2);
        let mut done = Vec::new();
        for job in 1..=20_000 {
            while !senders.has_room() {
                senders.wait(Duration::from_secs(60));
                done.extend(senders.done());
            }
            senders.send(job).unwrap();
        }
        let left = senders.in_flight();
        done.extend(all_done(&mut senders, left));
        senders.end();
        done.sort_unstable();
        assert!(done.into_iter().eq(1..=20_000));
    }
}
