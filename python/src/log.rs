//! Log lines, from the outbox's own thread to a Python function.
//!
//! A thread that takes the interpreter while it shuts down is killed in the middle of Rust,
//! which crashes the process. Therefore [`stop_logging`] runs before (`atexit`), and no line
//! is delivered after it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use xgpush::outbox::LogLevel;

static ENDED: AtomicBool = AtomicBool::new(false);
/// How many threads deliver a line now.
static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);

/// Delivers lines to a function, with the level as a number of `logging`.
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
                _ => 40,
            };
            // No caller could catch what it raises.
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

/// Delivers no more lines. Waits up to a second for those in delivery.
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

/// In a child: the threads that deliver lines are those of the parent.
pub(crate) fn mark_forked() {
    UNDER_WAY.store(0, Ordering::SeqCst);
}
