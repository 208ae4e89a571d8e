//! Descriptors of files, and those of the standard streams.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;

/// A host that has closed a standard stream, and writes to it all the same, would write
/// into the file that got its number.
pub(super) fn above_standard_streams(file: File) -> io::Result<File> {
    if file.as_raw_fd() > 2 {
        Ok(file)
    } else {
        // Its number is above theirs.
        file.try_clone()
    }
}
