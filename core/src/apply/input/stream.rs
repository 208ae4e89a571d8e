//! The bytes of a file, of a pipe, or of standard input.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use crate::apply::lines::beside_the_standard_streams;
use rustix::event::{PollFd, PollFlags, Timespec};

/// What may be read a second time, or only once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// From here on.
    Regular {
        start: u64,
    },
    Once,
    /// The same, opened here, so that a read never blocks. `begun` when it has brought
    /// something: before that, nothing to read means that nobody writes yet.
    Opened {
        begun: bool,
    },
}

/// An opened source. What is no regular file never blocks a read: it says
/// [`WouldBlock`](io::ErrorKind::WouldBlock), and [`wait`](Self::wait) waits.
pub(super) struct Stream {
    file: File,
    kind: Kind,
}

impl Stream {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let ours = !is_standard_input(path);
        let mut file = if !ours {
            // Shared with whoever handed it over, so its flags are left alone.
            File::from(io::stdin().as_fd().try_clone_to_owned()?)
        } else {
            let nonblocking = rustix::fs::OFlags::NONBLOCK.bits();
            let mut options = OpenOptions::new();
            // A named pipe that nobody writes yet opens at once.
            options.read(true).custom_flags(nonblocking.cast_signed());
            options.open(path).and_then(beside_the_standard_streams)?
        };
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::other("it is a folder"));
        }
        let kind = if metadata.is_file() {
            Kind::Regular {
                start: file.stream_position()?,
            }
        } else if ours {
            Kind::Opened { begun: false }
        } else {
            Kind::Once
        };
        Ok(Self { file, kind })
    }

    pub(super) fn is_regular(&self) -> bool {
        matches!(self.kind, Kind::Regular { .. })
    }

    /// Begins anew; only what is regular can.
    pub(super) fn rewind(&mut self) -> io::Result<()> {
        match self.kind {
            Kind::Regular { start } => self.file.seek(SeekFrom::Start(start)).map(drop),
            _ => Err(io::Error::other("it can be read only once")),
        }
    }

    /// Waits until there is something to read, or the end, for `time` at most
    /// (`None`: for as long as it takes). A signal ends the wait as well.
    pub(super) fn wait(&self, time: Option<Duration>) -> io::Result<bool> {
        if self.is_regular() {
            return Ok(true);
        }
        let time = time.map(|time| Timespec {
            tv_sec: time.as_secs().cast_signed(),
            tv_nsec: time.subsec_nanos().into(),
        });
        let mut fds = [PollFd::new(&self.file, PollFlags::IN)];
        match rustix::event::poll(&mut fds, time.as_ref()) {
            Ok(ready) => Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Of a named pipe whose writers were gone when it was opened, poll never tells the
        // end; a read does.
        let knows = self.kind == Kind::Opened { begun: true };
        if !knows && !self.wait(Some(Duration::ZERO))? {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let read = self.file.read(buffer)?;
        if let Kind::Opened { begun } = &mut self.kind {
            *begun = true;
        }
        Ok(read)
    }
}

/// `-`, and its other names: they cannot be opened when it is a socket, and would
/// begin a file anew that was read in part.
fn is_standard_input(path: &Path) -> bool {
    ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"]
        .iter()
        .any(|name| path == Path::new(name))
}
