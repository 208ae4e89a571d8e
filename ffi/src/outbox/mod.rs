//! Background delivery: opening and closing an outbox.

mod submit;

mod wait;

mod secret_key;

mod polling;

mod callbacks;

mod report_thread;

mod reports;

mod pending;

mod stats;

use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant};

use xgpush::Outbox;

use self::report_thread::ReportThread;
use crate::boundary::guard;
use crate::boundary::handle::{self, Handle, OutParam};
use crate::config::xg_config;
use crate::error::{self, xg_error, xg_status};
use crate::http::transport::xg_transport;

/// Delivers operations in the background, in the order of each token and each account,
/// and reports each one. Make one and share it between threads.
pub struct xg_outbox {
    pub(crate) outbox: Arc<Outbox>,
    /// The thread that calls the report callback, if there is one.
    report_thread: Mutex<Option<Arc<ReportThread>>>,
}

impl Handle for xg_outbox {
    const NAME: &'static str = "outbox";
}

impl xg_outbox {
    fn into_raw(outbox: Outbox) -> *mut Self {
        register_fork_handler();
        handle::into_raw(Self {
            outbox: Arc::new(outbox),
            report_thread: Mutex::default(),
        })
    }

    fn report_thread(&self) -> MutexGuard<'_, Option<Arc<ReportThread>>> {
        self.report_thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens an outbox with a client of its own. With the option outbox_file it opens or
/// creates the file, and sends and reports what an earlier run left in it, with that run's
/// tags. What you submit reaches the file about outbox_commit_ms (2 ms) later: see
/// xg_outbox_sync.
///
/// With the option outbox_url the operations of all processes of the application are in one
/// order, in an engine (Redis), and one process at a time sends them: docs/fleet.md. An
/// engine that is away is no error: what you submit waits.
///
/// Errors: XG_INVALID_OPTION; XG_STORAGE if the file cannot be used (another outbox has it,
/// it is not ours, of a newer version, corrupt, read-only) or the engine refuses (it evicts
/// keys, wants a password, has a newer schema); XG_RESOURCES if the system gives no thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_open(
    config: *const xg_config,
    outbox: *mut *mut xg_outbox,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        let out = OutParam::new(outbox)?;
        // SAFETY: as the header demands.
        let config = unsafe { handle::shared(config) }?;
        out.write(xg_outbox::into_raw(Outbox::open(&config.0)?));
        Ok(())
    })
}

/// xg_outbox_open with your own HTTP, called on threads of the library. You may free the
/// transport afterwards.
///
/// Errors: as xg_outbox_open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_open_with_transport(
    config: *const xg_config,
    transport: *const xg_transport,
    outbox: *mut *mut xg_outbox,
    error: *mut *mut xg_error,
) -> xg_status {
    error::status_of(error, || {
        let out = OutParam::new(outbox)?;
        // SAFETY: as the header demands.
        let (config, transport) = unsafe { (handle::shared(config)?, handle::shared(transport)?) };
        let client = transport.client(&config.0)?;
        out.write(xg_outbox::into_raw(Outbox::with_client(&config.0, client)?));
        Ok(())
    })
}

/// Accepts no more operations and goes on delivering, without waiting. Use it before
/// xg_outbox_close if you wait in your own way (xg_outbox_flush with short timeouts,
/// xg_outbox_is_drained). May be called twice; NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_begin_close(outbox: *const xg_outbox) {
    guard::run(|| {
        // SAFETY: as the header demands.
        if let Ok(outbox) = unsafe { handle::shared(outbox) } {
            outbox.outbox.begin_close();
        }
    });
}

/// Accepts no more operations, delivers for up to timeout_ms, and ends delivery. Returns how
/// many operations are left: they stay in the file or in the engine, or, without either, are
/// reported with what is known. You can still poll reports; a report callback gets them, and this waits
/// for it within the timeout. "reports_waiting" of xg_outbox_stats counts unread ones.
///
/// It takes at most timeout_ms and one second, even if callbacks hang. May be called twice;
/// 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_close(outbox: *const xg_outbox, timeout_ms: u64) -> usize {
    guard::value(0, || {
        // SAFETY: as the header demands.
        let outbox = unsafe { handle::shared(outbox) }.ok()?;
        let began = Instant::now();
        let timeout = Duration::from_millis(timeout_ms);
        let left = outbox.outbox.close(timeout);
        if outbox.outbox.is_forked() {
            return Some(left);
        }
        let thread = outbox.report_thread().clone();
        if let Some(thread) = thread {
            thread.wait_until_ended(began.checked_add(timeout).unwrap_or(began));
        }
        Some(left)
    })
}

/// Frees an outbox. Unless it was closed before, closes it with 2 s for delivery. Takes at
/// most 3 s, even if callbacks hang. Reports that were not delivered by then are lost:
/// close it first and read them.
///
/// Afterwards no callback runs, with one exception: a thread that hangs in a callback is
/// abandoned with what it uses, and the context of that transport is never destroyed
/// (xg_destroy_fn). Do not call this in a callback of the outbox. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_free(outbox: *mut xg_outbox) {
    /// For the operations that are left.
    const DELIVER: Duration = Duration::from_secs(2);
    /// For all of it, report callbacks included.
    const TOTAL: Duration = Duration::from_secs(3);
    guard::run(|| {
        // SAFETY: as the header demands.
        let Ok(open) = (unsafe { handle::shared(outbox) }) else {
            return;
        };
        if open.outbox.is_forked() {
            // Its threads are the parent's: nothing to end, and nothing to free.
            return;
        }
        let began = Instant::now();
        open.outbox.close_once(DELIVER);
        let thread = open.report_thread().clone();
        if let Some(thread) = thread {
            thread.wait_until_ended(began + TOTAL);
            thread.stop();
        }
        // Of a callback that hangs, too, when it comes back.
        open.outbox.end_log();
        // SAFETY: as the header demands.
        unsafe { handle::free(outbox) };
    });
}

unsafe extern "C" fn after_fork_in_child() {
    xgpush::internal::mark_forked();
}

fn register_fork_handler() {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        // SAFETY: the handler only adds to an atomic number, and the library is
        // never unloaded (nodelete). Without memory it fails, and forks go
        // unnoticed until the process is asked for.
        unsafe { libc::pthread_atfork(None, None, Some(after_fork_in_child)) };
    });
}
