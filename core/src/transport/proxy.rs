//! Which proxy is used: the option, or the environment as curl reads it. What is
//! set and cannot be used is an error, never a direct connection.

use std::net::IpAddr;

use http::Uri;

use crate::model::error::{Error, Result};
use crate::options::Config;

/// A proxy to ask by CONNECT.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Proxy {
    /// Begins with `http://`. It may hold a password.
    pub(crate) url: String,
    /// Where it was set, for messages.
    pub(crate) source: String,
}

/// The proxy for this base URL; `variable` looks into the environment.
pub(crate) fn choose(
    config: &Config,
    base: &Uri,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Proxy>> {
    if !config.settings.proxy.is_empty() {
        return check(&config.settings.proxy, "option proxy").map(Some);
    }
    if !config.settings.proxy_from_env {
        return Ok(None);
    }
    // An empty variable counts as none.
    let set = |name: &&str| variable(name).filter(|value| !value.trim().is_empty());
    let first = |names: &[&'static str]| names.iter().find_map(|name| Some((*name, set(name)?)));
    // HTTP_PROXY in upper case is passed over, as by curl: a CGI program gets there
    // what a stranger wrote into the header "Proxy".
    let names: &[&str] = match base.scheme_str() {
        Some("http") => &["http_proxy", "all_proxy", "ALL_PROXY"],
        _ => &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
    };
    let Some((name, value)) = first(names) else {
        return Ok(None);
    };
    let except = first(&["no_proxy", "NO_PROXY"]);
    if except.is_some_and(|(_, list)| is_excepted(base, &list)) {
        return Ok(None);
    }
    check(value.trim(), &format!("{name} in the environment")).map(Some)
}

/// Checks a proxy. The text may hold a password: it is not repeated.
fn check(text: &str, source: &str) -> Result<Proxy> {
    let refuse = |why: &str| {
        Err(Error::option(format!(
            "{source} {why}; expected is http://[user:password@]host:port"
        )))
    };
    let url = match text.split_once("://") {
        None if source.starts_with("option") => return refuse("does not begin with http://"),
        None => format!("http://{text}"),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => format!("http://{rest}"),
        Some(("", _)) => return refuse("is no proxy URL"),
        Some((scheme, _)) if scheme.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            return refuse(&format!(
                "names a proxy that cannot be used: it speaks {scheme}, and only HTTP proxies that \
                 CONNECT are supported"
            ));
        }
        Some(_) => return refuse("is no proxy URL"),
    };
    let Ok(uri) = url.parse::<Uri>() else {
        return refuse("is no proxy URL");
    };
    if uri.host().is_none_or(str::is_empty) {
        return refuse("has no host");
    }
    if !crate::protocol::access_point::has_good_port(&uri) {
        return refuse("has a port that is no number from 1 to 65535");
    }
    Ok(Proxy {
        url,
        source: source.to_owned(),
    })
}

/// Whether a list such as `NO_PROXY` names the host of this URL: names with all that
/// ends so after a dot, addresses, networks in CIDR notation, `*` for everything;
/// separated by commas or blanks; with a port only that port.
fn is_excepted(base: &Uri, list: &str) -> bool {
    let host = base.host().unwrap_or("").to_ascii_lowercase();
    let host = bare(host.trim_end_matches('.'));
    let port = base.port_u16().or(match base.scheme_str() {
        Some("http") => Some(80),
        _ => Some(443),
    });
    let address = host.parse::<IpAddr>().ok();
    let mut entries = list
        .split(|c: char| c == ',' || c.is_whitespace())
        .filter(|entry| !entry.is_empty());
    entries.any(|entry| {
        if entry == "*" {
            return true;
        }
        let (entry, only) = with_port(entry);
        if only.is_some() && only != port {
            return false;
        }
        let entry = bare(entry);
        match address {
            Some(address) => covers(entry, address),
            None => ends_with_name(host, entry),
        }
    })
}

/// Without the brackets of an IPv6 address.
fn bare(host: &str) -> &str {
    let inner = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    inner.unwrap_or(host)
}

/// An entry and its port. An IPv6 address has one only behind brackets.
fn with_port(entry: &str) -> (&str, Option<u16>) {
    match entry.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (entry, None),
        },
        _ => (entry, None),
    }
}

fn ends_with_name(host: &str, entry: &str) -> bool {
    let entry = entry.strip_prefix('*').unwrap_or(entry);
    let name = entry.trim_matches('.').to_ascii_lowercase();
    match host.strip_suffix(&name) {
        _ if name.is_empty() => false,
        Some(rest) => rest.is_empty() || rest.ends_with('.'),
        None => false,
    }
}

/// Whether an address, or a network such as `10.0.0.0/8`, covers this address.
fn covers(entry: &str, address: IpAddr) -> bool {
    let (network, bits) = match entry.split_once('/') {
        None => (entry, None),
        Some((network, bits)) => match bits.parse::<u32>() {
            Ok(bits) => (bare(network), Some(bits)),
            Err(_) => return false,
        },
    };
    let (network, address, width) = match (network.parse(), address) {
        (Ok(IpAddr::V4(network)), IpAddr::V4(address)) => (
            u128::from(network.to_bits()),
            u128::from(address.to_bits()),
            32,
        ),
        (Ok(IpAddr::V6(network)), IpAddr::V6(address)) => {
            (network.to_bits(), address.to_bits(), 128)
        }
        _ => return false,
    };
    match bits.unwrap_or(width) {
        0 => true,
        bits if bits <= width => (network ^ address) >> (width - bits) == 0,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_env(base: &str, variables: &[(&str, &str)]) -> Result<Option<(String, String)>> {
        let mut config = Config::new();
        config.set("proxy_from_env", "true").unwrap();
        let look = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let chosen = choose(&config, &base.parse().unwrap(), look)?;
        Ok(chosen.map(|proxy| (proxy.url, proxy.source)))
    }

    const TLS: &str = "https://api.tpns.tencent.com";

    #[test]
    fn the_environment_is_read_as_by_curl() {
        const P: &str = "http://p:1";
        const Q: &str = "http://q:2";
        for (base, variables, expected) in [
            (TLS, &[][..], None),
            (TLS, &[("https_proxy", P)], Some((P, "https_proxy"))),
            (TLS, &[("HTTPS_PROXY", P)], Some((P, "HTTPS_PROXY"))),
            (
                TLS,
                &[("HTTPS_PROXY", P), ("https_proxy", Q)],
                Some((Q, "https_proxy")),
            ),
            (
                TLS,
                &[("https_proxy", ""), ("HTTPS_PROXY", P)],
                Some((P, "HTTPS_PROXY")),
            ),
            (TLS, &[("https_proxy", " ")], None),
            (TLS, &[("ALL_PROXY", P)], Some((P, "ALL_PROXY"))),
            // What Clash exports.
            (
                TLS,
                &[
                    ("https_proxy", P),
                    ("http_proxy", P),
                    ("all_proxy", "socks5://p:1"),
                ],
                Some((P, "https_proxy")),
            ),
            (TLS, &[("http_proxy", P), ("HTTP_PROXY", P)], None),
            (
                "http://a.test",
                &[("http_proxy", P)],
                Some((P, "http_proxy")),
            ),
            ("http://a.test", &[("HTTP_PROXY", P)], None),
            (
                "http://a.test",
                &[("https_proxy", P), ("all_proxy", Q)],
                Some((Q, "all_proxy")),
            ),
            (
                "http://127.0.0.1:8",
                &[("http_proxy", P)],
                Some((P, "http_proxy")),
            ),
            (TLS, &[("https_proxy", "p:1")], Some((P, "https_proxy"))),
            (
                TLS,
                &[("https_proxy", P), ("no_proxy", "tencent.com")],
                None,
            ),
            (TLS, &[("all_proxy", "socks5://p"), ("NO_PROXY", "*")], None),
            (
                TLS,
                &[
                    ("https_proxy", P),
                    ("no_proxy", ""),
                    ("NO_PROXY", "other.test"),
                ],
                Some((P, "https_proxy")),
            ),
        ] {
            let expected =
                expected.map(|(url, name)| (url.to_owned(), format!("{name} in the environment")));
            let found = from_env(base, variables).unwrap();
            assert_eq!(found, expected, "{base} {variables:?}");
        }
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_an_error_that_names_the_variable() {
        for (name, value, why) in [
            ("all_proxy", "socks5://127.0.0.1:7891", "socks5"),
            ("ALL_PROXY", "SOCKS5H://user:hunter2@p:1", "SOCKS5H"),
            ("https_proxy", "https://p:443", "https"),
            ("HTTPS_PROXY", "http://", "no proxy URL"),
            ("https_proxy", "http://p:99999", "port"),
            ("https_proxy", "http://p:", "port"),
            ("https_proxy", "hunter2 hunter2", "no proxy URL"),
            ("https_proxy", "://hunter2", "no proxy URL"),
            ("https_proxy", "http://user:hunter2@:80", "no"),
            ("https_proxy", "\u{fffd}hunter2", "no proxy URL"),
        ] {
            let error = from_env(TLS, &[(name, value)]).unwrap_err().to_string();
            assert!(
                error.starts_with(name) && error.contains(why),
                "{value}: {error}"
            );
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn exceptions_are_names_addresses_networks_and_ports() {
        for (host, list, excepted) in [
            ("a.test", "a.test", true),
            ("a.test", "A.TEST", true),
            ("a.test.", "a.test", true),
            ("www.a.test", "a.test", true),
            ("www.a.test", ".a.test", true),
            ("a.test", ".a.test", true),
            ("www.a.test", "*.a.test", true),
            ("nota.test", "a.test", false),
            ("a.test", "www.a.test", false),
            ("a.test", "b.test, a.test", true),
            ("a.test", "b.test a.test", true),
            ("a.test", " , ,a.test\t", true),
            ("a.test", "", false),
            ("a.test", ".", false),
            ("a.test", "*", true),
            ("a.test", "b.test,*", true),
            ("a.test", "a.*", false),
            ("a.test", "a.test:443", true),
            ("a.test", "a.test:8443", false),
            ("a.test:8443", "a.test:8443", true),
            ("a.test:8443", "a.test", true),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "10.1.2.30", false),
            ("10.1.2.3", "2.3", false),
            ("10.1.2.3", "10.0.0.0/8", true),
            ("11.1.2.3", "10.0.0.0/8", false),
            ("10.1.2.3", "10.1.2.3/32", true),
            ("10.1.2.3", "0.0.0.0/0", true),
            ("10.1.2.3", "10.0.0.0/33", false),
            ("10.1.2.3", "10.0.0.0/x", false),
            ("10.1.2.3", "10.1.2.3:443", true),
            ("[fe80::1]", "fe80::1", true),
            ("[fe80::1]", "[fe80::1]", true),
            ("[fe80::1]:8443", "[fe80::1]:8443", true),
            ("[fe80::1]", "[fe80::1]:8443", false),
            ("[fe80::1]", "FE80:0::1", true),
            ("[fe80::1]", "fe80::/10", true),
            ("[2001:db8::1]", "fe80::/10", false),
            ("[2001:db8::1]", "::/0", true),
            ("a.test", "10.0.0.0/8", false),
        ] {
            let base = format!("https://{host}/").parse().unwrap();
            assert_eq!(is_excepted(&base, list), excepted, "{host} in {list:?}");
        }
    }

    #[test]
    fn the_option_comes_first_and_is_checked() {
        let chosen = |proxy: &str| {
            let mut config = Config::new();
            config.set("proxy", proxy).unwrap();
            config.set("proxy_from_env", "true").unwrap();
            choose(&config, &TLS.parse().unwrap(), |name| {
                Some(
                    if name == "no_proxy" {
                        "*"
                    } else {
                        "http://q:2"
                    }
                    .to_owned(),
                )
            })
        };
        assert_eq!(chosen("http://p:1").unwrap().unwrap().url, "http://p:1");
        for proxy in [
            "p:1",
            "socks5://p:1",
            "http://p:0",
            "http://",
            "https://p:1",
        ] {
            let error = chosen(proxy).unwrap_err().to_string();
            assert!(error.starts_with("option proxy "), "{error}");
        }
    }
}
