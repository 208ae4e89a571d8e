//! A file of rows through a stream into a report: one line per row, in order,
//! and a state from which a run that was ended can go on.

mod cells;
pub(crate) mod checks;
mod descriptor;
mod input;
mod lines;
mod lock;
mod opening;
mod options;
mod report;
mod row_file;
mod running;
mod state;

use std::collections::VecDeque;
use std::fs::File;
use std::path::Path;
use std::time::Instant;

use sha2::Sha256;

use crate::apply::checks::Notice;
use crate::bulk::Bulk;
use crate::model::account::Platform;
use crate::model::error::{Error, ErrorKind, Result};
use crate::model::operation::Operator;

pub use options::{ApplyEnd, ApplyInput, ApplyOptions, Failure, Format, Progress, Reading};
pub use row_file::RowFile;

use input::{Input, ParsedRow};
use lines::Lines;
use lock::Access;
use report::Report;
use state::{Purpose, StateFile};

/// A run over one file.
pub struct Apply {
    bulk: Bulk,
    input: Input,
    /// Whether the table is in an encoding that was named.
    decodes: bool,
    operator: Operator,
    platform: Option<Platform>,
    report: Option<Report>,
    rejects: Option<Lines>,
    state: Option<RunState>,
    /// Its lock: no other run writes to it.
    _read: Option<File>,
    /// Rows that are read and not polled yet.
    rows: VecDeque<ParsedRow>,
    progress: Progress,
    failures: Vec<Failure>,
    end: Option<ApplyEnd>,
    /// What a file ran into.
    error: Option<Error>,
    warnings: Vec<String>,
    saved: Instant,
}

/// The place of a run that can go on.
struct RunState {
    file: StateFile,
    purpose: Purpose,
    /// The rows that have their outcome.
    rows: Sha256,
    /// As [`Checkpoint::sent_up_to`], as it stands in the file.
    sent_up_to: u64,
    /// What earlier runs have left in it.
    sent_before: u64,
}

impl Apply {
    fn read(&mut self) -> Result<Option<ParsedRow>> {
        let read = self.input.read(self.operator)?;
        Ok(read.map(|mut read| {
            read.row.platform = self.platform;
            read
        }))
    }

    /// A row that has its outcome, for those who come later.
    fn hash_row(&mut self, read: &ParsedRow) {
        if let (Some(kept), Some(raw)) = (&mut self.state, &read.raw) {
            state::add(&mut kept.rows, raw);
        }
    }

    /// Sends nothing more; what is in flight is waited for by
    /// [`work`](Self::work).
    pub fn halt(&mut self) {
        self.bulk.halt();
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// How many rows there are, where that was known before the first one was sent: not
    /// of a pipe.
    pub fn counted(&self) -> Option<u64> {
        self.input.counted()
    }

    /// What is suspicious in the table, one notice for each suspicion: of a regular file
    /// all of it from the beginning, of a pipe as far as it was read.
    pub fn notices(&self) -> &[Notice] {
        self.input.notices()
    }

    /// How many rows without any field were passed over; they have no number.
    pub fn empty_rows(&self) -> u64 {
        self.input.empty_rows()
    }

    /// The first rows that were not accepted.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// Which file could not be read or written, and why, once that was found.
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    /// What should be known of the files.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The stream itself, for its numbers.
    pub fn bulk(&self) -> &Bulk {
        &self.bulk
    }
}

impl std::fmt::Debug for Apply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Apply")
            .field("progress", &self.progress)
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

/// Holds a file that is read, so that no run writes to it: a table that a run is just
/// writing is not whole, and a report on it would be the end of it.
fn lock_input(path: &Path) -> Result<Option<File>> {
    // A pipe must not be opened twice; and whoever reads it tells what is wrong with it.
    if !path.is_file() {
        return Ok(None);
    }
    let opened = File::open(path).and_then(descriptor::beside_the_standard_streams);
    let file = opened.map_err(|e| storage(path, &crate::sys::error_text::io_error(&e)))?;
    lock::take(&file, path, Access::Reads)?;
    Ok(Some(file))
}

/// What went wrong with a file.
fn storage(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Storage, format!("{}: {error}", path.display()))
}
