//! Texts for error messages, and what no identifier may contain.

use crate::model::error::{Error, Result};

/// A quoted text of bounded length, for error messages.
pub(crate) fn shortened(text: &str) -> String {
    const MOST: usize = 40;
    match text.char_indices().nth(MOST) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}…", &text[..end]),
    }
}

/// A token or an account goes into a JSON string, where anything can be
/// escaped; but a line end left over from a file, or a NUL from a C buffer,
/// would silently make another identifier.
pub(crate) fn no_control_characters(what: &str, text: &str) -> Result<()> {
    // Without an early end the compiler looks at sixteen bytes at once.
    let plain = |plain, byte| plain & (b' '..0x7f).contains(&byte);
    if text.bytes().fold(true, plain) {
        return Ok(());
    }
    match text.char_indices().find(|(_, c)| c.is_control()) {
        None => Ok(()),
        Some((at, c)) => Err(Error::value(format!(
            "the {what} {} contains the control character U+{:04X} at byte {at}; identifiers \
             have none (a rule of xgpush)",
            shortened(text),
            u32::from(c)
        ))),
    }
}
