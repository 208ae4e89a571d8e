//! Other processes.

use std::path::Path;

/// Whether there is a process of that number: by `/proc`, which Linux has.
pub(super) fn is_alive(pid: u32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}
