//! One connection to a name of several addresses: "Happy Eyeballs" (RFC 8305,
//! section 5). The next address is tried 250 ms after the one before, which goes
//! on meanwhile; the first that connects wins.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use socket2::{Domain, Socket, Type};
use ureq::Error;

use super::attempt_state::AttemptState;
use super::deadline::{self, Deadline};
use super::failure::Failure;

/// "Connection Attempt Delay" (RFC 8305, section 8).
const DELAY: Duration = Duration::from_millis(250);

/// Connects to the first address that answers.
pub(super) fn connect(
    addrs: &[SocketAddr],
    attempt_state: &AttemptState,
) -> Result<(Socket, SocketAddr), Error> {
    let deadline = Deadline::of(attempt_state);
    let mut waiting = in_turn(addrs);
    // However little time there is, each has a part of it.
    let shares = u32::try_from(waiting.len()).unwrap_or(u32::MAX).max(1);
    let delay = DELAY.min(deadline.left()? / shares);
    let mut running: Vec<(Socket, SocketAddr)> = Vec::new();
    let mut failed = Error::HostNotFound;
    let mut next = Instant::now();
    loop {
        let until_next = next.saturating_duration_since(Instant::now());
        if running.is_empty() || until_next.is_zero() {
            match waiting.pop_front().map(|addr| (addr, begin(addr))) {
                Some((addr, Ok((socket, true)))) => return Ok((socket, addr)),
                Some((addr, Ok((socket, false)))) => {
                    running.push((socket, addr));
                    next = Instant::now() + delay;
                    continue;
                }
                Some((addr, Err(error))) => {
                    failed = Failure::connect(addr, &error);
                    continue;
                }
                None if running.is_empty() => return Err(failed),
                None => {}
            }
        }
        let mut slice = deadline.next_wait().map_err(|error| match error {
            Error::Timeout(_) => Failure::silent(running.iter().map(|(_, addr)| *addr)),
            error => error,
        })?;
        if !waiting.is_empty() {
            slice = slice.min(until_next);
        }
        for at in ready(&running, slice)?.into_iter().rev() {
            let (socket, addr) = running.swap_remove(at);
            match socket.take_error()? {
                None => return Ok((socket, addr)),
                Some(error) => {
                    failed = Failure::connect(addr, &error);
                    next = Instant::now();
                }
            }
        }
        if attempt_state.progress().cancelled {
            return Err(deadline::cancelled());
        }
    }
}

/// The families in turn, beginning with that of the first address (section 4).
fn in_turn(addrs: &[SocketAddr]) -> VecDeque<SocketAddr> {
    let first_is_v6 = addrs.first().is_some_and(SocketAddr::is_ipv6);
    let (mut one, mut other): (VecDeque<_>, VecDeque<_>) =
        addrs.iter().partition(|addr| addr.is_ipv6() == first_is_v6);
    let mut turn = VecDeque::with_capacity(addrs.len());
    while let Some(addr) = one.pop_front() {
        turn.push_back(addr);
        if other.is_empty() {
            continue;
        }
        std::mem::swap(&mut one, &mut other);
    }
    turn
}

/// A socket on its way, and whether it is there already.
fn begin(addr: SocketAddr) -> io::Result<(Socket, bool)> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    match socket.connect(&addr.into()) {
        Ok(()) => Ok((socket, true)),
        Err(e) if is_in_progress(&e) => Ok((socket, false)),
        Err(error) => Err(error),
    }
}

fn is_in_progress(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
        || error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error())
}

/// Which of them are connected or have failed, after at most this long.
fn ready(running: &[(Socket, SocketAddr)], wait: Duration) -> io::Result<Vec<usize>> {
    let timeout = Timespec::try_from(wait).unwrap_or_default();
    let mut fds: Vec<_> = running
        .iter()
        .map(|(socket, _)| PollFd::new(socket, PollFlags::OUT))
        .collect();
    match rustix::event::poll(&mut fds, Some(&timeout)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let is_ready = |(at, fd): (usize, &PollFd<'_>)| (!fd.revents().is_empty()).then_some(at);
    Ok(fds.iter().enumerate().filter_map(is_ready).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::net::TcpListener;
    use std::sync::Arc;

    use crate::transport::Attempt;

    /// An address of this machine that answers nobody: its queue of connections is
    /// full. What fills it has to be kept.
    fn black_hole() -> (SocketAddr, Vec<Socket>) {
        let hole = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        hole.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())
            .unwrap();
        hole.listen(0).unwrap();
        let addr = hole.local_addr().unwrap().as_socket().unwrap();
        let mut kept = vec![hole];
        loop {
            let (socket, at_once) = begin(addr).unwrap();
            kept.push(socket);
            let running = vec![(kept.pop().unwrap(), addr)];
            let taken = at_once
                || !ready(&running, Duration::from_millis(100))
                    .unwrap()
                    .is_empty();
            kept.extend(running.into_iter().map(|(socket, _)| socket));
            if !taken {
                return (addr, kept);
            }
        }
    }

    /// An attempt with this much time for a connection.
    fn on(connect: Duration, cancelled: fn() -> bool) -> AttemptState {
        let attempt_state = AttemptState::new();
        let attempt = Attempt {
            timeout: connect,
            repeatable: true,
            cancelled: Arc::new(cancelled),
        };
        std::mem::forget(attempt_state.begin(&attempt, None, connect));
        attempt_state
    }

    #[test]
    fn an_address_that_does_not_answer_is_overtaken_by_the_next() {
        const LONG: Duration = Duration::from_secs(600);
        let (dead, _kept) = black_hole();
        let open = TcpListener::bind("127.0.0.1:0").unwrap();
        let good = open.local_addr().unwrap();
        let refused = SocketAddr::from(([127, 0, 0, 1], 1));
        for addrs in [
            &[dead, good][..],
            &[dead, dead, good],
            &[dead, refused, good],
            &[refused, good, dead],
            &[good, dead],
        ] {
            let (_, winner) = connect(addrs, &on(LONG, || false)).unwrap();
            assert_eq!(winner, good, "{addrs:?}");
        }
        // However little time there is, the last one has some of it.
        let brief = on(Duration::from_millis(900), || false);
        let many = [dead, dead, dead, dead, dead, dead, dead, good];
        assert_eq!(connect(&many, &brief).unwrap().1, good);
    }

    #[test]
    fn what_answers_nobody_ends_with_the_time_or_with_the_call() {
        let (dead, _kept) = black_hole();
        let attempt_state = on(Duration::from_millis(80), || false);
        let error = connect(&[dead, dead], &attempt_state).unwrap_err();
        assert!(error.to_string().contains(&dead.to_string()), "{error}");
        let attempt_state = on(Duration::from_secs(600), || true);
        connect(&[dead], &attempt_state).unwrap_err();
        assert!(attempt_state.progress().cancelled);
    }

    #[test]
    fn the_families_take_turns() {
        let addrs = |texts: &[&str]| -> Vec<SocketAddr> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        for (given, expected) in [
            (&["1.1.1.1:1"][..], &["1.1.1.1:1"][..]),
            (
                &["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "1.1.1.2:1"],
                &["[::1]:1", "1.1.1.1:1", "[::2]:1", "1.1.1.2:1", "[::3]:1"],
            ),
            (
                &["1.1.1.1:1", "[::1]:1", "[::2]:1", "[::3]:1"],
                &["1.1.1.1:1", "[::1]:1", "[::2]:1", "[::3]:1"],
            ),
            (&[], &[]),
        ] {
            assert_eq!(in_turn(&addrs(given)), addrs(expected), "{given:?}");
        }
    }
}
