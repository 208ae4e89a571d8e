//! The rows of a file, for callers that send them themselves.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use super::input::{Input, ParsedRow, Step};
use super::{Format, Reading, lock_input};
use crate::apply::checks::Notice;
use crate::model::error::{Error, Result};
use crate::model::operator::Operator;
use crate::model::row::Row;

/// Reads the rows of a file one by one, in memory that does not grow.
pub struct RowFile {
    input: Input,
    operator: Operator,
    line: u64,
    /// Its lock: no run writes to it.
    _read: Option<File>,
}

impl RowFile {
    /// Opens a file of rows; `operator` is for those that name none.
    ///
    /// # Errors
    /// As [`Apply::open`](super::Apply::open).
    pub fn open(
        path: &Path,
        format: Format,
        operator: Operator,
        reading: &Reading,
    ) -> Result<Self> {
        Ok(Self {
            _read: lock_input(path)?,
            input: Input::open(path, path, format, reading, false)?,
            line: 0,
            operator,
        })
    }

    /// The next row as far as it could be read, with what was wrong with it.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage) when the file cannot be read.
    pub fn read(&mut self) -> Result<Option<(Row, Option<Error>)>> {
        let read = self.input.read(self.operator)?;
        Ok(read.map(|read| self.given(read)))
    }

    /// The same, if it is there: a pipe whose other side has not written it is waited
    /// for, for `time` at most. The answer is `None` when it is not.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_within(&mut self, time: Duration) -> Result<Option<Option<(Row, Option<Error>)>>> {
        for waited in [false, true] {
            match self.input.step(self.operator)? {
                Step::Row(read) => return Ok(Some(Some(self.given(*read)))),
                Step::End => return Ok(Some(None)),
                Step::Wait if waited => {}
                Step::Wait => self.input.wait(time)?,
            }
        }
        Ok(None)
    }

    fn given(&mut self, read: ParsedRow) -> (Row, Option<Error>) {
        self.line = read.line;
        (read.row, read.wrong)
    }

    /// The number of the line on which the row that was read last begins.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// What is suspicious in it: of a regular file all of it from the beginning, of a
    /// pipe as far as it was read.
    pub fn notices(&self) -> &[Notice] {
        self.input.notices()
    }

    /// Whether what it reads may let it wait.
    pub fn may_wait(&self) -> bool {
        !self.input.is_regular()
    }
}

impl std::fmt::Debug for RowFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowFile").finish_non_exhaustive()
    }
}
