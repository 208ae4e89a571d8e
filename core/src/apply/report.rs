//! The report, and other files of lines.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read as _, Seek, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::input::{Raw, Read};
use super::state::{does_not_fit, is_gone};
use super::{Format, storage};
use crate::error::{Error, Result};
use crate::outcome::ItemOutcome;

/// A file of lines that is written from its end on.
pub(super) struct Lines {
    path: PathBuf,
    writer: Writer,
}

enum Writer {
    Csv(Box<csv::Writer<File>>),
    Jsonl(BufWriter<File>),
}

impl Lines {
    /// Made anew, or cut to the length that an earlier run knew to be complete.
    pub(super) fn open(path: &Path, format: Format, length: Option<u64>) -> Result<Self> {
        let opened = || -> io::Result<File> {
            let Some(length) = length else {
                return File::create(path);
            };
            let mut file = OpenOptions::new().write(true).open(path)?;
            if file.metadata()?.len() < length {
                return Err(io::Error::other("it is shorter than the state says"));
            }
            file.set_len(length)?;
            file.seek(SeekFrom::End(0))?;
            Ok(file)
        };
        let file = opened().map_err(|e| wrong_output(path, &e, length.is_some()))?;
        let writer = match format {
            Format::Csv => {
                let mut builder = csv::WriterBuilder::new();
                builder.flexible(true).has_headers(false);
                Writer::Csv(Box::new(builder.buffer_capacity(1 << 16).from_writer(file)))
            }
            Format::Jsonl => Writer::Jsonl(BufWriter::with_capacity(1 << 16, file)),
        };
        Ok(Self {
            path: path.to_owned(),
            writer,
        })
    }

    /// A row as it stood in the input.
    pub(super) fn write(&mut self, raw: &Raw) -> Result<()> {
        let written = match (&mut self.writer, raw) {
            (Writer::Csv(csv), Raw::Record(record)) => {
                csv.write_byte_record(record).map_err(io::Error::from)
            }
            (Writer::Jsonl(file), Raw::Line(line)) => {
                file.write_all(line).and_then(|()| file.write_all(b"\n"))
            }
            _ => Err(io::Error::other("the formats differ")),
        };
        written.map_err(|e| storage(&self.path, &e))
    }

    fn write_line(&mut self, line: &Line<'_>) -> Result<()> {
        let written = match &mut self.writer {
            Writer::Csv(csv) => csv.serialize(line).map_err(io::Error::from),
            Writer::Jsonl(file) => serde_json::to_writer(&mut *file, line)
                .map_err(io::Error::from)
                .and_then(|()| file.write_all(b"\n")),
        };
        written.map_err(|e| storage(&self.path, &e))
    }

    /// Hands everything to the system; answers how long the file is.
    pub(super) fn flush(&mut self) -> Result<u64> {
        let flushed = match &mut self.writer {
            Writer::Csv(csv) => csv.flush(),
            Writer::Jsonl(file) => file.flush(),
        };
        let position = flushed.and_then(|()| self.file().stream_position());
        position.map_err(|e| storage(&self.path, &e))
    }

    /// Brings everything to the disk; answers how long the file is.
    pub(super) fn sync(&mut self) -> Result<u64> {
        let length = self.flush()?;
        self.file()
            .sync_data()
            .map_err(|e| storage(&self.path, &e))?;
        Ok(length)
    }

    fn file(&self) -> &File {
        match &self.writer {
            Writer::Csv(csv) => csv.get_ref(),
            Writer::Jsonl(file) => file.get_ref(),
        }
    }
}

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
    pub(super) fn open(path: &Path, length: Option<u64>) -> Result<Self> {
        let format = Format::of(path)?;
        let mut lines = Lines::open(path, format, length)?;
        // At once: a table without rows has a report that is a table, too.
        if format == Format::Csv && length.is_none_or(|bytes| bytes == 0) {
            lines.write(&Raw::Record(COLUMNS.as_slice().into()))?;
        }
        Ok(Self { lines })
    }

    pub(super) fn write(&mut self, row: u64, read: &Read, outcome: &ItemOutcome) -> Result<()> {
        let given = &read.row;
        self.lines.write_line(&Line {
            row,
            token: &given.token,
            account: &given.account,
            account_type: given.account_type.map(|t| t.0),
            operation: given.operator.name(),
            state: outcome.state().name(),
            reason: outcome.reason().name(),
            code: outcome.code(),
            attempts: outcome.attempts(),
            retryable: outcome.is_retryable(),
            message: outcome.message(),
        })
    }
}

#[derive(Deserialize)]
struct Done {
    retryable: bool,
}

/// `was_there` when an earlier run has written it.
fn wrong_output(path: &Path, error: &io::Error, was_there: bool) -> Error {
    if was_there && error.kind() == io::ErrorKind::NotFound {
        is_gone(path)
    } else {
        storage(path, error)
    }
}

/// Whether each row of a report ended retryable, in the order of the rows.
pub(super) fn read(path: &Path, length: u64) -> Result<Box<dyn Iterator<Item = Result<bool>>>> {
    let file = File::open(path).map_err(|e| wrong_output(path, &e, true))?;
    let file = BufReader::with_capacity(1 << 16, file).take(length);
    let wrong = |_| does_not_fit("the report");
    Ok(match Format::of(path)? {
        Format::Csv => {
            let rows = csv::Reader::from_reader(file).into_deserialize::<Done>();
            Box::new(rows.map(move |row| row.map(|row| row.retryable).map_err(wrong)))
        }
        Format::Jsonl => {
            let wrong = |_| does_not_fit("the report");
            Box::new(file.split(b'\n').map(move |line| {
                let line = line.map_err(|_| does_not_fit("the report"))?;
                let done = serde_json::from_slice::<Done>(&line);
                done.map(|row| row.retryable).map_err(wrong)
            }))
        }
    })
}
