//! Whether the quotation marks of a record stand where they may.

/// Where in a record the bytes that were seen end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    FieldBegins,
    Plain,
    Quoted,
    /// Behind a mark that ends the field, or is the first of two.
    Closed,
}

/// Reads along with the parser, which takes what stands behind a closing mark for a part
/// of the field, and the end of the file for a mark.
#[derive(Debug, Default)]
pub(super) struct Quotes {
    place: Place,
    wrong: bool,
}

impl Quotes {
    /// The next bytes of the record.
    pub(super) fn see(&mut self, bytes: &[u8], delimiter: u8) {
        if !matches!(self.place, Place::Quoted | Place::Closed) && !bytes.contains(&b'"') {
            let last = bytes.last().copied();
            self.place = match last {
                None => self.place,
                Some(byte) if byte == delimiter => Place::FieldBegins,
                Some(_) => Place::Plain,
            };
            return;
        }
        for byte in bytes {
            let ends = *byte == delimiter || matches!(byte, b'\r' | b'\n');
            self.place = match (self.place, byte) {
                (Place::Quoted, b'"') => Place::Closed,
                (Place::Closed | Place::FieldBegins, b'"') | (Place::Quoted, _) => Place::Quoted,
                (_, _) if ends => Place::FieldBegins,
                (Place::Closed, _) => {
                    self.wrong = true;
                    Place::Plain
                }
                _ => Place::Plain,
            };
        }
    }

    /// What is wrong with the record that ended here, and begins the next one.
    pub(super) fn end(&mut self) -> Option<Wrong> {
        let seen = std::mem::take(self);
        if seen.place == Place::Quoted {
            Some(Wrong::Open)
        } else {
            seen.wrong.then_some(Wrong::Behind)
        }
    }
}

/// What is wrong with quotation marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    /// The text ends before the field does.
    Open,
    /// Something stands between a closing mark and the separator.
    Behind,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(record: &str) -> Option<Wrong> {
        let whole = {
            let mut quotes = Quotes::default();
            quotes.see(record.as_bytes(), b',');
            quotes.end()
        };
        // In pieces it is the same.
        let mut quotes = Quotes::default();
        for byte in record.as_bytes() {
            quotes.see(&[*byte], b',');
        }
        assert_eq!(quotes.end(), whole, "{record}");
        whole
    }

    #[test]
    fn marks_stand_around_whole_fields() {
        for record in [
            "a,b\n",
            "\"a\",b\n",
            "\"a\"\"b\",\"c\"\r",
            "\"\",\"a,\nb\"",
            "a\"b\",c",
            "5\" nail\n",
            "\"\"\"a\"\"\"",
        ] {
            assert_eq!(of(record), None, "{record}");
        }
        for record in [
            "\"a\"b,c\n",
            "t,\"fo\"\"o\"x\n",
            "\"a\" ,b\n",
            "t,\"O\\\"Neil\"\n",
        ] {
            assert_eq!(of(record), Some(Wrong::Behind), "{record}");
        }
        for record in ["a,\"b", "\"a\"\"", "\"a,b\n"] {
            assert_eq!(of(record), Some(Wrong::Open), "{record}");
        }
    }
}
