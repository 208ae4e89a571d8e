//! Background delivery.

mod pending;
mod report_thread;
pub(crate) mod reports;
pub(crate) mod stats;
mod submit;

use std::ffi::{c_char, c_int, c_void};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant};

use xgpush::{Error, ErrorKind, LogLevel, Outbox};

use crate::boundary::handle::{self, Handle, Out};
use crate::boundary::user_data::Context;
use crate::boundary::{guard, text};
use crate::client::request::xg_request;
use crate::config::xg_config;
use crate::error::{xg_error, xg_status};
use crate::http::transport::xg_transport;
use crate::outbox::report_thread::{Caller, Function};
use crate::outbox::reports::xg_reports;
use crate::outbox::stats::xg_stats;

/// Delivers operations in the background, in the order of each token and account,
/// and reports what became of each of them. Made once and shared by any number of
/// threads.
pub struct xg_outbox {
    pub(crate) outbox: Arc<Outbox>,
    /// The thread that calls back.
    caller: Mutex<Option<Arc<Caller>>>,
}

impl Handle for xg_outbox {
    const NAME: &'static str = "outbox";
}

impl xg_outbox {
    fn give(outbox: Outbox) -> *mut Self {
        watch_forks();
        handle::give(Self {
            outbox: Arc::new(outbox),
            caller: Mutex::default(),
        })
    }

    fn caller(&self) -> MutexGuard<'_, Option<Arc<Caller>>> {
        self.caller.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Called with reports, on the thread "xgpush-report" of the library. They are
/// valid during the call. It must return: no exception, no longjmp and no end of its
/// thread (pthread_exit, pthread_cancel) may leave it, or the process is aborted.
pub type xg_report_fn =
    Option<unsafe extern "C" fn(reports: *const xg_reports, context: *mut c_void)>;

/// Called with a log line, one at a time, on a thread of the library; level is one of
/// xg_log_level. Delivery and writing to the file wait until it returns. The line is
/// valid during the call. It must return, as xg_report_fn.
pub type xg_log_fn =
    Option<unsafe extern "C" fn(level: i32, line: *const c_char, context: *mut c_void)>;

/// How bad it is what a line for a log tells.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum xg_log_level {
    /// What failed before works again.
    XG_LOG_INFO = 1,
    /// Delivery is late, and goes on by itself.
    XG_LOG_WARNING = 2,
    /// Somebody should look.
    XG_LOG_ERROR = 3,
}

impl From<LogLevel> for xg_log_level {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Info => Self::XG_LOG_INFO,
            LogLevel::Warning => Self::XG_LOG_WARNING,
            LogLevel::Error => Self::XG_LOG_ERROR,
        }
    }
}

type Log = Arc<dyn Fn(LogLevel, &str) + Send + Sync>;

/// How many reports a callback gets at once where the caller names no number.
const DEFAULT_MAX_REPORTS: usize = 256;

unsafe extern "C" fn in_the_child() {
    xgpush::note_fork();
}

fn watch_forks() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        // SAFETY: the handler only adds to an atomic number, and the library is
        // never unloaded (nodelete). Without memory it fails, and forks go
        // unnoticed until the process is asked for.
        unsafe { libc::pthread_atfork(None, None, Some(in_the_child)) };
    });
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
    guard::status(error, || {
        let out = Out::new(outbox)?;
        // SAFETY: as the header demands.
        let config = unsafe { handle::shared(config) }?;
        out.write(xg_outbox::give(Outbox::open(&config.0)?));
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
    guard::status(error, || {
        let out = Out::new(outbox)?;
        // SAFETY: as the header demands.
        let (config, transport) = unsafe { (handle::shared(config)?, handle::shared(transport)?) };
        let client = transport.client(&config.0)?;
        out.write(xg_outbox::give(Outbox::open_over(&config.0, client)?));
        Ok(())
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
    const REST: Duration = Duration::from_secs(2);
    /// What closing takes at most.
    const WHOLE: Duration = Duration::from_secs(3);
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
        open.outbox.close_once(REST);
        let caller = open.caller().clone();
        if let Some(caller) = caller {
            caller.wait(began + WHOLE);
            caller.shut();
        }
        // Of a callback that hangs, too, when it comes back.
        open.outbox.end_log();
        // SAFETY: as the header demands.
        unsafe { handle::free(outbox) };
    });
}

/// Hands in every item of a request, in their order; the n-th has the tag
/// first_tag + n. The deadline of the request does not matter here.
///
/// Errors: as xg_outbox_bind_n. With XG_FULL and XG_CLOSED the items before
/// xg_error_item were taken; with any other nothing was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_submit(
    outbox: *const xg_outbox,
    request: *const xg_request,
    first_tag: u64,
    error: *mut *mut xg_error,
) -> xg_status {
    guard::status(error, || {
        // SAFETY: as the header demands.
        let (outbox, request) = unsafe { (handle::shared(outbox)?, handle::shared(request)?) };
        outbox.outbox.submit_all(request.request(), first_tag)
    })
}

/// Moves reports into a buffer, in place of those that were in it, and waits up
/// to timeout_ms for the first one; answers how many. 0 as well for NULL, after
/// the end and in a child after fork.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_poll(
    outbox: *const xg_outbox,
    reports: *mut xg_reports,
    timeout_ms: u64,
) -> usize {
    guard::value(0, || {
        // SAFETY: as the header demands.
        let outbox = unsafe { handle::shared(outbox) }.ok()?;
        // SAFETY: as the header demands.
        let reports = unsafe { handle::exclusive(reports) }.ok()?;
        Some(reports.fill(&outbox.outbox, Duration::from_millis(timeout_ms)))
    })
}

/// Whether no report will come any more: it is closed, and all were taken. True as
/// well for NULL and in a child after fork. A loop of xg_outbox_poll ends with it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_is_drained(outbox: *const xg_outbox) -> bool {
    guard::value(true, || {
        // SAFETY: as the header demands.
        let outbox = unsafe { handle::shared(outbox) }.ok()?;
        Some(outbox.outbox.is_drained())
    })
}

/// A file descriptor that is readable while reports wait, and after the end, for
/// poll, epoll or select. It belongs to the outbox: do not read or close it. -1
/// where there is none: for NULL, and when the limit of descriptors is reached (ulimit
/// -n). Reports can be polled then, and a later call may succeed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_fd(outbox: *const xg_outbox) -> c_int {
    guard::value(-1, || {
        // SAFETY: as the header demands.
        let outbox = unsafe { handle::shared(outbox) }.ok()?;
        outbox.outbox.reports_fd().ok()
    })
}

/// Registers a callback for reports. The library starts one thread
/// ("xgpush-report") that calls it until the outbox is freed. Register once, and do
/// not call xg_outbox_poll afterwards.
///
/// max_reports: how many reports one call gets at most, 1 to 1000000; 0 means 256.
/// With 1, xg_outbox_free waits for one report rather than for a list.
///
/// Errors: XG_INVALID_ARGUMENT for a NULL function, a larger max_reports and the
/// second time; XG_CLOSED in a child after fork; XG_RESOURCES when the system gives no
/// thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_set_report_callback(
    outbox: *const xg_outbox,
    function: xg_report_fn,
    context: *mut c_void,
    max_reports: usize,
    error: *mut *mut xg_error,
) -> xg_status {
    guard::status(error, || {
        // SAFETY: as the header demands.
        let outbox = unsafe { handle::shared(outbox) }?;
        outbox.outbox.still_here()?;
        let invalid = |why: &str| Error::new(ErrorKind::InvalidArgument, why);
        let call = function.ok_or_else(|| invalid("function is NULL"))?;
        let mut caller = outbox.caller();
        if caller.is_some() {
            return Err(invalid("the outbox has a report callback already"));
        }
        let function = Function {
            call,
            context: Context(context),
            room: match max_reports {
                0 => DEFAULT_MAX_REPORTS,
                given => xg_reports::check_room(given)?,
            },
        };
        let started = Caller::start(Arc::clone(&outbox.outbox), function)?;
        *caller = Some(Arc::new(started));
        Ok(())
    })
}

/// Registers a callback for log lines: what fails in the background, and when it works
/// again. No line contains the secret key. NULL removes it. When this returns the
/// callback that was there before does not run any more, unless its last call takes
/// longer than a second.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_set_log_callback(
    outbox: *const xg_outbox,
    function: xg_log_fn,
    context: *mut c_void,
) {
    let context = Context(context);
    let log = function.map(|function| -> Log {
        Arc::new(move |level: LogLevel, line: &str| {
            let context = context;
            let level = xg_log_level::from(level) as i32;
            // SAFETY: a function of this type, by the caller's promise.
            unsafe { function(level, text::owned(line).as_ptr(), context.0) };
        })
    });
    guard::run(|| {
        // SAFETY: as the header demands.
        if let Ok(outbox) = unsafe { handle::shared(outbox) } {
            outbox.outbox.set_log(log);
        }
    });
}

/// Delivers what is there without lingering, and waits for it up to timeout_ms.
/// *left, unless left is NULL, is how many operations are not settled then.
///
/// Errors: XG_CLOSED in a child after fork.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_flush(
    outbox: *const xg_outbox,
    timeout_ms: u64,
    left: *mut usize,
    error: *mut *mut xg_error,
) -> xg_status {
    guard::status(error, || {
        // SAFETY: as the header demands.
        let outbox = unsafe { handle::shared(outbox) }?;
        let open = outbox.outbox.flush(Duration::from_millis(timeout_ms))?;
        if let Ok(left) = Out::new(left) {
            left.write(open);
        }
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

/// Waits up to timeout_ms until everything that was handed in so far is durable, as
/// outbox_durability means it, or settled. By itself that takes about
/// outbox_commit_ms; what is not durable yet goes with the process when it is killed.
///
/// Errors: XG_STORAGE when it is not durable: there is no file, the file failed, or
/// the time was over (xg_error_is_retryable); XG_CLOSED in a child after fork.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_sync(
    outbox: *const xg_outbox,
    timeout_ms: u64,
    error: *mut *mut xg_error,
) -> xg_status {
    guard::status(error, || {
        // SAFETY: as the header demands.
        let outbox = unsafe { handle::shared(outbox) }?;
        outbox.outbox.sync(Duration::from_millis(timeout_ms))
    })
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
        let caller = outbox.caller().clone();
        if let Some(caller) = caller {
            caller.wait(began.checked_add(timeout).unwrap_or(began));
        }
        Some(left)
    })
}

/// Waits up to timeout_ms until the outbox is not full, for threads that have nothing
/// else to do; an event loop hands in again in a later round, when it has taken reports.
/// False when it is still full, and at once when it is closed, for NULL, and in a child
/// after fork. Another thread may be quicker than the hand-in that follows.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_wait_not_full(
    outbox: *const xg_outbox,
    timeout_ms: u64,
) -> bool {
    guard::value(false, || {
        // SAFETY: as the header demands.
        let outbox = unsafe { handle::shared(outbox) }.ok()?;
        let timeout = Duration::from_millis(timeout_ms);
        Some(outbox.outbox.wait_for_room(timeout))
    })
}

/// Signs with this secret key from the next attempt on, without closing, for a key that
/// is changed while the program runs. While sending is paused because the key was
/// refused, the next attempt comes within the option max_backoff_ms. The text is copied
/// and wiped from memory when it is not needed any more; wipe your own.
///
/// Errors: as xg_client_set_secret_key.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_set_secret_key(
    outbox: *const xg_outbox,
    secret_key: *const c_char,
    error: *mut *mut xg_error,
) -> xg_status {
    guard::status(error, || {
        // SAFETY: as the header demands.
        let (outbox, key) = unsafe {
            (
                handle::shared(outbox)?,
                text::read(secret_key, "secret_key")?,
            )
        };
        outbox.outbox.set_secret_key(key)
    })
}

/// The numbers of an outbox, as they are now. Free them with xg_stats_free.
///
/// Errors: XG_INVALID_ARGUMENT for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outbox_stats(
    outbox: *const xg_outbox,
    stats: *mut *mut xg_stats,
    error: *mut *mut xg_error,
) -> xg_status {
    guard::status(error, || {
        let out = Out::new(stats)?;
        // SAFETY: as the header demands.
        let outbox = unsafe { handle::shared(outbox) }?;
        out.write(handle::give(xg_stats::new(&outbox.outbox)));
        Ok(())
    })
}
