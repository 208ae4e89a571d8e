//! `SQLite` in a program that forks.

use std::ops::{Deref, DerefMut};
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::sys::NoFork;

/// A connection that is opened and closed while nobody forks.
pub(super) struct Database {
    /// There until it is dropped.
    connection: Option<Connection>,
}

impl Database {
    /// Opens the file, for one thread at a time. `locks`: whether `SQLite` has to lock it.
    /// In the child of a process with an open file it would believe that file to be open
    /// there as well, and refuse its lock forever.
    pub(super) fn open(path: &Path, locks: bool) -> rusqlite::Result<Self> {
        let _no_fork = NoFork::begin();
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_PRIVATE_CACHE;
        let vfs = if locks { "unix" } else { "unix-none" };
        let connection = Connection::open_with_flags_and_vfs(path, flags, vfs)?;
        Ok(Self {
            connection: Some(connection),
        })
    }
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
