//! Names looked up once, and never longer than the time-out.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ureq::Error;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use super::attempt_state::{AttemptState, Step};
use super::deadline::Deadline;
use super::failure::Failure;
use crate::sys::threads;

type Found = Vec<SocketAddr>;
type Addresses = io::Result<Found>;
type Ask = fn(&str, u16) -> Addresses;

/// Names and their addresses.
#[derive(Debug)]
pub(super) struct DnsCache {
    state: Mutex<State>,
    keep: Duration,
    ask: Ask,
}

#[derive(Debug, Default)]
struct State {
    known: HashMap<String, Known>,
    /// One for each name, however many calls wait for it.
    running: HashMap<String, Arc<PendingLookup>>,
    /// Of several addresses of a name, the one that connected first.
    best: HashMap<String, SocketAddr>,
}

#[derive(Debug)]
struct Known {
    addrs: Vec<SocketAddr>,
    until: Instant,
}

/// A look-up on a thread of its own.
#[derive(Debug, Default)]
struct PendingLookup {
    answer: Mutex<Option<Addresses>>,
    answered: Condvar,
}

impl DnsCache {
    pub(super) fn new(keep: Duration) -> Self {
        Self {
            state: Mutex::default(),
            keep,
            ask: |host, port| Ok((host, port).to_socket_addrs()?.collect()),
        }
    }

    /// Looks the name up anew next time.
    pub(super) fn forget(&self, uri: &Uri) {
        if let Some((host, port)) = host_and_port(uri) {
            self.lock().known.remove(&key(host, port));
        }
    }

    /// Of several addresses this one connected first: it is tried first next time
    /// ("stateful", RFC 8305, section 4).
    pub(super) fn prefer(&self, uri: &Uri, addr: SocketAddr) {
        let Some((host, port)) = host_and_port(uri) else {
            return;
        };
        let key = key(host, port);
        let mut state = self.lock();
        if state.known.get(&key).is_some_and(|k| k.addrs.len() > 1) {
            state.best.insert(key, addr);
        }
    }

    /// The system's resolver has no time-out. An address needs none, and
    /// `localhost` is answered from the hosts file; any other name is looked up
    /// on a thread that the callers stop waiting for when their time is up.
    fn addresses(
        self: &Arc<Self>,
        host: &str,
        port: u16,
        deadline: &Deadline<'_>,
    ) -> Result<Found, Error> {
        let mut addrs = self.all_addresses(host, port, deadline)?;
        let best = self.lock().best.get(&key(host, port)).copied();
        if let Some(at) = addrs.iter().position(|addr| Some(*addr) == best) {
            addrs[..=at].rotate_right(1);
        }
        Ok(addrs)
    }

    fn all_addresses(
        self: &Arc<Self>,
        host: &str,
        port: u16,
        deadline: &Deadline<'_>,
    ) -> Result<Found, Error> {
        if let Some(addrs) = self.lock().find(host, port) {
            return Ok(addrs);
        }
        if host.parse::<IpAddr>().is_ok() || host.eq_ignore_ascii_case("localhost") {
            let addrs = (self.ask)(host, port).map_err(|error| Failure::look_up(&error))?;
            self.keep(host, port, &addrs);
            return Ok(addrs);
        }
        self.look_up(host, port)?.wait(deadline)
    }

    fn look_up(self: &Arc<Self>, host: &str, port: u16) -> Result<Arc<PendingLookup>, Error> {
        let mut state = self.lock();
        // It may have been answered since the caller looked: nobody asks again.
        if let Some(addrs) = state.find(host, port) {
            return Ok(Arc::new(PendingLookup::answered(addrs)));
        }
        let key = key(host, port);
        if let Some(running) = state.running.get(&key) {
            return Ok(Arc::clone(running));
        }
        let look_up = Arc::new(PendingLookup::default());
        let (names, own, host) = (Arc::clone(self), Arc::clone(&look_up), host.to_owned());
        threads::thread("xgpush-resolve")
            .spawn(move || {
                let answer = (names.ask)(&host, port);
                if let Ok(addrs) = &answer {
                    names.keep(&host, port, addrs);
                }
                names.lock().running.remove(&self::key(&host, port));
                *lock(&own.answer) = Some(answer);
                own.answered.notify_all();
            })
            .map_err(|error| Failure::no_thread(&error))?;
        state.running.insert(key, Arc::clone(&look_up));
        Ok(look_up)
    }

    fn keep(&self, host: &str, port: u16, addrs: &[SocketAddr]) {
        let Some(until) = Instant::now().checked_add(self.keep) else {
            return;
        };
        let addrs = addrs.to_vec();
        let known = Known { addrs, until };
        self.lock().known.insert(key(host, port), known);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl State {
    fn find(&self, host: &str, port: u16) -> Option<Found> {
        let entry = self.known.get(&key(host, port))?;
        (Instant::now() < entry.until).then(|| entry.addrs.clone())
    }
}

impl PendingLookup {
    fn answered(addrs: Found) -> Self {
        Self {
            answer: Mutex::new(Some(Ok(addrs))),
            answered: Condvar::new(),
        }
    }

    fn wait(&self, deadline: &Deadline<'_>) -> Result<Found, Error> {
        let mut answer = lock(&self.answer);
        loop {
            match &*answer {
                Some(Ok(addrs)) => return Ok(addrs.clone()),
                Some(Err(error)) => {
                    return Err(Failure::look_up(error));
                }
                None => {}
            }
            let slice = deadline.next_wait()?;
            let waited = self.answered.wait_timeout(answer, slice);
            answer = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn key(host: &str, port: u16) -> String {
    format!("{host}:{port}")
}

/// Resolves through [`Names`].
#[derive(Debug)]
pub(super) struct CachingResolver {
    pub(super) names: Arc<DnsCache>,
    pub(super) attempt_state: Arc<AttemptState>,
}

impl Resolver for CachingResolver {
    fn resolve(
        &self,
        uri: &Uri,
        _: &ureq::config::Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let (host, port) = host_and_port(uri).ok_or(Error::HostNotFound)?;
        self.attempt_state
            .note(|progress| progress.step = Step::LookUp);
        let addrs = self
            .names
            .addresses(host, port, &Deadline::of(&self.attempt_state))?;
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_name_is_kept_until_its_time_or_until_it_is_forgotten() {
        let uri: Uri = "https://tpns.test/v3".parse().unwrap();
        let addrs = ["127.0.0.1:443".parse().unwrap()];
        let names = DnsCache::new(Duration::from_secs(60));
        names.keep("tpns.test", 443, &addrs);
        assert_eq!(
            names.lock().find("tpns.test", 443).as_deref(),
            Some(&addrs[..])
        );
        assert_eq!(names.lock().find("tpns.test", 444), None);
        names.forget(&uri);
        assert_eq!(names.lock().find("tpns.test", 443), None);
        let brief = DnsCache::new(Duration::ZERO);
        brief.keep("tpns.test", 443, &addrs);
        assert_eq!(brief.lock().find("tpns.test", 443), None);
    }

    #[test]
    fn the_address_that_connected_first_is_tried_first_next_time() {
        let uri = Uri::from_static("http://tpns.test");
        let names = Arc::new(DnsCache {
            ask: |_, _| {
                Ok(["[::1]:80", "[::2]:80", "1.1.1.1:80"]
                    .map(|a| a.parse().unwrap())
                    .into())
            },
            ..DnsCache::new(Duration::from_secs(60))
        });
        let attempt_state = on(Duration::from_secs(60), || false);
        let look = || {
            names
                .addresses("tpns.test", 80, &Deadline::of(&attempt_state))
                .unwrap()
        };
        let all = look();
        names.prefer(&uri, all[2]);
        assert_eq!(look(), [all[2], all[0], all[1]]);
        // After another look-up as well, if the name has it still.
        names.forget(&uri);
        assert_eq!(look(), [all[2], all[0], all[1]]);
        names.prefer(&uri, "9.9.9.9:80".parse().unwrap());
        assert_eq!(look(), all);
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

    /// Many calls wait for one look-up that hangs, each no longer than its time;
    /// then it answers, and nobody asks again.
    #[test]
    fn a_hanging_look_up_is_one_thread_and_holds_nobody_up() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        static GATE: Mutex<()> = Mutex::new(());
        let held = lock(&GATE);
        let names = Arc::new(DnsCache {
            ask: |_, port| {
                ASKED.fetch_add(1, Ordering::Relaxed);
                let _open = lock(&GATE);
                Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))])
            },
            ..DnsCache::new(Duration::from_secs(60))
        });
        let brief = || on(Duration::from_millis(60), || false);
        let waiters: Vec<_> = (0..8)
            .map(|_| {
                let names = Arc::clone(&names);
                std::thread::spawn(move || {
                    names.addresses("tpns.test", 443, &Deadline::of(&brief()))
                })
            })
            .collect();
        for waiter in waiters {
            let error = waiter.join().unwrap().unwrap_err();
            assert!(matches!(error, Error::Timeout(_)), "{error}");
        }
        drop(held);
        let long = on(Duration::from_secs(60), || false);
        for _ in 0..2 {
            let addrs = names
                .addresses("tpns.test", 443, &Deadline::of(&long))
                .unwrap();
            assert_eq!(addrs, ["127.0.0.1:443".parse().unwrap()]);
        }
        assert_eq!(ASKED.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_call_that_is_cancelled_stops_waiting_for_a_look_up() {
        static GATE: Mutex<()> = Mutex::new(());
        let _held = lock(&GATE);
        let names = Arc::new(DnsCache {
            ask: |_, _| {
                let _open = lock(&GATE);
                Err(io::Error::other("nobody waits any more"))
            },
            ..DnsCache::new(Duration::from_secs(60))
        });
        let attempt_state = on(Duration::from_secs(600), || true);
        let deadline = Deadline::of(&attempt_state);
        assert!(names.addresses("tpns.test", 443, &deadline).is_err());
        assert!(attempt_state.progress().cancelled);
    }

    #[test]
    fn a_failed_look_up_is_told_and_tried_again() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        let names = Arc::new(DnsCache {
            ask: |_, _| {
                ASKED.fetch_add(1, Ordering::Relaxed);
                Err(io::Error::other("no such name"))
            },
            ..DnsCache::new(Duration::from_secs(60))
        });
        for _ in 0..3 {
            let attempt_state = on(Duration::from_secs(60), || false);
            let deadline = Deadline::of(&attempt_state);
            let error = names.addresses("tpns.test", 443, &deadline).unwrap_err();
            assert!(error.to_string().contains("no such name"), "{error}");
        }
        assert_eq!(ASKED.load(Ordering::Relaxed), 3);
    }

    /// An attempt with this much time, asked this.
    fn on(timeout: Duration, cancelled: fn() -> bool) -> AttemptState {
        let attempt_state = AttemptState::new();
        let attempt = crate::transport::Attempt {
            timeout,
            repeatable: true,
            cancelled: Arc::new(cancelled),
        };
        // Until the watch itself is gone.
        std::mem::forget(attempt_state.begin(
            &attempt,
            Instant::now().checked_add(timeout),
            timeout,
        ));
        attempt_state
    }
}
