//! Locks that belong to the open file (`F_OFD_SETLK`): every copy of this library in
//! a process sees them, and closing another descriptor of the file leaves them.

use std::fs::File;
use std::io;

/// What of a file is locked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Range {
    /// All of it.
    Whole,
    /// The bytes that `SQLite` locks (its file format, "The Lock-Byte Page"): whoever
    /// opens the file with it finds it locked.
    Sqlite,
}

/// Takes the lock, without waiting.
///
/// # Errors
/// `EAGAIN` or `EACCES` when somebody else has it; `EINVAL` or `Unsupported` where
/// the system has no such locks.
pub(crate) fn lock(file: &File, range: Range) -> io::Result<()> {
    set(file, range, true)
}

/// Gives the lock up, for everybody who shares the open file.
pub(crate) fn unlock(file: &File, range: Range) -> io::Result<()> {
    set(file, range, false)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[allow(
    clippy::cast_possible_truncation,
    reason = "the constants are small, and of the types that the system's headers give them"
)]
fn set(file: &File, range: Range, take: bool) -> io::Result<()> {
    use std::os::fd::AsRawFd as _;
    let kind = if take { libc::F_WRLCK } else { libc::F_UNLCK };
    let start = match range {
        Range::Whole => 0,
        Range::Sqlite => 0x4000_0000,
    };
    // SAFETY: a structure of numbers, for which zeroes are values; the process number
    // has to be zero for these locks.
    let mut wanted: libc::flock = unsafe { std::mem::zeroed() };
    wanted.l_type = kind as libc::c_short;
    wanted.l_whence = libc::SEEK_SET as libc::c_short;
    wanted.l_start = start;
    wanted.l_len = match range {
        Range::Whole => 0,
        Range::Sqlite => 512,
    };
    loop {
        // SAFETY: the descriptor is open as long as `file` is borrowed, and the call
        // reads a structure of the type that this command demands.
        let answer = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &raw const wanted) };
        if answer == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn set(_: &File, _: Range, _: bool) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
