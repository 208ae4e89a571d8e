//! The process that something with threads or sockets belongs to: a child after `fork`
//! must not use it.

use std::sync::atomic::{AtomicU32, Ordering};

/// How often this process was forked off; see [`mark_forked`].
static FORKS: AtomicU32 = AtomicU32::new(0);

/// To be called in a child after `fork`: its outboxes and streams, whose threads
/// stayed in the parent, refuse operations from then on. The C library and the
/// Python package do it by themselves; everything but handing in finds it out
/// without.
pub fn mark_forked() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// The process in which something was made.
#[derive(Debug)]
pub(crate) struct OwnerProcess {
    process: u32,
    forks: u32,
    /// What the last check found.
    forked: bool,
}

impl OwnerProcess {
    pub(crate) fn current() -> Self {
        Self {
            process: std::process::id(),
            forks: FORKS.load(Ordering::Relaxed),
            forked: false,
        }
    }

    /// That of whoever started this one.
    #[cfg(test)]
    pub(crate) fn parent() -> Self {
        Self {
            process: std::os::unix::process::parent_id(),
            ..Self::current()
        }
    }

    /// Whether this process is a child of that one.
    pub(crate) fn is_forked(&self) -> bool {
        self.is_known_forked() || std::process::id() != self.process
    }

    /// [`Self::is_forked`], which is known from then on.
    pub(crate) fn refresh(&mut self) -> bool {
        self.forked = self.is_forked();
        self.forked
    }

    /// As far as it is known: for those who have no time to ask the system.
    pub(crate) fn is_known_forked(&self) -> bool {
        self.forked || self.forks != FORKS.load(Ordering::Relaxed)
    }
}
