//! A file of rows through a stream into a report: one line per row, in order, and a
//! state from which an interrupted run resumes.

pub(crate) mod checks;
mod csv_injection;
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

use crate::bulk::Bulk;
use crate::model::account::Platform;
use crate::model::error::{Error, ErrorKind, Result};
use crate::model::operator::Operator;

#[doc(hidden)]
pub use checks::RowChecker;
pub use checks::{CheckLevel, Notice, Suspicion};
pub use options::{ApplyEnd, ApplyInput, ApplyOptions, Failure, Format, Progress, Reading};
#[doc(hidden)]
pub use row_file::RowFile;

use input::{Input, ParsedRow};
use lines::Lines;
use lock::Access;
use report::Report;
use state::{Purpose, StateFile};

/// A run over one file.
///
/// ```no_run
/// use std::time::Duration;
/// use xgpush::apply::{Apply, ApplyInput, ApplyOptions};
/// use xgpush::{Client, Config, Operator};
///
/// let client = Client::new(Config::new().set_from_env()?)?;
/// let options = ApplyOptions::new(Operator::Bind)
///     .with_report("report.csv")
///     .with_state("state");
/// let mut run = Apply::open(&client, &ApplyInput::from_path("players.csv")?, &options)?;
/// let end = loop {
///     if let Some(end) = run.work(Duration::from_secs(1))? {
///         break end;
///     }
///     println!("{} rows", run.progress().rows);
/// };
/// println!("{end}");
/// # Ok::<(), xgpush::Error>(())
/// ```
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

/// The state of a run that can be resumed.
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

    /// Adds a completed row to the hash in the state.
    fn hash_row(&mut self, read: &ParsedRow) {
        if let (Some(kept), Some(raw)) = (&mut self.state, &read.raw) {
            state::add(&mut kept.rows, raw);
        }
    }

    /// Stops sending; [`work`](Self::work) still waits for what is in flight.
    pub fn halt(&mut self) {
        self.bulk.halt();
    }

    /// The progress so far.
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// The number of rows, where it is known before the first one is sent (not for a pipe).
    pub fn counted(&self) -> Option<u64> {
        self.input.counted()
    }

    /// Suspicious values, one notice for each kind: of a regular file all of them from the
    /// beginning, of a pipe as far as it has been read.
    pub fn notices(&self) -> &[Notice] {
        self.input.notices()
    }

    /// How many rows without any field were skipped; they have no number.
    pub fn empty_rows(&self) -> u64 {
        self.input.empty_rows()
    }

    /// The first rows that were not accepted.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// Which file could not be read or written, and why.
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    /// Warnings about the files.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The stream, for its statistics.
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

/// Locks the input, so that no run writes to it meanwhile.
fn lock_input(path: &Path) -> Result<Option<File>> {
    // A pipe must not be opened twice; its reader reports what is wrong with it.
    if !path.is_file() {
        return Ok(None);
    }
    let opened = File::open(path).and_then(descriptor::above_standard_streams);
    let file = opened.map_err(|e| storage_io(path, e))?;
    lock::take(&file, path, Access::Reads)?;
    Ok(Some(file))
}

/// What went wrong with a file.
fn storage_io(path: &Path, error: std::io::Error) -> Error {
    storage(path, &crate::sys::error_text::io_error(&error)).with_source(error)
}

fn storage(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Storage, format!("{}: {error}", path.display()))
}
