//! Rows of comma-separated values.

use std::path::Path;

use super::quotes::Wrong;
use super::records::{Next, Record, Records};
use super::text::{More, Text, count};
use super::{Fields, LONGEST_ROW, NAMES, ParsedRow, SourceRecord, Step, header, no_table, set};
use crate::apply::checks::RowChecker;
use crate::model::error::{Error, Result};
use crate::model::operator::Operator;
use crate::model::row::Row;
use crate::model::text::shortened;

pub(super) struct Table {
    records: Records,
    header: Record,
    /// What stands between the fields.
    delimiter: u8,
    /// Where each of [`NAMES`] stands.
    columns: [Option<usize>; 4],
    record: Record,
    pub(super) empty_rows: u64,
    /// Whether somebody wrote it as text; else it was made of another file.
    is_text: bool,
}

/// What is wrong with `"foo"bar`.
const BEHIND: &str = "something stands behind a closing quotation mark: a quotation mark that is \
                      part of a value is written twice, and the value stands between two of them";

impl Table {
    /// Reads the header.
    pub(super) fn begin(path: &Path, text: &mut Text, is_text: bool) -> Result<Self> {
        let (mut line, before) = first_line(text)?;
        let mut number = 1;
        let announced = header::announced(&line);
        if announced.is_some() {
            let begin = text.rest().iter().position(|b| !matches!(b, b'\r' | b'\n'));
            text.consume(begin.unwrap_or(0) + line.len());
            number += before;
            line = first_line(text)?.0;
        }
        if line.trim().is_empty() {
            let what = "the file is empty; a table begins with a header, such as token,account";
            return Err(no_table(path, 0, what));
        }
        let delimiter = announced.unwrap_or_else(|| header::delimiter(&line));
        let mut records = Records::new(delimiter, number);
        let mut header = Record::default();
        let first = loop {
            match records.read(text, &mut header)? {
                Next::Record {
                    first,
                    quotes: Some(_),
                    ..
                } => return Err(no_table(path, first, BEHIND)),
                Next::Record { first, .. } => break first,
                Next::Wait => text.wait(None)?,
                Next::Endless { first, .. } => {
                    return Err(no_table(path, first, "the header is longer than 1 MiB"));
                }
                Next::End => return Err(no_table(path, 0, "the file has no header")),
            }
        };
        let columns = header::columns(&header).map_err(|what| no_table(path, first, &what))?;
        Ok(Self {
            records,
            header,
            delimiter,
            columns,
            record: Record::default(),
            empty_rows: 0,
            is_text,
        })
    }

    /// What comes before the rows.
    pub(super) fn header(&self) -> SourceRecord {
        SourceRecord::Record(self.header.fields().collect())
    }

    /// The next row, if it is there; `keep` keeps it as it stands.
    pub(super) fn step(
        &mut self,
        path: &Path,
        text: &mut Text,
        operator: Operator,
        checker: &RowChecker,
        keep: bool,
    ) -> Result<Step> {
        loop {
            let (first, last, quotes) = match self.records.read(text, &mut self.record)? {
                Next::Record {
                    first,
                    quotes: Some(Wrong::Open),
                    ..
                } => {
                    let what = "the file ends inside a field in quotation marks: was it copied \
                                whole, or is a quotation mark missing?";
                    return Err(no_table(path, first, what));
                }
                Next::Record {
                    first,
                    last,
                    quotes,
                } => (first, last, quotes),
                Next::Endless { first, last } => {
                    let what = format!(
                        "a row is longer than 1 MiB, and goes on to line {last} at least: was a \
                         quotation mark forgotten in line {first}?"
                    );
                    return Err(no_table(path, first, &what));
                }
                Next::Wait => return Ok(Step::Wait),
                Next::End => return Ok(Step::End),
            };
            let record = &self.record;
            if self.is_text && is_empty(record) {
                self.empty_rows += 1;
                continue;
            }
            // Values of another file may hold what they like.
            let broken = swallowed(record, self.delimiter, first, last)
                .or_else(|| other_header(record, &self.columns));
            if let Some(what) = broken.filter(|_| self.is_text) {
                return Err(no_table(path, first, &what));
            }
            let mut row = Row::new(operator, "", "");
            return Ok(Step::Row(Box::new(ParsedRow {
                wrong: match quotes {
                    Some(_) => Some(Error::value(BEHIND)),
                    None => self.read_record((first, last), checker, &mut row).err(),
                },
                row,
                line: first,
                raw: keep.then(|| SourceRecord::Record(self.record.fields().collect())),
            })));
        }
    }

    fn read_record(
        &self,
        (first, last): (u64, u64),
        checker: &RowChecker,
        row: &mut Row,
    ) -> Result<()> {
        let Self {
            header,
            delimiter,
            columns,
            record,
            ..
        } = self;
        let field = |name: usize| columns[name].and_then(|at| record.get(at)).unwrap_or("");
        let fields = Fields {
            token: field(0),
            account: field(1),
            account_type: field(2),
            number: None,
            operation: field(3),
        };
        fields.token.clone_into(&mut row.token);
        fields.account.clone_into(&mut row.account);
        if first != last && self.is_text {
            return Err(Error::value(format!(
                "a field in quotation marks goes on from line {first} to line {last}; a line end is \
             part of no token, account, account_type or operation"
            )));
        }
        if fields.token.starts_with('\u{1a}') && record.len() < header.len() {
            return Err(Error::value(
                "the row is the end of a file of DOS (Ctrl-Z): take it out",
            ));
        }
        if record.len() < header.len() && record.fields().any(|field| field.contains('\0')) {
            return Err(Error::value(
                "the row holds zero bytes: was the file cut off by a crash?",
            ));
        }
        let beyond = |at: usize| record.get(at).is_some_and(|field| !field.is_empty());
        if record.len() < header.len() || (header.len()..record.len()).any(beyond) {
            let separator = other_separator(record, *delimiter);
            return Err(Error::value(format!(
                "the row has {} field(s), the header {}{separator}",
                record.len(),
                header.len()
            )));
        }
        let nameless = |at: &usize| header.get(*at).is_some_and(str::is_empty) && beyond(*at);
        if let Some(at) = (0..header.len()).find(nameless) {
            return Err(Error::value(format!(
                "field {} holds {}, and the header has no name there",
                at + 1,
                shortened(record.get(at).unwrap_or(""))
            )));
        }
        set(row, &fields, checker)
    }
}

/// Whether nothing stands in it: not even blanks, unless it is a line of blanks.
fn is_empty(record: &Record) -> bool {
    let mut fields = record.fields();
    match record.len() {
        1 => fields.all(|field| field.trim().is_empty()),
        _ => fields.all(str::is_empty),
    }
}

/// The first line that is not empty, and how many lines come before it.
fn first_line(text: &mut Text) -> Result<(String, u64)> {
    loop {
        let rest = text.rest();
        let begin = rest.iter().position(|b| !matches!(b, b'\r' | b'\n'));
        let line = &rest[begin.unwrap_or(rest.len())..];
        let end = line.iter().position(|b| matches!(b, b'\r' | b'\n'));
        if end.is_some() || text.is_ended() || line.len() > LONGEST_ROW {
            let before = count(&rest[..begin.unwrap_or(0)]);
            let line = String::from_utf8_lossy(&line[..end.unwrap_or(line.len())]);
            return Ok((line.into_owned(), before));
        }
        if text.more()? == More::Wait {
            text.wait(None)?;
        }
    }
}

/// Whether a field holds what looks like rows: then a quotation mark is missing, or
/// one too many, and everything behind it is read wrongly.
fn swallowed(record: &Record, delimiter: u8, first: u64, last: u64) -> Option<String> {
    if first == last {
        return None;
    }
    let delimiter = char::from(delimiter);
    let looks_like_rows = |field: &str| {
        let (_, more) = field.split_once('\n')?;
        (more.contains(['\n', delimiter])).then(|| field.matches('\n').count() + 1)
    };
    let lines = record.fields().find_map(looks_like_rows)?;
    Some(format!(
        "a field that begins here in quotation marks goes on over {lines} lines, to line {last}, \
         and holds what looks like rows: a quotation mark is missing, or one too many, in line \
         {first}"
    ))
}

/// Whether the record is a header whose columns stand otherwise than in the first one:
/// every row behind it would be read wrongly.
fn other_header(record: &Record, columns: &[Option<usize>; 4]) -> Option<String> {
    if !record
        .fields()
        .all(|field| field.is_empty() || NAMES.contains(&field))
    {
        return None;
    }
    let other = header::columns(record).is_ok_and(|found| found != *columns);
    other.then(|| {
        "a second header, with its columns in another order than the first: make two tables of \
         the two that were joined here"
            .to_owned()
    })
}

/// A hint where a row of one field has other separators than the header.
fn other_separator(record: &Record, delimiter: u8) -> String {
    let only = record.get(0).filter(|_| record.len() == 1).unwrap_or("");
    let other = [',', ';', '\t', '|'];
    let other = other
        .into_iter()
        .find(|c| only.contains(*c) && *c != char::from(delimiter));
    let told = |other| {
        let delimiter = char::from(delimiter);
        format!(": the header is separated by {delimiter:?}, this row by {other:?}")
    };
    other.map(told).unwrap_or_default()
}
