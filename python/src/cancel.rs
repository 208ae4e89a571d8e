//! What interrupts a call that waits: signals, or the flag of a coroutine.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

/// How long a wait goes on before it looks for signals or the flag.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Called while a call waits: whether to end it.
pub(crate) type Interrupt = Arc<dyn Fn() -> bool + Send + Sync>;

/// An exception that Python raised during a call: it ends the call, which raises it.
#[derive(Default)]
pub(crate) struct Raised(Mutex<Option<PyErr>>);

impl Raised {
    pub(crate) fn set(&self, error: PyErr) {
        // A former one is dropped without the lock.
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

/// Ends the call that it is passed to, from any thread.
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

    /// For calls in a thread of a pool, which never sees a signal: it needs no interpreter.
    pub(crate) fn interrupt(&self) -> Interrupt {
        let flag = Arc::clone(&self.0);
        Arc::new(move || flag.load(Ordering::Acquire))
    }
}

/// Whether to end a wait, called at each [`POLL_INTERVAL`].
pub(crate) fn is_cancelled(py: Python<'_>, cancel: Option<&CancelFlag>) -> PyResult<bool> {
    match cancel {
        Some(flag) => Ok(flag.is_set()),
        None => py.check_signals().map(|()| false),
    }
}

/// Whether this is the thread that handles signals. In any other thread checking is in vain,
/// and while the interpreter ends it ends the process.
pub(crate) fn handles_signals(py: Python<'_>) -> PyResult<bool> {
    // While the interpreter ends nothing can be imported, and no signal matters.
    let Ok(threading) = py.import("threading") else {
        return Ok(false);
    };
    let main = threading.call_method0("main_thread")?.getattr("ident")?;
    main.eq(threading.call_method0("get_ident")?)
}

/// Checks for signals, at most every 20 ms: it takes the interpreter from other threads.
pub(crate) fn signal_check(raised: Arc<Raised>) -> Interrupt {
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
