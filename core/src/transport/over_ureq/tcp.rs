//! TCP connections that wait in slices, so that a call can be ended while it
//! waits.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
};

use super::attempt_state::{AttemptState, Step};
use super::connections::Socket;
use super::deadline::{self, Deadline, POLL_INTERVAL};
use super::happy_eyeballs;
use super::resolver::DnsCache;

/// Opens a connection unless one was opened before it in the chain (a proxy's).
#[derive(Debug)]
pub(super) struct TcpConnector {
    pub(super) names: Arc<DnsCache>,
    pub(super) attempt_state: Arc<AttemptState>,
    pub(super) socket: Arc<Socket>,
}

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
        self.attempt_state
            .note(|progress| progress.step = Step::Connect);
        let (socket, addr) = happy_eyeballs::connect(&details.addrs, &self.attempt_state)
            .inspect_err(|_| {
                // The addresses may have changed.
                self.names.forget(details.uri);
            })?;
        self.names.prefer(details.uri, addr);
        socket.set_nonblocking(false)?;
        socket.set_tcp_nodelay(true)?;
        socket.set_read_timeout(Some(POLL_INTERVAL))?;
        socket.set_write_timeout(Some(POLL_INTERVAL))?;
        let stream = Arc::new(TcpStream::from(socket));
        self.socket.opened(&stream);
        Ok(Some(Either::B(TcpTransport {
            stream,
            buffers: LazyBuffers::new(
                details.config.input_buffer_size(),
                details.config.output_buffer_size(),
            ),
            read_timeout: POLL_INTERVAL,
            attempt_state: Arc::clone(&self.attempt_state),
        })))
    }
}

/// One open connection.
#[derive(Debug)]
pub(super) struct TcpTransport {
    stream: Arc<TcpStream>,
    buffers: LazyBuffers,
    /// What the socket is set to: it is set anew only for a last, shorter slice.
    read_timeout: Duration,
    attempt_state: Arc<AttemptState>,
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

    fn transmit(&mut self, amount: usize) -> Result<(), Error> {
        let deadline = Deadline::of(&self.attempt_state);
        let mut output = &self.buffers.output()[..amount];
        while !output.is_empty() {
            match (&*self.stream).write(output) {
                Ok(0) => return Err(io::Error::from(ErrorKind::WriteZero).into()),
                Ok(written) => {
                    output = &output[written..];
                    if !output.is_empty() {
                        deadline.next_wait()?;
                    }
                }
                Err(e) if is_slice_over(&e) => {
                    deadline.next_wait()?;
                }
                Err(e) => return Err(e.into()),
            }
        }
        Ok(())
    }

    fn wait(&mut self) -> Result<bool, Error> {
        let attempt_state = Arc::clone(&self.attempt_state);
        let deadline = Deadline::of(&attempt_state);
        // A drip that brings a byte in every slice is asked as well.
        if attempt_state.is_due(POLL_INTERVAL) && attempt_state.cancelled() {
            return Err(deadline::cancelled());
        }
        let mut slice = deadline.left()?.min(POLL_INTERVAL);
        loop {
            if let Some(amount) = self.read_slice(slice)? {
                self.buffers.input_appended(amount);
                return Ok(amount > 0);
            }
            slice = deadline.next_wait()?;
        }
    }

    /// The attempt has failed: what the system has not sent yet would reach the service at
    /// some later time, behind what follows. Closing drops it with a reset.
    fn send_no_more(&self) {
        let _ = socket2::SockRef::from(&*self.stream).set_linger(Some(Duration::ZERO));
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

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), Error> {
        self.transmit(amount).inspect_err(|_| self.send_no_more())
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
        self.wait().inspect_err(|_| self.send_no_more())
    }

    /// The connection has looked, before it began the attempt: `ureq` asks with a lock
    /// held.
    fn is_open(&mut self) -> bool {
        true
    }
}
