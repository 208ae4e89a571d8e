//! What a file is that is no table, by its first bytes.

/// Files that people name `.csv`, each with what to do about it.
const KNOWN: &[(usize, &[u8], &str)] = &[
    (
        0,
        b"PK\x03\x04",
        "a ZIP archive, as a spreadsheet (.xlsx, .ods) is one: save the table as CSV (UTF-8), or unpack it",
    ),
    (
        0,
        b"PK\x05\x06",
        "an empty ZIP archive: save the table as CSV (UTF-8)",
    ),
    (
        0,
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old spreadsheet (.xls), or one with a password: save the table as CSV (UTF-8)",
    ),
    (
        0,
        b"PAR1",
        "a Parquet file: name it .parquet, or say --format parquet",
    ),
    (0, b"ARROW1", "an Arrow file: save it as Parquet or CSV"),
    (0, b"ORC", "an ORC file: save it as Parquet or CSV"),
    (0, b"Obj\x01", "an Avro file: save it as Parquet or CSV"),
    (
        0,
        b"BZh",
        "packed with bzip2: unpack it first, as by: bzcat FILE | xgpush apply - --format csv",
    ),
    (
        0,
        b"\xfd7zXZ\0",
        "packed with xz: unpack it first, as by: xzcat FILE | xgpush apply - --format csv",
    ),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive: unpack it first"),
    (0, b"Rar!", "a RAR archive: unpack it first"),
    (0, b"\x04\x22\x4d\x18", "packed with lz4: unpack it first"),
    (257, b"ustar", "a tar archive: unpack it first"),
    (0, b"%PDF", "a PDF document: export the table itself as CSV"),
    (
        0,
        b"{\\rtf",
        "a text document (RTF): export the table itself as CSV",
    ),
    (
        0,
        b"SQLite format 3\0",
        "an SQLite database: select the rows and hand them to client.bulk, or export them as CSV",
    ),
    (0, b"\xff\xfe\0\0", "UTF-32: save the table as UTF-8"),
    (0, b"\0\0\xfe\xff", "UTF-32: save the table as UTF-8"),
    (
        0,
        b"version https://git-lfs",
        "a Git LFS pointer: fetch the file itself (git lfs pull)",
    ),
];

/// What it is, if it is no text that could be a table.
pub(super) fn no_text(head: &[u8]) -> Option<&'static str> {
    let known = KNOWN
        .iter()
        .find(|(at, magic, _)| head.get(*at..).is_some_and(|b| b.starts_with(magic)));
    if let Some((_, _, what)) = known {
        return Some(what);
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let text = text.trim_ascii_start();
    if text.first() == Some(&b'<') {
        return Some(
            "HTML or XML, as some systems export it under the name of a table, and what a log-in \
             page is: save the table as CSV (UTF-8)",
        );
    }
    None
}

/// UTF-16 that does not say so: every second byte of its names is zero.
pub(super) fn utf_16(head: &[u8]) -> Option<&'static str> {
    let head = &head[..head.len().min(64) & !1];
    let zeros = |from: usize| {
        head.iter()
            .skip(from)
            .step_by(2)
            .filter(|b| **b == 0)
            .count()
    };
    let most = head.len() / 2;
    if most > 0 && zeros(1) * 10 >= most * 9 && zeros(0) == 0 {
        Some(
            "it looks like UTF-16 without a byte order mark: say --encoding utf-16le, or save the table as UTF-8",
        )
    } else if most > 0 && zeros(0) * 10 >= most * 9 && zeros(1) == 0 {
        Some(
            "it looks like UTF-16 without a byte order mark: say --encoding utf-16be, or save the table as UTF-8",
        )
    } else if head.first() == Some(&0) {
        Some("it begins with zero bytes: was it copied or unpacked whole?")
    } else {
        None
    }
}
