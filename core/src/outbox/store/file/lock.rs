//! One process owns a file.
//!
//! A lock of the process (`fcntl`), not of the open file: a child after `fork`
//! does not hold it, and it is gone when its process is. It does not keep a
//! process from itself, so this keeps a list as well.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// With the process that holds it: a child after `fork` has its parent's list.
static HELD: Mutex<BTreeMap<PathBuf, u32>> = Mutex::new(BTreeMap::new());

/// Held as long as it lives.
pub(super) struct Lock {
    _file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock of the file at `path`, or says who has it.
    pub(super) fn take(path: &Path) -> Result<Self, String> {
        let beside = beside(path)?;
        let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        if held.get(&beside) == Some(&std::process::id()) {
            return Err("is held by another outbox of this process".to_owned());
        }
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&beside)
            .map_err(|error| format!("cannot be locked: {}: {error}", beside.display()))?;
        let exclusive = rustix::fs::FlockOperation::NonBlockingLockExclusive;
        if rustix::fs::fcntl_lock(&file, exclusive).is_err() {
            let mut owner = String::new();
            let _ = file.read_to_string(&mut owner);
            let owner = match owner.trim() {
                "" => "another process".to_owned(),
                number => format!("process {number}"),
            };
            return Err(format!("is held by {owner}"));
        }
        // For the message of whoever comes next; nothing depends on it.
        let _ = file.set_len(0);
        let _ = file.rewind();
        let _ = write!(file, "{}", std::process::id());
        held.insert(beside.clone(), std::process::id());
        Ok(Self {
            _file: file,
            path: beside,
        })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        held.remove(&self.path);
    }
}

/// The lock file: by its real directory, so that two ways to it are one.
fn beside(path: &Path) -> Result<PathBuf, String> {
    let name = path.file_name().ok_or("is no file name")?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let folder = folder
        .canonicalize()
        .map_err(|error| format!("cannot be opened: {}: {error}", folder.display()))?;
    let mut name = name.to_owned();
    name.push(".lock");
    Ok(folder.join(name))
}
