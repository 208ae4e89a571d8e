//! A worker pool: threads that run jobs, started when they are needed first.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::sys::threads;

/// What the threads of a pool run.
pub(crate) trait Job: Send + 'static {
    /// What all jobs of a pool share.
    type Context: Send + Sync + 'static;
    type Output: Send + 'static;
    fn run(&mut self, context: &Self::Context) -> Self::Output;
    /// The output in place of that of a run that panicked.
    fn panicked(&self) -> Self::Output;
    /// Whether the owner must see this before another job begins.
    fn pauses_pool(_: &Self::Output) -> bool {
        false
    }
}

/// What the owner and the threads share.
struct Shared<J: Job> {
    context: J::Context,
    state: Mutex<PoolState<J>>,
    /// A job was queued, a pause is over, or the pool shuts down.
    changed: Condvar,
    /// Something is done, and few jobs are queued, or the pool is paused.
    finished: Condvar,
    /// How many queued jobs are few.
    low_water: usize,
    /// Called after each job.
    on_done: Box<dyn Fn() + Send + Sync>,
}

struct PoolState<J: Job> {
    queued: VecDeque<J>,
    done: Vec<(J, J::Output)>,
    /// How many threads wait for a job: to wake one up is a system call, even if
    /// there is none.
    idle: usize,
    /// No job begins before the owner has seen the ones that are done.
    paused: bool,
    shut_down: bool,
}

/// At most as many threads as requests may travel at once. Some more jobs may be
/// queued, so that a thread need not wait for the next one.
pub(crate) struct WorkerPool<J: Job> {
    max_threads: usize,
    queue_depth: usize,
    threads: Vec<JoinHandle<()>>,
    /// How often the system gave none.
    spawn_failures: u64,
    in_flight: usize,
    shared: Arc<Shared<J>>,
}

impl<J: Job> WorkerPool<J> {
    /// `max_threads` jobs run at once, and `queue_depth` more may wait for that;
    /// `on_done` is called after each one.
    pub(crate) fn new(
        context: J::Context,
        max_threads: usize,
        queue_depth: usize,
        on_done: Box<dyn Fn() + Send + Sync>,
    ) -> Self {
        Self {
            max_threads,
            queue_depth,
            threads: Vec::new(),
            spawn_failures: 0,
            in_flight: 0,
            shared: Arc::new(Shared {
                context,
                state: Mutex::new(PoolState {
                    queued: VecDeque::new(),
                    done: Vec::new(),
                    idle: 0,
                    paused: false,
                    shut_down: false,
                }),
                changed: Condvar::new(),
                finished: Condvar::new(),
                low_water: queue_depth / 2,
                on_done,
            }),
        }
    }

    /// Whether one more job may be submitted.
    pub(crate) fn has_capacity(&self) -> bool {
        self.in_flight < self.max_threads + self.queue_depth
    }

    /// Whether a thread has, or would have, nothing to do.
    pub(crate) fn has_idle_thread(&self) -> bool {
        self.in_flight < self.max_threads
    }

    /// How often the system gave no thread.
    pub(crate) fn spawn_failures(&self) -> u64 {
        self.spawn_failures
    }

    /// Whether it has none, for the system gave none so far.
    pub(crate) fn lacks_threads(&self) -> bool {
        self.threads.is_empty() && self.spawn_failures > 0
    }

    /// Jobs that run or are queued.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Queues a job, or gives it back when there is no thread.
    pub(crate) fn submit(&mut self, job: J) -> Result<(), J> {
        if self.in_flight >= self.threads.len() && self.threads.len() < self.max_threads {
            self.start_thread();
        }
        if self.threads.is_empty() {
            return Err(job);
        }
        self.in_flight += 1;
        let mut state = self.shared.lock();
        state.queued.push_back(job);
        let wake = state.idle > 0;
        drop(state);
        if wake {
            self.shared.changed.notify_one();
        }
        Ok(())
    }

    fn start_thread(&mut self) {
        let shared = Arc::clone(&self.shared);
        match threads::thread("xgpush-send").spawn(move || shared.work()) {
            Ok(thread) => self.threads.push(thread),
            Err(_) => self.spawn_failures += 1,
        }
    }

    /// The jobs that are done. A paused pool goes on after [`resume`](Self::resume).
    pub(crate) fn drain_done(&mut self) -> Vec<(J, J::Output)> {
        let done = std::mem::take(&mut self.shared.lock().done);
        self.in_flight -= done.len();
        done
    }

    /// Ends a pause, unless more is done meanwhile.
    pub(crate) fn resume(&self) {
        let mut state = self.shared.lock();
        if state.done.is_empty() && std::mem::take(&mut state.paused) {
            self.shared.changed.notify_all();
        }
    }

    pub(crate) fn has_done(&self) -> bool {
        !self.shared.lock().done.is_empty()
    }

    /// Waits until something is done and the threads will want more soon, or until a
    /// pause: waking up for each job would cost more than the job.
    pub(crate) fn wait(&self, timeout: Duration) {
        let shared = &*self.shared;
        let busy = |state: &mut PoolState<J>| !shared.needs_owner(state);
        let waited = shared
            .finished
            .wait_timeout_while(shared.lock(), timeout, busy);
        drop(waited);
    }

    /// Takes back the jobs that have not begun.
    pub(crate) fn withdraw_queued(&mut self) -> VecDeque<J> {
        let jobs = std::mem::take(&mut self.shared.lock().queued);
        self.in_flight -= jobs.len();
        jobs
    }

    /// In a child after `fork`, where the threads are not: joining one would hang, and
    /// the lock may be held forever.
    pub(crate) fn abandon_threads(&mut self) {
        std::mem::forget(std::mem::take(&mut self.threads));
    }

    /// Ends the threads when they have done what is queued. Each keeps what it needs, so
    /// nobody has to wait for one that hangs.
    pub(crate) fn shut_down(&self) {
        self.shared.lock().shut_down = true;
        self.shared.changed.notify_all();
    }

    /// [`shut_down`](Self::shut_down), and waits for the threads.
    pub(crate) fn join(&mut self) {
        self.shut_down();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Runs a job to its output, even if it panics: a thread that is lost would keep its job
/// forever.
pub(crate) fn run_job<J: Job>(job: &mut J, context: &J::Context) -> J::Output {
    let run = || job.run(context);
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| job.panicked())
}

impl<J: Job> Shared<J> {
    /// What one thread does.
    fn work(&self) {
        while let Some(mut job) = self.next() {
            let output = run_job(&mut job, &self.context);
            let mut state = self.lock();
            state.paused |= J::pauses_pool(&output);
            state.done.push((job, output));
            let wake = self.needs_owner(&state);
            drop(state);
            if wake {
                self.finished.notify_one();
            }
            (self.on_done)();
        }
    }

    fn needs_owner(&self, state: &PoolState<J>) -> bool {
        !state.done.is_empty() && (state.paused || state.queued.len() <= self.low_water)
    }

    fn next(&self) -> Option<J> {
        let mut state = self.lock();
        loop {
            if (!state.paused || state.shut_down)
                && let Some(job) = state.queued.pop_front()
            {
                return Some(job);
            }
            if state.shut_down {
                return None;
            }
            state.idle += 1;
            let woken = self.changed.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, PoolState<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::sync::Barrier;

    /// Job 0 waits at the barrier, and pauses the pool; the last number panics.
    struct Number(u32);

    const PANICS: u32 = u32::MAX;

    impl Job for Number {
        type Context = Barrier;
        type Output = bool;

        fn run(&mut self, barrier: &Barrier) -> bool {
            assert_ne!(self.0, PANICS);
            if self.0 == 0 {
                barrier.wait();
            }
            self.0 == 0
        }

        fn panicked(&self) -> bool {
            true
        }

        fn pauses_pool(output: &bool) -> bool {
            *output
        }
    }

    fn pool(max_threads: usize, queue_depth: usize) -> WorkerPool<Number> {
        WorkerPool::new(Barrier::new(2), max_threads, queue_depth, Box::new(|| ()))
    }

    fn submit(pool: &mut WorkerPool<Number>, number: u32) {
        assert!(pool.submit(Number(number)).is_ok());
    }

    fn done(pool: &mut WorkerPool<Number>) -> Vec<u32> {
        let done = pool.drain_done().into_iter();
        done.map(|(job, _)| job.0).collect()
    }

    /// Lets job 0 end, and waits until the only thread has nothing to do.
    fn pause(pool: &WorkerPool<Number>) {
        pool.shared.context.wait();
        wait_until_idle(pool);
    }

    fn wait_until_idle(pool: &WorkerPool<Number>) {
        while pool.shared.lock().idle == 0 {
            std::thread::yield_now();
        }
    }

    fn all_done(pool: &mut WorkerPool<Number>, count: usize) -> Vec<u32> {
        let mut all = Vec::new();
        while all.len() < count {
            pool.wait(Duration::from_secs(60));
            all.extend(done(pool));
        }
        all
    }

    #[test]
    fn paused_pool_begins_nothing_before_its_owner_resumes_it() {
        let mut pool = pool(1, 8);
        for job in 0..4 {
            submit(&mut pool, job);
        }
        pause(&pool);
        pool.wait(Duration::from_secs(60));
        assert_eq!(done(&mut pool), [0]);
        let withdrawn = pool.withdraw_queued().into_iter();
        assert!(withdrawn.map(|job| job.0).eq([1, 2, 3]));
        submit(&mut pool, 4);
        submit(&mut pool, 5);
        pool.resume();
        assert_eq!(all_done(&mut pool, 2), [4, 5]);
        submit(&mut pool, 0);
        submit(&mut pool, 6);
        pause(&pool);
        pool.join();
        assert_eq!(done(&mut pool), [0, 6], "the end waits for nobody to look");
    }

    #[test]
    fn job_that_panics_is_done_and_its_thread_goes_on() {
        let mut pool = pool(1, 8);
        submit(&mut pool, PANICS);
        pool.wait(Duration::from_secs(60));
        let outputs = pool.drain_done().into_iter();
        assert!(
            outputs
                .map(|(job, output)| (job.0, output))
                .eq([(PANICS, true)])
        );
        pool.resume();
        submit(&mut pool, 1);
        assert_eq!(all_done(&mut pool, 1), [1]);
        pool.join();
    }

    #[test]
    fn every_job_runs_once() {
        let mut pool = pool(3, 2);
        let mut all = Vec::new();
        for job in 1..=20_000 {
            while !pool.has_capacity() {
                pool.wait(Duration::from_secs(60));
                all.extend(done(&mut pool));
            }
            submit(&mut pool, job);
        }
        let left = pool.in_flight();
        all.extend(all_done(&mut pool, left));
        pool.join();
        all.sort_unstable();
        assert!(all.into_iter().eq(1..=20_000));
    }
}
