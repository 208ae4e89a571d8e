//! The documented return codes that this server gives (protocol: server-side error codes).

pub(crate) const OK: i64 = 0;
pub(crate) const UNPARSABLE: i64 = 1_008_001;
pub(crate) const MISSING: i64 = 1_008_002;
pub(crate) const UNAUTHENTICATED: i64 = 1_008_003;
pub(crate) const INVALID: i64 = 1_008_007;
pub(crate) const SOME_FAILED: i64 = 1_008_026;
pub(crate) const ALL_FAILED: i64 = 1_008_027;
pub(crate) const TOO_FAST: i64 = 1_008_028;
pub(crate) const WRONG_ACCESS_ID: i64 = 1_008_035;

/// Element: the token is invalid.
pub(crate) const BAD_TOKEN: &str = "1008006";
/// Element: the token is invalid, in legacy XG.
pub(crate) const BAD_TOKEN_XG: &str = "token_not_exists";
/// Element: the parameter is invalid.
pub(crate) const BAD_ELEMENT: &str = "1008007";
/// Element: the queried token or account does not exist.
pub(crate) const NOT_FOUND: &str = "10110008";
