//! One signed request, sent once.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Engine, Limits, skew};
use crate::model::operator::{Action, Operator};
use crate::model::outcome::{ItemOutcome, Reason, Warning, WarningKind};
use crate::protocol::api::Api;
use crate::protocol::classify;
use crate::protocol::credentials::Scheme;
use crate::protocol::message::{self, HttpRequest, HttpResponse};
use crate::retry::{RetryMode, ServiceHealth, StopReason, service_health};
use crate::sys::clock::unix_seconds;
use crate::transport::Attempt;

/// What is sent: the part in which the APIs differ.
pub(crate) trait Payload {
    /// The HTTP request for what is still to be sent, signed for this time.
    fn http_request(&mut self, api: &Api, unix_seconds: i64) -> HttpRequest;
    /// How many items the last one carried.
    fn sent_items(&self) -> usize;
    fn retry_mode(&self) -> RetryMode;
    /// How it authenticates, where not as the option says.
    fn own_auth(&self) -> Option<Scheme> {
        None
    }
    /// One outcome for each item that was sent.
    fn classify(&mut self, response: &HttpResponse) -> Vec<ItemOutcome>;
    /// Keeps the outcomes of an attempt.
    fn record(&mut self, outcomes: Vec<ItemOutcome>);
    /// The clock was corrected: the next request that reaches the service, and no later one,
    /// takes the items with it that were refused because of who asked.
    fn resend_refused(&mut self) {}
    /// Takes the request back once it was sent: for a payload that needs its body again.
    fn reclaim(&mut self, _: HttpRequest) {}
}

/// The result of an attempt.
pub(crate) struct AttemptResult {
    /// One per item that was sent.
    pub(crate) outcomes: Vec<ItemOutcome>,
    /// How many HTTP requests were sent.
    pub(crate) requests: u32,
    /// What the service asked for (`Retry-After`).
    pub(crate) retry_after: Option<Duration>,
    pub(crate) warning: Option<Warning>,
}

impl AttemptResult {
    fn without_response(outcomes: Vec<ItemOutcome>) -> Self {
        Self {
            outcomes,
            requests: 0,
            retry_after: None,
            warning: None,
        }
    }

    /// Sending so many items panicked.
    pub(crate) fn panicked(items: usize) -> Self {
        Self::without_response(panicked(items))
    }
}

/// One HTTP request and what came back.
struct RoundTrip {
    attempted: AttemptResult,
    /// What the service's clock said, and by how much ours was corrected to sign.
    date: Option<String>,
    skew: i64,
}

impl Engine {
    /// Sends a payload once; twice when the caller was refused because our clock is off.
    ///
    /// # Errors
    /// Why it was not sent.
    pub(crate) fn send_once(
        &self,
        payload: &mut impl Payload,
        limits: &Limits,
    ) -> Result<AttemptResult, StopReason> {
        self.wait_for_turn(limits)?;
        let first = self.round_trip(payload, limits);
        self.share_throttling(&first.attempted);
        let warning = self.correct_clock(&first);
        let first = first.attempted;
        if warning.is_none() || self.wait_for_turn(limits).is_err() {
            let warning = warning.or_else(|| self.shared_rate_warning());
            return Ok(AttemptResult { warning, ..first });
        }
        payload.record(first.outcomes);
        payload.resend_refused();
        let second = self.round_trip(payload, limits).attempted;
        self.share_throttling(&second);
        Ok(AttemptResult {
            requests: first.requests + second.requests,
            warning,
            ..second
        })
    }

    fn round_trip(&self, payload: &mut impl Payload, limits: &Limits) -> RoundTrip {
        let skew = self.skew.load(Ordering::Relaxed);
        let now = unix_seconds(self.clock.now()).saturating_add(skew);
        let request = payload.http_request(&self.api, now);
        let response = self.transport.send(
            &request,
            &Attempt {
                timeout: self.request_timeout.min(self.left(limits)),
                repeatable: payload.retry_mode() != RetryMode::NonIdempotent,
                cancelled: Arc::clone(&limits.cancelled),
            },
        );
        payload.reclaim(request);
        match response {
            Ok(response) => {
                let shown = self.api.redacted_for(&response, payload.own_auth());
                let outcomes = payload.classify(&shown);
                let after = response.retry_after.as_deref();
                let after = after.and_then(|value| message::retry_after(value, self.clock.now()));
                RoundTrip {
                    attempted: AttemptResult {
                        outcomes,
                        requests: 1,
                        retry_after: after,
                        warning: None,
                    },
                    date: response.date,
                    skew,
                }
            }
            Err(error) => RoundTrip {
                attempted: AttemptResult {
                    requests: u32::from(error.sent),
                    ..AttemptResult::without_response(vec![
                        classify::not_answered(&error);
                        payload.sent_items()
                    ])
                },
                date: None,
                skew,
            },
        }
    }

    /// Waits for a place in the rate that the user set.
    fn wait_for_turn(&self, limits: &Limits) -> Result<(), StopReason> {
        limits.check()?;
        let now = self.clock.elapsed();
        let left = limits.ends.saturating_sub(now);
        if let Some(rate) = &self.shared_rate {
            return rate.wait(limits, left);
        }
        match self.pacer.reserve(now, left) {
            Some(wait) if !left.is_zero() => self.pause(limits, wait),
            _ => Err(StopReason::Deadline),
        }
    }

    /// Tells the other processes that share the rate when the service asks for fewer
    /// requests.
    fn share_throttling(&self, attempted: &AttemptResult) {
        if let Some(rate) = &self.shared_rate
            && service_health(&attempted.outcomes) == ServiceHealth::Throttled
        {
            let asked = attempted.retry_after.unwrap_or_default();
            let pause = asked.max(self.backoff.throttle_base);
            rate.pause(pause.min(self.backoff.cap));
        }
    }

    fn shared_rate_warning(&self) -> Option<Warning> {
        self.shared_rate.as_ref()?.warning()
    }

    /// # Errors
    /// Why the call is to end before the pause does.
    pub(crate) fn pause(&self, limits: &Limits, pause: Duration) -> Result<(), StopReason> {
        const POLL_INTERVAL: Duration = Duration::from_millis(20);
        let ends = self.clock.elapsed().saturating_add(pause);
        loop {
            limits.check()?;
            let left = ends.saturating_sub(self.clock.elapsed());
            if left.is_zero() {
                return Ok(());
            }
            self.clock.sleep(left.min(POLL_INTERVAL));
        }
    }

    /// When the caller was refused and the service's clock differs from the time that
    /// was signed, takes the service's time for this and later calls.
    fn correct_clock(&self, round_trip: &RoundTrip) -> Option<Warning> {
        let mut outcomes = round_trip.attempted.outcomes.iter();
        let date = round_trip.date.as_deref()?;
        if !outcomes.any(ItemOutcome::refuses_caller) {
            return None;
        }
        let skew = skew::clock_skew(date, self.clock.now())?;
        if skew.abs_diff(round_trip.skew) < skew::MIN_SKEW.unsigned_abs() {
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

/// An operation's body, for one attempt.
struct BatchBody {
    path: &'static str,
    body: Vec<u8>,
    items: usize,
}

impl Payload for BatchBody {
    fn http_request(&mut self, api: &Api, unix_seconds: i64) -> HttpRequest {
        api.sign(self.path, std::mem::take(&mut self.body), unix_seconds)
    }

    fn reclaim(&mut self, request: HttpRequest) {
        self.body = request.body;
    }

    fn sent_items(&self) -> usize {
        self.items
    }

    fn retry_mode(&self) -> RetryMode {
        RetryMode::Outbox
    }

    fn classify(&mut self, response: &HttpResponse) -> Vec<ItemOutcome> {
        classify::classify_batch(self.items, response).items
    }

    fn record(&mut self, _: Vec<ItemOutcome>) {}
}

impl Engine {
    /// Sends the body of an operation on so many items, at most 20, once: for callers that
    /// decide themselves when to send it again.
    pub(crate) fn send_batch_once(
        &self,
        operator: Operator,
        body: Vec<u8>,
        items: usize,
        limits: &Limits,
    ) -> AttemptResult {
        self.try_send_batch(operator, body, items, limits)
            .unwrap_or_else(|stop| AttemptResult::without_response(vec![stop.not_sent(); items]))
    }

    /// As [`send_batch_once`](Self::send_batch_once), for callers to whom it matters why
    /// nothing was sent.
    ///
    /// # Errors
    /// Why it was not sent.
    pub(crate) fn try_send_batch(
        &self,
        operator: Operator,
        body: Vec<u8>,
        items: usize,
        limits: &Limits,
    ) -> Result<AttemptResult, StopReason> {
        let path = Action::Batch(operator).path();
        let mut payload = BatchBody { path, body, items };
        self.send_once(&mut payload, limits)
    }
}

/// The outcomes of items whose request panicked: nothing is known of what was sent.
pub(crate) fn panicked(items: usize) -> Vec<ItemOutcome> {
    let message = "a defect in xgpush: the request panicked";
    vec![ItemOutcome::with_message(Reason::Interrupted, message); items]
}
