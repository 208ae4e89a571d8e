//! Values that are refused.

use crate::model::error::{Error, Result};
use crate::model::text::shortened;

/// Refuses a header in place of a row: tables are joined, and each has one.
pub(super) fn no_header(token: &str, account: &str) -> Result<()> {
    let is = |value: &str, name: &str| value.trim_start_matches('\u{feff}') == name;
    let header = match (token, account) {
        (token, "") => is(token, "token"),
        ("", account) => is(account, "account"),
        _ => is(token, "token") && is(account, "account"),
    };
    if header {
        return Err(Error::value(
            "the row is the header again: were two tables joined? (verbatim takes it as a row)",
        ));
    }
    Ok(())
}

/// Refuses a value with characters that nobody sees, or that nobody wrote.
pub(super) fn check(field: &str, value: &str) -> Result<()> {
    // Most values are plain.
    let plain = |byte: u8| (b'!'..0x7f).contains(&byte);
    let bytes = value.as_bytes();
    let ends_plain = |byte: Option<&u8>| byte.is_none_or(|byte| plain(*byte));
    if value.is_ascii() && ends_plain(bytes.first()) && ends_plain(bytes.last()) {
        return Ok(());
    }
    if value.chars().next().is_some_and(char::is_whitespace) {
        return Err(wrong(field, value, "begins with a blank"));
    }
    if value.chars().next_back().is_some_and(char::is_whitespace) {
        return Err(wrong(field, value, "ends with a blank"));
    }
    let mut before = None;
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        if let Some(what) = unseen(before, c, chars.peek().copied()) {
            let text = format!("contains U+{:04X}, {what}", u32::from(c));
            return Err(wrong(field, value, &text));
        }
        before = Some(c);
    }
    Ok(())
}

fn wrong(field: &str, value: &str, text: &str) -> Error {
    let shown = shortened(value);
    Error::value(format!(
        "the {field} {shown} {text}: it would be another {field} than the one without \
         (verbatim takes it as it stands)"
    ))
}

/// What is wrong with a character between its neighbours.
fn unseen(before: Option<char>, c: char, behind: Option<char>) -> Option<&'static str> {
    let letter = |c: Option<char>| c.is_some_and(|c| !c.is_ascii());
    match c {
        // Emoji and some scripts are written with them, between two characters of theirs.
        '\u{200c}' | '\u{200d}' if letter(before) && letter(behind) => None,
        // The flags of England, Scotland and Wales.
        '\u{e0020}'..='\u{e007f}' if letter(before) => None,
        '\u{feff}' => Some("a byte order mark"),
        '\u{fffd}' => Some("which stands where a character could not be read"),
        '\u{2028}' | '\u{2029}' => Some("a line end"),
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => Some("a character that nobody sees"),
        c if (u32::from(c) & 0xfffe) == 0xfffe => Some("which is no character"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_refused() {
        for value in [
            " alice",
            "alice ",
            "alice\t",
            "\u{a0}alice",
            "alice\u{3000}",
            "alice\u{2009}",
            "\u{feff}alice",
            "ali\u{200b}ce",
            "alice\u{200d}",
            "小强\u{200e}",
            "ali\u{ad}ce",
            "\u{202e}ecila",
            "ali\u{fffd}ce",
            "alice\u{2028}",
            "小\u{2060}强",
            "\u{3164}",
        ] {
            let error = check("account", value).unwrap_err().to_string();
            assert!(error.contains("the account"), "{value:?}: {error}");
        }
    }

    #[test]
    fn names_of_the_world_are_taken() {
        for value in [
            "",
            "alice",
            "player one",
            "小强 甲",
            "王　五",
            "👨\u{200d}👩\u{200d}👧",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "☠\u{fe0f}",
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
            "Zoë",
            "O'Neil",
            "+8613800138000",
            "@name",
            "мама",
        ] {
            check("account", value).unwrap();
        }
    }

    #[test]
    fn a_header_is_no_row() {
        for (token, account) in [
            ("token", "account"),
            ("token", ""),
            ("", "account"),
            ("\u{feff}token", "account"),
            ("token", "\u{feff}account"),
        ] {
            assert!(no_header(token, account).is_err(), "{token} {account}");
        }
        for (token, account) in [("token", "alice"), ("token1", "account"), ("", "")] {
            no_header(token, account).unwrap();
        }
    }
}
