//! Running: rows from the table into the stream, outcomes from it into the report, and
//! once a second the state.

use std::time::{Duration, Instant};

use super::input::Step;
use super::lines::Lines;
use super::state::{self, Checkpoint, Counts};
use super::{Apply, ApplyEnd, Failure};
use crate::bulk::AbortReason;
use crate::model::error::{Error, Result};
use crate::model::outcome::{ItemOutcome, Reason, State};
use crate::protocol::classify::merge_attempts;

/// How often the state is written.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(1);

/// How many rows beyond those that are read a state allows to be sent, until the next
/// state is written.
const MAX_SENT_AHEAD: u64 = 100_000;

/// How long a pipe whose other side is slow is waited for at once.
const INPUT_WAIT: Duration = Duration::from_millis(10);

/// How many rows that were not accepted are kept for showing.
const MAX_FAILURES: usize = 20;

impl Apply {
    /// Works for about `time`; answers how the run ended, once it has. When a file
    /// cannot be read or written, what was read or is in flight comes to its end
    /// first, and then the run [failed](ApplyEnd::Failed).
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed) in a child after `fork`.
    pub fn work(&mut self, time: Duration) -> Result<Option<ApplyEnd>> {
        self.bulk.ensure_same_process()?;
        let until = Instant::now() + time;
        let mut steps = 0_u32;
        while self.end.is_none() {
            steps += 1;
            if steps.is_multiple_of(256) && Instant::now() >= until {
                break;
            }
            if let Some(end) = self.stop_reason() {
                self.end = Some(end);
            } else if let Some(outcome) = self.bulk.poll() {
                if let Err(error) = self.record_outcome(outcome) {
                    self.fail(error);
                }
            } else if self.bulk.wants_row() {
                if self.bulk.needs_wait() {
                    self.bulk.wait(Duration::ZERO);
                    if Instant::now() >= until {
                        break;
                    }
                }
                match self.read_into_stream() {
                    Ok(true) => {}
                    Ok(false) => {
                        // What is in flight goes on meanwhile.
                        self.input.wait(INPUT_WAIT.min(remaining(until)))?;
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
                self.bulk.wait(remaining(until));
                if Instant::now() >= until {
                    break;
                }
            }
        }
        self.progress.requests = self.bulk.requests();
        if (self.end.is_some() || self.saved.elapsed() >= CHECKPOINT_INTERVAL)
            && let Err(error) = self.save()
        {
            self.fail(error);
            // The outcomes of the last rows are written nowhere.
            self.end = self.end.map(|_| ApplyEnd::Failed);
        }
        Ok(self.end)
    }

    /// An outcome cannot be written: no further row is sent.
    fn fail(&mut self, error: Error) {
        self.error.get_or_insert(error);
        self.bulk.halt();
    }

    /// Whether to leave the rest for a later run: it would be written off here.
    fn stop_reason(&self) -> Option<ApplyEnd> {
        match self.bulk.abort_reason()? {
            AbortReason::Refused => Some(ApplyEnd::Refused),
            AbortReason::NoAnswer => self.state.is_some().then_some(ApplyEnd::NoAnswer),
        }
    }

    /// Reads a row into the stream, or ends it; `false` if neither is there yet.
    fn read_into_stream(&mut self) -> Result<bool> {
        let mut read = match self.input.step(self.operator)? {
            Step::Row(read) => *read,
            Step::Wait => return Ok(false),
            Step::End => {
                self.bulk.end();
                return Ok(true);
            }
        };
        read.row.platform = self.platform;
        let number = self.rows_read() + 1;
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
    fn rows_read(&self) -> u64 {
        self.progress.rows + self.rows.len() as u64
    }

    fn record_outcome(&mut self, outcome: ItemOutcome) -> Result<()> {
        let read = self.rows.pop_front();
        let read = read.expect("an outcome belongs to a row that was read");
        self.progress.rows += 1;
        let outcome = self.considering_earlier_run(outcome);
        let state = outcome.state();
        *match state {
            State::Accepted => &mut self.progress.accepted,
            State::Rejected => &mut self.progress.rejected,
            State::Unknown => &mut self.progress.unknown,
            State::NotSent => &mut self.progress.not_sent,
        } += 1;
        self.hash_row(&read);
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
        if self.failures.len() < MAX_FAILURES {
            let row = self.progress.rows;
            let line = read.line;
            self.failures.push(Failure { row, line, outcome });
        }
        reported.and(rejected)
    }

    /// A run that was killed may have sent the row that was settled now: that this one
    /// did not is no proof.
    fn considering_earlier_run(&self, outcome: ItemOutcome) -> ItemOutcome {
        let before = self.state.as_ref().map_or(0, |kept| kept.sent_before);
        if self.progress.rows > before || outcome.reason() == Reason::Invalid {
            return outcome;
        }
        let message = format!(
            "an earlier run may have sent it before it was ended, and nobody knows of an answer; \
             this one came to: {}",
            outcome.message()
        );
        let earlier = ItemOutcome::with_message(Reason::Interrupted, message);
        merge_attempts(earlier, outcome, false)
    }

    /// What is written so far, brought to the disk, and then the state.
    pub(super) fn save(&mut self) -> Result<()> {
        self.saved = Instant::now();
        let rows_read = self.rows_read();
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
        let ahead = if self.end.is_some() {
            0
        } else {
            MAX_SENT_AHEAD
        };
        let sent_up_to = kept.sent_before.max(rows_read + ahead);
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
}

fn remaining(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now())
}
