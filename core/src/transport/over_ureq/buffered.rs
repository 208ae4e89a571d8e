//! Head and body in one write, above TLS, and the two facts that only this
//! place can know: whether a request was sent, and whether its connection had
//! gone stale.

use std::sync::Arc;

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

use super::attempt_state::{AttemptState, Step};

/// The last link of the chain.
#[derive(Debug)]
pub(super) struct BufferedConnector(pub(super) Arc<AttemptState>);

impl<In: Transport> Connector<In> for BufferedConnector {
    type Out = BufferedTransport<In>;

    fn connect(
        &self,
        _: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        Ok(chained.map(|inner| BufferedTransport {
            attempt_state: Arc::clone(&self.0),
            carries_requests: !self.0.progress().at_proxy,
            inner,
            pending: Vec::new(),
            state: State::Fresh,
        }))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No request was written yet.
    Fresh,
    /// A request was written, and no byte came back for it. `reused`: after an
    /// earlier one was answered.
    Waiting { reused: bool },
    /// Bytes came back for the last request.
    Answered,
}

/// A connection that holds output back until input is wanted.
#[derive(Debug)]
pub(super) struct BufferedTransport<T> {
    inner: T,
    attempt_state: Arc<AttemptState>,
    /// Not so for the way to a proxy: what is written there asks for a
    /// connection, or is wrapped by the connection that carries requests.
    carries_requests: bool,
    pending: Vec<u8>,
    state: State,
}

impl<T: Transport> BufferedTransport<T> {
    fn flush(&mut self, timeout: NextTimeout) -> Result<(), Error> {
        if self.pending.is_empty() {
            return Ok(());
        }
        if self.state == State::Fresh || self.state == State::Answered {
            let reused = self.state == State::Answered;
            self.state = State::Waiting { reused };
        }
        let carries_requests = self.carries_requests;
        self.attempt_state.note(|progress| {
            progress.sent |= carries_requests;
            progress.step = match carries_requests {
                true => Step::Exchange,
                false if progress.at_proxy => Step::Ask,
                false => progress.step,
            };
        });
        let result = self.write_pending(timeout);
        self.pending.clear();
        result.inspect_err(|_| self.note_break())
    }

    fn write_pending(&mut self, timeout: NextTimeout) -> Result<(), Error> {
        let mut rest = self.pending.as_slice();
        while !rest.is_empty() {
            let output = self.inner.buffers().output();
            let amount = rest.len().min(output.len());
            output[..amount].copy_from_slice(&rest[..amount]);
            self.inner.transmit_output(amount, timeout)?;
            rest = &rest[amount..];
        }
        Ok(())
    }

    /// Whether what came is a TLS record (an alert or a handshake) where HTTP is
    /// expected.
    fn starts_as_tls(&mut self) -> bool {
        matches!(self.inner.buffers().input(), [0x15 | 0x16, 0x03, ..])
    }

    /// The connection broke: had it been idle before, and silent since?
    fn note_break(&self) {
        if self.carries_requests && self.state == (State::Waiting { reused: true }) {
            self.attempt_state
                .note(|progress| progress.went_stale = true);
        }
    }
}

impl<T: Transport> Transport for BufferedTransport<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        const MOST: usize = 64 * 1024;
        self.pending
            .extend_from_slice(&self.inner.buffers().output()[..amount]);
        if self.pending.len() >= MOST {
            return self.flush(timeout);
        }
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.flush(timeout)?;
        match self.inner.await_input(timeout) {
            Ok(true) => {
                if self.state == (State::Waiting { reused: false }) && self.starts_as_tls() {
                    self.attempt_state
                        .note(|progress| progress.answered_in_tls = true);
                }
                self.state = State::Answered;
                Ok(true)
            }
            Ok(false) => {
                self.note_break();
                Ok(false)
            }
            Err(error) => {
                if matches!(error, Error::Io(_)) {
                    self.note_break();
                }
                Err(error)
            }
        }
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}
