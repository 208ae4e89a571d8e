//! Handles: the only way from a pointer to a reference and back.

use xgpush::{Error, ErrorKind};

/// A type behind an opaque pointer. `NAME` is what C calls it.
pub(crate) trait Handle: Sized {
    const NAME: &'static str;
}

fn null(what: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("{what} is NULL"))
}

/// A shared handle.
///
/// # Safety
/// `pointer` is NULL or came from [`into_raw`] and was not freed.
pub(crate) unsafe fn shared<'a, T: Handle>(pointer: *const T) -> Result<&'a T, Error> {
    // SAFETY: the caller's promise.
    unsafe { pointer.as_ref() }.ok_or_else(|| null(T::NAME))
}

/// A handle for exclusive use during the call.
///
/// # Safety
/// As [`shared`], and no other thread uses the handle during the call.
pub(crate) unsafe fn exclusive<'a, T: Handle>(pointer: *mut T) -> Result<&'a mut T, Error> {
    // SAFETY: the caller's promise.
    unsafe { pointer.as_mut() }.ok_or_else(|| null(T::NAME))
}

/// A place for an output, checked before the work is done.
pub(crate) struct OutParam<T>(*mut T);

impl<T> OutParam<T> {
    /// `pointer` is NULL or valid for a write during the call.
    pub(crate) fn new(pointer: *mut T) -> Result<Self, Error> {
        if pointer.is_null() {
            return Err(null("the output pointer"));
        }
        Ok(Self(pointer))
    }

    pub(crate) fn write(self, value: T) {
        // SAFETY: not NULL, and the caller of the export promised that it is
        // valid for a write.
        unsafe { self.0.write(value) }
    }
}

/// Makes a handle of a value, for C to keep until [`free`].
pub(crate) fn into_raw<T: Handle>(value: T) -> *mut T {
    Box::into_raw(Box::new(value))
}

/// Takes the value of a handle back; `None` for NULL.
///
/// # Safety
/// As [`free`].
pub(crate) unsafe fn from_raw<T: Handle>(pointer: *mut T) -> Option<Box<T>> {
    // SAFETY: the caller's promise: it came from `into_raw`.
    (!pointer.is_null()).then(|| unsafe { Box::from_raw(pointer) })
}

/// Takes a handle back and drops it; NULL is fine.
///
/// # Safety
/// As [`exclusive`]; the pointer is not used afterwards.
pub(crate) unsafe fn free<T: Handle>(pointer: *mut T) {
    // SAFETY: the caller's promise.
    drop(unsafe { from_raw(pointer) });
}
