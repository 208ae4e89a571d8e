//! What differs between operating systems and is used by several modules: the clock,
//! threads, fork, error texts, the lock of an open file, and a file that a child after
//! `fork` gives up. All unsafe code of this crate is here.

pub(crate) mod clock;
pub(crate) mod error_text;
#[cfg(feature = "outbox")]
mod file_lock;
#[cfg(feature = "outbox")]
mod fork_guard;
#[cfg(feature = "outbox")]
mod kept_file;
#[cfg_attr(
    not(feature = "bulk"),
    allow(dead_code, reason = "streams and the outbox use all of it")
)]
pub(crate) mod owner_process;
pub(crate) mod threads;

#[cfg(feature = "outbox")]
pub(crate) use file_lock::{Range, lock, unlock};
#[cfg(feature = "outbox")]
pub(crate) use fork_guard::NoFork;
#[cfg(feature = "outbox")]
pub(crate) use kept_file::KeptFile;
