//! [`RedisUrl`]: where Redis is, and who one is there.

use std::fmt;
use std::net::IpAddr;

use zeroize::Zeroizing;

/// Where Redis is: the text of `outbox_url` or `quota_url`, checked. Shown without its
/// password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RedisUrl {
    pub(crate) place: Place,
    pub(crate) login: Login,
    pub(crate) database: u32,
}

/// The way to the server that takes writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Tcp {
        server: Address,
        tls: bool,
    },
    Unix(String),
    /// Sentinels are asked who the master of this name is.
    Sentinel {
        sentinels: Vec<Address>,
        master: String,
        tls: bool,
    },
}

/// Host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// An IPv6 address has no brackets here.
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// User and passwords, as they are given to the server.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Login {
    /// Empty: the user `default`, by `AUTH password` as servers before 6.0 know it.
    pub(crate) user: String,
    pub(crate) password: Zeroizing<String>,
    /// For the Sentinels, which have a password of their own or none.
    pub(crate) sentinel_user: String,
    pub(crate) sentinel_password: Zeroizing<String>,
}

const EXPECTED: &str = "expected is redis://[[user]:password@]host[:port][/database], rediss:// \
                        for TLS, redis+sentinel://host,host/master, or unix:/path";

const PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;

impl RedisUrl {
    /// Reads a URL.
    ///
    /// ```text
    /// redis://[[user]:password@]host[:6379][/database]        rediss:// for TLS
    /// redis+sentinel://[[user]:password@]host[:26379],host…/master[/database]
    ///                                                 rediss+sentinel:// for TLS to all
    /// unix:/path[?db=0&user=…&password=…]             redis+unix:/path as well
    /// ```
    ///
    /// User and password are percent-encoded where needed. The others take `user`,
    /// `password` and `db` behind a `?` too; Sentinels also `sentinel_user` and
    /// `sentinel_password`.
    ///
    /// # Errors
    /// What is wrong, to follow the option's name. The text may hold a password: it is not
    /// repeated.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(format!(
                "has a blank or a line break in it; {EXPECTED}; in user and password it is written \
                 %20"
            ));
        }
        let Some((scheme, rest)) = text.split_once(':').filter(|(scheme, _)| {
            let mut letters = scheme.bytes();
            letters.next().is_some_and(|b| b.is_ascii_alphabetic())
                && letters.all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
        }) else {
            return Err(format!("is no URL; {EXPECTED}"));
        };
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, query),
            None => (rest, ""),
        };
        let scheme = scheme.to_ascii_lowercase();
        let after_slashes = rest.strip_prefix("//");
        let mut url = match (scheme.as_str(), after_slashes) {
            ("redis" | "valkey", Some(rest)) => server(rest, false)?,
            ("rediss" | "valkeys", Some(rest)) => server(rest, true)?,
            ("redis+sentinel", Some(rest)) => sentinels(rest, false)?,
            ("rediss+sentinel", Some(rest)) => sentinels(rest, true)?,
            ("unix" | "redis+unix", rest_of_slashes) => socket(rest_of_slashes.unwrap_or(rest))?,
            // What is before the colon may be a user: it is shown only as a scheme.
            (scheme, Some(_)) => {
                return Err(format!("has the unknown scheme {scheme}://; {EXPECTED}"));
            }
            (_, None) => return Err(format!("is no URL; {EXPECTED}")),
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            url.set(pair)?;
        }
        if url.login.password.is_empty() && !url.login.user.is_empty() {
            return Err(format!(
                "names a user and no password; {EXPECTED}; a password alone is written \
                 :password@"
            ));
        }
        if url.login.sentinel_password.is_empty() && !url.login.sentinel_user.is_empty() {
            return Err("has sentinel_user and no sentinel_password".to_owned());
        }
        Ok(url)
    }

    fn at(place: Place) -> Self {
        Self {
            place,
            login: Login::default(),
            database: 0,
        }
    }

    /// One `name=value` behind the question mark.
    fn set(&mut self, pair: &str) -> Result<(), String> {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let sentinel = matches!(self.place, Place::Sentinel { .. });
        match name {
            "db" => self.database = database(value)?,
            "user" => self.login.user = decoded(value)?.to_string(),
            "password" | "pass" => self.login.password = decoded(value)?,
            "sentinel_user" if sentinel => self.login.sentinel_user = decoded(value)?.to_string(),
            "sentinel_password" if sentinel => self.login.sentinel_password = decoded(value)?,
            // A password with an unencoded question mark ends here: not repeated.
            _ => {
                return Err(
                    "has something unknown behind its question mark; known are db, user, \
                     password, and with Sentinels sentinel_user and sentinel_password; a question \
                     mark in a password is written %3F"
                        .to_owned(),
                );
            }
        }
        Ok(())
    }

    fn with_login(mut self, login: Option<&str>) -> Result<Self, String> {
        if let Some(login) = login {
            let (user, password) = login.split_once(':').unwrap_or((login, ""));
            self.login.user = decoded(user)?.to_string();
            self.login.password = decoded(password)?;
        }
        Ok(self)
    }

    /// Whether all of it is on this machine.
    pub(crate) fn is_local(&self) -> bool {
        match &self.place {
            Place::Unix(_) => true,
            Place::Tcp { server, .. } => server.is_local(),
            Place::Sentinel { sentinels, .. } => sentinels.iter().all(Address::is_local),
        }
    }

    pub(crate) fn tls(&self) -> bool {
        match &self.place {
            Place::Tcp { tls, .. } | Place::Sentinel { tls, .. } => *tls,
            Place::Unix(_) => false,
        }
    }
}

/// `[login@]host[:port][/database]`
fn server(rest: &str, tls: bool) -> Result<RedisUrl, String> {
    let (login, rest) = without_login(rest);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    if host.contains(',') {
        return Err(
            "names several hosts; Sentinels are named by redis+sentinel://host,host/master, and a \
             Redis cluster cannot be used"
                .to_owned(),
        );
    }
    let server = address(host, PORT)?;
    let mut url = RedisUrl::at(Place::Tcp { server, tls }).with_login(login)?;
    url.database = database(path)?;
    Ok(url)
}

/// `[login@]host[:port],…/master[/database]`
fn sentinels(rest: &str, tls: bool) -> Result<RedisUrl, String> {
    let (login, rest) = without_login(rest);
    let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (master, path) = path.split_once('/').unwrap_or((path, ""));
    if master.is_empty() {
        return Err(format!(
            "does not name the master that the Sentinels know; {EXPECTED}"
        ));
    }
    let sentinels = hosts
        .split(',')
        .map(|host| address(host, SENTINEL_PORT))
        .collect::<Result<_, _>>()?;
    let mut url = RedisUrl::at(Place::Sentinel {
        sentinels,
        master: decoded(master)?.to_string(),
        tls,
    })
    .with_login(login)?;
    url.database = database(path)?;
    Ok(url)
}

fn socket(path: &str) -> Result<RedisUrl, String> {
    let path = decoded(path)?.to_string();
    if !path.starts_with('/') {
        return Err(format!(
            "names no socket: its path begins with a slash; {EXPECTED}"
        ));
    }
    Ok(RedisUrl::at(Place::Unix(path)))
}

/// An unencoded `@` is one of the password: no host has one.
fn without_login(rest: &str) -> (Option<&str>, &str) {
    match rest.rsplit_once('@') {
        Some((login, rest)) => (Some(login), rest),
        None => (None, rest),
    }
}

fn address(text: &str, default: u16) -> Result<Address, String> {
    let refuse = |why: &str| Err(format!("{why}; {EXPECTED}"));
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((host, port)) => (host, port),
            None => return refuse("has a host that begins with [ and does not end with ]"),
        },
        None => match text.find(':') {
            Some(at) => text.split_at(at),
            None => (text, ""),
        },
    };
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => default,
        Some(port) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => {
            match port.parse() {
                Ok(port) if port > 0 => port,
                _ => return refuse("has a port that is no number from 1 to 65535"),
            }
        }
        // A slash in a password makes a part of the password the port: not repeated.
        _ => {
            return refuse(
                "has a port that is no number from 1 to 65535 (an IPv6 address is written in \
                 brackets, a slash in a password as %2F)",
            );
        }
    };
    if host.is_empty() {
        return refuse("has no host");
    }
    Ok(Address {
        host: host.to_owned(),
        port,
    })
}

fn database(text: &str) -> Result<u32, String> {
    match text {
        "" => Ok(0),
        digits if digits.bytes().all(|b| b.is_ascii_digit()) => digits
            .parse()
            .map_err(|_| "has a database that is no number such as 0".to_owned()),
        _ => Err(
            "has a path that is no number of a database, such as /0; the prefix of the keys is \
             the option outbox_prefix"
                .to_owned(),
        ),
    }
}

/// Percent-decoding. What was written may be a password: it is not repeated.
fn decoded(text: &str) -> Result<Zeroizing<String>, String> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(
                "has a percent sign that two hexadecimal digits do not follow; a percent sign \
                 itself is written %25"
                    .to_owned(),
            );
        };
        bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) if !text.contains('\0') => Ok(Zeroizing::new(text.to_owned())),
        _ => Err("has percent-encoded bytes that are no UTF-8 text".to_owned()),
    }
}

impl Address {
    fn is_local(&self) -> bool {
        let address = self.host.parse::<IpAddr>();
        self.host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// As a URL, with `***` for each password.
impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let login = match (self.login.user.as_str(), self.login.password.is_empty()) {
            (_, true) => String::new(),
            (user, false) => format!("{user}:***@"),
        };
        let database = match self.database {
            0 => String::new(),
            number => format!("/{number}"),
        };
        match &self.place {
            Place::Tcp { server, tls } => {
                let s = if *tls { "s" } else { "" };
                write!(f, "redis{s}://{login}{server}{database}")
            }
            Place::Sentinel {
                sentinels,
                master,
                tls,
            } => {
                let s = if *tls { "s" } else { "" };
                let list: Vec<String> = sentinels.iter().map(Address::to_string).collect();
                let list = list.join(",");
                write!(f, "redis{s}+sentinel://{login}{list}/{master}{database}")
            }
            Place::Unix(path) => {
                write!(f, "unix:{path}")?;
                match self.database {
                    0 => Ok(()),
                    number => write!(f, "?db={number}"),
                }
            }
        }
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_read_and_shown_without_its_password() {
        for (text, shown) in [
            ("redis://localhost", "redis://localhost:6379"),
            ("REDIS://localhost:1/3", "redis://localhost:1/3"),
            ("redis://localhost/", "redis://localhost:6379"),
            ("valkey://a.test", "redis://a.test:6379"),
            ("rediss://:geheim@a.test", "rediss://:***@a.test:6379"),
            ("rediss://u:ge@heim@a.test/0", "rediss://u:***@a.test:6379"),
            ("redis://u:geheim%2F%40@[::1]:7", "redis://u:***@[::1]:7"),
            (
                "redis://a.test?db=4&user=u&password=geheim",
                "redis://u:***@a.test:6379/4",
            ),
            (
                "redis+sentinel://:geheim@a.test,b.test:7/mymaster/2?sentinel_password=geheim",
                "redis+sentinel://:***@a.test:26379,b.test:7/mymaster/2",
            ),
            (
                "rediss+sentinel://a.test/m",
                "rediss+sentinel://a.test:26379/m",
            ),
            ("unix:/run/redis.sock", "unix:/run/redis.sock"),
            ("unix:///run/redis.sock?db=1", "unix:/run/redis.sock?db=1"),
            ("redis+unix:/run/r?pass=geheim", "unix:/run/r"),
        ] {
            let url = RedisUrl::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"));
            assert_eq!(url.to_string(), shown, "{text}");
            assert_eq!(format!("{url:?}"), format!("RedisUrl({shown})"));
            assert!(!format!("{url:?}").contains("geheim"));
        }
        let url = RedisUrl::parse("redis://u%3A:geheim%2F%40@h").unwrap();
        assert_eq!(url.login.user, "u:");
        assert_eq!(url.login.password.as_str(), "geheim/@");
    }

    #[test]
    fn what_is_no_url_is_refused_without_showing_it() {
        for (text, why) in [
            ("", "is no URL"),
            ("geheim.test", "is no URL"),
            ("geheim.test:6379", "is no URL"),
            ("localhost:geheim@6379", "is no URL"),
            ("http://u:geheim@a.test", "unknown scheme http://"),
            ("redis:a.geheim", "is no URL"),
            ("redis://", "has no host"),
            ("redis://:geheim@", "has no host"),
            ("redis://a.test:0", "port"),
            ("redis://a.test:geheim", "port"),
            ("redis://a.test:+1", "port"),
            ("redis://u:ge/heim@a.test/x", "path that is no number"),
            ("redis://u:geheim@a.test:99999", "port"),
            ("redis://::1:6379", "port"),
            ("redis://[::1", "does not end with ]"),
            ("redis://a.test/geheim", "outbox_prefix"),
            ("redis://a.test/99999999999", "database"),
            ("redis://a,b/geheim", "several hosts"),
            ("redis://geheim@a.test", "user and no password"),
            ("redis://u:geheim%zz@a.test", "percent"),
            ("redis://u:geheim%ff@a.test", "UTF-8"),
            ("redis://u:geheim%00@a.test", "UTF-8"),
            ("redis://u:geheim @a.test", "blank"),
            ("redis://u:geheim\n@a.test", "blank"),
            ("redis://u:x?geheim@a.test", "port"),
            ("redis://a.test?geheim=1", "question mark"),
            ("redis://a.test?sentinel_password=geheim", "question mark"),
            ("redis+sentinel://a.test", "master"),
            ("redis+sentinel://a.test,/m", "has no host"),
            ("unix:geheim", "slash"),
            ("unix:", "slash"),
        ] {
            let error = RedisUrl::parse(text).expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
            assert!(!error.contains("geheim"), "{text}: {error}");
        }
    }
}
