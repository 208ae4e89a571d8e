//! Records of comma-separated values, and the lines on which they stand.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::LONGEST_ROW;
use super::quotes::{Quotes, Wrong};
use super::text::{More, Text, count};
use crate::model::error::Result;

/// The fields of a record, without their quotation marks.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    text: String,
    ends: Vec<usize>,
}

impl Record {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn get(&self, at: usize) -> Option<&str> {
        let end = *self.ends.get(at)?;
        let begin = if at == 0 { 0 } else { self.ends[at - 1] };
        Some(&self.text[begin..end])
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|at| self.get(at))
    }
}

/// What a look for the next record found.
pub(super) enum Next {
    /// It stands on these lines.
    Record {
        first: u64,
        last: u64,
        quotes: Option<Wrong>,
    },
    /// It begins on this line, and has no end.
    Endless {
        first: u64,
        last: u64,
    },
    /// Nothing yet.
    Wait,
    End,
}

pub(super) struct Records {
    core: Reader,
    output: Vec<u8>,
    written: usize,
    ends: Vec<usize>,
    ended: usize,
    /// Where the record under way began; 0 when none did.
    first: u64,
    delimiter: u8,
    quotes: Quotes,
}

impl Records {
    /// `line` is the number of the first line that is read.
    pub(super) fn new(delimiter: u8, line: u64) -> Self {
        let mut core = ReaderBuilder::new().delimiter(delimiter).build();
        core.set_line(line);
        Self {
            core,
            output: vec![0; 1 << 10],
            written: 0,
            ends: vec![0; 16],
            ended: 0,
            first: 0,
            delimiter,
            quotes: Quotes::default(),
        }
    }

    /// The next record that is no empty line.
    pub(super) fn read(&mut self, text: &mut Text, record: &mut Record) -> Result<Next> {
        loop {
            if text.rest().is_empty() && !text.is_ended() && text.more()? == More::Wait {
                return Ok(Next::Wait);
            }
            if self.first == 0 {
                if self.skip_empty_lines(text) {
                    continue;
                }
                self.first = self.core.line();
            }
            let (result, read, written, ended) = self.core.read_record(
                text.rest(),
                &mut self.output[self.written..],
                &mut self.ends[self.ended..],
            );
            self.quotes.see(&text.rest()[..read], self.delimiter);
            text.consume(read);
            self.written += written;
            self.ended += ended;
            if self.written > LONGEST_ROW || self.ended > LONGEST_ROW {
                return Ok(Next::Endless {
                    first: self.first,
                    last: self.core.line(),
                });
            }
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.output.resize(self.output.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record => {
                    let first = std::mem::take(&mut self.first);
                    self.give(record);
                    let more = count(record.text.as_bytes());
                    let last = first + more;
                    let quotes = self.quotes.end();
                    return Ok(Next::Record {
                        first,
                        last,
                        quotes,
                    });
                }
                ReadRecordResult::End => return Ok(Next::End),
            }
        }
    }

    /// Whether there is nothing behind them yet, and more may come.
    fn skip_empty_lines(&mut self, text: &mut Text) -> bool {
        let rest = text.rest();
        let end = rest.iter().position(|b| !matches!(b, b'\r' | b'\n'));
        let end = end.unwrap_or(rest.len());
        let lines = count(&rest[..end]);
        self.core.set_line(self.core.line() + lines);
        text.consume(end);
        text.rest().is_empty() && !text.is_ended()
    }

    fn give(&mut self, record: &mut Record) {
        let bytes = &self.output[..self.written];
        record.text.clear();
        // The text that is read is UTF-8, and its separators and quotation marks are
        // characters of their own.
        record
            .text
            .push_str(std::str::from_utf8(bytes).unwrap_or_default());
        record.ends.clear();
        if record.text.len() == bytes.len() {
            record.ends.extend_from_slice(&self.ends[..self.ended]);
        }
        self.written = 0;
        self.ended = 0;
    }
}
