//! Outcomes: item by item, and whole as JSON.

use std::ffi::{CString, c_char};
use std::sync::OnceLock;

use xgpush::{Found, ItemOutcome, Outcome, Reason, State};

use crate::boundary::handle::{self, Handle};
use crate::boundary::{guard, text};

/// The state of an item.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum xg_state {
    /// There is no such item.
    XG_STATE_NONE = 0,
    /// The service queued the operation; it takes effect later. For a query: answered.
    XG_STATE_ACCEPTED = 1,
    /// The service refused it, with a code or an HTTP status.
    XG_STATE_REJECTED = 2,
    /// It was sent, and no valid response came: it may have been applied, or may
    /// still be.
    XG_STATE_UNKNOWN = 3,
    /// It never left this machine.
    XG_STATE_NOT_SENT = 4,
}

impl From<State> for xg_state {
    fn from(state: State) -> Self {
        match state {
            State::Accepted => Self::XG_STATE_ACCEPTED,
            State::Rejected => Self::XG_STATE_REJECTED,
            State::Unknown => Self::XG_STATE_UNKNOWN,
            State::NotSent => Self::XG_STATE_NOT_SENT,
        }
    }
}

/// The results of a call, one per item, in the order of the items. Several threads may
/// read it at once.
pub struct xg_outcome {
    pub(super) outcome: Outcome,
    /// C texts are made when the first one is asked for: 100,000 accepted items
    /// need none.
    texts: OnceLock<Vec<ItemTexts>>,
    warnings: OnceLock<Vec<(CString, CString)>>,
    json: OnceLock<CString>,
}

pub(super) struct ItemTexts {
    message: Option<CString>,
    pub(super) found: Vec<CString>,
}

impl Handle for xg_outcome {
    const NAME: &'static str = "outcome";
}

impl xg_outcome {
    pub(crate) fn new(outcome: Outcome) -> Self {
        Self {
            outcome,
            texts: OnceLock::new(),
            warnings: OnceLock::new(),
            json: OnceLock::new(),
        }
    }

    pub(super) fn texts(&self) -> &[ItemTexts] {
        self.texts.get_or_init(|| {
            let of = |item: &ItemOutcome| ItemTexts {
                message: (!item.message().is_empty()).then(|| text::owned(item.message())),
                found: match item.found() {
                    Some(Found::Tokens(tokens)) => tokens.iter().map(|t| text::owned(t)).collect(),
                    Some(Found::Accounts(accounts)) => {
                        let names = accounts.iter().map(|a| text::owned(&a.account));
                        names.collect()
                    }
                    _ => Vec::new(),
                },
            };
            self.outcome.items().iter().map(of).collect()
        })
    }

    pub(super) fn warning_texts(&self) -> &[(CString, CString)] {
        self.warnings.get_or_init(|| {
            let warnings = self.outcome.warnings().iter();
            warnings
                .map(|w| (text::owned(w.kind().name()), text::owned(w.message())))
                .collect()
        })
    }
}

/// What `of` answers for one item; the default past the end and for NULL.
pub(super) unsafe fn with_item<T>(
    outcome: *const xg_outcome,
    index: usize,
    default: T,
    of: impl FnOnce(&ItemOutcome) -> Option<T>,
) -> T {
    guard::value(default, || {
        // SAFETY: as the header demands.
        let outcome = unsafe { handle::shared(outcome) }.ok()?;
        of(outcome.outcome.items().get(index)?)
    })
}

/// The number of items, which is that of the request; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outcome_item_count(outcome: *const xg_outcome) -> usize {
    guard::value(0, || {
        // SAFETY: as the header demands.
        Some(
            unsafe { handle::shared(outcome) }
                .ok()?
                .outcome
                .items()
                .len(),
        )
    })
}

/// How many items are in a state, one of xg_state; 0 for another number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outcome_state_count(outcome: *const xg_outcome, state: i32) -> usize {
    guard::value(0, || {
        // SAFETY: as the header demands.
        let outcome = unsafe { handle::shared(outcome) }.ok()?;
        let state = State::ALL.iter().find(|s| **s as i32 == state)?;
        Some(outcome.outcome.count(*state))
    })
}

/// Whether every item was accepted; false for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outcome_all_accepted(outcome: *const xg_outcome) -> bool {
    guard::value(false, || {
        // SAFETY: as the header demands.
        Some(
            unsafe { handle::shared(outcome) }
                .ok()?
                .outcome
                .all_accepted(),
        )
    })
}

/// How many HTTP requests were sent, retries included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outcome_request_count(outcome: *const xg_outcome) -> u32 {
    guard::value(0, || {
        // SAFETY: as the header demands.
        Some(unsafe { handle::shared(outcome) }.ok()?.outcome.requests())
    })
}

/// The state of an item, by its 0-based index; XG_STATE_NONE past the end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outcome_state(outcome: *const xg_outcome, index: usize) -> xg_state {
    // SAFETY: as the header demands.
    unsafe {
        with_item(outcome, index, xg_state::XG_STATE_NONE, |item| {
            Some(item.state().into())
        })
    }
}

/// Why an item is in its state: a stable name of docs/reasons.md, such as "item_refused"
/// or "timed_out"; "" past the end. Static.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outcome_reason(
    outcome: *const xg_outcome,
    index: usize,
) -> *const c_char {
    // SAFETY: as the header demands.
    unsafe {
        with_item(outcome, index, text::EMPTY, |item| {
            reason_name(item.reason())
        })
    }
}

/// The stable name of a reason, valid until the process ends.
pub(crate) fn reason_name(reason: Reason) -> Option<*const c_char> {
    static NAMES: OnceLock<Vec<(Reason, CString)>> = OnceLock::new();
    let names = NAMES.get_or_init(|| {
        let all = Reason::ALL.iter();
        all.map(|reason| (*reason, text::owned(reason.name())))
            .collect()
    });
    let (_, name) = names.iter().find(|(known, _)| *known == reason)?;
    Some(name.as_ptr())
}

/// The service's return code for an item, or for the whole request if the item has none;
/// 0 if accepted, -1 without a code.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outcome_code(outcome: *const xg_outcome, index: usize) -> i64 {
    // SAFETY: as the header demands.
    unsafe { with_item(outcome, index, -1, ItemOutcome::code) }
}

/// The HTTP status of the response that decided the item; 0 without a response.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outcome_http_status(outcome: *const xg_outcome, index: usize) -> i32 {
    // SAFETY: as the header demands.
    unsafe { with_item(outcome, index, 0, |item| item.http_status().map(i32::from)) }
}

/// How often an item was sent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outcome_attempts(outcome: *const xg_outcome, index: usize) -> u32 {
    // SAFETY: as the header demands.
    unsafe { with_item(outcome, index, 0, |item| Some(item.attempts().into())) }
}

/// Whether a query showed the operation in time: 1 yes, 0 no, -1 without
/// xg_request_set_confirm_ms or if a later item of the call changes the same token or
/// account.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outcome_confirmed(outcome: *const xg_outcome, index: usize) -> i32 {
    // SAFETY: as the header demands.
    unsafe { with_item(outcome, index, -1, |item| item.confirmed().map(i32::from)) }
}

/// How long the service asks to wait before an item is sent again (Retry-After), in
/// milliseconds; -1 if it does not say. The option `max_backoff_ms` does not limit it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outcome_retry_after_ms(
    outcome: *const xg_outcome,
    index: usize,
) -> i64 {
    // SAFETY: as the header demands.
    unsafe {
        with_item(outcome, index, -1, |item| {
            i64::try_from(item.retry_after()?.as_millis()).ok()
        })
    }
}

/// Whether sending an item again later may succeed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outcome_is_retryable(outcome: *const xg_outcome, index: usize) -> bool {
    // SAFETY: as the header demands.
    unsafe { with_item(outcome, index, false, |item| Some(item.is_retryable())) }
}

/// A description for people; "" if accepted. Valid until the outcome is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outcome_message(
    outcome: *const xg_outcome,
    index: usize,
) -> *const c_char {
    guard::value(text::EMPTY, || {
        // SAFETY: as the header demands.
        let outcome = unsafe { handle::shared(outcome) }.ok()?;
        if outcome.outcome.items().get(index)?.message().is_empty() {
            return None;
        }
        Some(outcome.texts().get(index)?.message.as_ref()?.as_ptr())
    })
}

/// The whole outcome as JSON, NUL-terminated. *len is its length in bytes unless len is
/// NULL. "" and 0 for NULL. Valid until the outcome is freed.
///
/// {"counts":{…},"requests":n,"items":[{"state","reason","code"?,"http_status"?,
/// "attempts","retryable"?,"message"?,"tokens"?|"accounts"?}],"warnings":[…],
/// "extra":{…}}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outcome_json(
    outcome: *const xg_outcome,
    len: *mut usize,
) -> *const c_char {
    guard::text(len, || {
        // SAFETY: as the header demands.
        let outcome = unsafe { handle::shared(outcome) }.ok()?;
        let json = outcome
            .json
            .get_or_init(|| text::owned(&outcome.outcome.to_json()));
        Some((json.as_ptr(), json.as_bytes().len()))
    })
}

/// Frees an outcome. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xg_outcome_free(outcome: *mut xg_outcome) {
    // SAFETY: as the header demands.
    guard::run(|| unsafe { handle::free(outcome) });
}
