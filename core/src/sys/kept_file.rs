//! An open file that stays with this process: a child after `fork` closes its copy
//! at once, before anything else runs there.
//!
//! A lock that belongs to the open file would otherwise outlive its process in a
//! child that does not `exec`.

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::os::fd::AsRawFd as _;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Once, OnceLock};

use super::fork_guard;

const NO_FILE: i32 = -1;

/// A descriptor that children close. Slots are used again, and never go: a child
/// must find them without a lock.
struct Slot {
    descriptor: AtomicI32,
    next: OnceLock<&'static Slot>,
}

static FIRST: Slot = Slot::empty();

impl Slot {
    const fn empty() -> Self {
        Self {
            descriptor: AtomicI32::new(NO_FILE),
            next: OnceLock::new(),
        }
    }

    /// Puts a descriptor into a slot of its own.
    fn take(descriptor: i32) -> &'static Self {
        let mut slot = &FIRST;
        loop {
            let free = slot.descriptor.compare_exchange(
                NO_FILE,
                descriptor,
                Ordering::SeqCst,
                Ordering::SeqCst,
            );
            if free.is_ok() {
                return slot;
            }
            slot = slot.next.get_or_init(|| Box::leak(Box::new(Self::empty())));
        }
    }

    /// Empties the slot; false when a child had to.
    fn leave(&self, descriptor: i32) -> bool {
        self.descriptor
            .compare_exchange(descriptor, NO_FILE, Ordering::SeqCst, Ordering::SeqCst)
            .is_ok()
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct KeptFile {
    /// There until it is dropped.
    file: Option<File>,
    slot: &'static Slot,
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.descriptor.fmt(f)
    }
}

impl KeptFile {
    /// What `open` opens. That is done again when somebody forked meanwhile: the
    /// child would have a copy that it does not know of.
    pub(crate) fn open(open: impl Fn() -> io::Result<File>) -> io::Result<Self> {
        watch();
        loop {
            let forks = fork_guard::count();
            let file = open()?;
            let slot = Slot::take(file.as_raw_fd());
            let kept = Self {
                file: Some(file),
                slot,
            };
            if fork_guard::count() == forks {
                return Ok(kept);
            }
        }
    }

    /// Whether this process is the one that opened it.
    pub(crate) fn is_here(&self) -> bool {
        let descriptor = self.file.as_ref().map(File::as_raw_fd);
        descriptor == Some(self.slot.descriptor.load(Ordering::SeqCst))
    }
}

impl Deref for KeptFile {
    type Target = File;

    fn deref(&self) -> &File {
        self.file.as_ref().expect("it is there until it is dropped")
    }
}

impl Drop for KeptFile {
    fn drop(&mut self) {
        let Some(file) = self.file.take() else {
            return;
        };
        if !self.slot.leave(file.as_raw_fd()) {
            // Closed already, and the number may be another file's by now.
            std::mem::forget(file);
        }
    }
}

fn watch() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        // SAFETY: the handler uses atomic numbers and closes descriptors, which may be
        // done in a child of a program with threads. Where it cannot be registered for
        // want of memory, a child keeps its copies.
        unsafe { libc::pthread_atfork(None, None, Some(close_all)) };
    });
}

/// In a child: closes its copies. Takes no lock and asks for no memory.
unsafe extern "C" fn close_all() {
    let mut slot = Some(&FIRST);
    while let Some(known) = slot {
        let descriptor = known.descriptor.swap(NO_FILE, Ordering::SeqCst);
        if descriptor != NO_FILE {
            // SAFETY: the descriptor is the child's copy of a file that nothing in the
            // child uses, and it is closed once: the slot is empty now.
            unsafe { libc::close(descriptor) };
        }
        slot = known.next.get().copied();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> KeptFile {
        KeptFile::open(|| File::open("/dev/null")).unwrap()
    }

    #[test]
    fn slots_are_used_again_and_a_child_leaves_them() {
        let first = kept();
        let slot = std::ptr::from_ref(first.slot);
        assert!(first.is_here());
        drop(first);
        let again: Vec<KeptFile> = (0..40).map(|_| kept()).collect();
        assert!(again.iter().any(|kept| std::ptr::eq(kept.slot, slot)));
        // As in a child: the file is not closed a second time.
        let one = kept();
        let descriptor = one.slot.descriptor.swap(NO_FILE, Ordering::SeqCst);
        assert_eq!(descriptor, one.as_raw_fd());
        assert!(!one.is_here());
        drop(one);
        #[cfg(target_os = "linux")]
        assert!(std::fs::symlink_metadata(format!("/proc/self/fd/{descriptor}")).is_ok());
    }
}
