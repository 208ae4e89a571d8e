//! The first line of a comma-separated table: its separator and its columns.

use super::NAMES;
use super::records::Record;
use crate::model::text::shortened;

const EXPECTED: &str = "a header names the columns token, account, account_type and operation";

/// What stands between the fields, by the first line: a comma, or whatever makes
/// known names of it.
pub(super) fn delimiter(line: &str) -> u8 {
    let makes_names = |delimiter: &&u8| {
        let mut names = line.split(char::from(**delimiter)).map(bare);
        let known = |name: &str| NAMES.contains(&name);
        names.clone().all(|name| name.is_empty() || known(name)) && names.any(known)
    };
    *b",;\t|".iter().find(makes_names).unwrap_or(&b',')
}

/// The separator of a line such as `sep=;`, which spreadsheets write above the header.
pub(super) fn announced(line: &str) -> Option<u8> {
    match bare(line).strip_prefix("sep=")?.as_bytes() {
        [delimiter] => Some(*delimiter),
        _ => None,
    }
}

fn bare(name: &str) -> &str {
    name.trim_matches(['"', '\r', '\n'])
}

/// Where the known columns stand. An unknown one may be a known one misspelled,
/// and leaving it out would change what the rows say. One without a name is as if
/// it were not there, as long as nothing is in it.
pub(super) fn columns(header: &Record) -> Result<[Option<usize>; 4], String> {
    let mut columns = [None; 4];
    let is_known = |name: &str| NAMES.contains(&name);
    for (at, name) in header.fields().enumerate() {
        if name.is_empty() {
            continue;
        }
        let Some(known) = NAMES.iter().position(|known| *known == name) else {
            return Err(unknown(name, header.fields().any(is_known), header));
        };
        if columns[known].replace(at).is_some() {
            return Err(format!("the column {name} is there twice"));
        }
    }
    if columns[0].is_none() && columns[1].is_none() {
        return Err(format!("there is neither token nor account; {EXPECTED}"));
    }
    Ok(columns)
}

fn unknown(name: &str, others_known: bool, header: &Record) -> String {
    let trimmed = name.trim();
    // Blanks here tell of blanks in the rows, where they would silently be part of
    // the accounts.
    if trimmed != name && NAMES.contains(&trimmed) {
        return format!(
            "the column {} has a blank beside its name: take the blanks beside the separators out \
             of the whole table, where they are part of the values",
            shortened(name)
        );
    }
    let shown = shortened(name);
    let lower = trimmed.to_lowercase().replace([' ', '-'], "_");
    if let Some(meant) = NAMES.iter().find(|known| **known == lower) {
        return format!("the column {shown} is unknown: write it {meant}");
    }
    if others_known {
        return format!("the column {shown} is unknown; {EXPECTED}");
    }
    if name.starts_with(['{', '[']) {
        return "the first line is JSON: name the file .jsonl, or say --format jsonl, for an object \
                on each line"
            .to_owned();
    }
    let looks = match header.fields().count() {
        1 => "one field",
        _ => "fields",
    };
    format!(
        "the column {shown} is unknown: the first line has {looks} of which none is the name of a \
         column; is the header missing? {EXPECTED}"
    )
}

/// Whether a line could be a header.
pub(super) fn names_columns(line: &str) -> bool {
    let delimiter = char::from(delimiter(line));
    line.split(delimiter)
        .map(bare)
        .any(|name| NAMES.contains(&name))
}
