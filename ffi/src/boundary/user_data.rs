//! The context pointer of a callback.

use std::ffi::c_void;

/// The pointer that a callback gets back; the caller answers for sharing it between
/// threads.
#[derive(Clone, Copy)]
pub(crate) struct UserData(pub(crate) *mut c_void);

// SAFETY: the library does not look at it; the header says on which threads it
// comes back.
unsafe impl Send for UserData {}
// SAFETY: as above.
unsafe impl Sync for UserData {}
