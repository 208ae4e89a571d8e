//! The protocol of Redis (RESP, version 2): commands as bytes, and replies.

use std::io::{self, BufRead, Read};

/// What the server answers to one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    Nothing,
    Integer(i64),
    /// A text or bytes.
    Bytes(Vec<u8>),
    /// Begins with a word in capitals, such as `WRONGTYPE`.
    Error(String),
    List(Vec<Reply>),
}

impl Reply {
    /// A number, also one that is written as text.
    pub(crate) fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Bytes(_) => self.text()?.parse().ok(),
            _ => None,
        }
    }

    /// [`integer`](Self::integer), if it is not negative.
    pub(crate) fn number(&self) -> Option<u64> {
        u64::try_from(self.integer()?).ok()
    }

    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    pub(crate) fn list(&self) -> Option<&[Reply]> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    pub(crate) fn into_list(self) -> Option<Vec<Reply>> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }
}

/// Adds a command to the bytes to be sent.
pub(crate) fn encode<'a>(bytes: &mut Vec<u8>, parts: impl ExactSizeIterator<Item = &'a [u8]>) {
    header(bytes, b'*', parts.len());
    for part in parts {
        header(bytes, b'$', part.len());
        bytes.extend_from_slice(part);
        bytes.extend_from_slice(b"\r\n");
    }
}

fn header(bytes: &mut Vec<u8>, kind: u8, mut number: usize) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
        if number == 0 {
            break;
        }
    }
    bytes.push(kind);
    bytes.extend_from_slice(&digits[at..]);
    bytes.extend_from_slice(b"\r\n");
}

/// Lists in lists: ours have two or three levels.
const DEEPEST: u32 = 8;

/// No text or list is longer (the limit of Redis, `proto-max-bulk-len`).
const LONGEST: i64 = 512 << 20;

/// Reads one reply.
pub(crate) fn decode(from: &mut impl BufRead) -> io::Result<Reply> {
    decode_at(from, DEEPEST)
}

fn decode_at(from: &mut impl BufRead, levels: u32) -> io::Result<Reply> {
    let line = line(from)?;
    let (kind, rest) = line.split_first().ok_or_else(no_redis)?;
    match kind {
        b'+' => Ok(Reply::Bytes(rest.to_vec())),
        b'-' => Ok(Reply::Error(String::from_utf8_lossy(rest).into_owned())),
        b':' => Ok(Reply::Integer(parsed(rest)?)),
        b'$' => match length(rest)? {
            None => Ok(Reply::Nothing),
            Some(length) => Ok(Reply::Bytes(bytes(from, length)?)),
        },
        b'*' => match length(rest)? {
            None => Ok(Reply::Nothing),
            Some(_) if levels == 0 => Err(no_redis()),
            Some(length) => {
                // What the server says is believed as far as it comes.
                let mut list = Vec::with_capacity(length.min(1024));
                for _ in 0..length {
                    list.push(decode_at(from, levels - 1)?);
                }
                Ok(Reply::List(list))
            }
        },
        _ => Err(no_redis()),
    }
}

/// Up to the end of the line, without it.
fn line(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    from.take(64 << 10).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    match line.strip_suffix(b"\r\n") {
        Some(whole) => {
            line.truncate(whole.len());
            Ok(line)
        }
        None if line.ends_with(b"\n") || line.len() >= 64 << 10 => Err(no_redis()),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn bytes(from: &mut impl BufRead, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(length.min(64 << 10));
    from.take(length as u64).read_to_end(&mut bytes)?;
    let mut end = [0; 2];
    from.read_exact(&mut end)?;
    if bytes.len() == length && end == *b"\r\n" {
        Ok(bytes)
    } else {
        Err(no_redis())
    }
}

/// `None` is the length of nothing, -1.
fn length(text: &[u8]) -> io::Result<Option<usize>> {
    match parsed(text)? {
        -1 => Ok(None),
        length @ 0..=LONGEST => Ok(usize::try_from(length).ok()),
        _ => Err(no_redis()),
    }
}

fn parsed(text: &[u8]) -> io::Result<i64> {
    let text = std::str::from_utf8(text).map_err(|_| no_redis())?;
    text.parse().map_err(|_| no_redis())
}

fn no_redis() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "what answers there does not speak the protocol of Redis",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(mut text: &[u8]) -> io::Result<Reply> {
        let reply = super::decode(&mut text)?;
        assert_eq!(text, b"", "all of it was read");
        Ok(reply)
    }

    #[test]
    fn a_command_is_a_list_of_lengths_and_bytes() {
        let mut bytes = Vec::new();
        encode(&mut bytes, [b"SET".as_slice(), b"k\r\n", b""].into_iter());
        assert_eq!(bytes, b"*3\r\n$3\r\nSET\r\n$3\r\nk\r\n\r\n$0\r\n\r\n");
        bytes.clear();
        encode(&mut bytes, [[7; 12345].as_slice()].into_iter());
        assert!(bytes.starts_with(b"*1\r\n$12345\r\n\x07"));
    }

    #[test]
    fn each_kind_of_reply_is_read() {
        for (text, reply) in [
            (&b"+OK\r\n"[..], Reply::Bytes(b"OK".to_vec())),
            (b"-ERR no\r\n", Reply::Error("ERR no".to_owned())),
            (b":-12\r\n", Reply::Integer(-12)),
            (b"$4\r\na\r\nb\r\n", Reply::Bytes(b"a\r\nb".to_vec())),
            (b"$0\r\n\r\n", Reply::Bytes(Vec::new())),
            (b"$-1\r\n", Reply::Nothing),
            (b"*-1\r\n", Reply::Nothing),
            (
                b"*2\r\n:1\r\n*1\r\n$-1\r\n",
                Reply::List(vec![Reply::Integer(1), Reply::List(vec![Reply::Nothing])]),
            ),
        ] {
            assert_eq!(decode(text).unwrap(), reply);
            // Cut anywhere, it is no reply yet.
            for end in 0..text.len() {
                let error = super::decode(&mut &text[..end]).unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{end}");
            }
        }
    }

    #[test]
    fn what_is_no_redis_is_refused_and_takes_no_memory() {
        for text in [
            &b"HTTP/1.1 400 Bad Request\r\n"[..],
            b"\r\n",
            b"+OK\n",
            b":1x\r\n",
            b"$-2\r\n",
            b"$999999999999\r\n",
            b"$2\r\nabcd",
            b"%1\r\n",
            &b"*1\r\n".repeat(20),
            &b"+".repeat(70_000),
        ] {
            let error = super::decode(&mut &text[..]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{text:?}");
        }
        // A length that nothing follows is not reserved.
        super::decode(&mut &b"*500000000\r\n$500000000\r\n"[..]).unwrap_err();
    }

    #[test]
    fn numbers_come_as_such_and_as_text() {
        assert_eq!(Reply::Bytes(b"12".to_vec()).number(), Some(12));
        assert_eq!(Reply::Integer(-1).integer(), Some(-1));
        assert_eq!(Reply::Integer(-1).number(), None);
        assert_eq!(Reply::Bytes(b"x".to_vec()).integer(), None);
    }
}
