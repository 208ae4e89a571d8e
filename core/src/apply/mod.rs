//! A file of rows through a stream into a report: one line per row, in order,
//! and a state from which a run that was ended can go on.

mod input;
mod options;
mod report;
mod row_file;
mod state;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::account::Platform;
use crate::bulk::{Bulk, GivenUp};
use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::operation::{Operation, Operator};
use crate::outcome::{ItemOutcome, State};

pub use options::{ApplyEnd, ApplyInput, ApplyOptions, Failure, Format, Progress};
pub use row_file::RowFile;

use input::{Input, Read};
use report::{Lines, Report};
use state::{Checkpoint, Counts, Identity};

/// How often the state is written.
const CHECKPOINT: Duration = Duration::from_secs(1);

/// How many rows that were not accepted are kept for showing.
const SHOWN: usize = 20;

/// A run over one file.
pub struct Apply {
    bulk: Bulk,
    input: Input,
    operator: Operator,
    platform: Option<Platform>,
    report: Option<Report>,
    rejects: Option<Lines>,
    state: Option<(PathBuf, Identity)>,
    /// Rows that are read and not polled yet.
    rows: VecDeque<Read>,
    progress: Progress,
    failures: Vec<Failure>,
    end: Option<ApplyEnd>,
    saved: Instant,
}

impl Apply {
    /// Opens the input and the outputs. With a state that a run has left, it goes
    /// on there: what that run had not written to its report is done again.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for a header that is none,
    /// or a state of another file or of other outputs; [`Storage`](ErrorKind::Storage) for files that
    /// cannot be read or written; [`Closed`](ErrorKind::Closed).
    pub fn open(client: &Client, from: &ApplyInput, options: &ApplyOptions) -> Result<Self> {
        options.check_files(from)?;
        let read_from = from.read_from.as_ref().unwrap_or(&from.path);
        let input = Input::open(read_from, from.format, options.rejects.is_some())?;
        let state = match &options.state {
            Some(path) => Some((path.clone(), Identity::of(from, options.operator)?)),
            None => None,
        };
        let left = match &state {
            Some((path, identity)) => Checkpoint::read(path, identity, options.rejects.is_some())?,
            None => None,
        };
        if state.is_some() && options.report.is_none() {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "a state needs a report: its lines are what a later run goes on from",
            ));
        }
        let mut apply = Self {
            bulk: Bulk::new(client, &options.bulk)?,
            operator: options.operator,
            platform: options.platform,
            report: None,
            rejects: None,
            state,
            rows: VecDeque::new(),
            progress: Progress::default(),
            failures: Vec::new(),
            end: None,
            saved: Instant::now(),
            input,
        };
        if let Some(left) = &left {
            apply.skip(left, options)?;
        }
        if let Some(path) = &options.report {
            let length = left.as_ref().map(|left| left.report_bytes);
            apply.report = Some(Report::open(path, length)?);
        }
        if let Some(path) = &options.rejects {
            let length = left.as_ref().and_then(|left| left.rejects_bytes);
            apply.rejects = Some(Lines::open(path, from.format, length)?);
            if length.is_none_or(|bytes| bytes == 0) {
                apply.write_rejects_header()?;
            }
        }
        apply.save()?;
        Ok(apply)
    }

    /// Reads over the rows that are done, beside their lines in the report: those
    /// that ended retryable hold later ones back.
    fn skip(&mut self, left: &Checkpoint, options: &ApplyOptions) -> Result<()> {
        let report = options.report.as_ref();
        let mut done = match report {
            Some(path) => report::read(path, left.report_bytes)?,
            None => return Ok(()),
        };
        for _ in 0..left.rows {
            let read = self
                .read()?
                .ok_or_else(|| state::does_not_fit("the input"))?;
            let retryable = done
                .next()
                .ok_or_else(|| state::does_not_fit("the report"))??;
            if retryable {
                let hold = |operation: &Operation<'_>| self.bulk.hold(operation);
                read.row.with_operation(hold);
            }
        }
        if done.next().is_some() {
            return Err(state::does_not_fit("the report"));
        }
        let Counts {
            accepted,
            rejected,
            unknown,
            not_sent,
        } = left.counts;
        self.progress = Progress {
            rows: left.rows,
            accepted,
            rejected,
            unknown,
            not_sent,
            resumed: left.rows,
            requests: 0,
        };
        Ok(())
    }

    fn write_rejects_header(&mut self) -> Result<()> {
        match (&mut self.rejects, self.input.header()) {
            (Some(rejects), Some(header)) => rejects.write(header),
            _ => Ok(()),
        }
    }

    fn read(&mut self) -> Result<Option<Read>> {
        let read = self.input.read(self.operator)?;
        Ok(read.map(|mut read| {
            read.row.platform = self.platform;
            read
        }))
    }

    /// Works for about `time`; answers how the run ended, once it has.
    ///
    /// # Errors
    /// [`Storage`](ErrorKind::Storage) when a file cannot be read or written.
    pub fn work(&mut self, time: Duration) -> Result<Option<ApplyEnd>> {
        self.bulk.still_here()?;
        let until = Instant::now() + time;
        let mut steps = 0_u32;
        while self.end.is_none() {
            steps += 1;
            if steps.is_multiple_of(256) && Instant::now() >= until {
                break;
            }
            if let Some(end) = self.must_stop() {
                self.end = Some(end);
            } else if let Some(outcome) = self.bulk.poll() {
                self.settle(outcome)?;
            } else if self.bulk.wants_row() {
                self.pull()?;
            } else if self.bulk.is_finished() {
                let complete = self.rows.is_empty() && self.input.is_at_end();
                self.end = Some(if complete {
                    ApplyEnd::Complete
                } else {
                    ApplyEnd::Halted
                });
            } else {
                self.bulk
                    .wait(until.saturating_duration_since(Instant::now()));
                if Instant::now() >= until {
                    break;
                }
            }
        }
        self.progress.requests = self.bulk.requests();
        if self.end.is_some() || self.saved.elapsed() >= CHECKPOINT {
            self.save()?;
        }
        Ok(self.end)
    }

    /// Whether to leave the rest for a later run: it would be written off here.
    fn must_stop(&self) -> Option<ApplyEnd> {
        match self.bulk.given_up()? {
            GivenUp::Refused => Some(ApplyEnd::Refused),
            GivenUp::NoAnswer => self.state.is_some().then_some(ApplyEnd::NoAnswer),
        }
    }

    fn pull(&mut self) -> Result<()> {
        let Some(read) = self.read()? else {
            self.bulk.end();
            return Ok(());
        };
        match &read.wrong {
            None => self.bulk.push_row(&read.row)?,
            Some(error) => self.bulk.push_invalid(error)?,
        }
        self.rows.push_back(read);
        Ok(())
    }

    fn settle(&mut self, outcome: ItemOutcome) -> Result<()> {
        let read = self.rows.pop_front();
        let read = read.expect("an outcome belongs to a row that was read");
        self.progress.rows += 1;
        let state = outcome.state();
        *match state {
            State::Accepted => &mut self.progress.accepted,
            State::Rejected => &mut self.progress.rejected,
            State::Unknown => &mut self.progress.unknown,
            State::NotSent => &mut self.progress.not_sent,
        } += 1;
        if let Some(report) = &mut self.report {
            report.write(self.progress.rows, &read, &outcome)?;
        }
        if state == State::Accepted {
            return Ok(());
        }
        if let (Some(rejects), Some(raw)) = (&mut self.rejects, &read.raw) {
            rejects.write(raw)?;
        }
        if self.failures.len() < SHOWN {
            let row = self.progress.rows;
            self.failures.push(Failure { row, outcome });
        }
        Ok(())
    }

    /// What is written so far, brought to the disk, and then the state.
    fn save(&mut self) -> Result<()> {
        self.saved = Instant::now();
        let Some((path, identity)) = &self.state else {
            if self.end.is_some() {
                self.report.as_mut().map_or(Ok(0), |r| r.lines.flush())?;
                self.rejects.as_mut().map_or(Ok(0), Lines::flush)?;
            }
            return Ok(());
        };
        let checkpoint = Checkpoint {
            input: identity.clone(),
            rows: self.progress.rows,
            report_bytes: self.report.as_mut().map_or(Ok(0), |r| r.lines.sync())?,
            rejects_bytes: self.rejects.as_mut().map(Lines::sync).transpose()?,
            counts: Counts {
                accepted: self.progress.accepted,
                rejected: self.progress.rejected,
                unknown: self.progress.unknown,
                not_sent: self.progress.not_sent,
            },
        };
        checkpoint.write(path)
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

    /// The first rows that were not accepted.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
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

/// What went wrong with a file.
fn storage(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Storage, format!("{}: {error}", path.display()))
}
