//! Rows out of a file.

mod header;
mod json;
mod packed;
mod quotes;
mod records;
mod sniff;
mod stream;
mod table;
mod text;

use std::path::{Path, PathBuf};
use std::time::Duration;

use csv::ByteRecord;

use super::{Format, Reading};
use crate::apply::checks::{Notice, RowChecker};
use crate::model::account::AccountType;
use crate::model::error::{Error, ErrorKind, Result};
use crate::model::operator::Operator;
use crate::model::row::Row;

use table::Table;
use text::{More, Text};

/// The columns of a table, and the names in a JSON object.
const NAMES: [&str; 4] = Row::FIELDS;

/// The longest row; beyond it a quotation mark was forgotten, or the file is none.
const LONGEST_ROW: usize = 1 << 20;

/// A row as it stands in the input, to be written back.
#[derive(Debug, Clone)]
pub(super) enum SourceRecord {
    Record(ByteRecord),
    Line(Vec<u8>),
}

/// A row that was read.
#[derive(Debug)]
pub(super) struct ParsedRow {
    /// As far as it could be read.
    pub(super) row: Row,
    /// Why it could not be read.
    pub(super) wrong: Option<Error>,
    /// The number of its first line.
    pub(super) line: u64,
    /// Kept where rejects are wanted.
    pub(super) raw: Option<SourceRecord>,
}

/// What a look for the next row found.
#[derive(Debug)]
pub(super) enum Step {
    Row(Box<ParsedRow>),
    /// Nothing yet: the other side of a pipe has not written it.
    Wait,
    End,
}

/// The fields of a row as texts; empty where nothing is.
struct Fields<'a> {
    token: &'a str,
    account: &'a str,
    account_type: &'a str,
    /// The account's type, where it is no text.
    number: Option<f64>,
    operation: &'a str,
}

pub(super) struct Input {
    path: PathBuf,
    text: Text,
    source: Source,
    keep: bool,
    at_end: bool,
    checker: RowChecker,
    /// Whether its lines are those of a file that somebody has.
    has_lines: bool,
    /// What was found before the first row was handed on.
    survey: Option<Survey>,
}

/// What a file holds.
struct Survey {
    rows: u64,
    notices: Vec<Notice>,
}

enum Source {
    Csv(Box<Table>),
    Jsonl {
        /// The number of the last line that was read.
        number: u64,
        any: bool,
    },
}

impl Input {
    /// Opens `from`, which messages call `path`. What can be read twice is read to its end first: what makes the whole
    /// of it doubtful is found before the first row is handed on.
    pub(super) fn open(
        from: &Path,
        path: &Path,
        format: Format,
        reading: &Reading,
        keep: bool,
    ) -> Result<Self> {
        let text = Text::open(from, path, reading.encoding.as_deref())?;
        let mut input = Self::begin(path, text, format, reading, keep)?;
        if !input.text.is_regular() {
            return Ok(input);
        }
        let mut rows = 0;
        while let Some(read) = input.read(Operator::Bind)? {
            rows += 1;
            drop(read);
        }
        let survey = Survey {
            rows,
            notices: input.checker.notices().to_vec(),
        };
        let mut input = Self::begin(path, input.text.again()?, format, reading, keep)?;
        input.survey = Some(survey);
        Ok(input)
    }

    fn begin(
        path: &Path,
        mut text: Text,
        format: Format,
        reading: &Reading,
        keep: bool,
    ) -> Result<Self> {
        let source = match format {
            Format::Csv => {
                let table = Table::begin(path, &mut text, reading.has_lines)?;
                Source::Csv(Box::new(table))
            }
            Format::Jsonl => Source::Jsonl {
                number: 0,
                any: false,
            },
        };
        Ok(Self {
            source,
            path: path.to_owned(),
            text,
            keep,
            at_end: false,
            checker: RowChecker::new(reading.check_level),
            has_lines: reading.has_lines,
            survey: None,
        })
    }

    /// What comes before the rows.
    pub(super) fn header(&self) -> Option<SourceRecord> {
        match &self.source {
            Source::Csv(table) => Some(table.header()),
            Source::Jsonl { .. } => None,
        }
    }

    /// Whether the last row was read.
    pub(super) fn is_at_end(&self) -> bool {
        self.at_end
    }

    /// Whether it is a regular file, which is judged before its first row is handed on.
    pub(super) fn is_regular(&self) -> bool {
        self.text.is_regular()
    }

    /// How many rows there are, if that could be known beforehand.
    pub(super) fn counted(&self) -> Option<u64> {
        self.survey.as_ref().map(|survey| survey.rows)
    }

    /// What is suspicious in it: of a file from the beginning, of a pipe as far as it
    /// was read.
    pub(super) fn notices(&self) -> &[Notice] {
        let known = self.survey.as_ref().map(|survey| &survey.notices);
        known.map_or(self.checker.notices(), Vec::as_slice)
    }

    /// Rows in which nothing stands; they are passed over.
    pub(super) fn empty_rows(&self) -> u64 {
        match &self.source {
            Source::Csv(table) => table.empty_rows,
            Source::Jsonl { .. } => 0,
        }
    }

    /// Waits for the other side of a pipe, for `time` at most; a signal ends it as well.
    pub(super) fn wait(&self, time: Duration) -> Result<()> {
        self.text.wait(Some(time))
    }

    /// The next row; `operator` is for those that name none. It waits for it.
    pub(super) fn read(&mut self, operator: Operator) -> Result<Option<ParsedRow>> {
        loop {
            match self.step(operator)? {
                Step::Row(read) => return Ok(Some(*read)),
                Step::End => return Ok(None),
                Step::Wait => self.text.wait(None)?,
            }
        }
    }

    /// The next row, if it is there.
    pub(super) fn step(&mut self, operator: Operator) -> Result<Step> {
        let mut step = match &mut self.source {
            Source::Csv(table) => {
                let checker = &self.checker;
                table.step(&self.path, &mut self.text, operator, checker, self.keep)
            }
            Source::Jsonl { .. } => self.step_jsonl(operator),
        }?;
        if let Step::Row(read) = &mut step {
            if read.wrong.is_some() {
                self.checker.pass();
            } else {
                let line = self.has_lines.then_some(read.line);
                read.wrong = self.checker.check(&read.row, line).err();
            }
        }
        self.at_end = matches!(step, Step::End);
        Ok(step)
    }

    fn step_jsonl(&mut self, operator: Operator) -> Result<Step> {
        let Source::Jsonl { number, any } = &mut self.source else {
            return Ok(Step::End);
        };
        loop {
            let end = self.text.rest().iter().position(|byte| *byte == b'\n');
            if end.is_none() && !self.text.is_ended() {
                if self.text.rest().len() > LONGEST_ROW {
                    let what =
                        "the line is longer than 1 MiB: each object stands on a line of its own";
                    return Err(no_table(&self.path, *number + 1, what));
                }
                match self.text.more()? {
                    More::Wait => return Ok(Step::Wait),
                    More::Text | More::End => continue,
                }
            }
            let rest = self.text.rest();
            if rest.is_empty() {
                return Ok(Step::End);
            }
            *number += 1;
            let whole = &rest[..end.unwrap_or(rest.len())];
            let used = end.map_or(rest.len(), |end| end + 1);
            // At the head of each file of those that were joined.
            let line = whole
                .strip_prefix(b"\xef\xbb\xbf")
                .unwrap_or(whole)
                .trim_ascii();
            if line.is_empty() {
                self.text.consume(used);
                continue;
            }
            if !std::mem::replace(any, true)
                && let Some(what) = json::no_lines(&String::from_utf8_lossy(line))
            {
                return Err(no_table(&self.path, *number, what));
            }
            let mut row = Row::new(operator, "", "");
            let read = ParsedRow {
                wrong: json::read(line, |fields| set(&mut row, fields, &self.checker)).err(),
                row,
                line: *number,
                raw: self.keep.then(|| SourceRecord::Line(line.to_owned())),
            };
            self.text.consume(used);
            return Ok(Step::Row(Box::new(read)));
        }
    }
}

fn no_table(path: &Path, line: u64, text: &str) -> Error {
    let message = match line {
        0 => format!("{}: {text}", path.display()),
        line => format!("{}: line {line}: {text}", path.display()),
    };
    Error::new(ErrorKind::InvalidArgument, message)
}

/// Takes over the fields of a row.
fn set(row: &mut Row, fields: &Fields<'_>, checker: &RowChecker) -> Result<()> {
    fields.token.clone_into(&mut row.token);
    fields.account.clone_into(&mut row.account);
    checker.is_no_header(fields.token, fields.account)?;
    row.account_type = match (fields.number, fields.account_type) {
        (Some(number), _) => Some(AccountType::try_from(number)?),
        (None, "") => None,
        (None, text) => Some(text.parse()?),
    };
    if !fields.operation.is_empty() {
        row.operator = fields.operation.parse()?;
    }
    Ok(())
}
