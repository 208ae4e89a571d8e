//! Opening a run: every file is held, and every check made, before any file is changed;
//! then the rows that an earlier run has done are passed over.

use std::collections::VecDeque;
use std::time::Instant;

use csv::QuoteStyle;
use sha2::{Digest as _, Sha256};

use super::input::{Input, SourceRecord};
use super::lines::Lines;
use super::report::{self, Report};
use super::state::{self, Checkpoint, Counts, Purpose, StateFile};
use super::{Apply, ApplyInput, ApplyOptions, Progress, RunState, lock_input};
use crate::bulk::Bulk;
use crate::client::Client;
use crate::model::error::{Error, ErrorKind, Result};

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
        let read = lock_input(&from.path)?;
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
        let left = apply.open_state(client, options)?;
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
            apply.skip_done_rows(left, options)?;
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
    fn open_state(
        &mut self,
        client: &Client,
        options: &ApplyOptions,
    ) -> Result<Option<Checkpoint>> {
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
        self.state = Some(RunState {
            file,
            purpose,
            rows,
            sent_up_to: sent_before,
            sent_before,
        });
        Ok(left)
    }

    /// Reads over the rows that are done, beside their lines in the report: those
    /// that ended retryable block later ones.
    fn skip_done_rows(&mut self, left: &Checkpoint, options: &ApplyOptions) -> Result<()> {
        let report = options.report.as_ref();
        let mut done = match report {
            Some(path) => report::read(path, left.report.bytes)?,
            None => return Ok(()),
        };
        self.bulk.begin_after(left.rows);
        for row in 1..=left.rows {
            let read = self
                .read()?
                .ok_or_else(|| state::does_not_fit("the input"))?;
            let retryable = done
                .next()
                .ok_or_else(|| state::does_not_fit("the report"))??;
            self.hash_row(&read);
            if let Some(state) = retryable {
                self.bulk.block(row, &(&read.row).into(), state);
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
                    Some(SourceRecord::Record(header)) => {
                        let mut fields: Vec<Vec<u8>> = header.iter().map(<[u8]>::to_vec).collect();
                        if let (Some(mark), Some(first)) = (mark, fields.first_mut()) {
                            first.splice(0..0, mark.bytes());
                        }
                        rejects.write(&SourceRecord::Record(fields.into_iter().collect()))
                    }
                    _ => mark.map_or(Ok(()), |mark| {
                        rejects.write(&SourceRecord::Line(mark.into()))
                    }),
                }
            }
            _ => Ok(()),
        }
    }
}
