//! The service's return codes: meaning, whose mistake, worth a retry?
//!
//! From "Server-Side Error Codes" (1024/33763, 2024-01-17), the mainland page
//! 548/39080 and the notes on the single pages. The documents give meanings
//! only; the last two columns are read from them.

/// Whose mistake a code speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Nobody's: success.
    None,
    /// The request: a parameter is missing or wrong.
    Request,
    /// One token, account or other target of the request.
    Item,
    /// Key, access id, region or what the console says of the application.
    Configuration,
    /// The service.
    Service,
    /// Too many calls.
    Rate,
}

impl Fault {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Request => "request",
            Self::Item => "item",
            Self::Configuration => "configuration",
            Self::Service => "service",
            Self::Rate => "rate",
        }
    }
}

/// Whether the same call may succeed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retry {
    /// No.
    Never,
    /// After a short, growing pause.
    Backoff,
    /// After a longer, growing pause: the caller is too fast.
    Throttle,
    /// The code speaks of the batch; the codes of its elements decide.
    PerElement,
}

impl Retry {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Backoff => "backoff",
            Self::Throttle => "throttle",
            Self::PerElement => "per_element",
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The number.
    pub code: i64,
    /// What it means, in English.
    pub meaning: &'static str,
    /// Whose mistake it is.
    pub fault: Fault,
    /// Whether a retry is worth it.
    pub retry: Retry,
    /// What to do, where there is more to say than the meaning does.
    pub advice: &'static str,
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
/// The token or account asked for does not exist.
pub const DOES_NOT_EXIST: i64 = 10_110_008;

/// What the four causes of a refused key look like from outside.
pub(crate) const AUTHENTICATION_ADVICE: &str = "check that the secret key belongs to the access \
    id, that the access point is the application's region, that this machine's clock is right, \
    and that the application's IP allowlist has this address";

const fn row(
    code: i64,
    meaning: &'static str,
    fault: Fault,
    retry: Retry,
    advice: &'static str,
) -> Code {
    Code {
        code,
        meaning,
        fault,
        retry,
        advice,
    }
}

/// The whole table, by number.
pub const TABLE: &[Code] = &[
    row(0, "success", Fault::None, Retry::Never, ""),
    row(
        1_008_001,
        "the parameters could not be parsed",
        Fault::Request,
        Retry::Never,
        "",
    ),
    row(
        1_008_002,
        "a required parameter is missing",
        Fault::Request,
        Retry::Never,
        "",
    ),
    row(
        1_008_003,
        "authentication failed",
        Fault::Configuration,
        Retry::Never,
        AUTHENTICATION_ADVICE,
    ),
    row(
        1_008_004,
        "an internal service could not be called",
        Fault::Service,
        Retry::Backoff,
        "",
    ),
    row(
        1_008_006,
        "the token is invalid",
        Fault::Item,
        Retry::Never,
        "drop the token",
    ),
    row(
        1_008_007,
        "a parameter is invalid",
        Fault::Request,
        Retry::Never,
        "",
    ),
    row(
        1_008_011,
        "the upload failed",
        Fault::Service,
        Retry::Never,
        "",
    ),
    row(
        1_008_012,
        "the uploaded file is empty",
        Fault::Request,
        Retry::Never,
        "",
    ),
    row(
        1_008_013,
        "the certificate could not be parsed",
        Fault::Configuration,
        Retry::Never,
        "",
    ),
    row(
        1_008_015,
        "the push task id does not exist",
        Fault::Item,
        Retry::Never,
        "",
    ),
    row(
        1_008_016,
        "the date format is wrong",
        Fault::Request,
        Retry::Never,
        "",
    ),
    row(
        1_008_019,
        "the content was refused by the content security check",
        Fault::Request,
        Retry::Never,
        "",
    ),
    row(
        1_008_020,
        "the bundle id of the certificate was refused",
        Fault::Configuration,
        Retry::Never,
        "",
    ),
    row(
        1_008_021,
        "the p12 certificate is invalid",
        Fault::Configuration,
        Retry::Never,
        "",
    ),
    row(
        1_008_022,
        "the password of the p12 certificate is wrong",
        Fault::Configuration,
        Retry::Never,
        "",
    ),
    row(
        1_008_023,
        "the iOS push certificate has expired",
        Fault::Configuration,
        Retry::Never,
        "",
    ),
    row(
        1_008_025,
        "the application could not be created: the platform exists already",
        Fault::Configuration,
        Retry::Never,
        "",
    ),
    row(
        1_008_026,
        "a part of the batch failed",
        Fault::Item,
        Retry::PerElement,
        "look at the code of each item",
    ),
    row(
        1_008_027,
        "the whole batch failed",
        Fault::Item,
        Retry::PerElement,
        "look at the code of each item",
    ),
    row(
        1_008_028,
        "requests come too fast",
        Fault::Rate,
        Retry::Throttle,
        "set requests_per_second",
    ),
    row(
        1_008_029,
        "the token is not valid",
        Fault::Item,
        Retry::Never,
        "drop the token",
    ),
    row(
        1_008_030,
        "the application is not paid for",
        Fault::Configuration,
        Retry::Never,
        "",
    ),
    row(
        1_008_031,
        "the application's resources were destroyed",
        Fault::Configuration,
        Retry::Never,
        "",
    ),
    row(
        1_008_035,
        "the access id or the domain is not correct",
        Fault::Configuration,
        Retry::Never,
        AUTHENTICATION_ADVICE,
    ),
    row(
        1_010_001,
        "no resources are deployed: the application was not purchased",
        Fault::Configuration,
        Retry::Never,
        "",
    ),
    row(
        10_010_005,
        "the push target does not exist",
        Fault::Item,
        Retry::Never,
        "",
    ),
    row(
        10_010_012,
        "the push time is illegal",
        Fault::Request,
        Retry::Never,
        "",
    ),
    row(
        10_010_018,
        "the push is a repetition",
        Fault::Request,
        Retry::Never,
        "",
    ),
    row(
        10_030_002,
        "access id and access key do not match",
        Fault::Configuration,
        Retry::Never,
        "the REST API takes the secret key, not the access key",
    ),
    row(
        10_030_009,
        "the application does not exist at this access point",
        Fault::Configuration,
        Retry::Never,
        AUTHENTICATION_ADVICE,
    ),
    row(
        10_110_008,
        "the token or account does not exist",
        Fault::Item,
        Retry::Never,
        "",
    ),
];

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

/// Whether a code says that the caller could not be authenticated.
pub(crate) fn is_authentication(code: i64) -> bool {
    matches!(code, AUTHENTICATION | ACCESS_ID_OR_DOMAIN)
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
        assert_eq!(TABLE.len(), 32);
        assert_eq!(lookup(42), None);
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
