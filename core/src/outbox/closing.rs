//! Flushing, making durable and closing.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Outbox;
use crate::model::error::{Error, ErrorKind, Result};

impl Outbox {
    /// Delivers what is there without lingering, and waits for it up to
    /// `timeout`. Answers how many operations are not settled then.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed) in a child after `fork`.
    pub fn flush(&self, timeout: Duration) -> Result<usize> {
        self.ensure_same_process()?;
        let shared = &self.shared;
        shared.flushing.fetch_add(1, Ordering::Relaxed);
        shared.intake.waker.wake();
        shared.wait(timeout, false);
        shared.flushing.fetch_sub(1, Ordering::Relaxed);
        Ok(shared.intake.open())
    }

    /// Waits up to `timeout` until everything that was handed in so far is durable, as
    /// `outbox_durability` means it, or settled. By itself that takes about
    /// `outbox_commit_ms`.
    ///
    /// # Errors
    /// [`Storage`](ErrorKind::Storage) when it is not durable: there is no file, the
    /// file failed, or the time was over ([retryable](Error::is_retryable));
    /// [`Closed`](ErrorKind::Closed) in a child after `fork`.
    pub fn sync(&self, timeout: Duration) -> Result<()> {
        self.sync_up_to(self.taken(), timeout)
    }

    /// How many operations it has taken, those that the file brought included: what
    /// [`sync_up_to`](Outbox::sync_up_to) is told.
    pub fn taken(&self) -> u64 {
        self.shared.intake.submitted()
    }

    /// As [`sync`](Outbox::sync), but for what it had [taken](Outbox::taken) at a moment:
    /// for those who wait in slices while others hand in.
    ///
    /// # Errors
    /// As [`sync`](Outbox::sync).
    pub fn sync_up_to(&self, taken: u64, timeout: Duration) -> Result<()> {
        self.ensure_same_process()?;
        let shared = &self.shared;
        if !shared.stores {
            let text = "nothing is durable: the outbox has no file (option outbox_file)";
            return Err(Error::new(ErrorKind::Storage, text));
        }
        if !shared.wait_for_store(taken, timeout) {
            let text = "not everything was durable in time: sync again, with more time";
            return Err(Error::new(ErrorKind::Storage, text).with_answer(None, None, true));
        }
        match shared.synced.volatile() {
            None => Ok(()),
            Some((count, why)) => {
                let text = format!("{count} operations are in memory only, and not durable: {why}");
                Err(Error::new(ErrorKind::Storage, text))
            }
        }
    }

    /// Takes nothing any more and delivers what is there, without waiting for it:
    /// for those who flush in their own way before they close.
    pub fn begin_close(&self) {
        if self.ensure_same_process().is_ok() {
            self.shared.close();
        }
    }

    /// Takes nothing any more, delivers what is there for up to `timeout`, and
    /// ends. Answers how many operations were left: they stay in the file, or,
    /// without one, are reported with what is known of them. The reports can still be
    /// taken; `reports_waiting` in the [`stats`](Outbox::stats) counts them. Closing
    /// twice does no harm, and in a child after `fork` it does nothing.
    ///
    /// It takes `timeout` and at most a second more, whatever the log, the transport
    /// or the store do. A request that a transport does not let go of ends unknown.
    /// A thread that hangs in one of them is left to itself, with what it uses:
    /// from then on it calls no function of the host's any more.
    pub fn close(&self, timeout: Duration) -> usize {
        /// What the running requests get to notice that the client is closed.
        const END: Duration = Duration::from_secs(1);
        if self.ensure_same_process().is_err() {
            return 0;
        }
        self.begin_close();
        if !self.shared.wait(timeout, true) {
            self.shared.stop();
            self.engine.close();
        }
        if self.shared.wait(END, true) {
            let mut worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(thread) = worker.take() {
                let _ = thread.join();
            }
        } else {
            self.given_up.store(true, Ordering::Release);
            self.shared.give_up();
        }
        match self.shared.left.load(Ordering::Acquire) {
            usize::MAX => self.shared.intake.open(),
            left => left,
        }
    }

    /// [`close`](Outbox::close), unless that was done before and its thread hangs: as
    /// dropping it does.
    pub fn close_once(&self, timeout: Duration) {
        if !self.given_up.load(Ordering::Acquire) {
            self.close(timeout);
        }
    }
}
