//! A connection that can send byte by byte, truncate, reset, and close at the next request.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};
use tokio_rustls::server::TlsStream;

use crate::response::http::WritePattern;
use crate::service::locked::SharedService;

/// State shared by the HTTP side and the connection.
pub(crate) struct ConnectionState {
    pub(crate) id: u64,
    /// Requests read so far.
    pub(crate) requests: Cell<u64>,
    /// For the response that is about to be written.
    pattern: Cell<Option<WritePattern>>,
    /// Set with a response: what to do at the first byte of the next request;
    /// `Some(true)` is a reset.
    close_idle: Cell<Option<bool>>,
    reset: Cell<bool>,
}

impl ConnectionState {
    pub(crate) fn new(id: u64) -> Self {
        Self {
            id,
            requests: Cell::new(0),
            pattern: Cell::new(None),
            close_idle: Cell::new(None),
            reset: Cell::new(false),
        }
    }

    /// A response is about to be written.
    pub(crate) fn expect_response(&self, pattern: WritePattern, close_idle: Option<bool>) {
        self.pattern.set(Some(pattern));
        self.close_idle.set(close_idle);
    }

    /// The connection will end by a reset.
    pub(crate) fn reset(&self) {
        self.reset.set(true);
    }
}

pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => tls.get_ref().0,
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Self::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Self::Tls(tls) => Pin::new(tls).poll_write(cx, buf),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}

/// Finds the empty line that ends a response's head.
#[derive(Clone, Copy, Default)]
struct HeadEnd {
    matched: usize,
}

impl HeadEnd {
    /// How many bytes at the front still belong to the head.
    fn take(&mut self, bytes: &[u8]) -> usize {
        const END: &[u8; 4] = b"\r\n\r\n";
        for (index, byte) in bytes.iter().enumerate() {
            if self.matched == END.len() {
                return index;
            }
            self.matched = if *byte == END[self.matched] {
                self.matched + 1
            } else {
                usize::from(*byte == END[0])
            };
        }
        bytes.len()
    }
}

/// An orderly close while the client may still be sending: closing a socket
/// with unread bytes would turn into a reset.
enum Ending {
    Not,
    Shutdown,
    Drain,
}

pub(crate) struct Connection {
    stream: Stream,
    state: Rc<ConnectionState>,
    shared: Arc<SharedService>,
    pattern: WritePattern,
    head: HeadEnd,
    body_written: usize,
    pause: Option<Pin<Box<Sleep>>>,
    ending: Ending,
}

impl Connection {
    pub(crate) fn new(
        stream: Stream,
        state: Rc<ConnectionState>,
        shared: Arc<SharedService>,
    ) -> Self {
        Self {
            stream,
            state,
            shared,
            pattern: WritePattern::AtOnce,
            head: HeadEnd::default(),
            body_written: 0,
            pause: None,
            ending: Ending::Not,
        }
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if matches!(self.ending, Ending::Shutdown) {
            let _ = ready!(self.stream.poll_shutdown(cx));
            self.ending = Ending::Drain;
        }
        let mut scratch = [0; 1024];
        loop {
            let mut buf = ReadBuf::new(&mut scratch);
            match ready!(self.stream.poll_read(cx, &mut buf)) {
                Ok(()) if !buf.filled().is_empty() => {}
                _ => return Poll::Ready(Ok(())),
            }
        }
    }

    fn poll_pattern(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let mut head = self.head;
        let head_bytes = head.take(buf);
        let in_head = head_bytes > 0;
        let mut part = if in_head { &buf[..head_bytes] } else { buf };
        let pause_ms = match self.pattern {
            WritePattern::DripHead { ms } if in_head => Some(ms),
            WritePattern::DripBody { ms } if !in_head => Some(ms),
            _ => None,
        };
        if let WritePattern::Truncate { at } = self.pattern
            && !in_head
        {
            part = &part[..part.len().min(at - self.body_written)];
            if part.is_empty() {
                return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
            }
        }
        if pause_ms.is_some() {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            part = &part[..1];
        }
        let written = ready!(self.stream.poll_write(cx, part))?;
        self.head.take(&part[..written]);
        if !in_head {
            self.body_written += written;
        }
        if let Some(ms) = pause_ms {
            self.pause = Some(Box::pin(sleep(Duration::from_millis(ms))));
        }
        Poll::Ready(Ok(written))
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !matches!(this.ending, Ending::Not) {
            return this.poll_end(cx);
        }
        let before = buf.filled().len();
        ready!(this.stream.poll_read(cx, buf))?;
        if buf.filled().len() == before {
            return Poll::Ready(Ok(()));
        }
        let Some(reset) = this.state.close_idle.take() else {
            return Poll::Ready(Ok(()));
        };
        buf.set_filled(before);
        this.shared.with(crate::service::Service::count_idle_drop);
        if reset {
            this.state.reset();
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        this.ending = Ending::Shutdown;
        this.poll_end(cx)
    }
}

// Without vectored writes hyper sends head and body in one piece.
impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let Some(pattern) = this.state.pattern.take() {
            this.pattern = pattern;
            this.head = HeadEnd::default();
            this.body_written = 0;
            this.pause = None;
        }
        match this.pattern {
            WritePattern::AtOnce => this.stream.poll_write(cx, buf),
            _ if buf.is_empty() => Poll::Ready(Ok(0)),
            _ => this.poll_pattern(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().stream.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // An orderly end would go out before the reset.
        if self.state.reset.get() {
            return Poll::Ready(Ok(()));
        }
        self.get_mut().stream.poll_shutdown(cx)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.state.reset.get() {
            // A socket that is gone already needs no reset.
            let _ = self.stream.tcp().set_zero_linger();
        }
    }
}
