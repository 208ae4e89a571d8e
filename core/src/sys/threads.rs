//! The threads of this library: their names, their stack, and what it says when there is
//! none.

use std::io;
use std::thread::Builder;

use crate::model::error::{Error, ErrorKind};
use crate::sys::error_text;

/// Said aloud, so that `RUST_MIN_STACK` of the environment changes nothing. A request
/// takes a fortieth of it; the rest is for functions of the host's that run here.
const STACK: usize = 2 << 20;

/// Begins a thread of this name.
#[doc(hidden)]
pub fn thread(name: &str) -> Builder {
    Builder::new().name(name.to_owned()).stack_size(STACK)
}

/// There is none, and what to look at.
#[doc(hidden)]
pub fn no_thread(purpose: &str, error: &io::Error) -> Error {
    Error::new(
        ErrorKind::Resources,
        format!(
            "the system gave no thread {purpose}: {} (the limit of processes: ulimit -u, the \
             container's pids limit; seccomp; or memory)",
            error_text::io_error(error)
        ),
    )
    .with_source(error_text::copy(error))
}
