//! The documented return codes that this server gives, and their texts.
//!
//! Inside, a code is that of TPNS ("Server-Side Error Codes"); legacy XG has a table of
//! its own, of which [`of_version`] takes the code with the same meaning.

use std::borrow::Cow;

use crate::config::Version;

pub(crate) const OK: i64 = 0;
pub(crate) const UNPARSABLE: i64 = 1_008_001;
pub(crate) const MISSING: i64 = 1_008_002;
pub(crate) const UNAUTHENTICATED: i64 = 1_008_003;
pub(crate) const BAD_TOKEN: i64 = 1_008_006;
pub(crate) const INVALID: i64 = 1_008_007;
pub(crate) const UPLOAD_FAILED: i64 = 1_008_011;
pub(crate) const UPLOAD_EMPTY: i64 = 1_008_012;
pub(crate) const NO_SUCH_TASK: i64 = 1_008_015;
pub(crate) const BAD_DATE: i64 = 1_008_016;
pub(crate) const SOME_FAILED: i64 = 1_008_026;
pub(crate) const ALL_FAILED: i64 = 1_008_027;
pub(crate) const TOO_FAST: i64 = 1_008_028;
pub(crate) const INVALID_TOKEN: i64 = 1_008_029;
pub(crate) const WRONG_ACCESS_ID: i64 = 1_008_035;
pub(crate) const NO_TARGET: i64 = 10_010_005;
pub(crate) const BAD_TIME: i64 = 10_010_012;
pub(crate) const REPEATED: i64 = 10_010_018;
pub(crate) const NOT_FOUND: i64 = 10_110_008;

/// The element of a token that is refused, in legacy XG.
const BAD_TOKEN_XG: &str = "token_not_exists";

/// Every code of both tables, with its meaning in short.
const TABLE: [(i64, &str); 56] = [
    (1_008_001, "parameter parse error"),
    (1_008_002, "missing required parameter"),
    (1_008_003, "authentication failure"),
    (1_008_004, "failed to call an internal service"),
    (1_008_006, "invalid token"),
    (1_008_007, "invalid parameter"),
    (1_008_011, "file upload failed"),
    (1_008_012, "the uploaded file is empty"),
    (1_008_013, "certificate parse error"),
    (1_008_015, "push task id does not exist"),
    (1_008_016, "date format error"),
    (
        1_008_019,
        "the content did not pass the content security check",
    ),
    (1_008_020, "certificate bundle id check failed"),
    (1_008_021, "p12 certificate invalid"),
    (1_008_022, "p12 certificate password incorrect"),
    (1_008_023, "iOS push certificate expired"),
    (
        1_008_025,
        "failed to create the application, the platform exists already",
    ),
    (1_008_026, "batch operation, part failed"),
    (1_008_027, "batch operation, all failed"),
    (1_008_028, "request too fast"),
    (1_008_029, "token is not valid"),
    (1_008_030, "the application is not paid"),
    (1_008_031, "the resources of the application are destroyed"),
    (1_008_035, "accessId or domain not correct"),
    (1_010_001, "no resources are deployed for the application"),
    (10_010_005, "the push target does not exist"),
    (10_010_012, "illegal push time"),
    (10_010_018, "repeated push"),
    (10_110_008, "the queried token or account does not exist"),
    (10_100, "system busy, try again later"),
    (10_101, "system busy, try again later"),
    (10_102, "missing parameter"),
    (10_103, "illegal parameter value"),
    (10_104, "authentication failed, check the secret key"),
    (10_105, "invalid certificate"),
    (10_106, "this kind of push is for one platform"),
    (10_107, "the message is not JSON"),
    (10_108, "internal error, try again later"),
    (10_110, "the device is not registered"),
    (10_115, "the account is empty"),
    (10_116, "the account does not exist"),
    (10_117, "the message is too large"),
    (10_201, "failed to create the push task, try again later"),
    (10_202, "failed to convert the message for APNs"),
    (10_203, "failed to create the push task, try again later"),
    (10_204, "the push failed, try again later"),
    (10_205, "the push task is expired"),
    (
        10_206,
        "failed to get a copy of the message, try again later",
    ),
    (
        10_207,
        "failed to get a copy of the message, try again later",
    ),
    (
        10_301,
        "the push to the account list failed, try again later",
    ),
    (10_302, "the push to the account list failed in part"),
    (10_303, "the push to the account list failed wholly"),
    (10_304, "the push to the token list failed in part"),
    (10_305, "the push to the token list failed wholly"),
    (10_401, "internal error, try again later"),
    (10_606, "the application is not registered"),
];

/// The meaning of a documented code.
pub(crate) fn text(code: i64) -> Option<&'static str> {
    let row = TABLE.iter().find(|(documented, _)| *documented == code);
    row.map(|(_, text)| *text)
}

/// The code with this meaning in the table of a version.
pub(crate) fn of_version(version: Version, code: i64) -> i64 {
    if version != Version::XgV3 {
        return code;
    }
    match code {
        UNPARSABLE => 10_107,
        MISSING => 10_102,
        UNAUTHENTICATED => 10_104,
        // Requests over the rate: "busy, try again later" is the only one of that kind.
        1_008_004 | TOO_FAST => 10_100,
        BAD_TOKEN | INVALID_TOKEN => 10_110,
        WRONG_ACCESS_ID | 1_008_030 | 1_008_031 | 1_010_001 => 10_606,
        1_008_013 | 1_008_020..=1_008_023 => 10_105,
        NO_TARGET | NOT_FOUND => 10_116,
        REPEATED => 10_203,
        1_008_001..=1_008_999 | 10_000_000.. => 10_103,
        code => code,
    }
}

/// A code as an element of a `result`.
pub(crate) fn element(version: Version, code: i64) -> Cow<'static, str> {
    match (version, code) {
        (Version::XgV3, BAD_TOKEN) => Cow::Borrowed(BAD_TOKEN_XG),
        (_, BAD_TOKEN) => Cow::Borrowed("1008006"),
        (_, NOT_FOUND) if version != Version::XgV3 => Cow::Borrowed("10110008"),
        _ => Cow::Owned(of_version(version, code).to_string()),
    }
}

/// The documented code that a text asks for: what follows the prefix, up to the first
/// character that is no digit.
pub(crate) fn on_demand(prefix: &str, text: &str) -> Option<i64> {
    if prefix.is_empty() {
        return None;
    }
    let rest = text.strip_prefix(prefix)?;
    let digits = rest
        .find(|other: char| !other.is_ascii_digit())
        .unwrap_or(rest.len());
    let code = rest[..digits].parse().ok()?;
    self::text(code).map(|_| code)
}

#[cfg(test)]
mod tests {
    use super::{INVALID, TABLE, of_version, on_demand, text};
    use crate::config::Version;

    #[test]
    fn no_code_of_tpns_is_left_in_xg() {
        for (code, _) in TABLE {
            assert_eq!(of_version(Version::Tpns, code), code);
            let legacy = of_version(Version::XgV3, code);
            assert!((10_100..=10_713).contains(&legacy), "{code}: {legacy}");
            assert!(text(legacy).is_some(), "{legacy}");
        }
        assert_eq!(of_version(Version::XgV3, 0), 0);
    }

    #[test]
    fn texts_ask_for_documented_codes_only() {
        assert_eq!(on_demand("code-", "code-1008029"), Some(1_008_029));
        assert_eq!(on_demand("code-", "code-1008007-b"), Some(INVALID));
        for other in [
            "code-",
            "code-1",
            "code-x",
            "1008007",
            "code-99999999999999999999",
        ] {
            assert_eq!(on_demand("code-", other), None, "{other}");
        }
        assert_eq!(on_demand("", "1008007"), None);
    }
}
