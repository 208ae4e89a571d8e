//! Any other v3 endpoint: one body in, one body out.

use super::Client;
use super::recent::Recent;
use crate::engine::{Limits, Payload};
use crate::model::codes;
use crate::model::error::{Error, ErrorKind, Result};
use crate::model::outcome::{ItemOutcome, Reason, State};
use crate::protocol::api::Api;
use crate::protocol::api_call::ApiCall;
use crate::protocol::classify::{classify_reply, merge_attempts};
use crate::protocol::credentials::Scheme;
use crate::protocol::message::{HttpRequest, HttpResponse};
use crate::retry::{GiveUpReason, RetryMode};

/// The answer to [`Client::call`](crate::Client::call): HTTP 2xx and code 0.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reply {
    http_status: u16,
    body: Vec<u8>,
}

impl Reply {
    /// The HTTP status, 200 to 299.
    pub fn http_status(&self) -> u16 {
        self.http_status
    }

    /// The body: a JSON object whose `ret_code` or `retCode` is 0.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body, taken.
    pub fn into_body(self) -> Vec<u8> {
        self.body
    }
}

pub(super) fn run(client: &Client, limits: &Limits, api_call: &ApiCall<'_>) -> Result<Reply> {
    let unanswered = &*client.unanswered;
    let mut payload = CallPayload {
        unanswered,
        api_call,
        reply: None,
        outcome: None,
    };
    let sent = client.engine.send(&mut payload, limits);
    if let Some(reason) = sent.gave_up {
        payload.give_up(reason);
    }
    match (payload.reply, payload.outcome) {
        (Some(reply), _) => {
            unanswered.forget(api_call.path, api_call.body);
            Ok(reply)
        }
        (None, Some(outcome)) => {
            match outcome.state() {
                State::Unknown => unanswered.note(api_call.path, api_call.body),
                State::Rejected if !outcome.is_retryable() && !is_repeated(&outcome) => {
                    unanswered.forget(api_call.path, api_call.body);
                }
                State::Accepted | State::Rejected | State::NotSent => {}
            }
            Err(error(&outcome, retry_mode(api_call)))
        }
        (None, None) => Err(Error::new(
            ErrorKind::Internal,
            "a call ended without an outcome",
        )),
    }
}

struct CallPayload<'a> {
    unanswered: &'a Recent,
    api_call: &'a ApiCall<'a>,
    reply: Option<Reply>,
    outcome: Option<ItemOutcome>,
}

impl Payload for CallPayload<'_> {
    fn http_request(&mut self, api: &Api, unix_seconds: i64) -> HttpRequest {
        api.sign_call(self.api_call, unix_seconds)
    }

    fn sent_items(&self) -> usize {
        1
    }

    fn retry_mode(&self) -> RetryMode {
        retry_mode(self.api_call)
    }

    fn own_auth(&self) -> Option<Scheme> {
        self.api_call.own_auth()
    }

    fn classify(&mut self, response: &HttpResponse) -> Vec<ItemOutcome> {
        let outcome = match classify_reply(response) {
            Ok(()) => {
                self.reply = Some(Reply {
                    http_status: response.status,
                    body: response.body.clone(),
                });
                ItemOutcome::new(Reason::Accepted, None)
            }
            Err(outcome) => self.of_this_call(outcome),
        };
        vec![outcome]
    }

    fn record(&mut self, outcomes: Vec<ItemOutcome>) {
        for outcome in outcomes {
            self.outcome = Some(match self.outcome.take() {
                Some(earlier) => merge_attempts(earlier, outcome, false),
                None => outcome,
            });
        }
    }
}

impl CallPayload<'_> {
    fn give_up(&mut self, reason: GiveUpReason) {
        match (&mut self.outcome, reason) {
            (Some(outcome), reason) => reason.explain(outcome),
            (outcome, GiveUpReason::Stopped(stop)) => *outcome = Some(stop.not_sent()),
            (None, _) => {}
        }
    }

    /// What a refusal means where the endpoint is not known.
    fn of_this_call(&mut self, mut outcome: ItemOutcome) -> ItemOutcome {
        let ApiCall { path, body, .. } = *self.api_call;
        let Some(code) = outcome.code.filter(|_| outcome.state() == State::Rejected) else {
            return outcome;
        };
        let earlier_is_unknown =
            self.outcome.as_ref().map(ItemOutcome::state) == Some(State::Unknown);
        if is_repeated(&outcome) && (earlier_is_unknown || self.unanswered.has(path, body)) {
            // It holds for the earlier one, and is the answer to it.
            self.outcome = None;
            outcome.append_message(
                "an equal call of this client ended unknown before: that one was taken, and what \
                 it asked for is done",
            );
            return outcome;
        }
        let of_the_service =
            codes::lookup(code).is_some_and(|row| row.fault == codes::Fault::Service);
        if of_the_service && !self.api_call.repeatable {
            // Something behind the service failed, and nobody says before or after what.
            outcome.reason = Reason::NotDocumented;
            outcome.append_message(
                "whether the call had its effect is not known, so it is not sent again",
            );
        }
        outcome
    }
}

fn is_repeated(outcome: &ItemOutcome) -> bool {
    outcome.code == Some(codes::REPEATED_PUSH)
}

fn retry_mode(api_call: &ApiCall<'_>) -> RetryMode {
    if api_call.repeatable {
        RetryMode::Idempotent
    } else {
        RetryMode::NonIdempotent
    }
}

fn error(outcome: &ItemOutcome, mode: RetryMode) -> Error {
    let kind = match (outcome.state(), outcome.reason) {
        (_, Reason::Closed) => ErrorKind::Closed,
        (State::NotSent, _) => ErrorKind::NotSent,
        (State::Rejected, _) => ErrorKind::Rejected,
        (State::Unknown | State::Accepted, _) => ErrorKind::Unknown,
    };
    let error = Error::new(kind, outcome.message()).with_answer(
        outcome.code,
        outcome.http_status,
        mode.caller_may_repeat(outcome),
    );
    error.with_retry_after(outcome.retry_after())
}
