//! [`Stream`]: bytes to and from a server, each wait bounded by one end in time.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustls::{ClientConnection, StreamOwned};

/// A connected socket.
pub(super) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A socket whose reads and writes end at a time, however the bytes come: one by one, or
/// not at all.
pub(super) struct Timed {
    socket: Socket,
    ends: Instant,
}

/// What commands and replies travel through.
pub(super) enum Stream {
    Plain(Timed),
    Tls(Box<StreamOwned<ClientConnection, Timed>>),
}

impl Timed {
    pub(super) fn new(socket: Socket, ends: Instant) -> Self {
        Self { socket, ends }
    }

    fn left(&self) -> io::Result<Duration> {
        let left = self.ends.saturating_duration_since(Instant::now());
        if left.is_zero() {
            Err(io::ErrorKind::TimedOut.into())
        } else {
            Ok(left)
        }
    }

    /// Reads or writes again after a signal; a time-out has one kind of error.
    fn bounded<T>(
        &mut self,
        set: impl Fn(&Socket, Duration) -> io::Result<()>,
        mut go: impl FnMut(&mut Socket) -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            set(&self.socket, self.left()?)?;
            match go(&mut self.socket) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                done => return done,
            }
        }
    }
}

impl Stream {
    /// Everything from now on is over at this time.
    pub(super) fn set_end(&mut self, ends: Instant) {
        match self {
            Self::Plain(timed) => timed.ends = ends,
            Self::Tls(stream) => stream.sock.ends = ends,
        }
    }

    /// Whether the server closed the connection, or says something unasked.
    pub(super) fn is_readable(&self) -> bool {
        let socket = match self {
            Self::Plain(timed) => &timed.socket,
            Self::Tls(stream) => &stream.sock.socket,
        };
        let events = PollFlags::IN;
        let mut fds = [match socket {
            Socket::Tcp(socket) => PollFd::new(socket, events),
            Socket::Unix(socket) => PollFd::new(socket, events),
        }];
        !matches!(
            rustix::event::poll(&mut fds, Some(&Timespec::default())),
            Ok(0)
        )
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.bounded(
            |socket, left| match socket {
                Socket::Tcp(socket) => socket.set_read_timeout(Some(left)),
                Socket::Unix(socket) => socket.set_read_timeout(Some(left)),
            },
            |socket| match socket {
                Socket::Tcp(socket) => socket.read(buffer),
                Socket::Unix(socket) => socket.read(buffer),
            },
        )
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bounded(
            |socket, left| match socket {
                Socket::Tcp(socket) => socket.set_write_timeout(Some(left)),
                Socket::Unix(socket) => socket.set_write_timeout(Some(left)),
            },
            |socket| match socket {
                Socket::Tcp(socket) => socket.write(bytes),
                Socket::Unix(socket) => socket.write(bytes),
            },
        )
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(timed) => timed.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(timed) => timed.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(timed) => timed.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Plain",
            Self::Tls(_) => "Tls",
        })
    }
}
