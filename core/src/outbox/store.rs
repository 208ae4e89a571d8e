//! Where operations outlive the process: a trait, so that a fleet's shared store
//! on an engine of its own can stand beside the file.

mod file;

use crate::model::error::Result;

pub(crate) use file::{FileStore, Purpose, SpoolRun};

/// A stored operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The store's number for it: larger for what was appended later, never 0.
    pub id: u64,
    /// The caller's own number.
    pub tag: u64,
    /// When it was handed in, in milliseconds since 1970-01-01 UTC.
    pub submitted_ms: u64,
    /// The operation, in a form of this crate's own.
    pub body: Box<[u8]>,
}

/// An operation to store.
#[derive(Debug, Clone, Copy)]
pub struct NewRecord<'a> {
    /// As [`Record::tag`].
    pub tag: u64,
    /// As [`Record::submitted_ms`].
    pub submitted_ms: u64,
    /// As [`Record::body`].
    pub body: &'a [u8],
}

/// Keeps operations in the order in which they were handed in, until they are
/// acknowledged. Used by one thread at a time; what it does may take time.
pub trait Store: Send {
    /// Appends all of them, or none, and answers the number of the first; the
    /// others follow it without a gap. When it returns they are as durable as
    /// the store makes them.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage): none is stored, and a later try
    /// may end better.
    fn append(&mut self, records: &[NewRecord<'_>]) -> Result<u64>;

    /// Up to `most` operations after number `after` that are not acknowledged, in
    /// order.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage).
    fn claim(&mut self, after: u64, most: usize) -> Result<Vec<Record>>;

    /// Forgets these. All of them, or none.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage): none is forgotten, and a later try
    /// may end better.
    fn acknowledge(&mut self, ids: &[u64]) -> Result<()>;

    /// The mark: operations with a number up to it may have been sent, by this
    /// process or an earlier one; those above it were not. A store without a mark
    /// claims of nothing that it was never sent.
    fn sent_mark(&self) -> u64 {
        u64::MAX
    }

    /// Sets the mark. It has to be as lasting as the operations: nothing above it is
    /// sent before.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage): the mark is where it was, and a later
    /// try may end better.
    fn set_sent_mark(&mut self, _up_to: u64) -> Result<()> {
        Ok(())
    }

    /// As [`append`](Store::append) for operations that are about to be sent: sets
    /// the mark to the last of them in the same step, or leaves it where it is.
    ///
    /// # Errors
    /// As [`append`](Store::append).
    fn append_to_send(&mut self, records: &[NewRecord<'_>]) -> Result<u64> {
        self.append(records)
    }
}
