//! What neither the standard library nor a safe crate offers: the lock of an open
//! file, and a file that a child after `fork` gives up. All unsafe code of this crate
//! is here.

mod forks;
mod kept;
mod lock;

pub(crate) use forks::NoFork;
pub(crate) use kept::KeptFile;
pub(crate) use lock::{Range, lock, unlock};
