//! TCP connections that wait in slices, so that a call can be ended while it
//! waits.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Weak};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use socket2::{Domain, Socket, Type};
use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, ShutdownHandle,
    Transport,
};

use super::limit::{self, Limit, SLICE};
use super::progress;
use super::resolver::Names;

/// Opens a connection unless one was opened before it in the chain (a proxy's).
#[derive(Debug)]
pub(super) struct TcpConnector(pub(super) Arc<Names>);

impl<In: Transport> Connector<In> for TcpConnector {
    type Out = Either<In, TcpTransport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        if let Some(open) = chained {
            return Ok(Some(Either::A(open)));
        }
        let limit = Limit::of(details.timeout);
        let stream = connect_to_one(&details.addrs, &limit).inspect_err(|_| {
            // The addresses may have changed.
            self.0.forget(details.uri);
        })?;
        let stream = Arc::new(stream);
        let handle: Weak<TcpStream> = Arc::downgrade(&stream);
        (details.register_shutdown)(handle as Weak<dyn ShutdownHandle>)?;
        Ok(Some(Either::B(TcpTransport {
            stream,
            buffers: LazyBuffers::new(
                details.config.input_buffer_size(),
                details.config.output_buffer_size(),
            ),
            read_timeout: SLICE,
        })))
    }
}

/// Tries one address after the other. Each but the last gets half of the time
/// that is left, so that a dead address cannot take it all.
fn connect_to_one(addrs: &[SocketAddr], limit: &Limit) -> Result<TcpStream, Error> {
    let mut last = Error::HostNotFound;
    for (n, addr) in addrs.iter().enumerate() {
        let left = limit.left()?;
        let share = if n + 1 < addrs.len() { left / 2 } else { left };
        match connect(*addr, &limit.within(share)) {
            Ok(stream) => return Ok(stream),
            Err(_) if progress::cancelled() => return Err(limit::cancelled()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn connect(addr: SocketAddr, limit: &Limit) -> Result<TcpStream, Error> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    match socket.connect(&addr.into()) {
        Ok(()) => {}
        Err(e) if is_in_progress(&e) => {
            while !is_writable(&socket, limit.next_slice()?)? {}
            if let Some(error) = socket.take_error()? {
                return Err(error.into());
            }
        }
        Err(error) => return Err(error.into()),
    }
    socket.set_nonblocking(false)?;
    socket.set_tcp_nodelay(true)?;
    socket.set_read_timeout(Some(SLICE))?;
    socket.set_write_timeout(Some(SLICE))?;
    Ok(socket.into())
}

fn is_in_progress(error: &io::Error) -> bool {
    error.kind() == ErrorKind::WouldBlock
        || error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error())
}

fn is_writable(socket: &Socket, wait: Duration) -> io::Result<bool> {
    let timeout = Timespec::try_from(wait).unwrap_or_default();
    let mut fds = [PollFd::new(socket, PollFlags::OUT)];
    match rustix::event::poll(&mut fds, Some(&timeout)) {
        Ok(ready) => Ok(ready > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// One open connection.
#[derive(Debug)]
pub(super) struct TcpTransport {
    stream: Arc<TcpStream>,
    buffers: LazyBuffers,
    /// What the socket is set to: it is set anew only for a last, shorter slice.
    read_timeout: Duration,
}

impl TcpTransport {
    fn read_slice(&mut self, slice: Duration) -> io::Result<Option<usize>> {
        if self.read_timeout != slice {
            self.stream.set_read_timeout(Some(slice))?;
            self.read_timeout = slice;
        }
        let buffer = self.buffers.input_append_buf();
        match (&*self.stream).read(buffer) {
            Ok(amount) => Ok(Some(amount)),
            Err(e) if is_slice_over(&e) => Ok(None),
            Err(e) => Err(e),
        }
    }
}

fn is_slice_over(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}

impl Transport for TcpTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let limit = Limit::of(timeout);
        let mut output = &self.buffers.output()[..amount];
        while !output.is_empty() {
            match (&*self.stream).write(output) {
                Ok(0) => return Err(io::Error::from(ErrorKind::WriteZero).into()),
                Ok(written) => {
                    output = &output[written..];
                    if !output.is_empty() {
                        limit.next_slice()?;
                    }
                }
                Err(e) if is_slice_over(&e) => {
                    limit.next_slice()?;
                }
                Err(e) => return Err(e.into()),
            }
        }
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let limit = Limit::of(timeout);
        // A drip that brings a byte in every slice is asked as well.
        if progress::is_due(SLICE) && progress::cancelled() {
            return Err(limit::cancelled());
        }
        let mut slice = limit.left()?.min(SLICE);
        loop {
            if let Some(amount) = self.read_slice(slice)? {
                self.buffers.input_appended(amount);
                return Ok(amount > 0);
            }
            slice = limit.next_slice()?;
        }
    }

    /// Nothing to read and not closed: the only state in which an idle
    /// connection is good.
    fn is_open(&mut self) -> bool {
        let flags = rustix::net::RecvFlags::PEEK | rustix::net::RecvFlags::DONTWAIT;
        let mut byte = [0_u8; 1];
        let peeked = rustix::net::recv(&*self.stream, &mut byte, flags);
        matches!(peeked, Err(rustix::io::Errno::AGAIN))
    }
}
