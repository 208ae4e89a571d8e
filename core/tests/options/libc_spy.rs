//! Functions of the C library that leave no other trace: looking up a name, and
//! waiting for the disk. This program has its own, which count.

#![allow(unsafe_code, reason = "they have the signatures of the C library")]
#![allow(
    clippy::cast_possible_truncation,
    reason = "of small constants of the C library"
)]

use std::ffi::{CStr, c_char, c_int, c_long};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

static LOOKED_UP: Mutex<Vec<String>> = Mutex::new(Vec::new());
static SYNCHRONISED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// How often a name was looked up.
pub(crate) fn look_ups(name: &str) -> usize {
    let looked_up = LOOKED_UP.lock().unwrap();
    looked_up.iter().filter(|known| *known == name).count()
}

/// How often a file in this folder was synchronised with the disk.
pub(crate) fn synchronisations(folder: &Path) -> usize {
    let synchronised = SYNCHRONISED.lock().unwrap();
    let inside = synchronised.iter().filter(|path| path.starts_with(folder));
    inside.count()
}

/// What a look-up finds.
#[repr(C)]
struct Found {
    info: libc::addrinfo,
    address: libc::sockaddr_in,
}

/// Every name is this machine.
#[unsafe(no_mangle)]
unsafe extern "C" fn getaddrinfo(
    node: *const c_char,
    _service: *const c_char,
    _hints: *const libc::addrinfo,
    result: *mut *mut libc::addrinfo,
) -> c_int {
    // SAFETY: `node` is a C string and `result` can be written: the C library demands
    // it. Zeros are valid in both structs.
    unsafe {
        let name = CStr::from_ptr(node).to_string_lossy().into_owned();
        LOOKED_UP.lock().unwrap().push(name);
        let found: &'static mut Found = Box::leak(Box::new(std::mem::zeroed()));
        let Found { info, address } = found;
        address.sin_family = libc::AF_INET as libc::sa_family_t;
        address.sin_addr.s_addr = u32::from_ne_bytes([127, 0, 0, 1]);
        info.ai_family = libc::AF_INET;
        info.ai_socktype = libc::SOCK_STREAM;
        info.ai_addrlen = size_of_val(address) as libc::socklen_t;
        info.ai_addr = std::ptr::from_mut(address).cast();
        *result = info;
    }
    0
}

/// What was found is some bytes, and stays.
#[unsafe(no_mangle)]
extern "C" fn freeaddrinfo(_found: *mut libc::addrinfo) {}

#[unsafe(no_mangle)]
extern "C" fn fsync(descriptor: c_int) -> c_int {
    synchronise(libc::SYS_fsync, descriptor)
}

#[unsafe(no_mangle)]
extern "C" fn fdatasync(descriptor: c_int) -> c_int {
    synchronise(libc::SYS_fdatasync, descriptor)
}

fn synchronise(call: c_long, descriptor: c_int) -> c_int {
    if let Ok(path) = std::fs::read_link(format!("/proc/self/fd/{descriptor}")) {
        SYNCHRONISED.lock().unwrap().push(path);
    }
    // SAFETY: both calls take any descriptor.
    let done = unsafe { libc::syscall(call, descriptor) };
    c_int::try_from(done).unwrap_or(-1)
}
