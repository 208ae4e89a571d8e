//! Lines for a log, from the outbox's own thread to a function in Python.
//!
//! A thread that wants the interpreter while it ends is killed in the middle of
//! Rust, which ends the process badly. So that none does, [`stop_logging`] runs before
//! (`atexit`), and no line is brought after it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use xgpush::LogLevel;

static ENDED: AtomicBool = AtomicBool::new(false);
/// How many threads bring a line just now.
static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);

/// Brings lines to a function, with the level as a number of `logging`.
pub(crate) fn to(function: Py<PyAny>) -> Arc<dyn Fn(LogLevel, &str) + Send + Sync> {
    Arc::new(move |level, line| {
        let _under_way = UnderWay::new();
        if ENDED.load(Ordering::SeqCst) {
            return;
        }
        Python::try_attach(|py| {
            let level = match level {
                LogLevel::Info => 20,
                LogLevel::Warning => 30,
                LogLevel::Error => 40,
            };
            // What it raises has nowhere to go but the hook for such cases.
            if let Err(error) = function.call1(py, (level, line)) {
                error.write_unraisable(py, None);
            }
        });
    })
}

struct UnderWay;

impl UnderWay {
    fn new() -> Self {
        UNDER_WAY.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        UNDER_WAY.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Brings no line any more; waits for those that are under way, a second at most.
#[pyfunction]
pub(crate) fn stop_logging(py: Python<'_>) {
    ENDED.store(true, Ordering::SeqCst);
    py.detach(|| {
        let ends = Instant::now() + Duration::from_secs(1);
        while UNDER_WAY.load(Ordering::SeqCst) > 0 && Instant::now() < ends {
            std::thread::sleep(Duration::from_millis(1));
        }
    });
}

/// The threads that brought lines stayed in the parent.
pub(crate) fn mark_forked() {
    UNDER_WAY.store(0, Ordering::SeqCst);
}
