//! Regions and base URLs.
//!
//! "Making API requests" (1024/38517, 2024-01-17; mainland 548/49157). Data is
//! isolated between access points: an application exists at one of them only.

use std::fmt;

use http::Uri;

use crate::model::error::{Error, Result};

named! {
    /// A published service address.
    #[non_exhaustive]
    pub enum AccessPoint("access_point", InvalidValue) {
        /// `https://api.tpns.tencent.com`
        Guangzhou => "guangzhou",
        /// `https://api.tpns.sh.tencent.com`
        Shanghai => "shanghai",
        /// `https://api.tpns.hk.tencent.com`
        HongKong => "hongkong",
        /// `https://api.tpns.sgp.tencent.com`
        Singapore => "singapore",
        /// `https://openapi.xg.qq.com`: the legacy XG service, announced to close
        /// on 2020-10-31.
        LegacyXg => "legacy_xg",
    }
}

impl AccessPoint {
    /// The base URL.
    pub fn base_url(self) -> BaseUrl {
        let url = match self {
            Self::Guangzhou => "https://api.tpns.tencent.com",
            Self::Shanghai => "https://api.tpns.sh.tencent.com",
            Self::HongKong => "https://api.tpns.hk.tencent.com",
            Self::Singapore => "https://api.tpns.sgp.tencent.com",
            Self::LegacyXg => "https://openapi.xg.qq.com",
        };
        BaseUrl(url.to_owned())
    }
}

/// Scheme, host, port and an optional path prefix, without the last slash.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// Checks and takes a base URL.
    ///
    /// Plain `http` is for loopback; `allow_http` lets it through anywhere.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) without scheme or
    /// host, with user info, query, fragment or the `/v3` of the API's paths, or with
    /// `http` to another machine.
    pub fn parse(url: &str, allow_http: bool) -> Result<Self> {
        // What stands before an @ may be a password: it is not repeated.
        let shown = url.rsplit_once('@').map_or(url, |(_, host)| host);
        let refuse = |why: &str| {
            Err(Error::option(format!(
                "base_url {} {why}; expected is https://host[:port][/prefix]",
                crate::model::text::shortened(shown)
            )))
        };
        let Some((scheme, _)) = url.split_once("://") else {
            return refuse("has no scheme");
        };
        let https = scheme.eq_ignore_ascii_case("https");
        if !https && !scheme.eq_ignore_ascii_case("http") {
            return refuse("has a scheme that is neither https nor http");
        }
        let Ok(uri) = url.parse::<Uri>() else {
            return refuse("is no URL");
        };
        let authority = uri.authority().map_or("", |a| a.as_str());
        if authority.contains('@') {
            return refuse("contains user info (credentials are options of their own)");
        }
        if uri.query().is_some() || url.contains('#') {
            return refuse("has a query or a fragment");
        }
        let host = uri.host().unwrap_or("");
        if host.is_empty() {
            return refuse("has no host");
        }
        if !has_good_port(&uri) {
            return refuse("has a port that is no number from 1 to 65535");
        }
        if !https && !allow_http && !is_loopback(host) {
            return refuse(
                "is plain http to another machine, and the service is reached over HTTPS \
                 (\"Making API requests\"); set allow_http to send it all the same",
            );
        }
        let url = url.trim_end_matches('/');
        if url.ends_with("/v3") || url.contains("/v3/") {
            return refuse("contains /v3, which is added to it");
        }
        Ok(Self(url.to_owned()))
    }

    /// The URL of an API path, which begins with a slash.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// No port, or a real one: the parser makes nothing of a bad port, and the
/// default one is another server.
pub(crate) fn has_good_port(uri: &Uri) -> bool {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let after_user = authority
        .rsplit_once('@')
        .map_or(authority, |(_, rest)| rest);
    let after_host = after_user.strip_prefix(uri.host().unwrap_or(""));
    match after_host {
        Some("") => true,
        _ => uri.port_u16().is_some_and(|port| port > 0),
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_at_the_end_does_not_double() {
        let base = BaseUrl::parse("https://api.tpns.tencent.com/", false).unwrap();
        assert_eq!(
            base.join("/v3/push/app"),
            "https://api.tpns.tencent.com/v3/push/app"
        );
        let base = BaseUrl::parse("http://127.0.0.1:80/prefix//", false).unwrap();
        assert_eq!(base.join("/v3/x"), "http://127.0.0.1:80/prefix/v3/x");
    }

    #[test]
    fn every_published_address_passes_its_own_check() {
        for point in AccessPoint::ALL {
            let base = point.base_url();
            assert_eq!(BaseUrl::parse(base.as_str(), false).unwrap(), base);
        }
    }

    #[test]
    fn bad_urls_say_why() {
        for (url, why) in [
            ("api.tpns.tencent.com", "no scheme"),
            ("ftp://example.com", "neither https nor http"),
            ("https://", "is no URL"),
            ("https://a b", "is no URL"),
            ("https://u:p@example.com", "user info"),
            ("https://example.com/?a=1", "query"),
            ("https://example.com/#f", "fragment"),
            ("http://example.com", "plain http"),
            ("http://127.0.0.1:99999", "port"),
            ("http://127.0.0.1:abc", "port"),
            ("http://127.0.0.1:", "port"),
            ("http://127.0.0.1:0", "port"),
            ("http://[::1]:0", "port"),
            ("https://api.tpns.tencent.com/v3", "contains /v3"),
            ("https://api.tpns.tencent.com/v3/", "contains /v3"),
            (
                "https://api.tpns.tencent.com/v3/device/account/query",
                "contains /v3",
            ),
        ] {
            let error = BaseUrl::parse(url, false).unwrap_err().to_string();
            assert!(error.contains(why), "{url}: {error}");
        }
        assert!(BaseUrl::parse("http://example.com", true).is_ok());
        assert!(BaseUrl::parse("http://[::1]:8080", false).is_ok());
        assert!(BaseUrl::parse("http://localhost", false).is_ok());
    }
}
