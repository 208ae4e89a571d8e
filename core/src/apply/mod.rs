//! A file of rows through a stream into a report: one line per row, in order,
//! and a state from which a run that was ended can go on.

mod cells;
mod descriptor;
mod input;
mod lines;
mod lock;
mod options;
mod report;
mod row_file;
pub(crate) mod scrutiny;
mod state;

use std::collections::VecDeque;
use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use csv::QuoteStyle;
use sha2::{Digest as _, Sha256};

use crate::apply::scrutiny::Notice;
use crate::bulk::{Bulk, GivenUp};
use crate::client::Client;
use crate::model::account::Platform;
use crate::model::error::{Error, ErrorKind, Result};
use crate::model::operation::{Operation, Operator};
use crate::model::outcome::{ItemOutcome, Reason, State};
use crate::protocol::classify;

pub use options::{ApplyEnd, ApplyInput, ApplyOptions, Failure, Format, Progress, Reading};
pub use row_file::RowFile;

use input::{Input, Raw, Read, Step};
use lines::Lines;
use lock::Access;
use report::Report;
use state::{Checkpoint, Counts, Purpose, StateFile};

/// How often the state is written.
const CHECKPOINT: Duration = Duration::from_secs(1);

/// How many rows beyond those that are read a state allows to be sent, until the next
/// state is written.
const AHEAD: u64 = 100_000;

/// How long a pipe whose other side is slow is waited for at once.
const READING: Duration = Duration::from_millis(10);

/// How many rows that were not accepted are kept for showing.
const SHOWN: usize = 20;

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
    state: Option<Kept>,
    /// Its lock: no other run writes to it.
    _read: Option<File>,
    /// Rows that are read and not polled yet.
    rows: VecDeque<Read>,
    progress: Progress,
    failures: Vec<Failure>,
    end: Option<ApplyEnd>,
    /// What a file ran into.
    error: Option<Error>,
    warnings: Vec<String>,
    saved: Instant,
}

/// The place of a run that can go on.
struct Kept {
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
    /// Opens the input and the outputs, for this run alone. With a state that a run has
    /// left, it goes on there: what that run had not written to its report is done
    /// again.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for a header that is none, or a
    /// state of another table, of other outputs, or of another application, address or
    /// operation; [`Storage`](ErrorKind::Storage) for files that cannot be read or
    /// written, or that another run has; [`Closed`](ErrorKind::Closed). Nothing is
    /// changed then.
    pub fn open(client: &Client, from: &ApplyInput, options: &ApplyOptions) -> Result<Self> {
        options.check_files(from)?;
        if options.state.is_some() && options.report.is_none() {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "a state needs a report: its lines are what a later run goes on from",
            ));
        }
        let read_from = from.read_from.as_ref().unwrap_or(&from.path);
        let keep = options.rejects.is_some() || options.state.is_some();
        let read = claim(&from.path)?;
        let input = Input::open(read_from, &from.path, from.format, &from.reading, keep)?;
        let mut apply = Self {
            bulk: Bulk::new(client, &options.bulk)?,
            decodes: from.reading.encoding.is_some(),
            operator: options.operator,
            platform: options.platform,
            report: None,
            rejects: None,
            state: None,
            _read: read,
            rows: VecDeque::new(),
            progress: Progress::default(),
            failures: Vec::new(),
            end: None,
            error: None,
            warnings: Vec::new(),
            saved: Instant::now(),
            input,
        };
        let left = apply.keep(client, options)?;
        // Every file is held, and every check made, before any of them is changed.
        if let Some(path) = &options.report {
            let (report, warning) = Report::open(
                path,
                options.escape_formulas,
                left.as_ref().map(|left| &left.report),
            )?;
            apply.report = Some(report);
            apply.warnings.extend(warning);
        }
        if let Some(path) = &options.rejects {
            let left = left.as_ref().and_then(|left| left.rejects.as_ref());
            let (rejects, warning) = Lines::open(path, from.format, QuoteStyle::Necessary, left)?;
            apply.rejects = Some(rejects);
            apply.warnings.extend(warning);
        }
        if let Some(left) = &left {
            apply.skip(left, options)?;
        }
        if let Some(report) = &mut apply.report {
            report.begin()?;
        }
        if let Some(rejects) = &mut apply.rejects {
            rejects.begin()?;
            if rejects.is_empty() {
                apply.write_rejects_header()?;
            }
        }
        apply.save()?;
        Ok(apply)
    }

    /// Takes the state, if there is to be one; answers what a run has left in it.
    fn keep(&mut self, client: &Client, options: &ApplyOptions) -> Result<Option<Checkpoint>> {
        let Some(path) = &options.state else {
            return Ok(None);
        };
        let purpose = Purpose::of(client, options);
        let (file, left, warning) = StateFile::open(path)?;
        self.warnings.extend(warning);
        if let Some(left) = &left {
            left.check(&purpose, options.rejects.is_some())?;
        }
        let sent_before = left.as_ref().map_or(0, |left| left.sent_up_to);
        let mut rows = Sha256::new();
        if let Some(header) = self.input.header() {
            state::add(&mut rows, &header);
        }
        self.state = Some(Kept {
            file,
            purpose,
            rows,
            sent_up_to: sent_before,
            sent_before,
        });
        Ok(left)
    }

    /// Reads over the rows that are done, beside their lines in the report: those
    /// that ended retryable hold later ones back.
    fn skip(&mut self, left: &Checkpoint, options: &ApplyOptions) -> Result<()> {
        let report = options.report.as_ref();
        let mut done = match report {
            Some(path) => report::read(path, left.report.bytes)?,
            None => return Ok(()),
        };
        for _ in 0..left.rows {
            let read = self
                .read()?
                .ok_or_else(|| state::does_not_fit("the input"))?;
            let retryable = done
                .next()
                .ok_or_else(|| state::does_not_fit("the report"))??;
            self.settled(&read);
            if retryable {
                let hold = |operation: &Operation<'_>| self.bulk.hold(operation);
                read.row.with_operation(hold);
            }
        }
        if done.next().is_some() {
            return Err(state::does_not_fit("the report"));
        }
        let rows = self.state.as_ref().map(|kept| state::hex(&kept.rows));
        if rows.is_some_and(|found| found != left.rows_sha256) {
            return Err(state::does_not_fit(
                "what stands in the table before its place",
            ));
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
            (Some(rejects), header) => {
                // They are UTF-8, and to be read with the same --encoding.
                let mark = self.decodes.then_some("\u{feff}");
                match header {
                    Some(Raw::Record(header)) => {
                        let mut fields: Vec<Vec<u8>> = header.iter().map(<[u8]>::to_vec).collect();
                        if let (Some(mark), Some(first)) = (mark, fields.first_mut()) {
                            first.splice(0..0, mark.bytes());
                        }
                        rejects.write(&Raw::Record(fields.into_iter().collect()))
                    }
                    _ => mark.map_or(Ok(()), |mark| rejects.write(&Raw::Line(mark.into()))),
                }
            }
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

    /// A row that has its outcome, for those who come later.
    fn settled(&mut self, read: &Read) {
        if let (Some(kept), Some(raw)) = (&mut self.state, &read.raw) {
            state::add(&mut kept.rows, raw);
        }
    }

    /// Works for about `time`; answers how the run ended, once it has. When a file
    /// cannot be read or written, what was read or is in flight comes to its end
    /// first, and then the run [failed](ApplyEnd::Failed).
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed) in a child after `fork`.
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
                if let Err(error) = self.settle(outcome) {
                    self.gives_out(error);
                }
            } else if self.bulk.wants_row() {
                match self.pull() {
                    Ok(true) => {}
                    Ok(false) => {
                        // What is in flight goes on meanwhile.
                        self.input.wait(READING.min(left(until)))?;
                        self.bulk.wait(Duration::ZERO);
                        if Instant::now() >= until {
                            break;
                        }
                    }
                    Err(error) => {
                        // The rows before it are sent and reported.
                        self.error.get_or_insert(error);
                        self.bulk.end();
                    }
                }
            } else if self.bulk.is_finished() {
                let complete = self.rows.is_empty() && self.input.is_at_end();
                self.end = Some(if self.error.is_some() {
                    ApplyEnd::Failed
                } else if complete {
                    ApplyEnd::Complete
                } else {
                    ApplyEnd::Halted
                });
            } else {
                self.bulk.wait(left(until));
                if Instant::now() >= until {
                    break;
                }
            }
        }
        self.progress.requests = self.bulk.requests();
        if (self.end.is_some() || self.saved.elapsed() >= CHECKPOINT)
            && let Err(error) = self.save()
        {
            self.gives_out(error);
            // Of one that has ended, what became of the last rows is written nowhere.
            self.end = self.end.map(|_| ApplyEnd::Failed);
        }
        Ok(self.end)
    }

    /// What became of a row cannot be written: no other is sent.
    fn gives_out(&mut self, error: Error) {
        self.error.get_or_insert(error);
        self.bulk.halt();
    }

    /// Whether to leave the rest for a later run: it would be written off here.
    fn must_stop(&self) -> Option<ApplyEnd> {
        match self.bulk.given_up()? {
            GivenUp::Refused => Some(ApplyEnd::Refused),
            GivenUp::NoAnswer => self.state.is_some().then_some(ApplyEnd::NoAnswer),
        }
    }

    /// Takes a row, or hears that there is none any more; `false` when neither is there
    /// yet.
    fn pull(&mut self) -> Result<bool> {
        let mut read = match self.input.step(self.operator)? {
            Step::Row(read) => *read,
            Step::Wait => return Ok(false),
            Step::End => {
                self.bulk.end();
                return Ok(true);
            }
        };
        read.row.platform = self.platform;
        let number = self.pulled() + 1;
        if self.state.as_ref().is_some_and(|k| number > k.sent_up_to) {
            self.save()?;
        }
        match &read.wrong {
            None => self.bulk.push_row(&read.row)?,
            Some(error) => self.bulk.push_invalid(error)?,
        }
        self.rows.push_back(read);
        Ok(true)
    }

    /// How many rows were handed to the stream, by this run or the one before.
    fn pulled(&self) -> u64 {
        self.progress.rows + self.rows.len() as u64
    }

    fn settle(&mut self, outcome: ItemOutcome) -> Result<()> {
        let read = self.rows.pop_front();
        let read = read.expect("an outcome belongs to a row that was read");
        self.progress.rows += 1;
        let outcome = self.after_an_earlier_run(outcome);
        let state = outcome.state();
        *match state {
            State::Accepted => &mut self.progress.accepted,
            State::Rejected => &mut self.progress.rejected,
            State::Unknown => &mut self.progress.unknown,
            State::NotSent => &mut self.progress.not_sent,
        } += 1;
        self.settled(&read);
        let reported = match &mut self.report {
            Some(report) => report.write(self.progress.rows, &read, &outcome),
            None => Ok(()),
        };
        if state == State::Accepted {
            return reported;
        }
        let rejected = match (&mut self.rejects, &read.raw) {
            (Some(rejects), Some(raw)) => rejects.write(raw),
            _ => Ok(()),
        };
        if self.failures.len() < SHOWN {
            let row = self.progress.rows;
            let line = read.line;
            self.failures.push(Failure { row, line, outcome });
        }
        reported.and(rejected)
    }

    /// A run that was killed may have sent the row that was settled now: that this one
    /// did not is no proof.
    fn after_an_earlier_run(&self, outcome: ItemOutcome) -> ItemOutcome {
        let before = self.state.as_ref().map_or(0, |kept| kept.sent_before);
        if self.progress.rows > before || outcome.reason() == Reason::Invalid {
            return outcome;
        }
        let message = format!(
            "an earlier run may have sent it before it was ended, and nobody knows of an answer; \
             this one came to: {}",
            outcome.message()
        );
        let earlier = classify::unknown(Reason::Interrupted, message);
        classify::after_another_attempt(earlier, outcome, false)
    }

    /// What is written so far, brought to the disk, and then the state.
    fn save(&mut self) -> Result<()> {
        self.saved = Instant::now();
        let pulled = self.pulled();
        let Some(kept) = &mut self.state else {
            if self.end.is_some() {
                let report = self.report.as_mut().map_or(Ok(()), |r| r.lines.flush());
                let rejects = self.rejects.as_mut().map_or(Ok(()), Lines::flush);
                return report.and(rejects);
            }
            return Ok(());
        };
        let report = self.report.as_mut().map(|r| &mut r.lines);
        let is_broken = report.as_ref().is_some_and(|lines| lines.is_broken())
            || self.rejects.as_ref().is_some_and(Lines::is_broken);
        if is_broken {
            // The state before goes on from lines that are there.
            return Ok(());
        }
        let report = report.map(Lines::sync).transpose()?;
        let Some(report) = report else {
            return Ok(());
        };
        let ahead = if self.end.is_some() { 0 } else { AHEAD };
        let sent_up_to = kept.sent_before.max(pulled + ahead);
        kept.file.write(&Checkpoint {
            version: Checkpoint::VERSION,
            purpose: kept.purpose.clone(),
            rows: self.progress.rows,
            sent_up_to,
            rows_sha256: state::hex(&kept.rows),
            report,
            rejects: self.rejects.as_mut().map(Lines::sync).transpose()?,
            counts: Counts {
                accepted: self.progress.accepted,
                rejected: self.progress.rejected,
                unknown: self.progress.unknown,
                not_sent: self.progress.not_sent,
            },
        })?;
        kept.sent_up_to = sent_up_to;
        Ok(())
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
fn claim(path: &Path) -> Result<Option<File>> {
    // A pipe must not be opened twice; and whoever reads it tells what is wrong with it.
    if !path.is_file() {
        return Ok(None);
    }
    let opened = File::open(path).and_then(descriptor::beside_the_standard_streams);
    let file = opened.map_err(|e| storage(path, &crate::sys::plain::io_error(&e)))?;
    lock::take(&file, path, Access::Reads)?;
    Ok(Some(file))
}

fn left(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now())
}

/// What went wrong with a file.
fn storage(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Storage, format!("{}: {error}", path.display()))
}
