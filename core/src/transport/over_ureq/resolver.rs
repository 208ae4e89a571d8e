//! Names looked up once, and never longer than the time-out.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use ureq::Error;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// Names and their addresses.
#[derive(Debug)]
pub(super) struct Names {
    known: Mutex<HashMap<String, Known>>,
    keep: Duration,
}

#[derive(Debug, Clone)]
struct Known {
    addrs: Vec<SocketAddr>,
    until: Instant,
}

impl Names {
    pub(super) fn new(keep: Duration) -> Self {
        Self {
            known: Mutex::default(),
            keep,
        }
    }

    /// Looks the name up anew next time.
    pub(super) fn forget(&self, uri: &Uri) {
        if let Some((host, port)) = host_and_port(uri) {
            self.lock().remove(&key(host, port));
        }
    }

    fn find(&self, host: &str, port: u16) -> Option<Vec<SocketAddr>> {
        let known = self.lock();
        let entry = known.get(&key(host, port))?;
        (Instant::now() < entry.until).then(|| entry.addrs.clone())
    }

    fn keep(&self, host: &str, port: u16, addrs: &[SocketAddr]) {
        let Some(until) = Instant::now().checked_add(self.keep) else {
            return;
        };
        let addrs = addrs.to_vec();
        self.lock().insert(key(host, port), Known { addrs, until });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(host: &str, port: u16) -> String {
    format!("{host}:{port}")
}

/// Resolves through [`Names`].
#[derive(Debug)]
pub(super) struct CachingResolver(pub(super) Arc<Names>);

impl Resolver for CachingResolver {
    fn resolve(
        &self,
        uri: &Uri,
        _: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let (host, port) = host_and_port(uri).ok_or(Error::HostNotFound)?;
        let addrs = if let Some(addrs) = self.0.find(host, port) {
            addrs
        } else {
            let addrs = look_up(host, port, &timeout)?;
            self.0.keep(host, port, &addrs);
            addrs
        };
        let mut resolved = self.empty();
        // The array has 16 places.
        for addr in addrs.into_iter().take(16) {
            resolved.push(addr);
        }
        if resolved.is_empty() {
            return Err(Error::HostNotFound);
        }
        Ok(resolved)
    }
}

fn host_and_port(uri: &Uri) -> Option<(&str, u16)> {
    let port = match (uri.port_u16(), uri.scheme_str()?) {
        (Some(port), _) => port,
        (None, "https") => 443,
        (None, _) => 80,
    };
    let host = uri.host()?;
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    Some((bare.unwrap_or(host), port))
}

/// The system's resolver has no time-out. An address needs none, and
/// `localhost` is answered from the hosts file; any other name is looked up on a
/// thread that the caller stops waiting for when its time is up.
fn look_up(host: &str, port: u16, timeout: &NextTimeout) -> Result<Vec<SocketAddr>, Error> {
    let local = host.parse::<std::net::IpAddr>().is_ok() || host.eq_ignore_ascii_case("localhost");
    if local || timeout.after.is_not_happening() {
        return Ok((host, port).to_socket_addrs()?.collect());
    }
    let (answer, answered) = mpsc::sync_channel(1);
    let name = host.to_owned();
    std::thread::Builder::new()
        .name("xgpush-resolve".to_owned())
        .spawn(move || {
            let addrs = (name.as_str(), port).to_socket_addrs();
            // Nobody waits any more after the time-out.
            let _ = answer.send(addrs.map(Iterator::collect));
        })?;
    let result: io::Result<Vec<SocketAddr>> = answered
        .recv_timeout(*timeout.after)
        .map_err(|_| Error::Timeout(timeout.reason))?;
    Ok(result?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_until_its_time_or_until_it_is_forgotten() {
        let uri: Uri = "https://tpns.test/v3".parse().unwrap();
        let addrs = ["127.0.0.1:443".parse().unwrap()];
        let names = Names::new(Duration::from_secs(60));
        names.keep("tpns.test", 443, &addrs);
        assert_eq!(names.find("tpns.test", 443).as_deref(), Some(&addrs[..]));
        assert_eq!(names.find("tpns.test", 444), None);
        names.forget(&uri);
        assert_eq!(names.find("tpns.test", 443), None);
        let brief = Names::new(Duration::ZERO);
        brief.keep("tpns.test", 443, &addrs);
        assert_eq!(brief.find("tpns.test", 443), None);
    }

    #[test]
    fn hosts_are_read_with_default_ports_and_without_brackets() {
        for (uri, expected) in [
            ("https://a.test/x", ("a.test", 443)),
            ("http://a.test", ("a.test", 80)),
            ("http://[::1]:8080/", ("::1", 8080)),
        ] {
            assert_eq!(
                host_and_port(&uri.parse().unwrap()),
                Some(expected),
                "{uri}"
            );
        }
    }
}
