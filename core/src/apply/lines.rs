//! A file of lines that a run writes.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use csv::QuoteStyle;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::descriptor::above_standard_streams;
use super::input::SourceRecord;
use super::lock::{self, Access};
use super::state::{Mark, hex, is_changed, is_gone};
use super::{Format, storage, storage_io};
use crate::model::error::Result;
use crate::sys::owner_process::OwnerProcess;

/// How many bytes are handed to the system at once.
const PIECE: usize = 1 << 16;

/// A file of lines that is written from its end on. It is no longer written once that
/// failed, and ends with a whole line then.
pub(super) struct Lines {
    path: PathBuf,
    file: File,
    waiting: Unwritten,
    quotes: QuoteStyle,
    /// Where each line of those that wait ends.
    ends: Vec<usize>,
    /// What the file holds.
    length: u64,
    hash: Sha256,
    is_broken: bool,
    owner: OwnerProcess,
}

/// Lines that are not handed to the system yet.
enum Unwritten {
    Csv(Box<csv::Writer<Vec<u8>>>),
    Jsonl(Vec<u8>),
}

impl Lines {
    /// Opens it for this run alone, and changes nothing yet: of a file that an earlier
    /// run has left, it makes sure that it holds what that run had written. With the
    /// file comes a warning.
    pub(super) fn open(
        path: &Path,
        format: Format,
        quotes: QuoteStyle,
        left: Option<&Mark>,
    ) -> Result<(Self, Option<String>)> {
        let opened = OpenOptions::new()
            .read(left.is_some())
            .write(true)
            .create(left.is_none())
            .truncate(false)
            // It names players.
            .mode(0o600)
            .open(path)
            .and_then(above_standard_streams);
        let file = opened.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound if left.is_some() => is_gone(path),
            _ => storage_io(path, error),
        })?;
        let warning = lock::take(&file, path, Access::Writes)?;
        let mut lines = Self {
            path: path.to_owned(),
            file,
            waiting: Unwritten::new(format, quotes),
            quotes,
            ends: Vec::new(),
            length: 0,
            hash: Sha256::new(),
            is_broken: false,
            owner: OwnerProcess::current(),
        };
        if let Some(left) = left {
            lines.find(left)?;
        }
        Ok((lines, warning))
    }

    fn find(&mut self, left: &Mark) -> Result<()> {
        let mut piece = vec![0; PIECE];
        let mut file = (&self.file).take(left.bytes);
        loop {
            let read = file.read(&mut piece).map_err(|e| storage(&self.path, &e))?;
            if read == 0 {
                break;
            }
            self.hash.update(&piece[..read]);
            self.length += read as u64;
        }
        let found = hex(&self.hash);
        if self.length != left.bytes || found != left.sha256 {
            return Err(is_changed(&self.path));
        }
        Ok(())
    }

    /// Cuts off what the state knows nothing of, or everything.
    pub(super) fn begin(&mut self) -> Result<()> {
        let begun = || -> io::Result<()> {
            // A pipe has no end to be cut off.
            if self.file.metadata()?.is_file() {
                self.file.set_len(self.length)?;
                (&self.file).seek(SeekFrom::End(0))?;
            }
            Ok(())
        };
        begun().map_err(|e| storage(&self.path, &e))
    }

    /// Whether nothing was written.
    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Whether it could not be written.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// A row as it stood in the input.
    pub(super) fn write(&mut self, raw: &SourceRecord) -> Result<()> {
        self.encode(|waiting| match (waiting, raw) {
            (Unwritten::Csv(csv), SourceRecord::Record(record)) => {
                csv.write_byte_record(record).map_err(io::Error::from)
            }
            (Unwritten::Jsonl(bytes), SourceRecord::Line(line)) => {
                bytes.extend_from_slice(line);
                bytes.push(b'\n');
                Ok(())
            }
            _ => Err(io::Error::other("the formats differ")),
        })
    }

    /// Fields by name.
    pub(super) fn write_fields(&mut self, line: &impl Serialize) -> Result<()> {
        self.encode(|waiting| match waiting {
            Unwritten::Csv(csv) => csv.serialize(line).map_err(io::Error::from),
            Unwritten::Jsonl(bytes) => {
                serde_json::to_writer(&mut *bytes, line)?;
                bytes.push(b'\n');
                Ok(())
            }
        })
    }

    fn encode(&mut self, line: impl FnOnce(&mut Unwritten) -> io::Result<()>) -> Result<()> {
        if self.is_broken {
            return Ok(());
        }
        let encoded = line(&mut self.waiting).and_then(|()| self.waiting.len());
        let length = encoded.map_err(|e| storage(&self.path, &e))?;
        self.ends.push(length);
        if length >= PIECE {
            self.flush()
        } else {
            Ok(())
        }
    }

    /// Hands everything to the system.
    pub(super) fn flush(&mut self) -> Result<()> {
        if self.is_broken {
            return Ok(());
        }
        let bytes = self.waiting.take(self.quotes);
        let ends = std::mem::take(&mut self.ends);
        let (written, failed) = write(&self.file, &bytes);
        // A line of which a part was written is none.
        let whole = match &failed {
            None => written,
            Some(_) => ends.into_iter().rfind(|end| *end <= written).unwrap_or(0),
        };
        self.hash.update(&bytes[..whole]);
        self.length += whole as u64;
        match failed {
            None => Ok(()),
            Some(error) => {
                self.is_broken = true;
                let _ = self.file.set_len(self.length);
                let said = crate::sys::error_text::io_error(&error);
                let text = format!("{said}; it ends with the last line that was written whole");
                Err(storage(&self.path, &text).with_source(error))
            }
        }
    }

    /// Brings everything to the disk; answers what the file holds.
    pub(super) fn sync(&mut self) -> Result<Mark> {
        self.flush()?;
        self.file.sync_data().map_err(|e| storage(&self.path, &e))?;
        Ok(Mark {
            bytes: self.length,
            sha256: hex(&self.hash),
        })
    }
}

impl Drop for Lines {
    /// A run that is left early still writes the outcomes that it has; a child after
    /// `fork` writes nothing, because its parent does.
    fn drop(&mut self) {
        if !self.owner.is_forked() {
            let _ = self.flush();
        }
    }
}

impl Unwritten {
    fn new(format: Format, quotes: QuoteStyle) -> Self {
        match format {
            Format::Csv => {
                let mut builder = csv::WriterBuilder::new();
                builder
                    .flexible(true)
                    .has_headers(false)
                    .quote_style(quotes);
                Self::Csv(Box::new(builder.from_writer(Vec::new())))
            }
            Format::Jsonl => Self::Jsonl(Vec::new()),
        }
    }

    fn len(&mut self) -> io::Result<usize> {
        match self {
            Self::Csv(csv) => {
                csv.flush()?;
                Ok(csv.get_ref().len())
            }
            Self::Jsonl(bytes) => Ok(bytes.len()),
        }
    }

    fn take(&mut self, quotes: QuoteStyle) -> Vec<u8> {
        match self {
            Self::Csv(_) => match std::mem::replace(self, Self::new(Format::Csv, quotes)) {
                Self::Csv(csv) => csv.into_inner().unwrap_or_default(),
                Self::Jsonl(bytes) => bytes,
            },
            Self::Jsonl(bytes) => std::mem::take(bytes),
        }
    }
}

/// Writes as much as can be; answers how much that was, and what came in between.
fn write(mut file: &File, bytes: &[u8]) -> (usize, Option<io::Error>) {
    let mut written = 0;
    while written < bytes.len() {
        match file.write(&bytes[written..]) {
            Ok(0) => return (written, Some(io::ErrorKind::WriteZero.into())),
            Ok(n) => written += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (written, Some(error)),
        }
    }
    (written, None)
}
