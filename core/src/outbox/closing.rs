//! Flushing, making durable and closing.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Outbox;
use crate::model::error::{Error, ErrorKind, Result};

impl Outbox {
    /// Sends what is queued without lingering and waits up to `timeout` for it. Returns how
    /// many operations are still open.
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

    /// Waits up to `timeout` until everything submitted so far is durable or completed.
    /// Durable: in `outbox_file`, as `outbox_durability` says; without a call that takes about
    /// `outbox_commit_ms`. With `outbox_url`: in the engine, as `outbox_engine_durability`
    /// says; a file keeps it meanwhile.
    ///
    /// # Errors
    /// [`Storage`](ErrorKind::Storage) when it is not durable: there is neither file nor
    /// engine, the file failed, or the time ran out ([retryable](Error::is_retryable));
    /// [`Closed`](ErrorKind::Closed) in a child after `fork`.
    pub fn sync(&self, timeout: Duration) -> Result<()> {
        self.sync_up_to(self.taken(), timeout)
    }

    /// How many operations it has accepted, recovered ones included: the argument of
    /// [`sync_up_to`](Outbox::sync_up_to).
    pub fn taken(&self) -> u64 {
        self.shared.intake.submitted()
    }

    /// As [`sync`](Outbox::sync), up to a number of [`taken`](Outbox::taken) operations: to
    /// wait in slices while other threads submit.
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

    /// Accepts nothing more and goes on delivering, without waiting: call it before a flush
    /// of your own and [`close`](Outbox::close).
    pub fn begin_close(&self) {
        if self.ensure_same_process().is_ok() {
            self.shared.close();
        }
    }

    /// Accepts nothing more, delivers for up to `timeout`, and ends. Returns how many
    /// operations are left: they stay in the file or, without one, are reported with what
    /// is known of them. Reports can still be read; `reports_waiting` in the
    /// [`stats`](Outbox::stats) counts them. Closing twice is harmless; in a child after
    /// `fork` it does nothing.
    ///
    /// With `outbox_url` what the engine has stays there: another process delivers it, and
    /// the next one of this `outbox_name` gets the report. While it waits for its own
    /// operations it goes on relaying; then, or when the time is over, another process
    /// takes over at once. Reports that are unread are this process's still: no successor
    /// gets them. When an outbox is dropped without being closed, a successor does.
    ///
    /// It takes at most a second longer than `timeout`, whatever log, transport and store
    /// do. A request that the transport does not return ends unknown. A thread that hangs
    /// in a callback is abandoned, with what it uses, and never calls the host again.
    pub fn close(&self, timeout: Duration) -> usize {
        self.close_within(timeout, true)
    }

    /// `reads_on`: whoever closes may read what is unread.
    fn close_within(&self, timeout: Duration, reads_on: bool) -> usize {
        /// How long requests in flight get to notice that the client is closed.
        const END: Duration = Duration::from_secs(1);
        if self.ensure_same_process().is_err() {
            return 0;
        }
        if reads_on {
            self.shared.keep_unread();
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

    /// As [`close`](Outbox::close), but at once if an earlier close abandoned the thread. Drop
    /// does this.
    #[doc(hidden)]
    pub fn close_once(&self, timeout: Duration) {
        if !self.given_up.load(Ordering::Acquire) {
            self.close_within(timeout, false);
        }
    }
}
