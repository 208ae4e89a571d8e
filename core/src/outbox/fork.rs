//! An outbox in a child after `fork`: its threads are in the parent.

use super::Outbox;
use crate::model::error::{Error, ErrorKind, Result};

impl Outbox {
    /// Whether this process is a child of the one that opened it.
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
}

pub(super) fn wrong_process() -> Error {
    Error::new(
        ErrorKind::Closed,
        "the outbox was opened in another process; after a fork the child opens its own",
    )
}
