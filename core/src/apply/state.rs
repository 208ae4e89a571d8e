//! How far a run is: what its report holds for certain, and of which input.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use super::{ApplyInput, storage};
use crate::error::{Error, ErrorKind, Result};
use crate::operation::Operator;

/// By which an input is known again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    bytes: u64,
    modified_ns: u64,
    operation: String,
}

impl Identity {
    pub(super) fn of(input: &ApplyInput, operator: Operator) -> Result<Self> {
        let path = &input.path;
        let metadata = fs::metadata(path).map_err(|e| storage(path, &e))?;
        let modified = metadata.modified().map_err(|e| storage(path, &e))?;
        let modified = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self {
            bytes: metadata.len(),
            modified_ns: u64::try_from(modified.as_nanos()).unwrap_or(u64::MAX),
            operation: operator.name().to_owned(),
        })
    }
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
    pub(super) input: Identity,
    pub(super) rows: u64,
    pub(super) report_bytes: u64,
    /// `None` for a run without a file of rejects: the rows that it did not accept
    /// are in none, so no run with one can go on from it.
    pub(super) rejects_bytes: Option<u64>,
    pub(super) counts: Counts,
}

impl Checkpoint {
    /// What an earlier run has left; `None` when there is no such file.
    pub(super) fn read(path: &Path, identity: &Identity, rejects: bool) -> Result<Option<Self>> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(storage(path, &error)),
        };
        let read = serde_json::from_slice::<Self>(&bytes);
        let left = read.map_err(|e| storage(path, &format!("no state of a run: {e}")))?;
        if left.input != *identity {
            return Err(does_not_fit("the input or --operation"));
        }
        if left.rejects_bytes.is_some() != rejects {
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
        Ok(Some(left))
    }

    /// In the place of the one before, whole or not at all.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let mut name = path.as_os_str().to_owned();
        name.push(".new");
        let new = Path::new(&name);
        let write = || -> io::Result<()> {
            let mut file = File::create(new)?;
            serde_json::to_writer(&mut file, self)?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            fs::rename(new, path)
        };
        write().map_err(|e| storage(path, &e))
    }
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
