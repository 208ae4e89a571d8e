//! How a stream ends: halted, closed, or left behind by `fork`.

use super::Bulk;
use crate::error::{Error, ErrorKind, Result};

impl Bulk {
    /// Sends nothing more. What is in flight is waited for, and the outcomes up to
    /// the first row without one can still be polled.
    pub fn halt(&mut self) {
        self.halted = true;
        if !self.origin.look() {
            self.recall();
        }
    }

    /// Sends nothing more and ends requests under way soon; then
    /// [`requests`](Self::requests) tells the last of them as well. Closing twice
    /// does no harm.
    pub fn close(&mut self) {
        self.halted = true;
        if self.origin.look() {
            self.senders.forget();
            return;
        }
        self.delivery.stop();
        self.senders.recall();
        self.senders.end();
        for (_, delivered) in self.senders.done() {
            self.requests += u64::from(delivered.requests);
        }
    }

    /// Whether this process is a child of the one that began it.
    pub fn is_forked(&self) -> bool {
        self.origin.is_forked()
    }

    /// Whether its threads are here.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed) in a child after `fork`.
    pub fn still_here(&self) -> Result<()> {
        if self.is_forked() {
            return Err(elsewhere());
        }
        Ok(())
    }

    /// [`Self::is_forked`], as far as it is known: asking the system for each row would take
    /// too long.
    pub(super) fn is_elsewhere(&self) -> bool {
        self.origin.knows_of_a_fork()
    }
}

impl Drop for Bulk {
    fn drop(&mut self) {
        self.close();
    }
}

pub(super) fn elsewhere() -> Error {
    Error::new(
        ErrorKind::Closed,
        "the stream was begun in another process; after a fork the child begins its own",
    )
}
