//! The service's return codes: meaning, cause, and whether a retry helps.
//!
//! From "Server-Side Error Codes" (1024/33763, 2024-01-17), the mainland page
//! 548/39080 and the notes on the single pages. The documents give meanings
//! only; cause and advice are read from them.

mod pages;
mod table;

pub use pages::{reference, to_json};
pub use table::TABLE;

named! {
    /// The cause of a return code.
    #[non_exhaustive]
    pub enum Fault("the cause", InvalidValue) {
        /// Success.
        None => "none",
        /// The request: a parameter is missing or wrong.
        Request => "request",
        /// One token, account or other target of the request.
        Item => "item",
        /// Key, access id, region or what the console says of the application.
        Configuration => "configuration",
        /// The service.
        Service => "service",
        /// Too many calls.
        Rate => "rate",
    }
}

named! {
    /// Whether the same call may succeed later.
    #[non_exhaustive]
    pub enum Retry("the retry", InvalidValue) {
        /// No.
        Never => "never",
        /// After a short, growing pause.
        Backoff => "backoff",
        /// After a longer, growing pause: the caller is too fast.
        Throttle => "throttle",
        /// The code speaks of the batch; the codes of its elements decide.
        PerElement => "per_element",
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Code {
    /// The number.
    pub code: i64,
    /// What it means.
    pub meaning: &'static str,
    /// What it means, in Chinese.
    pub meaning_zh: &'static str,
    /// The cause.
    pub fault: Fault,
    /// Whether a retry is worth it.
    pub retry: Retry,
    /// What to do; empty for success.
    pub advice: &'static str,
    /// What to do, in Chinese.
    pub advice_zh: &'static str,
}

/// Success, of a call or of an element.
pub const SUCCESS: i64 = 0;
/// Authentication failure.
pub const AUTHENTICATION: i64 = 1_008_003;
/// A batch of which a part failed.
pub const PART_FAILED: i64 = 1_008_026;
/// A batch of which every element failed.
pub const ALL_FAILED: i64 = 1_008_027;
/// Access id or domain not correct.
pub const ACCESS_ID_OR_DOMAIN: i64 = 1_008_035;
/// An equal push was taken within the hour.
pub const REPEATED_PUSH: i64 = 10_010_018;
/// The token or account asked for does not exist.
pub const DOES_NOT_EXIST: i64 = 10_110_008;

/// What the four causes of a refused key look like from outside.
pub(crate) const AUTHENTICATION_ADVICE: &str = "check that the secret key belongs to the access \
    id, that the access point is the application's region, that this machine's clock is right, \
    and that the application's IP allowlist has this address";

/// The row of a code, where the documents have it.
pub fn lookup(code: i64) -> Option<&'static Code> {
    TABLE
        .binary_search_by_key(&code, |row| row.code)
        .ok()
        .map(|at| &TABLE[at])
}

/// Whether a retry is worth it; an undocumented code is not retried.
pub(crate) fn retry(code: i64) -> Retry {
    lookup(code).map_or(Retry::Never, |row| row.retry)
}

/// A sentence for people: the number, what it means and what to do.
pub(crate) fn describe(code: i64) -> String {
    match lookup(code) {
        None => format!("{code}: not in the documented table"),
        Some(row) if row.advice.is_empty() => format!("{code}: {}", row.meaning),
        Some(row) => format!("{code}: {}; {}", row.meaning, row.advice),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_lookup_finds_every_row() {
        for row in TABLE {
            assert_eq!(lookup(row.code), Some(row));
        }
        assert_eq!(lookup(42), None);
    }

    #[test]
    fn every_code_has_conformance_cases() {
        let cases = include_str!("../../../conformance/codes.json");
        for row in TABLE {
            let name = format!("\"code-{}-whole\"", row.code);
            assert!(
                cases.contains(&name),
                "conformance/codes.json lacks the case {name}: what an answer with this code means"
            );
        }
    }

    #[test]
    fn every_row_is_told_in_both_languages() {
        let chinese = |text: &str| text.chars().any(|c| ('\u{4E00}'..='\u{9FFF}').contains(&c));
        for row in TABLE {
            assert!(row.meaning.is_ascii() && !row.meaning.is_empty(), "{row:?}");
            assert!(row.advice.is_ascii(), "{row:?}");
            assert!(chinese(row.meaning_zh), "{row:?}");
            assert_eq!(row.advice.is_empty(), row.code == SUCCESS, "{row:?}");
            assert_eq!(chinese(row.advice_zh), row.code != SUCCESS, "{row:?}");
            for text in [row.meaning, row.meaning_zh, row.advice, row.advice_zh] {
                assert!(!text.contains(['|', '\n']), "breaks the page: {row:?}");
            }
        }
    }

    #[test]
    fn only_what_may_pass_later_is_retried() {
        let worth: Vec<i64> = TABLE
            .iter()
            .filter(|row| matches!(row.retry, Retry::Backoff | Retry::Throttle))
            .map(|row| row.code)
            .collect();
        assert_eq!(worth, [1_008_004, 1_008_028]);
    }

    #[test]
    fn a_refused_key_names_its_four_causes() {
        for code in [AUTHENTICATION, ACCESS_ID_OR_DOMAIN] {
            let text = describe(code);
            for cause in ["secret key", "region", "clock", "IP allowlist"] {
                assert!(text.contains(cause), "{text}");
            }
        }
    }
}
