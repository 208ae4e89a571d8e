//! How far a run is: what its report holds for certain, and of which table it was for
//! which application.

use std::cell::Cell;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::descriptor::above_standard_streams;
use super::input::SourceRecord;
use super::lock::{self, Access};
use super::{ApplyOptions, storage};
use crate::client::Client;
use crate::model::error::{Error, ErrorKind, Result};

/// Of a state as it is written here. A state of another version is of another xgpush.
const VERSION: u32 = 2;

/// Where a run sends what: it is another one for another application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Purpose {
    access_id: String,
    base_url: String,
    protocol: String,
    operation: String,
    platform: Option<String>,
}

impl Purpose {
    pub(super) fn of(client: &Client, options: &ApplyOptions) -> Self {
        let (access_id, base_url, protocol) = client.application();
        Self {
            access_id: access_id.to_owned(),
            base_url: base_url.to_owned(),
            protocol: protocol.to_owned(),
            operation: options.operator.name().to_owned(),
            platform: options.platform.map(|p| p.name().to_owned()),
        }
    }

    /// What is another one, in words.
    fn differences(&self, other: &Self) -> Vec<String> {
        let platform = |of: &Self| of.platform.clone().unwrap_or_else(|| "none".to_owned());
        let values = |of: &Self| {
            [
                ("access_id", of.access_id.clone()),
                ("base_url", of.base_url.clone()),
                ("protocol", of.protocol.clone()),
                ("--operation", of.operation.clone()),
                ("--platform", platform(of)),
            ]
        };
        let pairs = values(self).into_iter().zip(values(other));
        pairs
            .filter(|(was, is)| was != is)
            .map(|((name, was), (_, is))| format!("{name} was {was} and is {is}"))
            .collect()
    }
}

/// What a file holds up to a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// Rows by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counts {
    pub(super) accepted: u64,
    pub(super) rejected: u64,
    pub(super) unknown: u64,
    pub(super) not_sent: u64,
}

/// What a later run goes on from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    pub(super) version: u32,
    pub(super) purpose: Purpose,
    pub(super) rows: u64,
    /// No run has sent a row with a number beyond this one. While a run is under way it
    /// is some way ahead, and a run that is killed leaves it there.
    pub(super) sent_up_to: u64,
    /// What stands in these rows: the input is known again by it, and not by its name,
    /// its size or its time.
    pub(super) rows_sha256: String,
    pub(super) report: Mark,
    /// `None` for a run without a file of rejects: the rows that it did not accept
    /// are in none, so no run with one can go on from it.
    pub(super) rejects: Option<Mark>,
    pub(super) counts: Counts,
}

impl Checkpoint {
    pub(super) const VERSION: u32 = VERSION;

    fn read(path: &Path, bytes: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Any {
            version: Option<u32>,
        }
        let no_state = |e: serde_json::Error| storage(path, &format!("no state of a run: {e}"));
        let any = serde_json::from_slice::<Any>(bytes).map_err(no_state)?;
        // The first version had no number, but an input that it knew by size and time.
        let was_first = || {
            let read = serde_json::from_slice::<serde_json::Value>(bytes);
            read.is_ok_and(|state| state.get("input").is_some())
        };
        if any.version != Some(VERSION) && (any.version.is_some() || was_first()) {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!(
                    "{} was written by another version of xgpush, which knew a table by other \
                     signs: finish the run with that version, or remove the state to begin from \
                     the first row",
                    path.display()
                ),
            ));
        }
        serde_json::from_slice(bytes).map_err(no_state)
    }

    /// Whether a run for this may go on from here.
    pub(super) fn check(&self, purpose: &Purpose, rejects: bool) -> Result<()> {
        let differences = self.purpose.differences(purpose);
        if !differences.is_empty() {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!(
                    "the state was written for something else, where the rows before its place \
                     went: {}; go on as before, or give this run a state of its own",
                    differences.join(", ")
                ),
            ));
        }
        if self.rejects.is_some() != rejects {
            let (was, is) = if rejects {
                ("without", "with")
            } else {
                ("with", "without")
            };
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!(
                    "the state was written by a run {was} a file of rejects, and this one is \
                     {is}: keep to what it had, or remove the state to begin from the first row"
                ),
            ));
        }
        Ok(())
    }
}

/// The file of a state, for one run at a time.
pub(super) struct StateFile {
    path: PathBuf,
    /// The one that bears the name now; its lock is ours.
    file: File,
    /// Nothing was there before, and nothing is in it yet.
    is_new: bool,
}

impl StateFile {
    /// Takes the file, and answers what an earlier run has left in it, and a warning.
    pub(super) fn open(path: &Path) -> Result<(Self, Option<Checkpoint>, Option<String>)> {
        // Through links: it is replaced by its name.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let wrong = |error: io::Error| storage(&path, &error);
        loop {
            let mut file = open(&path, false).map_err(wrong)?;
            let found = file.metadata().map_err(wrong)?;
            if !found.is_file() {
                return Err(storage(&path, &"no file in which a state can be kept"));
            }
            let warning = lock::take(&file, &path, Access::Writes)?;
            // The run that had it may have replaced or removed it in between.
            if !fs::metadata(&path)
                .is_ok_and(|now| (now.dev(), now.ino()) == (found.dev(), found.ino()))
            {
                continue;
            }
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map_err(wrong)?;
            remove_leftovers(&path);
            let is_new = bytes.is_empty();
            let left = (!is_new)
                .then(|| Checkpoint::read(&path, &bytes))
                .transpose()?;
            return Ok((Self { path, file, is_new }, left, warning));
        }
    }

    /// In the place of the one before, whole or not at all.
    pub(super) fn write(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        // Of a name that is nobody's.
        let mut name = self.path.as_os_str().to_owned();
        name.push(format!(".{:016x}.new", fastrand::u64(..)));
        let new = Path::new(&name);
        let is_ours = Cell::new(false);
        let mut write = || -> io::Result<()> {
            let mut file = open(new, true)?;
            is_ours.set(true);
            // Before it has the other name: at no time may another run take it.
            let _ = file.try_lock();
            serde_json::to_writer(&mut file, checkpoint)?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            fs::rename(new, &self.path)?;
            self.file = file;
            self.is_new = false;
            Ok(())
        };
        write().map_err(|e| {
            if is_ours.get() {
                let _ = fs::remove_file(new);
            }
            storage(&self.path, &e)
        })
    }
}

impl Drop for StateFile {
    fn drop(&mut self) {
        // A run that could not begin leaves nothing behind.
        if self.is_new && self.file.metadata().is_ok_and(|m| m.len() == 0) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Of a run that was killed before it gave a new state its name.
fn remove_leftovers(path: &Path) {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return;
    };
    let is_leftover = |other: &OsStr| {
        let rest = other.as_bytes().strip_prefix(name.as_bytes());
        let rest = rest.and_then(|rest| rest.strip_prefix(b"."));
        let number = rest.and_then(|rest| rest.strip_suffix(b".new"));
        number.is_some_and(|n| n.len() == 16 && n.iter().all(u8::is_ascii_hexdigit))
    };
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if is_leftover(&entry.file_name()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn open(path: &Path, is_new: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let options = options.read(true).write(true).truncate(false).mode(0o600);
    let file = options.create(true).create_new(is_new).open(path)?;
    above_standard_streams(file)
}

/// A row as it stands in the input, added to what is known of the rows before it.
pub(super) fn add(hash: &mut Sha256, raw: &SourceRecord) {
    let mut add = |bytes: &[u8]| {
        // With its length: `ab,c` is not `a,bc`.
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    match raw {
        SourceRecord::Record(record) => {
            add(&(record.len() as u64).to_le_bytes());
            for field in record {
                add(field);
            }
        }
        SourceRecord::Line(line) => add(line),
    }
}

pub(super) fn hex(hash: &Sha256) -> String {
    use std::fmt::Write as _;
    let digest = hash.clone().finalize();
    digest.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// An output of an earlier run is gone.
pub(super) fn is_gone(path: &Path) -> Error {
    Error::new(
        ErrorKind::InvalidArgument,
        format!(
            "{} is not there any more, and the state goes on behind its lines; bring it back, or \
             remove the state to begin from the first row",
            path.display()
        ),
    )
}

/// An output that is not as an earlier run has left it.
pub(super) fn is_changed(path: &Path) -> Error {
    Error::new(
        ErrorKind::InvalidArgument,
        format!(
            "{} does not hold what the run had written to it when it kept its state; bring that \
             file back, or remove the state to begin from the first row",
            path.display()
        ),
    )
}

/// A state that belongs to other files.
pub(super) fn does_not_fit(what: &str) -> Error {
    Error::new(
        ErrorKind::InvalidArgument,
        format!(
            "{what} is not what the state was written for; remove the state to begin from the \
             first row"
        ),
    )
}
