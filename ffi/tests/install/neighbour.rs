//! Another Rust library in the same process, with a standard library of its own.

use std::cell::Cell;
use std::panic;
use std::thread;

thread_local!(static CALLS: Cell<i32> = const { Cell::new(0) });

/// Counts its calls on this thread, after a panic that it catches and a thread
/// that it ends; -1 if one of them went wrong.
#[unsafe(no_mangle)]
pub extern "C" fn neighbour_calls() -> i32 {
    let caught = panic::catch_unwind(|| panic::resume_unwind(Box::new(7)))
        .is_err_and(|thrown| thrown.downcast_ref() == Some(&7));
    let fresh = thread::spawn(|| CALLS.get() == 0).join().unwrap_or(false);
    CALLS.set(CALLS.get() + 1);
    if caught && fresh { CALLS.get() } else { -1 }
}
