//! A row as an object of JSON.

use std::borrow::Cow;

use serde::Deserialize;

use super::Fields;
use crate::model::error::{Error, ErrorKind, Result};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    #[serde(borrow, default)]
    token: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    account: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    account_type: Option<Number<'a>>,
    #[serde(borrow, default)]
    operation: Option<Cow<'a, str>>,
}

/// As a number, or as the text of one: what comes from a CSV file has only texts.
#[derive(Deserialize)]
#[serde(untagged, expecting = "account_type is a number, or the text of one")]
enum Number<'a> {
    Number(f64),
    Text(#[serde(borrow)] Cow<'a, str>),
}

/// Reads a line, and hands its fields on.
pub(super) fn read(line: &[u8], with: impl FnOnce(&Fields<'_>) -> Result<()>) -> Result<()> {
    // ParsedRow as an object, a list would be taken by position.
    if line.first() != Some(&b'{') {
        let message = "the line is no object of a row: it begins with no {";
        return Err(Error::new(ErrorKind::InvalidJson, message));
    }
    let line = serde_json::from_slice::<Line<'_>>(line).map_err(|e| wrong(line, &e))?;
    let (number, text) = match &line.account_type {
        None => (None, ""),
        Some(Number::Number(number)) => (Some(*number), ""),
        Some(Number::Text(text)) => (None, &**text),
    };
    with(&Fields {
        token: line.token.as_deref().unwrap_or(""),
        account: line.account.as_deref().unwrap_or(""),
        account_type: text,
        number,
        operation: line.operation.as_deref().unwrap_or(""),
    })
}

fn wrong(line: &[u8], error: &serde_json::Error) -> Error {
    let whole = error.to_string();
    // It counts lines, and was given one.
    let what = whole.split(" at line ").next().unwrap_or(&whole);
    let words = String::from_utf8_lossy(line);
    let hint = if error.is_syntax() && ["NaN", "Infinity"].iter().any(|w| words.contains(w)) {
        "; JSON has no NaN: null is a field left out"
    } else if error.is_syntax() && line.ends_with(b"},") {
        "; lines end without a comma"
    } else if error.is_eof() {
        "; an object stands on one line"
    } else {
        ""
    };
    let message = format!(
        "the line is no object of a row: {what} (column {}){hint}",
        error.column()
    );
    Error::new(ErrorKind::InvalidJson, message)
}

/// What is wrong with the whole file, by its first line that is not blank.
pub(super) fn no_lines(first: &str) -> Option<&'static str> {
    if first.starts_with('[') {
        return Some(
            "the file is one JSON array, not an object on each line: jq -c '.[]' makes lines of it",
        );
    }
    if first == "{" {
        return Some(
            "an object goes over several lines, and each is to stand on one: jq -c . makes lines of \
             them",
        );
    }
    if !first.starts_with('{') && super::header::names_columns(first) {
        return Some(
            "the first line is the header of a CSV file: name it .csv, or say --format csv",
        );
    }
    None
}
