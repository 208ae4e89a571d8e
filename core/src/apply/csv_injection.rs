//! Cells of a report that a spreadsheet takes for text.

use std::borrow::Cow;

/// What a spreadsheet runs as a formula begins with one of these; the wide ones are what
/// an East Asian keyboard writes.
const BEGINNINGS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// The text, with an apostrophe before what would be run.
pub(super) fn escape_formula(text: &str) -> Cow<'_, str> {
    if text.starts_with(BEGINNINGS) {
        format!("'{text}").into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::escape_formula;

    #[test]
    fn what_would_be_run_is_text() {
        for text in [
            "=1+1",
            "+861380000",
            "-2",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "＝1",
            "＋1",
            "－1",
            "＠A",
        ] {
            assert_eq!(escape_formula(text), format!("'{text}"));
        }
        for text in ["", "alice", "a=b", "'=1", "1-2", "小强"] {
            assert_eq!(escape_formula(text), text);
        }
    }
}
