//! The options of a run, its progress and its end.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::apply::checks::CheckLevel;
use crate::bulk::BulkOptions;
use crate::model::account::Platform;
use crate::model::error::{Error, ErrorKind, Result};
use crate::model::operator::Operator;
use crate::model::outcome::ItemOutcome;

named! {
    /// How a file keeps rows.
    #[non_exhaustive]
    pub enum Format("the format", InvalidArgument) {
        /// Comma-separated, with a header.
        Csv => "csv",
        /// A JSON object on each line.
        Jsonl => "jsonl",
    }
}

impl Format {
    /// From a file name's suffix: `.csv`, `.tsv`, `.jsonl` or `.ndjson`, with or
    /// without `.gz` or `.zst` behind it.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for any other.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.to_lowercase();
        let name = [".gz", ".zst"]
            .iter()
            .find_map(|end| name.strip_suffix(end))
            .unwrap_or(&name);
        match name.rsplit_once('.').map(|(_, suffix)| suffix) {
            Some("csv" | "tsv") => Ok(Self::Csv),
            Some("jsonl" | "ndjson") => Ok(Self::Jsonl),
            _ => Err(Error::new(
                ErrorKind::InvalidArgument,
                format!(
                    "{} is named neither .csv (.tsv) nor .jsonl (.ndjson), nor one of these with \
                     .gz or .zst: say its format (--format csv)",
                    path.display()
                ),
            )),
        }
    }
}

/// How a file is read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// The encoding, by a name of the WHATWG Encoding Standard (`gb18030`, `big5`,
    /// `shift_jis`, `utf-16le`, `windows-1252` …). Without one it is UTF-8, or UTF-16
    /// with a byte order mark.
    pub encoding: Option<String>,
    /// How closely its rows are looked at.
    pub check_level: CheckLevel,
    /// Whether messages name lines: not those of a text that was made of another file.
    #[doc(hidden)]
    pub has_lines: bool,
}

impl Reading {
    /// UTF-8, with the usual checks.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`encoding`](Self::encoding).
    #[must_use]
    pub fn with_encoding(mut self, encoding: impl Into<String>) -> Self {
        self.encoding = Some(encoding.into());
        self
    }

    /// Sets [`check_level`](Self::check_level).
    #[must_use]
    pub fn with_check_level(mut self, level: CheckLevel) -> Self {
        self.check_level = level;
        self
    }
}

impl Default for Reading {
    /// UTF-8, with the usual checks.
    fn default() -> Self {
        Self {
            encoding: None,
            check_level: CheckLevel::Normal,
            has_lines: true,
        }
    }
}

/// Where rows come from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApplyInput {
    /// The file; `-` is standard input. Gzip and Zstandard are recognised by their first
    /// bytes and unpacked. A state belongs to this path.
    pub path: PathBuf,
    /// What to read instead, such as a pipe with its rows.
    pub read_from: Option<PathBuf>,
    /// The format of what is read.
    pub format: Format,
    /// How its text is read.
    pub reading: Reading,
}

impl ApplyInput {
    /// A file in this format.
    pub fn new(path: impl Into<PathBuf>, format: Format) -> Self {
        Self {
            path: path.into(),
            read_from: None,
            format,
            reading: Reading::default(),
        }
    }

    /// A file whose name says its format.
    ///
    /// # Errors
    /// As [`Format::from_path`].
    pub fn from_path(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let format = Format::from_path(&path)?;
        Ok(Self::new(path, format))
    }

    /// Sets [`read_from`](Self::read_from).
    #[must_use]
    pub fn with_read_from(mut self, path: impl Into<PathBuf>) -> Self {
        self.read_from = Some(path.into());
        self
    }

    /// Sets [`reading`](Self::reading).
    #[must_use]
    pub fn with_reading(mut self, reading: Reading) -> Self {
        self.reading = reading;
        self
    }
}

/// How rows are sent, and where results are written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApplyOptions {
    /// The operation of rows that name none.
    pub operator: Operator,
    /// The platform, which the two older protocol versions require.
    pub platform: Option<Platform>,
    /// How rows are sent.
    pub bulk: BulkOptions,
    /// The report: one line per row.
    pub report: Option<PathBuf>,
    /// The rows that were not accepted, in the format of the input. A resumed run has them
    /// exactly if the first run had.
    pub rejects: Option<PathBuf>,
    /// The state from which a run resumes. It needs a report.
    pub state: Option<PathBuf>,
    /// Puts an apostrophe before a cell of the report that a spreadsheet would run as a
    /// formula: one that begins with `=`, `+`, `-`, `@` (or their full-width forms), a
    /// tab or a line end. It needs a report in CSV, whose accounts are then not always
    /// those of the table.
    pub escape_formulas: bool,
}

impl Default for ApplyOptions {
    /// Binds, and writes nothing.
    fn default() -> Self {
        Self::new(Operator::Bind)
    }
}

impl ApplyOptions {
    /// This operation for rows that name none; nothing is written.
    pub fn new(operator: Operator) -> Self {
        Self {
            operator,
            platform: None,
            bulk: BulkOptions::default(),
            report: None,
            rejects: None,
            state: None,
            escape_formulas: false,
        }
    }

    /// Sets [`platform`](Self::platform).
    #[must_use]
    pub fn with_platform(mut self, platform: Platform) -> Self {
        self.platform = Some(platform);
        self
    }

    /// Sets [`bulk`](Self::bulk).
    #[must_use]
    pub fn with_bulk(mut self, bulk: BulkOptions) -> Self {
        self.bulk = bulk;
        self
    }

    /// Sets [`report`](Self::report).
    #[must_use]
    pub fn with_report(mut self, path: impl Into<PathBuf>) -> Self {
        self.report = Some(path.into());
        self
    }

    /// Sets [`rejects`](Self::rejects).
    #[must_use]
    pub fn with_rejects(mut self, path: impl Into<PathBuf>) -> Self {
        self.rejects = Some(path.into());
        self
    }

    /// Sets [`state`](Self::state).
    #[must_use]
    pub fn with_state(mut self, path: impl Into<PathBuf>) -> Self {
        self.state = Some(path.into());
        self
    }

    /// Sets [`escape_formulas`](Self::escape_formulas).
    #[must_use]
    pub fn with_escape_formulas(mut self, escape: bool) -> Self {
        self.escape_formulas = escape;
        self
    }
}

/// The progress of a run, with the counts of the runs that it resumes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Progress {
    /// Completed rows.
    pub rows: u64,
    /// Of these, by state.
    pub accepted: u64,
    /// Refused by the service.
    pub rejected: u64,
    /// Sent, without a valid response.
    pub unknown: u64,
    /// Not sent, for whatever reason.
    pub not_sent: u64,
    /// Rows completed by an earlier run.
    pub resumed: u64,
    /// HTTP requests of this run.
    pub requests: u64,
}

/// A row that was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Failure {
    /// Its number, from 1.
    pub row: u64,
    /// The number of the line on which it begins, from 1, in what was read: of a Parquet
    /// file that is none of its own.
    pub line: u64,
    /// Its outcome.
    pub outcome: ItemOutcome,
}

named! {
    /// How a run ended.
    #[non_exhaustive]
    pub enum ApplyEnd("the end", InvalidValue) {
        /// Every row has its outcome.
        Complete => "complete",
        /// It was stopped.
        Halted => "halted",
        /// The service did not answer, and a state keeps the place.
        NoAnswer => "no_answer",
        /// The service refuses the caller.
        Refused => "refused",
        /// A file could not be read or written: [`Apply::error`](super::Apply::error).
        Failed => "failed",
    }
}

impl ApplyOptions {
    /// Refuses to write over the input, or over another output.
    pub(super) fn check_files(&self, from: &ApplyInput) -> Result<()> {
        let outputs = [&self.report, &self.rejects, &self.state];
        let paths = std::iter::once(&from.path).chain(outputs.into_iter().flatten());
        let mut seen = Vec::new();
        for path in paths {
            let whole = (whole(path), number(path));
            let is_same = |(name, number): &(PathBuf, Option<(u64, u64)>)| {
                *name == whole.0 || (number.is_some() && *number == whole.1)
            };
            if seen.iter().any(is_same) {
                let message = format!("{} cannot be two files at once", path.display());
                return Err(Error::new(ErrorKind::InvalidArgument, message));
            }
            seen.push(whole);
        }
        let is_csv =
            |path: &PathBuf| Format::from_path(path).is_ok_and(|format| format == Format::Csv);
        if self.escape_formulas && !self.report.as_ref().is_some_and(is_csv) {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "formulas are escaped (--escape-formulas) in a report in CSV, and there is none",
            ));
        }
        for path in [&self.report, &self.rejects].into_iter().flatten() {
            if Format::from_path(path).is_err() {
                let message = format!(
                    "{} is to be written, and its name says no format: let it end in .csv or .jsonl",
                    path.display()
                );
                return Err(Error::new(ErrorKind::InvalidArgument, message));
            }
            let suffix = path.extension().unwrap_or_default();
            let is_other = |other: &str| suffix.eq_ignore_ascii_case(other);
            if ["gz", "zst", "tsv"].into_iter().any(is_other) {
                let message = format!(
                    "{} is written as plain text, with commas where it is CSV: give it a name without .{}",
                    path.display(),
                    suffix.display()
                );
                return Err(Error::new(ErrorKind::InvalidArgument, message));
            }
        }
        match &self.rejects {
            Some(path) if Format::from_path(path)? != from.format => Err(Error::new(
                ErrorKind::InvalidArgument,
                format!(
                    "{} is to be in the format of the input, and its name says otherwise",
                    path.display()
                ),
            )),
            _ => Ok(()),
        }
    }
}

/// By which two names of one file are seen to be the same, also before it is there.
fn whole(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).canonicalize();
        match (folder, path.file_name()) {
            (Ok(folder), Some(name)) => folder.join(name),
            _ => path.to_owned(),
        }
    })
}

/// By which two links to one file are seen to be the same.
fn number(path: &Path) -> Option<(u64, u64)> {
    let found = path.metadata().ok()?;
    Some((found.dev(), found.ino()))
}
