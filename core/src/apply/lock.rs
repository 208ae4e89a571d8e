//! Who works with a file: one run writes it, or several read it.
//!
//! The lock (`flock`) belongs to the open file and is gone when its process is, however
//! that ended. A child after `fork` shares it.

use std::fs::{File, TryLockError};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::model::error::{Error, ErrorKind, Result};

/// What a run does with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Reads,
    Writes,
}

/// Takes the lock of an open file; answers a warning where its file system has none.
/// What is no regular file, such as `/dev/null`, keeps nothing and is everybody's.
pub(super) fn take(file: &File, path: &Path, access: Access) -> Result<Option<String>> {
    if file.metadata().is_ok_and(|found| !found.is_file()) {
        return Ok(None);
    }
    let taken = match access {
        Access::Reads => file.try_lock_shared(),
        Access::Writes => file.try_lock(),
    };
    match taken {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => Err(Error::new(
            ErrorKind::Storage,
            format!(
                "{} is in use by {}: wait until that has ended, or give this run a file of its own",
                path.display(),
                holder(file)
            ),
        )),
        Err(TryLockError::Error(error)) => Ok(Some(format!(
            "{} cannot be locked ({}): see to it that no other run uses it",
            path.display(),
            crate::sys::error_text::io_error(&error)
        ))),
    }
}

/// By `/proc/locks`, where a line is `1: FLOCK ADVISORY WRITE 4711 08:01:123456 0 EOF`.
fn holder(file: &File) -> String {
    let number = file.metadata().map(|m| m.ino().to_string());
    let locks = std::fs::read_to_string("/proc/locks");
    let (Ok(number), Ok(locks)) = (number, locks) else {
        return "another run".to_owned();
    };
    let mut found = locks.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, "FLOCK", _, _, process, place, ..] = fields[..] else {
            return None;
        };
        let (_, inode) = place.rsplit_once(':')?;
        (inode == number).then(|| process.to_owned())
    });
    match (found.next(), found.next()) {
        (Some(process), None) if process == std::process::id().to_string() => {
            format!("another run of this process ({process})")
        }
        (Some(process), None) => format!("another run: process {process}"),
        // Files of two file systems may have one number.
        _ => "another run".to_owned(),
    }
}
