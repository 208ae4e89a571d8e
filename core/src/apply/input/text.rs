//! The text of a source: UTF-8, whatever it was written in.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use encoding_rs::{Decoder, DecoderResult, Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

use super::packed::Packed;
use super::sniff;
use super::stream::Stream;
use crate::model::error::{Error, ErrorKind, Result};
use crate::model::text::shortened;

/// How much is read at once.
const CHUNK: usize = 1 << 16;

/// What a look for more text found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum More {
    Text,
    /// Nothing yet.
    Wait,
    End,
}

/// Text that is read piece by piece. Nothing that is no text is handed on.
pub(super) struct Text {
    path: PathBuf,
    /// `None` only while it is read anew.
    packed: Option<Packed>,
    encoding: Option<&'static Encoding>,
    decoder: Option<Decoder>,
    utf_8: Utf8,
    /// The head of a character whose rest is not read yet.
    torn: Vec<u8>,
    buffer: Vec<u8>,
    at: usize,
    /// How many lines have ended in what was read.
    lines: u64,
    begun: bool,
    ended: bool,
    /// Lines end with CR alone.
    cr: bool,
}

impl Text {
    /// Opens `from`, which messages call `path`. `encoding` is a name of the WHATWG Encoding Standard; without one it is
    /// UTF-8, or what a byte order mark says.
    pub(super) fn open(from: &Path, path: &Path, encoding: Option<&str>) -> Result<Self> {
        let encoding = encoding.map(named).transpose()?;
        let stream = Stream::open(from).map_err(|e| broken(path, &e))?;
        let packed = Packed::new(stream).map_err(|e| broken(path, &e))?;
        Ok(Self {
            path: path.to_owned(),
            packed: Some(packed),
            encoding,
            decoder: None,
            utf_8: Utf8::default(),
            torn: Vec::new(),
            buffer: Vec::new(),
            at: 0,
            lines: 0,
            begun: false,
            ended: false,
            cr: false,
        })
    }

    pub(super) fn is_regular(&self) -> bool {
        self.packed.as_ref().is_some_and(Packed::is_regular)
    }

    /// The same from its beginning.
    pub(super) fn again(mut self) -> Result<Self> {
        let packed = self.packed.take().map(Packed::again).transpose();
        let packed = packed.map_err(|e| broken(&self.path, &e))?;
        Ok(Self {
            packed,
            decoder: None,
            utf_8: Utf8::default(),
            torn: Vec::new(),
            buffer: self.buffer,
            at: 0,
            lines: 0,
            begun: false,
            ended: false,
            cr: false,
            ..self
        }
        .emptied())
    }

    fn emptied(mut self) -> Self {
        self.buffer.clear();
        self
    }

    /// Waits for more, for `time` at most; a signal ends it as well.
    pub(super) fn wait(&self, time: Option<Duration>) -> Result<()> {
        let waited = self.packed.as_ref().map(|packed| packed.wait(time));
        waited
            .transpose()
            .map(drop)
            .map_err(|e| broken(&self.path, &e))
    }

    /// What was read and not consumed.
    pub(super) fn rest(&self) -> &[u8] {
        &self.buffer[self.at..]
    }

    pub(super) fn consume(&mut self, bytes: usize) {
        self.at += bytes;
    }

    pub(super) fn is_ended(&self) -> bool {
        self.ended
    }

    /// Reads more behind the rest.
    pub(super) fn more(&mut self) -> Result<More> {
        if self.ended {
            return Ok(More::End);
        }
        self.buffer.drain(..self.at);
        self.at = 0;
        let Some(packed) = &mut self.packed else {
            return Ok(More::End);
        };
        let mut bytes = std::mem::take(&mut self.torn);
        let torn = bytes.len();
        bytes.resize(torn + CHUNK, 0);
        let read = match packed.read(&mut bytes[torn..]) {
            Ok(read) => read,
            Err(error) => {
                bytes.truncate(torn);
                self.torn = bytes;
                return match error.kind() {
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(More::Wait),
                    _ => Err(self.wrong(&crate::sys::error_text::io_error(&error))),
                };
            }
        };
        bytes.truncate(torn + read);
        self.ended = read == 0;
        if !self.begun {
            // A mark may be torn, too.
            if bytes.len() < 4 && !self.ended {
                self.torn = bytes;
                return self.more();
            }
            self.begin(&mut bytes)?;
        }
        let from = self.buffer.len();
        if self.decoder.is_some() {
            self.utf_8.see(&bytes);
            // Of what comes once, the rows of this piece are the next to go.
            let judged = self.ended || !self.is_regular();
            if judged && self.is_utf_8_for_certain() {
                return Err(self
                    .refused("it is UTF-8: leave --encoding out (its names would become others)"));
            }
            self.decode(&bytes)?;
        } else {
            self.take(bytes)?;
        }
        self.end_lines(from);
        Ok(if self.ended { More::End } else { More::Text })
    }

    /// Whether what was read in an encoding that was named is UTF-8.
    fn is_utf_8_for_certain(&self) -> bool {
        let Some(encoding) = self.decoder.as_ref().map(Decoder::encoding) else {
            return false;
        };
        let unicode = [UTF_8, UTF_16LE, UTF_16BE].contains(&encoding);
        self.encoding.is_some() && !unicode && self.utf_8.is_certain(encoding)
    }

    /// Looks at the first bytes.
    fn begin(&mut self, bytes: &mut Vec<u8>) -> Result<()> {
        self.begun = true;
        if let Some(what) = sniff::no_text(bytes) {
            return Err(self.refused(what));
        }
        if let Some(encoding) = self.encoding {
            // A byte order mark is believed more than a name.
            self.decoder = Some(encoding.new_decoder());
        } else if bytes.starts_with(b"\xef\xbb\xbf") {
            bytes.drain(..3);
        } else if let Some((encoding, _)) = Encoding::for_bom(bytes) {
            self.decoder = Some(encoding.new_decoder());
        } else if let Some(what) = sniff::utf_16(bytes) {
            return Err(self.refused(what));
        }
        Ok(())
    }

    fn take(&mut self, mut bytes: Vec<u8>) -> Result<()> {
        if let Err(error) = std::str::from_utf8(&bytes) {
            let end = error.valid_up_to();
            if error.error_len().is_some() || self.ended {
                return Err(self.no_utf_8(&bytes, end));
            }
            self.torn = bytes.split_off(end);
        }
        self.buffer.append(&mut bytes);
        Ok(())
    }

    fn decode(&mut self, mut bytes: &[u8]) -> Result<()> {
        let Some(decoder) = &mut self.decoder else {
            return Ok(());
        };
        loop {
            let from = self.buffer.len();
            let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
            self.buffer.resize(from + room.unwrap_or(CHUNK), 0);
            let (result, read, written) = decoder.decode_to_utf8_without_replacement(
                bytes,
                &mut self.buffer[from..],
                self.ended,
            );
            self.buffer.truncate(from + written);
            bytes = &bytes[read..];
            match result {
                DecoderResult::InputEmpty => return Ok(()),
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => {
                    let name = decoder.encoding().name();
                    let line = self.lines + count(&self.buffer[from..]) + 1;
                    return Err(self.refused(&format!(
                        "line {line} is no {name}: it is written in another encoding, or damaged"
                    )));
                }
            }
        }
    }

    /// Counts the lines of what was added from here on, and makes CR their end.
    fn end_lines(&mut self, from: usize) {
        let added = &mut self.buffer[from..];
        if self.lines == 0 && !self.cr {
            let first = added.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            self.cr = first.is_some_and(|at| {
                added[at] == b'\r' && added.len() > at + 1 && added[at + 1] != b'\n'
            }) && !added.contains(&b'\n');
        }
        if self.cr {
            for byte in added.iter_mut().filter(|byte| **byte == b'\r') {
                *byte = b'\n';
            }
        }
        self.lines += count(added);
    }

    fn no_utf_8(&self, bytes: &[u8], at: usize) -> Error {
        let line = self.lines + count(&bytes[..at]) + 1;
        let begin = bytes[..at].iter().rposition(|b| *b == b'\n');
        let begin = begin.map_or(0, |at| at + 1);
        let end = bytes[at..].iter().position(|b| matches!(b, b'\r' | b'\n'));
        let end = end.map_or(bytes.len(), |end| at + end);
        let read = GB18030.decode_without_bom_handling_and_without_replacement(&bytes[begin..end]);
        let is_chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
        let hint = match read {
            Some(text) if text.contains(is_chinese) => format!(
                "if it is to read {}, it is GBK, as Chinese spreadsheets save it: say --encoding \
                 gb18030",
                shortened(&text)
            ),
            _ => "say in which encoding it is, such as --encoding gb18030 (GBK), big5, shift_jis \
                  or windows-1252"
                .to_owned(),
        };
        self.refused(&format!(
            "line {line} is no UTF-8: {hint}; or save the table as UTF-8"
        ))
    }

    fn refused(&self, text: &str) -> Error {
        let message = format!("{}: {text}", self.path.display());
        Error::new(ErrorKind::InvalidArgument, message)
    }

    fn wrong(&self, text: &str) -> Error {
        let line = self.lines + 1;
        let message = format!("{}: line {line} or behind it: {text}", self.path.display());
        Error::new(ErrorKind::Storage, message)
    }
}

/// Whether bytes are UTF-8 that is nothing else. Text of another encoding is hardly ever,
/// once there are characters of three bytes; some of two bytes are, as `小强` in GBK.
#[derive(Debug, Default)]
struct Utf8 {
    torn: Vec<u8>,
    is_not: bool,
    has_long: bool,
    pairs: usize,
}

impl Utf8 {
    fn see(&mut self, bytes: &[u8]) {
        if self.is_not {
            return;
        }
        let mut whole = std::mem::take(&mut self.torn);
        whole.extend_from_slice(bytes);
        let end = match std::str::from_utf8(&whole) {
            Ok(_) => whole.len(),
            Err(error) => {
                self.is_not = error.error_len().is_some();
                error.valid_up_to()
            }
        };
        self.has_long |= whole[..end].iter().any(|byte| *byte >= 0xe0);
        self.pairs += whole[..end]
            .iter()
            .filter(|b| (0xc0..0xe0).contains(*b))
            .count();
        self.torn = whole.split_off(end);
    }

    fn is_certain(&self, otherwise: &'static Encoding) -> bool {
        let enough = if otherwise.is_single_byte() { 2 } else { 20 };
        !self.is_not && (self.has_long || self.pairs >= enough)
    }
}

fn named(name: &str) -> Result<&'static Encoding> {
    Encoding::for_label(name.trim().as_bytes()).ok_or_else(|| {
        let message = format!(
            "the encoding {} is unknown: say a name of the WHATWG Encoding Standard, such as utf-8, \
             gb18030, big5, shift_jis, utf-16le or windows-1252",
            shortened(name)
        );
        Error::new(ErrorKind::InvalidArgument, message)
    })
}

fn broken(path: &Path, error: &io::Error) -> Error {
    crate::apply::storage(path, error)
}

/// How many lines end in it.
pub(super) fn count(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}
