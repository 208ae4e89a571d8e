//! The rows of a file, for those who send them otherwise.

use std::path::Path;

use super::Format;
use super::input::Input;
use crate::bulk::Row;
use crate::error::{Error, Result};
use crate::operation::Operator;

/// Reads the rows of a file one by one, in memory that does not grow.
pub struct RowFile {
    input: Input,
    operator: Operator,
}

impl RowFile {
    /// Opens a file of rows; `operator` is for those that name none.
    ///
    /// # Errors
    /// As [`Apply::open`](super::Apply::open).
    pub fn open(path: &Path, format: Format, operator: Operator) -> Result<Self> {
        Ok(Self {
            input: Input::open(path, format, false)?,
            operator,
        })
    }

    /// The next row as far as it could be read, with what was wrong with it.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage) when the file cannot be read.
    pub fn read(&mut self) -> Result<Option<(Row, Option<Error>)>> {
        let read = self.input.read(self.operator)?;
        Ok(read.map(|read| (read.row, read.wrong)))
    }
}

impl std::fmt::Debug for RowFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowFile").finish_non_exhaustive()
    }
}
