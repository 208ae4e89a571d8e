//! Background delivery: opening and closing an outbox.

mod submit;

mod delivery;

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

/// Delivers operations in the background, in the order of each token and account,
/// and reports what became of each of them. Made once and shared by any number of
/// threads.
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

/// Opens an outbox with a client of its own. With the option outbox_file it opens
/// the file, or makes it, and takes up what is in it: these operations are reported
/// like any others, with the tags of the run that handed them in. What is handed in is
/// in the file about outbox_commit_ms (2 ms) later: see xg_outbox_sync.
///
/// Errors: XG_INVALID_OPTION; XG_STORAGE when the file cannot be used: held by
/// another outbox, not ours, of a newer version, corrupt, read-only; XG_RESOURCES when
/// there is no thread for it.
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

/// As xg_outbox_open, over a transport of the caller's, which may be freed
/// afterwards. Its requests come on threads of the library.
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
        out.write(xg_outbox::into_raw(Outbox::open_over(&config.0, client)?));
        Ok(())
    })
}

/// Takes nothing any more and delivers what is there, without waiting for it: for those
/// who wait in their own way (xg_outbox_flush with short times, xg_outbox_is_drained)
/// before they close. Twice is fine, and so is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_begin_close(outbox: *const xg_outbox) {
    guard::run(|| {
        // SAFETY: as the header demands.
        if let Ok(outbox) = unsafe { handle::shared(outbox) } {
            outbox.outbox.begin_close();
        }
    });
}

/// Takes nothing any more, delivers what is there for up to timeout_ms, and ends.
/// Answers how many operations were left: they stay in the file, or, without
/// one, are reported with what is known of them. Reports can still be taken: a function
/// of xg_outbox_set_report_callback gets them, and this waits for it within the time.
/// "reports_waiting" of xg_outbox_stats counts those that are left.
///
/// It takes timeout_ms and at most a second more, whatever callbacks do: see
/// xg_outbox_free. Twice is fine, and so is NULL.
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

/// Frees an outbox: closes it with 2 s to deliver the rest, unless it was closed
/// before. Within 3 s, whatever its callbacks do: reports that were not brought by then
/// are lost (close it before, and "reports_waiting" of xg_outbox_stats counts them), and
/// a thread that hangs in a callback is left to itself with what it uses, for ever: its
/// context is not freed (xg_destroy_fn). Otherwise no callback runs any more when this
/// returns. Not from one of its own callbacks. NULL is fine.
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
    xgpush::note_fork();
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
