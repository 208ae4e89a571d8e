//! A descriptor that shows whether something waits.

use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd, RawFd};

use rustix::pipe::{PipeFlags, pipe_with};

/// A descriptor that is readable while reports wait: a pipe with one byte in it.
#[derive(Debug)]
pub(super) struct Signal {
    reader: OwnedFd,
    writer: OwnedFd,
}

impl Signal {
    pub(super) fn new() -> std::io::Result<Self> {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        Ok(Self { reader, writer })
    }

    pub(super) fn fd(&self) -> RawFd {
        self.reader.as_raw_fd()
    }

    pub(super) fn raise(&self) {
        // A full pipe is readable as well.
        let _ = rustix::io::write(&self.writer, &[1]);
    }

    pub(super) fn lower(&self) {
        let mut bytes = [0; 64];
        while rustix::io::read(&self.reader, &mut bytes[..]).is_ok_and(|n| n == bytes.len()) {}
    }
}

impl AsFd for Signal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}
