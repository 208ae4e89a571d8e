//! How far the attempt of this thread got, and whether it is to end.
//!
//! `ureq` runs a request on the calling thread and hands nothing of it down to
//! the connection but a time-out; so the layers below meet here.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use ureq::http::Uri;

/// What is known of an attempt.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Progress {
    /// A byte of the request may have left.
    pub(super) sent: bool,
    /// An idle connection was used again, and it broke before it brought a byte.
    pub(super) went_stale: bool,
    /// It was ended by the caller.
    pub(super) cancelled: bool,
}

struct Watch {
    progress: Progress,
    cancelled: Rc<dyn Fn() -> bool>,
    /// When it was last asked.
    asked: Instant,
    /// When the attempt ends: `ureq` hands the same remaining time down several
    /// times.
    ends: Option<Instant>,
    /// Whom the request is for: a proxy in between is not.
    target: Uri,
}

thread_local! {
    static WATCH: RefCell<Option<Watch>> = const { RefCell::new(None) };
}

/// An attempt on this thread, from `begin` to drop. An attempt inside another
/// one (made by the caller's own `cancelled`) puts the outer one back.
pub(super) struct Watched {
    outer: Option<Watch>,
}

impl Watched {
    pub(super) fn begin(cancelled: &Rc<dyn Fn() -> bool>, target: Uri, timeout: Duration) -> Self {
        let watch = Watch {
            progress: Progress::default(),
            cancelled: Rc::clone(cancelled),
            asked: Instant::now(),
            ends: Instant::now().checked_add(timeout),
            target,
        };
        Self {
            outer: WATCH.with_borrow_mut(|current| current.replace(watch)),
        }
    }

    pub(super) fn progress() -> Progress {
        WATCH.with_borrow(|current| current.as_ref().map(|w| w.progress).unwrap_or_default())
    }

    pub(super) fn restart() {
        update(|progress| *progress = Progress::default());
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        WATCH.with_borrow_mut(|current| *current = self.outer.take());
    }
}

/// Notes something of the attempt on this thread.
pub(super) fn update(change: impl FnOnce(&mut Progress)) {
    WATCH.with_borrow_mut(|current| {
        if let Some(watch) = current {
            change(&mut watch.progress);
        }
    });
}

/// When the attempt on this thread ends.
pub(super) fn ends() -> Option<Instant> {
    WATCH.with_borrow(|current| current.as_ref().and_then(|w| w.ends))
}

/// Whether a connection to this address carries the request itself.
pub(super) fn is_target(uri: &Uri) -> bool {
    WATCH.with_borrow(|current| {
        let target = current.as_ref().map(|w| &w.target);
        target.is_none_or(|t| t.scheme() == uri.scheme() && t.authority() == uri.authority())
    })
}

/// Whether it is this long since the attempt was asked whether to end.
pub(super) fn is_due(after: Duration) -> bool {
    WATCH.with_borrow(|current| current.as_ref().is_some_and(|w| w.asked.elapsed() >= after))
}

/// Whether the attempt on this thread is to end; notes it.
pub(super) fn cancelled() -> bool {
    let asked = WATCH.with_borrow_mut(|current| {
        let watch = current.as_mut()?;
        watch.asked = Instant::now();
        Some(Rc::clone(&watch.cancelled))
    });
    // Not borrowed while the caller's code runs: it may send, too.
    let ends = asked.is_some_and(|asked| asked());
    if ends {
        update(|progress| progress.cancelled = true);
    }
    ends
}
