//! How a stream ends: halted, closed, or left behind by `fork`.

use std::time::{Duration, Instant};

use super::Bulk;
use crate::model::error::{Error, ErrorKind, Result};

impl Bulk {
    /// Sends nothing more. What is in flight is waited for, and the outcomes up to
    /// the first row without one can still be polled.
    pub fn halt(&mut self) {
        self.halted = true;
        if !self.owner.refresh() {
            self.withdraw_queued();
        }
    }

    /// Sends nothing more and ends requests under way soon; then
    /// [`requests`](Self::requests) tells the last of them as well. Closing twice
    /// does no harm. A request that the transport does not let go of within a second
    /// is left to its thread.
    pub fn close(&mut self) {
        const LET_GO: Duration = Duration::from_secs(1);
        self.halted = true;
        if self.owner.refresh() {
            self.pool.abandon_threads();
            return;
        }
        self.sender.cancel();
        self.pool.withdraw_queued();
        let ends = Instant::now() + LET_GO;
        loop {
            for (_, delivered) in self.pool.drain_done() {
                self.requests += u64::from(delivered.requests);
            }
            if self.pool.in_flight() == 0 {
                return self.pool.join();
            }
            let left = ends.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return self.pool.shut_down();
            }
            self.pool.wait(left);
        }
    }

    /// Whether this process is a child of the one that began it.
    pub fn is_forked(&self) -> bool {
        self.owner.is_forked()
    }

    /// Whether its threads are here.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed) in a child after `fork`.
    #[doc(hidden)]
    pub fn ensure_same_process(&self) -> Result<()> {
        if self.is_forked() {
            return Err(wrong_process());
        }
        Ok(())
    }

    /// [`Self::is_forked`], as far as it is known: asking the system for each row would take
    /// too long.
    pub(super) fn is_elsewhere(&self) -> bool {
        self.owner.is_known_forked()
    }
}

impl Drop for Bulk {
    fn drop(&mut self) {
        self.close();
    }
}

pub(super) fn wrong_process() -> Error {
    Error::new(
        ErrorKind::Closed,
        "the stream was begun in another process; after a fork the child begins its own",
    )
}
