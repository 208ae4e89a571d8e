//! The report: one line per row.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;

use csv::QuoteStyle;
use serde::{Deserialize, Serialize};

use super::csv_injection::escape_formula;
use super::input::{ParsedRow, SourceRecord};
use super::lines::Lines;
use super::state::{Mark, does_not_fit};
use super::{Format, storage_io};
use crate::model::error::Result;
use crate::model::outcome::{ItemOutcome, State};

/// The columns of a report: the fields of [`Line`].
const COLUMNS: [&str; 11] = [
    "row",
    "token",
    "account",
    "account_type",
    "operation",
    "state",
    "reason",
    "code",
    "attempts",
    "retryable",
    "message",
];

/// One line per row.
pub(super) struct Report {
    pub(super) lines: Lines,
    format: Format,
    escape_formulas: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    row: u64,
    token: &'a str,
    account: &'a str,
    account_type: Option<i32>,
    operation: &'a str,
    state: &'static str,
    reason: &'static str,
    code: Option<i64>,
    attempts: u16,
    retryable: bool,
    message: &'a str,
}

impl Report {
    /// Opens it as [`Lines::open`] does.
    pub(super) fn open(
        path: &Path,
        escape_formulas: bool,
        left: Option<&Mark>,
    ) -> Result<(Self, Option<String>)> {
        let format = Format::from_path(path)?;
        // Where a spreadsheet separates by semicolons, one inside of a cell makes another,
        // unless the cell is quoted.
        let quotes = if escape_formulas {
            QuoteStyle::NonNumeric
        } else {
            QuoteStyle::Necessary
        };
        let (lines, warning) = Lines::open(path, format, quotes, left)?;
        let report = Self {
            lines,
            format,
            escape_formulas,
        };
        Ok((report, warning))
    }

    /// Begins it as [`Lines::begin`] does.
    pub(super) fn begin(&mut self) -> Result<()> {
        self.lines.begin()?;
        // At once: a table without rows has a report that is a table, too.
        if self.format == Format::Csv && self.lines.is_empty() {
            self.lines
                .write(&SourceRecord::Record(COLUMNS.as_slice().into()))?;
        }
        Ok(())
    }

    pub(super) fn write(
        &mut self,
        row: u64,
        read: &ParsedRow,
        outcome: &ItemOutcome,
    ) -> Result<()> {
        let given = &read.row;
        let cell = |text| {
            if self.escape_formulas {
                escape_formula(text)
            } else {
                Cow::Borrowed(text)
            }
        };
        let (token, account) = (cell(&given.token), cell(&given.account));
        let message = cell(outcome.message());
        self.lines.write_fields(&Line {
            row,
            token: &token,
            account: &account,
            account_type: given.account_type.map(|t| t.0),
            operation: given.operator.name(),
            state: outcome.state().name(),
            reason: outcome.reason().name(),
            code: outcome.code(),
            attempts: outcome.attempts(),
            retryable: outcome.is_retryable(),
            message: &message,
        })
    }
}

#[derive(Deserialize)]
struct Done {
    state: String,
    retryable: bool,
}

impl Done {
    /// The state of a row that ended retryable.
    fn retryable(self) -> Result<Option<State>> {
        if !self.retryable {
            return Ok(None);
        }
        let state = self.state.parse::<State>();
        state.map(Some).map_err(|_| does_not_fit("the report"))
    }
}

/// The state of each row of a report that ended retryable, in the order of the rows.
pub(super) fn read(path: &Path, length: u64) -> Result<Box<dyn Iterator<Item = Retryable>>> {
    let file = File::open(path).map_err(|e| storage_io(path, e))?;
    let file = BufReader::with_capacity(1 << 16, file).take(length);
    Ok(match Format::from_path(path)? {
        Format::Csv => {
            let rows = csv::Reader::from_reader(file).into_deserialize::<Done>();
            Box::new(rows.map(|row| row.map_err(|_| does_not_fit("the report"))?.retryable()))
        }
        Format::Jsonl => Box::new(file.split(b'\n').map(|line| {
            let line = line.map_err(|_| does_not_fit("the report"))?;
            let done = serde_json::from_slice::<Done>(&line);
            done.map_err(|_| does_not_fit("the report"))?.retryable()
        })),
    })
}

type Retryable = Result<Option<State>>;
