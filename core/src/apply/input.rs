//! Rows out of a file.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use csv::ByteRecord;
use serde::Deserialize;

use super::{Format, storage};
use crate::account::{AccountType, shortened};
use crate::bulk::Row;
use crate::error::{Error, ErrorKind, Result};
use crate::operation::Operator;

/// The columns of a table, and the names in a JSON object.
const NAMES: [&str; 4] = ["token", "account", "account_type", "operation"];

/// The longest row; beyond it a quotation mark was forgotten, or the file is none.
const LONGEST_ROW: usize = 1 << 20;

/// A row as it stands in the input, to be written back.
#[derive(Debug, Clone)]
pub(super) enum Raw {
    Record(ByteRecord),
    Line(Vec<u8>),
}

/// A row that was read.
#[derive(Debug)]
pub(super) struct Read {
    /// As far as it could be read.
    pub(super) row: Row,
    /// Why it could not be read.
    pub(super) wrong: Option<Error>,
    /// Kept where rejects are wanted.
    pub(super) raw: Option<Raw>,
}

pub(super) struct Input {
    path: PathBuf,
    source: Source,
    keep: bool,
    at_end: bool,
}

enum Source {
    Csv {
        reader: Box<csv::Reader<Bounded<File>>>,
        header: Raw,
        /// Where each of [`NAMES`] stands.
        columns: [Option<usize>; 4],
        record: ByteRecord,
    },
    Jsonl {
        reader: BufReader<Bounded<File>>,
        line: Vec<u8>,
    },
}

/// Bounds what is read between two rows: a row is read into memory whole.
struct Bounded<R> {
    inner: R,
    left: usize,
}

impl<R: io::Read> io::Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a row is longer than 1 MiB: was a quotation mark forgotten?",
            ));
        }
        let most = buffer.len().min(self.left);
        // A signal is no mistake in the table.
        let read = loop {
            match self.inner.read(&mut buffer[..most]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.left -= read;
        Ok(read)
    }
}

impl Input {
    pub(super) fn open(path: &Path, format: Format, keep: bool) -> Result<Self> {
        let file = File::open(path).map_err(|e| storage(path, &e))?;
        let bounded = Bounded {
            inner: file,
            left: LONGEST_ROW,
        };
        let source = match format {
            Format::Csv => {
                let mut reader = csv::ReaderBuilder::new()
                    .flexible(true)
                    .buffer_capacity(1 << 16)
                    .from_reader(bounded);
                let header = reader.byte_headers().map_err(|e| storage(path, &e))?;
                let header = header.clone();
                Source::Csv {
                    columns: columns(&header).map_err(|text| no_table(path, &text))?,
                    header: Raw::Record(header),
                    reader: Box::new(reader),
                    record: ByteRecord::new(),
                }
            }
            Format::Jsonl => Source::Jsonl {
                reader: BufReader::with_capacity(1 << 16, bounded),
                line: Vec::new(),
            },
        };
        Ok(Self {
            path: path.to_owned(),
            source,
            keep,
            at_end: false,
        })
    }

    /// What comes before the rows.
    pub(super) fn header(&self) -> Option<&Raw> {
        match &self.source {
            Source::Csv { header, .. } => Some(header),
            Source::Jsonl { .. } => None,
        }
    }

    /// Whether the last row was read.
    pub(super) fn is_at_end(&self) -> bool {
        self.at_end
    }

    /// The next row; `operator` is for those that name none.
    pub(super) fn read(&mut self, operator: Operator) -> Result<Option<Read>> {
        let found = match &mut self.source {
            Source::Csv {
                reader,
                columns,
                record,
                header,
            } => {
                reader.get_mut().left = LONGEST_ROW;
                let read = reader.read_byte_record(record);
                read.map_err(|e| storage(&self.path, &e))?.then(|| {
                    let mut row = Row::new(operator, "", "");
                    Read {
                        wrong: read_record(record, columns, header, &mut row).err(),
                        row,
                        raw: self.keep.then(|| Raw::Record(record.clone())),
                    }
                })
            }
            Source::Jsonl { reader, line } => {
                let found = next_line(reader, line).map_err(|e| storage(&self.path, &e))?;
                found.then(|| {
                    let mut row = Row::new(operator, "", "");
                    Read {
                        wrong: read_line(line, &mut row).err(),
                        row,
                        raw: self.keep.then(|| Raw::Line(line.clone())),
                    }
                })
            }
        };
        self.at_end = found.is_none();
        Ok(found)
    }
}

fn no_table(path: &Path, text: &str) -> Error {
    let message = format!("{}: {text}", path.display());
    Error::new(ErrorKind::InvalidArgument, message)
}

/// Where the known columns stand. An unknown one may be a known one misspelled,
/// and leaving it out would change what the rows say.
fn columns(header: &ByteRecord) -> std::result::Result<[Option<usize>; 4], String> {
    let expected = "a header names the columns token, account, account_type and operation";
    let mut columns = [None; 4];
    for (at, field) in header.iter().enumerate() {
        let name = String::from_utf8_lossy(field);
        let Some(known) = NAMES.iter().position(|known| *known == name) else {
            // Blanks here tell of blanks in the rows, where they would silently be
            // part of the accounts.
            if NAMES.contains(&name.trim()) {
                return Err(format!(
                    "the column {} has a blank beside its name: take the blanks beside the \
                     commas out of the whole table, where they are part of the values",
                    shortened(&name)
                ));
            }
            return Err(format!(
                "the column {} is unknown; {expected}",
                shortened(&name)
            ));
        };
        if columns[known].replace(at).is_some() {
            return Err(format!("the column {name} is there twice"));
        }
    }
    if columns[0].is_none() && columns[1].is_none() {
        return Err(format!("there is neither token nor account; {expected}"));
    }
    Ok(columns)
}

fn read_record(
    record: &ByteRecord,
    columns: &[Option<usize>; 4],
    header: &Raw,
    row: &mut Row,
) -> Result<()> {
    let field = |name: usize| -> Result<&str> {
        let bytes = columns[name].and_then(|at| record.get(at)).unwrap_or(b"");
        std::str::from_utf8(bytes).map_err(|_| Error::value(format!("{} is no UTF-8", NAMES[name])))
    };
    field(0)?.clone_into(&mut row.token);
    field(1)?.clone_into(&mut row.account);
    if let Raw::Record(header) = header
        && header.len() != record.len()
    {
        return Err(Error::value(format!(
            "the row has {} field(s), the header {}",
            record.len(),
            header.len()
        )));
    }
    match field(2)? {
        "" => {}
        text => row.account_type = Some(AccountType::parse(text)?),
    }
    set_operator(row, field(3)?)
}

fn set_operator(row: &mut Row, name: &str) -> Result<()> {
    if !name.is_empty() {
        row.operator = Operator::from_name(name)?;
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    #[serde(borrow, default)]
    token: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    account: Option<Cow<'a, str>>,
    #[serde(default)]
    account_type: Option<f64>,
    #[serde(borrow, default)]
    operation: Option<Cow<'a, str>>,
}

fn read_line(line: &[u8], row: &mut Row) -> Result<()> {
    let read = serde_json::from_slice::<Line<'_>>(line);
    let line = read.map_err(|error| {
        let message = format!("the line is no object of a row: {error}");
        Error::new(ErrorKind::InvalidJson, message)
    })?;
    let text = |given: Option<Cow<'_, str>>| given.unwrap_or_default().into_owned();
    row.token = text(line.token);
    row.account = text(line.account);
    row.account_type = line
        .account_type
        .map(AccountType::from_number)
        .transpose()?;
    set_operator(row, line.operation.as_deref().unwrap_or(""))
}

/// The next line that is not blank, without its end.
fn next_line(reader: &mut BufReader<Bounded<File>>, line: &mut Vec<u8>) -> io::Result<bool> {
    loop {
        reader.get_mut().left = LONGEST_ROW;
        line.clear();
        if reader.read_until(b'\n', line)? == 0 {
            return Ok(false);
        }
        let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        let text = text.trim_ascii();
        if !text.is_empty() {
            *line = text.to_owned();
            return Ok(true);
        }
    }
}
