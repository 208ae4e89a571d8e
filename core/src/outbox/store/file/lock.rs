//! One outbox owns a file, among all processes, and among all copies of this library
//! in one process.
//!
//! The locks are those of an open file (`sys`), where the system has them: one on a
//! lock file beside the outbox's, which earlier versions lock as well and which says
//! whose it is, and one on the bytes of the file itself that `SQLite` locks, which is
//! the same under every name that the file has and keeps other programs out, too.
//! `SQLite` itself locks nothing then: its locks would go with any descriptor of the
//! file that the host closes. Elsewhere it is a lock of the process (`fcntl`) on
//! the lock file, which does not keep a process from itself, and a list.

use crate::sys::error_text;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::io::Errno;

use crate::sys::{self, KeptFile, Range};

/// With the process that holds it: a child after `fork` has its parent's list.
static HELD: Mutex<BTreeMap<PathBuf, u32>> = Mutex::new(BTreeMap::new());

/// Tokens and accounts are nobody else's business, whatever the umask is.
const OWNER_ONLY: u32 = 0o600;

const HELD_HERE: &str = "is held by another outbox of this process";

/// Held as long as it lives. The list is left last: whoever comes next must not find
/// the files locked, or be unlocked by their closing.
pub(super) struct Lock {
    beside: Locked,
    /// The file itself, where it can be locked.
    itself: Option<Locked>,
    listed: Option<Listed>,
}

/// In `HELD`.
struct Listed(PathBuf);

/// A file with the lock of an open file.
struct Locked {
    file: KeptFile,
    range: Range,
}

impl Drop for Locked {
    fn drop(&mut self) {
        // Not in a child: that would take its parent's lock away. Not by closing alone:
        // a copy of the descriptor in a child would keep the lock.
        if self.file.is_here() {
            let _ = sys::unlock(&self.file, self.range);
        }
    }
}

impl Lock {
    /// As [`take`](Self::take), but makes nothing: a lock file that belongs to whoever
    /// looks would keep the owner of the outbox out.
    pub(super) fn take_to_read(path: &Path) -> Result<impl Sized + use<>, String> {
        if beside(path).exists() {
            return Self::take(path).map(|lock| (Some(lock), None));
        }
        lock_itself(path).map(|lock| (None, lock))
    }

    /// Takes the locks of the file at `path`, which is made if it is not there, or
    /// says who has them. `path` is one that the system gave: without links in it.
    pub(super) fn take(path: &Path) -> Result<Self, String> {
        let beside = beside(path);
        // Before it is opened: closing it again would drop a lock of the process.
        if is_listed(&beside) {
            return Err(HELD_HERE.to_owned());
        }
        let file = KeptFile::open(|| open_or_make(&beside)).map_err(|error| {
            let lock = beside.display();
            let error = error_text::io_error(&error);
            format!(
                "cannot be locked: {lock}: {error}; the folder has to let this process make files \
                 in it"
            )
        })?;
        let beside_lock = Locked {
            file,
            range: Range::Whole,
        };
        let mut lock = Self {
            listed: None,
            itself: None,
            beside: beside_lock,
        };
        match sys::lock(&lock.beside.file, Range::Whole) {
            Ok(()) => lock.itself = lock_itself(path)?,
            Err(error) if is_unsupported(&error) => {
                lock.listed = Some(list(&lock, &beside)?);
                // For its owner only; nobody else has it open.
                open_or_make(path).map_err(|error| unwritable(&error))?;
            }
            Err(error) => return Err(why_not(&error, &beside, &lock.beside.file)),
        }
        // For the message of whoever comes next; nothing depends on it.
        let mut file: &File = &lock.beside.file;
        let _ = file.set_len(0);
        let _ = file.rewind();
        let _ = write!(file, "{}", std::process::id());
        Ok(lock)
    }

    /// Whether it keeps every other program from the file, so that `SQLite` need not.
    pub(super) fn is_enough(&self) -> bool {
        self.itself.is_some()
    }

    /// Whether somebody removed the file meanwhile, or put another in its place: what is
    /// written is gone when it is closed.
    pub(super) fn lost_its_file(&self) -> bool {
        use std::os::unix::fs::MetadataExt as _;
        let about = self.itself.as_ref().map(|locked| locked.file.metadata());
        about.is_some_and(|about| about.is_ok_and(|about| about.nlink() == 0))
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        held.remove(&self.0);
    }
}

fn unwritable(error: &io::Error) -> String {
    let error = error_text::io_error(error);
    format!("cannot be opened for writing: {error}")
}

/// Opens a file, or makes one that nobody else can read. One that is there keeps its
/// rights: they may be meant.
fn open_or_make(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(OWNER_ONLY);
    match options.clone().create_new(true).open(path) {
        Ok(file) => {
            // The umask may have taken even the owner's rights.
            let _ = rustix::fs::fchmod(&file, rustix::fs::Mode::from_raw_mode(OWNER_ONLY));
            Ok(file)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => options.open(path),
        Err(error) => Err(error),
    }
}

/// By the file itself, so that two names of it (hard links, two mounts) are one.
fn lock_itself(path: &Path) -> Result<Option<Locked>, String> {
    let file = KeptFile::open(|| open_or_make(path)).map_err(|error| unwritable(&error))?;
    let range = Range::Sqlite;
    match sys::lock(&file, range) {
        Ok(()) => Ok(Some(Locked { file, range })),
        Err(error) if is_held(&error) => {
            let who = "another program, or another outbox under another name of the same file";
            Err(format!("is held by {who}"))
        }
        // The lock beside it is held.
        Err(_) => Ok(None),
    }
}

fn is_listed(beside: &Path) -> bool {
    let held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    held.get(beside) == Some(&std::process::id())
}

/// A lock of the process, and the list.
fn list(lock: &Lock, beside: &Path) -> Result<Listed, String> {
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    if held.get(beside) == Some(&std::process::id()) {
        return Err(HELD_HERE.to_owned());
    }
    let file: &File = &lock.beside.file;
    let exclusive = rustix::fs::FlockOperation::NonBlockingLockExclusive;
    if let Err(error) = rustix::fs::fcntl_lock(file, exclusive) {
        return Err(why_not(&error.into(), beside, file));
    }
    held.insert(beside.to_owned(), std::process::id());
    Ok(Listed(beside.to_owned()))
}

fn is_held(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    matches!(errno, Some(Errno::AGAIN | Errno::ACCESS))
}

/// Whether the system does not know the lock of an open file.
fn is_unsupported(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported || Errno::from_io_error(error) == Some(Errno::INVAL)
}

fn why_not(error: &io::Error, beside: &Path, mut file: &File) -> String {
    if is_held(error) {
        let mut owner = String::new();
        let _ = file.read_to_string(&mut owner);
        return match owner.trim() {
            "" => "is held by another process".to_owned(),
            number if number.parse() == Ok(std::process::id()) => HELD_HERE.to_owned(),
            number => format!("is held by process {number}"),
        };
    }
    let lock = beside.display();
    let no_locks = [Errno::NOLCK, Errno::NOSYS, Errno::OPNOTSUPP];
    let errno = Errno::from_io_error(error);
    let error = error_text::io_error(error);
    if errno.is_some_and(|errno| no_locks.contains(&errno)) {
        return format!(
            "cannot be locked: {lock}: {error}: its file system has no locks (a network file \
             system?); put outbox_file on a disk of this machine"
        );
    }
    format!("cannot be locked: {lock}: {error}")
}

/// The lock file.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}
