//! What differs between operating systems and is used by several modules: the clock,
//! threads, fork, error texts, the lock of an open file, and a file that a child after
//! `fork` gives up. All unsafe code of this crate is here.

pub(crate) mod clock;
pub(crate) mod error_text;
mod file_lock;
mod fork_guard;
mod kept_file;
pub(crate) mod owner_process;
pub(crate) mod threads;

pub(crate) use file_lock::{Range, lock, unlock};
pub(crate) use fork_guard::NoFork;
pub(crate) use kept_file::KeptFile;
