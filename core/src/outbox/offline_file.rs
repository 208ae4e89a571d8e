//! Reading the file of an outbox that is not open.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::pending::{Filter, PendingOperation};
use super::store::{FileStore, Purpose, Store as _};
use crate::model::encoded::EncodedOperation;
use crate::model::error::{Error, ErrorKind, Result};
use crate::options::Durability;
use crate::sys::error_text;

/// Lists up to `most` pending operations in the file of an outbox that is not open, in
/// submission order: of a token, of an account (of any type), of both, or all.
///
/// The file is not changed: a copy of it is read, in a temporary folder that only this
/// user can read. If an outbox has the file open, ask the outbox
/// ([`Outbox::list_pending`](crate::Outbox::list_pending)).
///
/// # Errors
/// [`Storage`](ErrorKind::Storage) when it is not there, is held, cannot be read, or is
/// no file of an outbox.
pub fn list_pending_in_file(
    path: &Path,
    token: Option<&str>,
    account: Option<&str>,
    most: usize,
) -> Result<Vec<PendingOperation>> {
    let failed = |what: &str, error: &io::Error| {
        let name = path.display();
        let said = error_text::io_error(error);
        Error::new(
            ErrorKind::Storage,
            format!("the outbox's file {name} {what}: {said}"),
        )
        .with_source(error_text::copy(error))
    };
    fs::metadata(path).map_err(|error| failed("is not there", &error))?;
    let lock = FileStore::lock_to_read(path)?;
    let copy = Copy::new(path).map_err(|error| failed("cannot be copied", &error))?;
    drop(lock);
    let mut store = FileStore::open(&copy.file, Purpose::Reading, Durability::Process, u32::MAX)
        .map_err(|error| copy.named(&error, path))?;
    let filter = Filter {
        token: token.map(str::to_owned),
        account: account.map(str::to_owned),
    };
    let (mut found, mut after) = (Vec::new(), 0);
    let mark = store.sent_mark();
    loop {
        let claimed = store.claim(after, 1000);
        let records = claimed.map_err(|error| copy.named(&error, path))?;
        let Some(last) = records.last() else {
            return Ok(found);
        };
        after = last.id;
        for record in records {
            let body = EncodedOperation(&record.body);
            if !filter.lets_pass(body) {
                continue;
            }
            if found.len() == most {
                return Ok(found);
            }
            found.push(PendingOperation {
                tag: record.tag,
                submitted_ms: record.submitted_ms,
                durable: true,
                maybe_sent: record.id <= mark,
                ..PendingOperation::of(body, "stored")
            });
        }
    }
}

/// The file and what belongs to it, in a folder of its own.
struct Copy {
    folder: PathBuf,
    file: PathBuf,
}

impl Copy {
    fn new(path: &Path) -> io::Result<Self> {
        let name = format!(
            "xgpush-look-{}-{:016x}",
            std::process::id(),
            fastrand::u64(..)
        );
        let folder = std::env::temp_dir().join(name);
        DirBuilder::new().mode(0o700).create(&folder)?;
        let copy = Self {
            file: folder.join("outbox"),
            folder,
        };
        let real = path.canonicalize()?;
        for end in ["", "-wal", "-journal"] {
            let beside = |path: &Path| {
                let mut name = path.as_os_str().to_owned();
                name.push(end);
                PathBuf::from(name)
            };
            match fs::copy(beside(&real), beside(&copy.file)) {
                Err(error) if end.is_empty() || error.kind() != io::ErrorKind::NotFound => {
                    return Err(error);
                }
                _ => {}
            }
        }
        Ok(copy)
    }
}

impl Copy {
    /// An error about the copy, about what it was made of.
    fn named(&self, error: &Error, path: &Path) -> Error {
        let (copy, real) = (self.file.display().to_string(), path.display().to_string());
        Error::new(error.kind(), error.to_string().replace(&copy, &real))
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
