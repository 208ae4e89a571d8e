//! One attempt after the other until a request is settled.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::client::{Call, Interrupt, Shared};
use crate::engine::skew;
use crate::model::outcome::{ItemOutcome, Reason, Warning, WarningKind};
use crate::protocol::classify;
use crate::protocol::credentials::Scheme;
use crate::protocol::message::{self, HttpRequest, HttpResponse, SendError};
use crate::retry::{self, Pace, RetryBudget};
use crate::sys::clock::unix_seconds;
use crate::transport::{Attempt, CancelCheck};

/// What may be sent again: the two kinds of calls differ only in this and in
/// how they read a response.
pub(crate) trait Sender {
    /// The next request, signed for this time.
    fn request(&mut self, unix_seconds: i64) -> HttpRequest;
    /// Whether a request that may have arrived may be sent once more.
    fn is_repeatable(&self) -> bool;
    /// How it authenticates, where not as the option says.
    fn own_auth(&self) -> Option<Scheme> {
        None
    }
    /// Reads a response or a failure. `None`: settled.
    fn read(&mut self, response: Result<&HttpResponse, &SendError>) -> Verdict;
    /// Takes note of what becomes of items that were never sent.
    fn give_up(&mut self, rest: ItemOutcome);
    /// Something that the caller should know.
    fn warn(&mut self, warning: Warning);
}

/// What an attempt came to.
pub(crate) struct Verdict {
    /// At which pace to try what is left; `None` when nothing is.
    pub(crate) again: Option<Pace>,
    /// The caller could not be authenticated.
    pub(crate) authentication_failed: bool,
    /// The service took something.
    pub(crate) accepted: bool,
}

impl Verdict {
    /// What an attempt on items came to.
    pub(crate) fn of(outcomes: &[ItemOutcome]) -> Self {
        Self {
            again: pace(outcomes.iter()),
            authentication_failed: authentication_failed(outcomes.iter()),
            accepted: outcomes.iter().any(|o| o.reason == Reason::Accepted),
        }
    }
}

/// Drives a sender to its end. `interrupt` is given on the calling thread only.
pub(crate) fn drive(
    shared: &Shared,
    call: &Call,
    interrupt: Interrupt<'_>,
    sender: &mut impl Sender,
) {
    let cancelled: CancelCheck = {
        let cancel = Arc::clone(&call.cancel);
        let interrupt = interrupt.cloned();
        Arc::new(move || cancel.check(interrupt.as_ref()))
    };
    let mut made = 0;
    let mut taken = 0;
    let mut unspent = 0;
    let mut corrected = false;
    loop {
        if let Err(rest) = shared.wait_for_turn(call, interrupt) {
            shared.budget.give_back(unspent);
            return sender.give_up(rest);
        }
        let skew = shared.skew.load(Ordering::Relaxed);
        let request = sender.request(unix_seconds(shared.clock.now()).saturating_add(skew));
        let response = shared.transport.send(
            &request,
            &Attempt {
                timeout: shared.request_timeout.min(shared.left(call)),
                repeatable: sender.is_repeatable(),
                cancelled: Arc::clone(&cancelled),
            },
        );
        made += 1;
        unspent = 0;
        let verdict = match &response {
            Ok(response) => {
                let shown = shared.api.shown_to(response, sender.own_auth());
                sender.read(Ok(&shown))
            }
            Err(error) => sender.read(Err(error)),
        };
        let response = response.ok();
        if verdict.authentication_failed && !corrected {
            corrected = true;
            if let Some(warning) = shared.correct_clock(response.as_ref(), skew) {
                sender.warn(warning);
                made -= 1;
                continue;
            }
        }
        let Some(pace) = verdict.again else {
            if verdict.accepted {
                shared.budget.pay_back(taken);
            }
            return;
        };
        let after = response
            .and_then(|r| r.retry_after)
            .and_then(|value| message::retry_after(&value, shared.clock.now()));
        let next = retry::next_attempt(
            &shared.backoff,
            &shared.budget,
            pace,
            made,
            after,
            shared.left(call),
            fastrand::f64(),
        );
        match next {
            Ok(pause) => {
                taken = RetryBudget::cost(pace);
                unspent = taken;
                if !shared.pause(call, interrupt, pause) {
                    return shared.budget.give_back(unspent);
                }
            }
            Err(_) => return,
        }
    }
}

/// The outcome of items that were never sent.
pub(crate) fn not_sent(reason: Reason) -> ItemOutcome {
    let message = match reason {
        Reason::Closed => "the client was closed before it was sent",
        Reason::Deadline => "the deadline passed before it was sent",
        _ => "the caller cancelled before it was sent",
    };
    ItemOutcome::new(reason, Some(message.into()))
}

impl Shared {
    pub(crate) fn left(&self, call: &Call) -> Duration {
        call.ends.saturating_sub(self.clock.elapsed())
    }

    /// Waits for a place in the pace that the user set.
    pub(crate) fn wait_for_turn(
        &self,
        call: &Call,
        interrupt: Interrupt<'_>,
    ) -> Result<(), ItemOutcome> {
        if call.cancel.check(interrupt) {
            return Err(not_sent(call.cancel.reason()));
        }
        let now = self.clock.elapsed();
        let left = call.ends.saturating_sub(now);
        match self.pacer.reserve(now, left) {
            Some(wait) if !left.is_zero() => {
                if self.pause(call, interrupt, wait) {
                    Ok(())
                } else {
                    Err(not_sent(call.cancel.reason()))
                }
            }
            _ => Err(not_sent(Reason::Deadline)),
        }
    }

    /// Waits, and says whether the call may go on.
    pub(crate) fn pause(&self, call: &Call, interrupt: Interrupt<'_>, pause: Duration) -> bool {
        const SLICE: Duration = Duration::from_millis(20);
        let ends = self.clock.elapsed().saturating_add(pause);
        loop {
            if call.cancel.check(interrupt) {
                return false;
            }
            let left = ends.saturating_sub(self.clock.elapsed());
            if left.is_zero() {
                return true;
            }
            self.clock.sleep(left.min(SLICE));
        }
    }

    /// After a refused signature: if the service's clock differs from the one
    /// that was signed with, takes its time for this and later calls.
    pub(crate) fn correct_clock(
        &self,
        response: Option<&HttpResponse>,
        used: i64,
    ) -> Option<Warning> {
        let date = response?.date.as_deref()?;
        let skew = skew::clock_skew(date, self.clock.now())?;
        if skew.abs_diff(used) < skew::MIN_SKEW.unsigned_abs() {
            return None;
        }
        self.skew.store(skew, Ordering::Relaxed);
        let side = if skew > 0 { "behind" } else { "ahead of" };
        Some(Warning::new(
            WarningKind::ClockSkew,
            None,
            format!(
                "this machine's clock is {} s {side} the service's, and the signature carries the \
                 time; the service's time was taken instead",
                skew.unsigned_abs()
            ),
        ))
    }
}

/// The slowest pace among outcomes that are worth a retry.
pub(crate) fn pace<'a>(outcomes: impl Iterator<Item = &'a ItemOutcome>) -> Option<Pace> {
    outcomes.filter_map(retry::worth_a_retry).max()
}

/// Whether an item is to be sent in the next attempt: after a corrected clock the
/// refused ones are sent again as well.
pub(crate) fn again(outcome: &ItemOutcome) -> bool {
    retry::worth_a_retry(outcome).is_some() || classify::is_authentication_failure(outcome)
}

/// Whether any outcome says that the caller could not be authenticated.
pub(crate) fn authentication_failed<'a>(
    mut outcomes: impl Iterator<Item = &'a ItemOutcome>,
) -> bool {
    outcomes.any(classify::is_authentication_failure)
}
