//! What differs between operating systems and is used by several modules: the clock,
//! threads, fork, error texts, the lock of an open file, and a file that a child after
//! `fork` gives up. All unsafe code of this crate is here.

pub(crate) mod clock;
pub(crate) mod error_text;
#[cfg_attr(
    not(feature = "bulk"),
    allow(dead_code, reason = "streams and the outbox use all of it")
)]
pub(crate) mod fork;
#[cfg(feature = "outbox")]
mod forks;
#[cfg(feature = "outbox")]
mod kept;
#[cfg(feature = "outbox")]
mod lock;
pub(crate) mod threads;

#[cfg(feature = "outbox")]
pub(crate) use forks::NoFork;
#[cfg(feature = "outbox")]
pub(crate) use kept::KeptFile;
#[cfg(feature = "outbox")]
pub(crate) use lock::{Range, lock, unlock};
