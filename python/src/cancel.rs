//! What ends a call that waits: signals, or the flag of a coroutine.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

/// What a call asks while it waits.
pub(crate) type Question = Arc<dyn Fn() -> bool + Send + Sync>;

/// What Python raised during a call: it ends the call and is raised by it.
#[derive(Default)]
pub(crate) struct Raised(Mutex<Option<PyErr>>);

impl Raised {
    pub(crate) fn set(&self, error: PyErr) {
        // What was there is dropped without the lock.
        let _before = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .replace(error);
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some()
    }

    pub(crate) fn take(&self) -> Option<PyErr> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Ends the call to which it is given, from any thread.
#[pyclass(frozen, module = "xgpush._native")]
#[derive(Default)]
pub(crate) struct CancelFlag(Arc<AtomicBool>);

#[pymethods]
impl CancelFlag {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    fn set(&self) {
        self.0.store(true, Ordering::Release);
    }
}

impl CancelFlag {
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// The question of a call without the interpreter: it costs nothing, and a
    /// thread of a pool never sees a signal.
    pub(crate) fn interrupt(&self) -> Question {
        let flag = Arc::clone(&self.0);
        Arc::new(move || flag.load(Ordering::Acquire))
    }
}

/// Asks between two slices of a wait whether to go on.
pub(crate) fn is_cancelled(py: Python<'_>, cancel: Option<&CancelFlag>) -> PyResult<bool> {
    match cancel {
        Some(flag) => Ok(flag.is_set()),
        None => py.check_signals().map(|()| false),
    }
}

/// Whether this thread is the one that handles signals. No other asks for them: it
/// would be in vain, and at the end of the interpreter the end of the process.
pub(crate) fn handles_signals(py: Python<'_>) -> PyResult<bool> {
    // At the very end nothing can be imported any more, and nobody waits for a signal.
    let Ok(threading) = py.import("threading") else {
        return Ok(false);
    };
    let main = threading.call_method0("main_thread")?.getattr("ident")?;
    main.eq(threading.call_method0("get_ident")?)
}

/// Asks the interpreter for signals, at most every 20 ms: it costs the lock that
/// other threads want.
pub(crate) fn signals(raised: Arc<Raised>) -> Question {
    const PAUSE: Duration = Duration::from_millis(20);
    let asked = Mutex::new(Instant::now());
    Arc::new(move || {
        {
            let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
            if asked.elapsed() < PAUSE {
                return false;
            }
            *asked = Instant::now();
        }
        #[expect(
            clippy::redundant_closure_for_method_calls,
            reason = "of one lifetime only"
        )]
        let checked = Python::attach(|py| py.check_signals());
        match checked {
            Ok(()) => false,
            Err(signal) => {
                raised.set(signal);
                true
            }
        }
    })
}
