//! The bytes of a file, of a pipe, or of standard input.

use std::fs::{File, OpenOptions};
use std::hash::{DefaultHasher, Hasher as _};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use crate::apply::descriptor::above_standard_streams;
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
    seen: Seen,
    /// What the first reading saw: the second one is to see the same, and no more.
    surveyed: Option<Seen>,
    /// How the second reading found it to differ.
    changed: Option<&'static str>,
}

/// How much was read, and which bytes they were.
#[derive(Clone, Default)]
struct Seen {
    bytes: u64,
    hash: DefaultHasher,
}

impl Seen {
    fn add(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.hash.write(bytes);
    }
}

impl Stream {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let shared = is_standard_input(path);
        let mut file = if shared {
            // Shared with whoever handed it over, so its flags are left alone.
            File::from(io::stdin().as_fd().try_clone_to_owned()?)
        } else {
            let nonblocking = rustix::fs::OFlags::NONBLOCK.bits();
            let mut options = OpenOptions::new();
            // A named pipe that nobody writes yet opens at once.
            options.read(true).custom_flags(nonblocking.cast_signed());
            options.open(path).and_then(above_standard_streams)?
        };
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::other("it is a folder"));
        }
        let kind = if metadata.is_file() {
            Kind::Regular {
                start: file.stream_position()?,
            }
        } else if shared {
            Kind::Once
        } else {
            Kind::Opened { begun: false }
        };
        Ok(Self {
            file,
            kind,
            seen: Seen::default(),
            surveyed: None,
            changed: None,
        })
    }

    pub(super) fn is_regular(&self) -> bool {
        matches!(self.kind, Kind::Regular { .. })
    }

    /// Begins anew, behind a first reading to the end; only what is regular can.
    pub(super) fn rewind(&mut self) -> io::Result<()> {
        self.surveyed = Some(std::mem::take(&mut self.seen));
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

impl Stream {
    /// That the second reading did not find what the first one saw. Whoever unpacks the
    /// bytes may have called them damaged.
    pub(super) fn has_changed(&self) -> Option<io::Error> {
        let how = self.changed?;
        Some(io::Error::other(format!(
            "the table {how} now: it was written while it was read; apply it again when it is whole"
        )))
    }

    fn fail(&mut self, how: &'static str) -> io::Result<usize> {
        self.changed = Some(how);
        self.has_changed().map_or(Ok(0), Err)
    }

    /// At the end of the second reading. Its last bytes are not handed on before that.
    fn end(&mut self) -> io::Result<usize> {
        let (Some(surveyed), Kind::Regular { start }) = (&self.surveyed, self.kind) else {
            return Ok(0);
        };
        if surveyed.hash.finish() != self.seen.hash.finish() {
            return self.fail("is another one");
        }
        if self.file.metadata()?.len() > start + surveyed.bytes {
            return self.fail("has grown");
        }
        Ok(0)
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
        let most = match &self.surveyed {
            Some(surveyed) => surveyed.bytes - self.seen.bytes,
            None => u64::MAX,
        };
        if most == 0 {
            return self.end();
        }
        let most = buffer
            .len()
            .min(usize::try_from(most).unwrap_or(usize::MAX));
        let read = self.file.read(&mut buffer[..most])?;
        if self.is_regular() {
            self.seen.add(&buffer[..read]);
        }
        if read == 0 && self.surveyed.is_some() {
            return self.fail("is shorter");
        }
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
