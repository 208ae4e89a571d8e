//! What one operation is in Redis: few bytes, and none that the stream keeps already.
//!
//! The field is the sender's name, which a stream keeps once for a row of entries. The value:
//!
//! ```text
//! head       1 byte: 0x40, +1 maybe sent, +2 reports to a group, +4 to nobody
//! number     7 bits a byte, lowest first
//! tag        the same
//! submitted  the same, in milliseconds
//! group      its length as above, and its bytes; only with +2
//! body       the rest
//! ```

use super::resp::Reply;
use crate::fleet::engine::{Loaded, NewOperation, Position, ReportsTo, SenderId};

/// No entry is taken for a number by the stream: those it keeps in another form.
const HEAD: u8 = 0x40;
const MAYBE_SENT: u8 = 1;
const GROUP: u8 = 2;
const NOBODY: u8 = 4;

/// The value of an entry, added to `bytes`.
pub(super) fn encode(bytes: &mut Vec<u8>, operation: &NewOperation<'_>, reports_to: &ReportsTo) {
    let mut head = HEAD | (u8::from(operation.maybe_sent) * MAYBE_SENT);
    match reports_to {
        ReportsTo::Sender => {}
        ReportsTo::Group(_) => head |= GROUP,
        ReportsTo::Nobody => head |= NOBODY,
    }
    bytes.push(head);
    put(bytes, operation.number);
    put(bytes, operation.tag);
    put(bytes, operation.submitted_ms);
    if let ReportsTo::Group(group) = reports_to {
        put(bytes, group.len() as u64);
        bytes.extend_from_slice(group.as_bytes());
    }
    bytes.extend_from_slice(operation.body);
}

/// An entry of the stream, as `XRANGE` answers it. `None`: it is none of ours.
pub(super) fn decode(entry: &Reply) -> Option<Loaded> {
    let [id, fields] = entry.list()? else {
        return None;
    };
    let [sender, value] = fields.list()? else {
        return None;
    };
    let position = position(id)?;
    let (head, mut rest) = value.bytes()?.split_first()?;
    if head & !(MAYBE_SENT | GROUP | NOBODY) != HEAD {
        return None;
    }
    let number = take(&mut rest)?;
    let tag = take(&mut rest)?;
    let submitted_ms = take(&mut rest)?;
    let reports_to = match head & (GROUP | NOBODY) {
        0 => ReportsTo::Sender,
        NOBODY => ReportsTo::Nobody,
        GROUP => {
            let length = usize::try_from(take(&mut rest)?).ok()?;
            let (group, body) = rest.split_at_checked(length)?;
            rest = body;
            ReportsTo::Group(std::str::from_utf8(group).ok()?.into())
        }
        _ => return None,
    };
    Some(Loaded {
        position,
        sender: SenderId(sender.text()?.into()),
        number,
        tag,
        submitted_ms,
        reports_to,
        maybe_sent: head & MAYBE_SENT != 0,
        body: rest.into(),
    })
}

/// `1764436800000-3`
pub(super) fn position(id: &Reply) -> Option<Position> {
    let (major, minor) = id.text()?.split_once('-')?;
    Some(Position {
        major: major.parse().ok()?,
        minor: minor.parse().ok()?,
    })
}

pub(super) fn id(position: Position) -> String {
    format!("{}-{}", position.major, position.minor)
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_comes_back_as_it_was() {
        for reports_to in [
            ReportsTo::Sender,
            ReportsTo::Group("workers €".into()),
            ReportsTo::Group("".into()),
            ReportsTo::Nobody,
        ] {
            for (number, tag, maybe_sent, body) in [
                (1, 0, false, &b""[..]),
                (127, 128, true, b"12345"),
                (u64::MAX, u64::MAX, false, b"\0\xff\r\n"),
            ] {
                let new = NewOperation {
                    number,
                    tag,
                    submitted_ms: 1_764_436_800_123,
                    maybe_sent,
                    body,
                };
                let mut value = Vec::new();
                encode(&mut value, &new, &reports_to);
                let entry = |value: &[u8]| {
                    let text = |text: &[u8]| Reply::Bytes(text.to_vec());
                    let fields = Reply::List(vec![text(b"gate.7f"), text(value)]);
                    Reply::List(vec![text(b"1764436800000-3"), fields])
                };
                let loaded = decode(&entry(&value)).unwrap();
                assert_eq!(&*loaded.sender.0, "gate.7f");
                assert_eq!(
                    (loaded.position.major, loaded.position.minor),
                    (1_764_436_800_000, 3)
                );
                assert_eq!((loaded.number, loaded.tag), (number, tag));
                assert_eq!(loaded.submitted_ms, new.submitted_ms);
                assert_eq!(loaded.maybe_sent, maybe_sent);
                assert_eq!(loaded.reports_to, reports_to);
                assert_eq!(&*loaded.body, body);
                // Cut before the body begins, it is none.
                for end in 0..value.len() - body.len() {
                    assert_eq!(decode(&entry(&value[..end])), None);
                }
            }
        }
        for strange in [&b"x"[..], b"\x46\x01\x01\x01", b"\xff", &[0xff; 30]] {
            let fields = Reply::List(vec![
                Reply::Bytes(b"s".to_vec()),
                Reply::Bytes(strange.to_vec()),
            ]);
            let entry = Reply::List(vec![Reply::Bytes(b"1-1".to_vec()), fields]);
            assert_eq!(decode(&entry), None);
        }
    }
}
