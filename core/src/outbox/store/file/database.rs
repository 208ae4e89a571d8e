//! `SQLite` in a program that forks.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use rusqlite::{Connection, OpenFlags};

use crate::sys::NoFork;

/// The process that opened a file first.
static FIRST: AtomicU32 = AtomicU32::new(0);

/// A connection that is opened and closed while nobody forks.
pub(super) struct Database {
    /// There until it is dropped.
    connection: Option<Connection>,
}

impl Database {
    /// Opens the file, for one thread at a time. `path` is locked already.
    pub(super) fn open(path: &Path) -> rusqlite::Result<Self> {
        let _no_fork = NoFork::begin();
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_PRIVATE_CACHE;
        let connection = if is_forked() {
            // In the child of a process with an open file `SQLite` believes it to be open
            // here as well, and refuses its lock for ever. Ours is enough.
            Connection::open_with_flags_and_vfs(path, flags, "unix-none")
        } else {
            Connection::open_with_flags(path, flags)
        };
        Ok(Self {
            connection: Some(connection?),
        })
    }
}

/// Whether an ancestor of this process opened a file.
fn is_forked() -> bool {
    let process = std::process::id();
    let first = FIRST.compare_exchange(0, process, Ordering::SeqCst, Ordering::SeqCst);
    first.is_err_and(|first| first != process)
}

impl Deref for Database {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
            .as_ref()
            .expect("it is there until it is dropped")
    }
}

impl DerefMut for Database {
    fn deref_mut(&mut self) -> &mut Connection {
        self.connection
            .as_mut()
            .expect("it is there until it is dropped")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _no_fork = NoFork::begin();
        drop(self.connection.take());
    }
}
