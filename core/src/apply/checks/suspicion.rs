//! What is suspicious about a value: it may be meant, but most often a program has
//! left it.

named! {
    /// What a value looks like.
    #[non_exhaustive]
    pub enum Suspicion("the suspicion", InvalidValue) {
        /// `1.38E+10`
        Shortened => "shortened",
        /// `13800138000.0`
        Decimal => "decimal",
        /// `13,800,138,000`
        Grouped => "grouped",
        /// `123456789012345000`
        Rounded => "rounded",
        /// `NULL`, `nan`, `#N/A`, `\N`, `-`
        Nothing => "nothing",
        /// `="007"`
        Formula => "formula",
        /// `'007`, `'alice'`, `b'alice'`
        Quoted => "quoted",
        /// `1-Mar`
        Date => "date",
        /// `["alice"]`, `[object Object]`
        List => "list",
        /// `alice_x000D_`, `Tom &amp; Jerry`
        Escaped => "escaped",
        /// `å°å¼º`, `Сǿ`, `???`
        Misread => "misread",
        /// A token such as `token1;alice`.
        Separated => "separated",
        /// The token and the account of a row are the same.
        SameValue => "same_value",
        /// An account in more than 100 rows.
        ManyTokens => "many_tokens",
        /// A token in more than 100 rows.
        ManyAccounts => "many_accounts",
    }
}

impl Suspicion {
    /// What it looks like and what to do, as it goes on behind the value.
    pub fn text(self) -> &'static str {
        match self {
            Self::Shortened => {
                "is a number that a spreadsheet has shortened: its digits are lost; make the \
                 column text and export it again"
            }
            Self::Decimal => "is a number with decimals: make the column text and export it again",
            Self::Grouped => {
                "is a number with separators between its thousands: make the column text and \
                 export it again"
            }
            Self::Rounded => {
                "is a number of which spreadsheets keep 15 digits, and its last ones are zeros: \
                 make the column text and export it again"
            }
            Self::Nothing => "is a word for nothing: leave the field empty, or the row out",
            Self::Formula => "is a formula: export the values",
            Self::Quoted => "is in quotation marks, which are part of it as it stands",
            Self::Date => "is a date that a spreadsheet has made of it: make the column text",
            Self::List => "is a list or an object as text: one row names one account",
            Self::Escaped => "has characters that a program has escaped",
            Self::Misread => "was read in the wrong encoding somewhere: see --encoding",
            Self::Separated => "holds a separator: do two fields stand in one?",
            Self::SameValue => "is the token of its row as well",
            Self::ManyTokens => {
                "is in more than 100 rows: the service keeps up to 100 tokens of an account, and \
                 such rows are slow, as they go in a request each, one after the other, to keep \
                 their order"
            }
            Self::ManyAccounts => {
                "is in more than 100 rows: each replaces the one before, and such rows are slow, \
                 as they go in a request each, one after the other, to keep their order"
            }
        }
    }
}

/// What databases, spreadsheets and languages write where nothing is, in lower case.
const NOTHING: &[&str] = &[
    "null",
    "(null)",
    "<null>",
    "[null]",
    "nil",
    "(nil)",
    "<nil>",
    "none",
    "nan",
    "-nan",
    "+nan",
    "nat",
    "<na>",
    "na",
    "n/a",
    "n.a.",
    "\\n",
    "-",
    "--",
    "---",
    "\u{2014}",
    "\u{2013}",
    "undefined",
    "(none)",
    "(empty)",
    "(blank)",
    "(leer)",
    "#n/a",
    "#n/a n/a",
    "#na",
    "#ref!",
    "#name?",
    "#value!",
    "#div/0!",
    "#num!",
    "#null!",
    "#spill!",
    "#calc!",
    "#error!",
    "#getting_data",
    "1.#qnan",
    "-1.#ind",
    "1.#ind",
    "1.#inf",
    "inf",
    "-inf",
    "infinity",
    "-infinity",
    "true",
    "false",
    "dbnull",
    "system.dbnull",
    "无",
    "空",
];

const MONTHS: &[&str] = &[
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// What is suspicious about a value.
pub(super) fn of(value: &str) -> Option<Suspicion> {
    let bytes = value.as_bytes();
    let first = *bytes.first()?;
    if is_nothing(value) {
        return Some(Suspicion::Nothing);
    }
    match first {
        b'=' => return Some(Suspicion::Formula),
        b'0'..=b'9' | b'-' | b'+' | b'.' => {
            if let Some(found) = number(bytes) {
                return Some(found);
            }
        }
        b'[' | b'{' if is_list(bytes) => return Some(Suspicion::List),
        _ => {}
    }
    if is_quoted(value) {
        Some(Suspicion::Quoted)
    } else if is_date(value) {
        Some(Suspicion::Date)
    } else if is_escaped(value) {
        Some(Suspicion::Escaped)
    } else if is_misread(value) {
        Some(Suspicion::Misread)
    } else {
        None
    }
}

fn is_nothing(value: &str) -> bool {
    // Of zeros and dashes alone, as the identifier of a phone that gives none.
    let blank = |b| matches!(b, b'0' | b'-');
    (value.len() >= 8 && value.bytes().all(blank))
        || (value.len() <= 16 && NOTHING.iter().any(|word| word.eq_ignore_ascii_case(value)))
}

fn number(bytes: &[u8]) -> Option<Suspicion> {
    let unsigned = match bytes {
        [b'-', rest @ ..] => rest,
        _ => bytes,
    };
    let digits = |bytes: &[u8]| !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit);
    let split = |bytes: &[u8], at: u8| {
        let place = bytes.iter().position(|b| *b == at)?;
        Some((bytes[..place].to_vec(), bytes[place + 1..].to_vec()))
    };
    if digits(unsigned) {
        let lost = unsigned.len() >= 18 && unsigned[15..].iter().all(|b| *b == b'0');
        return lost.then_some(Suspicion::Rounded);
    }
    let lower = unsigned.to_ascii_lowercase();
    if let Some((mantissa, exponent)) = split(&lower, b'e') {
        let (signed, exponent) = match exponent.as_slice() {
            [b'+' | b'-', rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let point = split(&mantissa, b'.').or_else(|| split(&mantissa, b','));
        let whole = point
            .as_ref()
            .map_or(mantissa.as_slice(), |(whole, _)| whole);
        let fraction = point.as_ref().is_none_or(|(_, part)| digits(part));
        // 12e5 alone may be an identifier.
        if digits(exponent) && digits(whole) && fraction && (signed || point.is_some()) {
            return Some(Suspicion::Shortened);
        }
        return None;
    }
    let (whole, fraction) = split(unsigned, b'.').unwrap_or((unsigned.to_vec(), Vec::new()));
    if digits(&whole) && !fraction.is_empty() && fraction.iter().all(|b| *b == b'0') {
        return Some(Suspicion::Decimal);
    }
    let mut groups = whole.split(|b| *b == b',');
    let head = groups.next().unwrap_or_default();
    let rest: Vec<_> = groups.collect();
    let grouped = (1..=3).contains(&head.len())
        && digits(head)
        && !rest.is_empty()
        && rest.iter().all(|group| group.len() == 3 && digits(group));
    (grouped && (fraction.is_empty() || digits(&fraction))).then_some(Suspicion::Grouped)
}

fn is_list(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        b"[object Object]"
            | b"[]"
            | b"{}"
            | [b'[', b'"' | b'\'' | b'{', .., b']']
            | [b'{', b'"' | b'\'', .., b'}']
    )
}

fn is_quoted(value: &str) -> bool {
    let bare = value.strip_prefix(['b', 'u']).unwrap_or(value);
    let mut chars = bare.chars();
    let Some(first) = chars.next() else {
        return false;
    };
    let last = chars.next_back();
    let pair = match first {
        '\'' => '\'',
        '"' => '"',
        '`' => '`',
        '\u{201c}' => '\u{201d}',
        '\u{2018}' => '\u{2019}',
        _ => return false,
    };
    // A spreadsheet's mark of a text: '007.
    let marked = first == '\'' && bare.len() == value.len() && {
        let rest = &value[1..];
        !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit())
    };
    marked || (last == Some(pair) && chars.next().is_some())
}

/// `1-Mar`, `Mar-01`, `01-Mar-2024`.
fn is_date(value: &str) -> bool {
    if value.len() > 11 || !value.is_ascii() {
        return false;
    }
    let lower = value.to_ascii_lowercase();
    let mut parts = lower.split('-');
    let (Some(a), Some(b)) = (parts.next(), parts.next()) else {
        return false;
    };
    let day =
        |part: &str| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let month = |part: &str| MONTHS.contains(&part);
    let more = parts.next().is_none_or(day);
    more && parts.next().is_none() && ((day(a) && month(b)) || (month(a) && day(b)))
}

fn is_escaped(value: &str) -> bool {
    let entity = |name: &&str| value.contains(*name);
    if ["&amp;", "&nbsp;", "&lt;", "&gt;", "&quot;", "&#39;"]
        .iter()
        .any(entity)
    {
        return true;
    }
    // As spreadsheets keep control characters: _x000D_.
    value.match_indices("_x").any(|(at, _)| {
        let rest = value.as_bytes().get(at + 2..at + 7);
        rest.is_some_and(|r| r[4] == b'_' && r[..4].iter().all(u8::is_ascii_hexdigit))
    })
}

/// Text whose bytes were taken for another encoding.
fn is_misread(value: &str) -> bool {
    if value.is_ascii() {
        return value.len() >= 2 && value.bytes().all(|b| b == b'?');
    }
    is_utf_8_read_as_latin(value) || is_gbk_read_as_utf_8(value)
}

/// `å°å¼º`: each of its characters is a byte, and these are UTF-8.
fn is_utf_8_read_as_latin(value: &str) -> bool {
    let bytes: Option<Vec<u8>> = value
        .chars()
        .map(|c| u8::try_from(u32::from(c)).ok())
        .collect();
    bytes.is_some_and(|bytes| std::str::from_utf8(&bytes).is_ok())
}

/// `Сǿ`: two bytes each, of scripts that nobody mixes, which are common characters of
/// GBK.
fn is_gbk_read_as_utf_8(value: &str) -> bool {
    let mut scripts = [false; 4];
    let mut buffer = [0; 4];
    for c in value.chars().filter(|c| !c.is_ascii()) {
        let &[lead, trail] = c.encode_utf8(&mut buffer).as_bytes() else {
            return false;
        };
        if trail < 0xa1 || !(0xc4..=0xd7).contains(&lead) {
            return false;
        }
        let script = match lead {
            0xc4..=0xcb => 0, // Latin
            0xcc..=0xcf => 1, // Greek
            0xd0..=0xd3 => 2, // Cyrillic
            _ => 3,           // Armenian, Hebrew
        };
        scripts[script] = true;
    }
    scripts.into_iter().filter(|seen| *seen).count() >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_leave_is_seen() {
        use Suspicion::{
            Date, Decimal, Escaped, Formula, Grouped, List, Misread, Nothing, Quoted, Rounded,
            Shortened,
        };
        for (suspicion, values) in [
            (
                Shortened,
                &[
                    "1.38E+10", "1.38e+10", "1E+21", "1,38E+10", "2.5e-7", "-1.0E+5",
                ][..],
            ),
            (Decimal, &["13800138000.0", "7.00", "-3.0"]),
            (Grouped, &["13,800,138,000", "1,000.50"]),
            (Rounded, &["123456789012345000", "1234567890123450000"]),
            (
                Nothing,
                &[
                    "NULL",
                    "null",
                    "None",
                    "nan",
                    "NaN",
                    "N/A",
                    "#N/A",
                    "#REF!",
                    "\\N",
                    "-",
                    "undefined",
                    "NaT",
                    "<NA>",
                    "Nil",
                    "(null)",
                    "TRUE",
                    "无",
                    "00000000",
                    "00000000-0000-0000-0000-000000000000",
                    "—",
                ],
            ),
            (Formula, &["=\"007\"", "=A1", "=HYPERLINK(1)"]),
            (
                Quoted,
                &[
                    "'007",
                    "'alice'",
                    "\"alice\"",
                    "b'alice'",
                    "“alice”",
                    "`alice`",
                ],
            ),
            (Date, &["1-Mar", "Mar-01", "01-Mar-2024", "2-Sep"]),
            (
                List,
                &[
                    "[\"alice\"]",
                    "['alice', 'bob']",
                    "{\"a\": 1}",
                    "[object Object]",
                    "[]",
                ],
            ),
            (Escaped, &["alice_x000D_", "Tom &amp; Jerry"]),
            (
                Misread,
                &["\u{e5}\u{b0}\u{8f}\u{e5}\u{bc}\u{ba}", "ZoÃ«", "Сǿ", "???"],
            ),
        ] {
            for value in values {
                assert_eq!(of(value), Some(suspicion), "{value:?}");
            }
        }
    }

    #[test]
    fn names_and_identifiers_are_not() {
        for value in [
            "alice",
            "007",
            "13800138000",
            "+8613800138000",
            "12e5",
            "123e4567",
            "1e9",
            "deadbeef",
            "nullify",
            "nana",
            "none2",
            "O'Neil",
            "'t Hooft",
            "[VIP]bob",
            "[VIP]",
            "{x}",
            "a-b",
            "-alice-",
            "march-01",
            "1-2-3",
            "1234567890123456",
            "1.2.3.4",
            "10.5",
            "1,2",
            "player_x1",
            "x_x_x",
            "Zoë",
            "Müller",
            "Ñandú",
            "мама",
            "Привет",
            "αβγ",
            "שלום",
            "小强",
            "what?",
            "0000000",
            "user@example.com",
            "b'",
            "\"",
            "''",
            "ob-la-di",
            "0f8fad5b-d9cb-469f-a165-70867728950e",
            "https://example.com/?a=b&c=d",
            "e5",
            "1e",
            "+1",
            "Łódź",
            "ČSSR",
        ] {
            assert_eq!(of(value), None, "{value:?}");
        }
    }
}
