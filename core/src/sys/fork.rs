//! Where something with threads or sockets was made: in a child after `fork` it is
//! not at home.

use std::sync::atomic::{AtomicU32, Ordering};

/// How often this process was forked off; see [`note_fork`].
static FORKS: AtomicU32 = AtomicU32::new(0);

/// To be called in a child after `fork`: its outboxes and streams, whose threads
/// stayed in the parent, refuse operations from then on. The C library and the
/// Python package do it by themselves; everything but handing in finds it out
/// without.
pub fn note_fork() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// The process in which something was made.
#[derive(Debug)]
pub(crate) struct Origin {
    process: u32,
    forks: u32,
    /// What the last look has found.
    left: bool,
}

impl Origin {
    pub(crate) fn here() -> Self {
        Self {
            process: std::process::id(),
            forks: FORKS.load(Ordering::Relaxed),
            left: false,
        }
    }

    /// Whether this process is a child of that one.
    pub(crate) fn is_forked(&self) -> bool {
        self.knows_of_a_fork() || std::process::id() != self.process
    }

    /// [`Self::is_forked`], which is known from then on.
    pub(crate) fn look(&mut self) -> bool {
        self.left = self.is_forked();
        self.left
    }

    /// As far as it is known: for those who have no time to ask the system.
    pub(crate) fn knows_of_a_fork(&self) -> bool {
        self.left || self.forks != FORKS.load(Ordering::Relaxed)
    }
}
