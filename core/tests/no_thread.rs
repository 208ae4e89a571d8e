//! Streams on a thread for which the system makes no other: the limit of processes is
//! reached (`pids.max`, `ulimit -u`), or a sandbox forbids it.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

mod common;

use std::cell::Cell;
use std::mem::transmute;

use common::{client, emulator};
use libc::{c_int, c_void, pthread_attr_t, pthread_t};
use xgpush::bulk::BulkOptions;
use xgpush::{Row, State};
use xgpush_emulator::{Config as Service, Fault, FaultKind};

thread_local! {
    /// How many of the next threads cannot be had.
    static REFUSED: Cell<u32> = const { Cell::new(0) };
}

/// As the system's, but for threads that ask for too much.
#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_create(
    thread: *mut pthread_t,
    attributes: *const pthread_attr_t,
    begin: extern "C" fn(*mut c_void) -> *mut c_void,
    argument: *mut c_void,
) -> c_int {
    type Create = unsafe extern "C" fn(
        *mut pthread_t,
        *const pthread_attr_t,
        extern "C" fn(*mut c_void) -> *mut c_void,
        *mut c_void,
    ) -> c_int;
    let refused = REFUSED.get();
    if refused > 0 {
        REFUSED.set(refused - 1);
        return libc::EAGAIN;
    }
    // SAFETY: the function of this name has this type, and gets what the caller gave.
    unsafe {
        let next = libc::dlsym(libc::RTLD_NEXT, c"pthread_create".as_ptr());
        transmute::<*mut c_void, Create>(next)(thread, attributes, begin, argument)
    }
}

/// None at all, or none for a while.
#[test]
fn stream_without_a_thread_is_sent_by_its_caller() {
    // A stream that waits for a thread would wait for ever.
    // SAFETY: no other code of this program sets an alarm.
    unsafe { libc::alarm(60) };
    let emulator = emulator(Service::default());
    let client = client(&emulator, &[("max_attempts", "1")]);
    for refused in [u32::MAX, 3] {
        emulator.reconfigure(Service::default());
        emulator.push_fault(Fault::new(FaultKind::ResetAfter));
        REFUSED.set(refused);
        let rows = (0..200).map(|n| Row::bind(format!("t{n}"), format!("player{n}")));
        let outcomes: Vec<_> = client
            .bulk(rows, &BulkOptions::default())
            .unwrap()
            .collect();
        REFUSED.set(0);
        assert_eq!(outcomes.len(), 200);
        let accepted = outcomes.iter().filter(|o| o.state() == State::Accepted);
        assert_eq!(accepted.count(), 200, "the first request was sent again");
        assert_eq!(emulator.state().tokens.len(), 200);
    }
}
