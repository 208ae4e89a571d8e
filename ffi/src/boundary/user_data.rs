//! What comes back in callbacks.

use std::ffi::c_void;

/// What a caller wants back in a callback; theirs to share between threads.
#[derive(Clone, Copy)]
pub(crate) struct Context(pub(crate) *mut c_void);

// SAFETY: the library does not look at it; the header says on which threads it
// comes back.
unsafe impl Send for Context {}
// SAFETY: as above.
unsafe impl Sync for Context {}
