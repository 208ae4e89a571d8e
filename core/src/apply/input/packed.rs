//! The bytes of a source, unpacked if they are gzip or Zstandard.

use std::io::{self, BufRead, BufReader, Read};
use std::time::Duration;

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::stream::Stream;

/// The format is recognised by the first bytes, not by a name.
pub(super) enum Packed {
    Plain(Box<BufReader<Stream>>),
    Gzip(Box<MultiGzDecoder<BufReader<Stream>>>),
    Zstd(Box<Frames>),
}

impl Packed {
    pub(super) fn new(stream: Stream) -> io::Result<Self> {
        let mut reader = BufReader::with_capacity(1 << 16, stream);
        while let Err(error) = reader.fill_buf() {
            if error.kind() != io::ErrorKind::WouldBlock {
                return Err(error);
            }
            reader.get_ref().wait(None)?;
        }
        let head = reader.buffer();
        Ok(if head.starts_with(b"\x1f\x8b") {
            Self::Gzip(Box::new(MultiGzDecoder::new(reader)))
        } else if head.starts_with(b"\x28\xb5\x2f\xfd") {
            Self::Zstd(Box::new(Frames {
                source: RetryingReader(reader),
                decoder: FrameDecoder::new(),
                inside: false,
            }))
        } else {
            Self::Plain(Box::new(reader))
        })
    }

    fn stream(&self) -> &Stream {
        match self {
            Self::Plain(reader) => reader.get_ref(),
            Self::Gzip(decoder) => decoder.get_ref().get_ref(),
            Self::Zstd(frames) => frames.source.0.get_ref(),
        }
    }

    /// As [`Stream::wait`].
    pub(super) fn wait(&self, time: Option<Duration>) -> io::Result<bool> {
        self.stream().wait(time)
    }

    pub(super) fn is_regular(&self) -> bool {
        self.stream().is_regular()
    }

    /// The same from its beginning.
    pub(super) fn again(self) -> io::Result<Self> {
        let mut stream = match self {
            Self::Plain(reader) => reader.into_inner(),
            Self::Gzip(decoder) => decoder.into_inner().into_inner(),
            Self::Zstd(frames) => frames.source.0.into_inner(),
        };
        stream.rewind()?;
        Self::new(stream)
    }
}

impl Read for Packed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match self {
            Self::Plain(reader) => reader.read(buffer),
            Self::Gzip(decoder) => decoder.read(buffer).map_err(|e| with_context("gzip", e)),
            Self::Zstd(frames) => frames
                .read(buffer)
                .map_err(|e| with_context("Zstandard", e)),
        };
        read.map_err(|error| self.stream().has_changed().unwrap_or(error))
    }
}

fn with_context(what: &str, error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => error,
        io::ErrorKind::UnexpectedEof => io::Error::new(
            io::ErrorKind::InvalidData,
            format!("the {what} data ends in the middle: was it copied whole?"),
        ),
        _ => io::Error::new(
            io::ErrorKind::InvalidData,
            format!("the {what} data is damaged: {error}"),
        ),
    }
}

/// Waits in place of [`WouldBlock`](io::ErrorKind::WouldBlock), for a decoder that
/// cannot go on after an error.
struct RetryingReader(BufReader<Stream>);

impl RetryingReader {
    fn is_at_end(&mut self) -> io::Result<bool> {
        loop {
            match self.0.fill_buf() {
                Ok(bytes) => return Ok(bytes.is_empty()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            self.0.get_ref().wait(None)?;
        }
    }
}

impl Read for RetryingReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.is_at_end()? {
            return Ok(0);
        }
        self.0.read(buffer)
    }
}

/// Frames of Zstandard, one behind the other.
pub(super) struct Frames {
    source: RetryingReader,
    decoder: FrameDecoder,
    inside: bool,
}

impl Frames {
    fn begin(&mut self) -> io::Result<()> {
        match self.decoder.reset(&mut self.source) {
            Ok(()) => self.inside = true,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => {
                let mut skipped = self.source.by_ref().take(length.into());
                io::copy(&mut skipped, &mut io::sink())?;
            }
            Err(error) => return Err(io::Error::other(error)),
        }
        Ok(())
    }

    fn check(&self) -> io::Result<()> {
        let written = self.decoder.get_checksum_from_data();
        if written.is_some() && written != self.decoder.get_calculated_checksum() {
            return Err(io::Error::other("its checksum is wrong"));
        }
        Ok(())
    }
}

impl Read for Frames {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.inside {
                if self.source.is_at_end()? {
                    return Ok(0);
                }
                self.begin()?;
            } else if self.decoder.can_collect() > 0 {
                return self.decoder.read(buffer);
            } else if self.decoder.is_finished() {
                self.check()?;
                self.inside = false;
            } else {
                let some = BlockDecodingStrategy::UptoBlocks(1);
                let decoded = self.decoder.decode_blocks(&mut self.source, some);
                decoded.map_err(io::Error::other)?;
            }
        }
    }
}
