//! Any other v3 endpoint: one body in, one body out.

use super::{Call, Interrupt, Shared};
use crate::engine::send::{self, Sender, Verdict};
use crate::model::codes;
use crate::model::error::{Error, ErrorKind, Result};
use crate::model::outcome::{ItemOutcome, Reason, State, Warning};
use crate::protocol::api_call::ApiCall;
use crate::protocol::classify::{self, excerpt};
use crate::protocol::credentials::Scheme;
use crate::protocol::message::{self, HttpRequest, HttpResponse, SendError};
use crate::protocol::wire::Answer;
use crate::retry::Pace;

/// The answer to [`Client::call`](crate::Client::call): HTTP 2xx and code 0.
#[derive(Debug, Clone, PartialEq, Eq)]
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

pub(super) fn run(
    shared: &Shared,
    call: &Call,
    interrupt: Interrupt<'_>,
    api_call: &ApiCall<'_>,
) -> Result<Reply> {
    let mut sender = CallSender {
        shared,
        api_call,
        reply: None,
        outcome: None,
    };
    send::drive(shared, call, interrupt, &mut sender);
    match (sender.reply, sender.outcome) {
        (Some(reply), _) => {
            shared.unanswered.forget(api_call.path, api_call.body);
            Ok(reply)
        }
        (None, Some(outcome)) => {
            match outcome.state() {
                State::Unknown => shared.unanswered.note(api_call.path, api_call.body),
                State::Rejected if !outcome.is_retryable() && !is_repeated(&outcome) => {
                    shared.unanswered.forget(api_call.path, api_call.body);
                }
                State::Accepted | State::Rejected | State::NotSent => {}
            }
            Err(error(&outcome, api_call.repeatable))
        }
        (None, None) => Err(Error::new(
            ErrorKind::Internal,
            "a call ended without an outcome",
        )),
    }
}

struct CallSender<'a> {
    shared: &'a Shared,
    api_call: &'a ApiCall<'a>,
    reply: Option<Reply>,
    outcome: Option<ItemOutcome>,
}

impl Sender for CallSender<'_> {
    fn request(&mut self, unix_seconds: i64) -> HttpRequest {
        self.shared.api.sign_call(self.api_call, unix_seconds)
    }

    fn is_repeatable(&self) -> bool {
        self.api_call.repeatable
    }

    fn own_auth(&self) -> Option<Scheme> {
        self.api_call.own_auth()
    }

    fn read(&mut self, response: std::result::Result<&HttpResponse, &SendError>) -> Verdict {
        let outcome = match response {
            Ok(response) => match judge_reply(response) {
                Ok(reply) => {
                    self.reply = Some(reply);
                    return Verdict {
                        again: None,
                        authentication_failed: false,
                        accepted: true,
                    };
                }
                Err(outcome) => outcome,
            },
            Err(error) => classify::not_answered(error),
        };
        let outcome = self.of_this_call(outcome);
        let again = if self.api_call.repeatable {
            send::pace(std::iter::once(&outcome))
        } else {
            harmless(&outcome)
        };
        let verdict = Verdict {
            again,
            authentication_failed: classify::is_authentication_failure(&outcome),
            accepted: false,
        };
        self.outcome = Some(match self.outcome.take() {
            Some(earlier) => classify::after_another_attempt(earlier, outcome, false),
            None => outcome,
        });
        verdict
    }

    fn give_up(&mut self, rest: ItemOutcome) {
        self.outcome.get_or_insert(rest);
    }

    fn warn(&mut self, _: Warning) {}
}

impl CallSender<'_> {
    /// What a refusal means where the endpoint is not known.
    fn of_this_call(&mut self, outcome: ItemOutcome) -> ItemOutcome {
        let ApiCall { path, body, .. } = *self.api_call;
        let Some(code) = outcome.code.filter(|_| outcome.state() == State::Rejected) else {
            return outcome;
        };
        let earlier_is_unknown =
            self.outcome.as_ref().map(ItemOutcome::state) == Some(State::Unknown);
        if is_repeated(&outcome) && (earlier_is_unknown || self.shared.unanswered.has(path, body)) {
            // It holds for the earlier one, and is the answer to it.
            self.outcome = None;
            return with_words(
                outcome,
                "; an equal call of this client ended unknown before: that one was taken, and what \
                 it asked for is done",
            );
        }
        let of_the_service =
            codes::lookup(code).is_some_and(|row| row.fault == codes::Fault::Service);
        if of_the_service && !self.api_call.repeatable {
            // Something behind the service failed, and nobody says before or after what.
            let outcome = ItemOutcome {
                reason: Reason::NotDocumented,
                ..outcome
            };
            return with_words(
                outcome,
                "; whether the call had its effect is not known, so it is not sent again",
            );
        }
        outcome
    }
}

fn is_repeated(outcome: &ItemOutcome) -> bool {
    outcome.code == Some(codes::REPEATED_PUSH)
}

fn with_words(outcome: ItemOutcome, more: &str) -> ItemOutcome {
    let message = format!("{}{more}", outcome.message());
    ItemOutcome {
        message: Some(message.into()),
        ..outcome
    }
}

/// A call to an endpoint that this crate knows nothing of may push to a million
/// phones: sent again only if it had no effect.
fn harmless(outcome: &ItemOutcome) -> Option<Pace> {
    match outcome.reason {
        Reason::ConnectFailed => Some(Pace::Backoff),
        Reason::HttpRefused | Reason::RequestRefused => {
            send::pace(std::iter::once(outcome)).filter(|pace| *pace == Pace::Throttle)
        }
        _ => None,
    }
}

fn judge_reply(response: &HttpResponse) -> std::result::Result<Reply, ItemOutcome> {
    let status = response.status;
    let code = Answer::read(&response.body).map(|answer| {
        if answer.contradicts_itself {
            None
        } else {
            answer.code.map(|code| (code, answer.message))
        }
    });
    let success = (200..300).contains(&status);
    let mut outcome = match code {
        Ok(Some((codes::SUCCESS, _))) if success => {
            return Ok(Reply {
                http_status: status,
                body: response.body.clone(),
            });
        }
        Ok(Some((codes::PART_FAILED, _))) => ItemOutcome {
            code: Some(codes::PART_FAILED),
            ..classify::unknown(
                Reason::Contradiction,
                format!(
                    "a part of the call failed and another did not: {}",
                    excerpt(&response.body)
                ),
            )
        },
        Ok(Some((code, message))) if code != codes::SUCCESS => classify::refused(code, &message),
        Ok(Some(_)) => classify::success_code_in_error_status(status, &response.body),
        Ok(_) if success => classify::unknown(
            Reason::NotDocumented,
            format!(
                "HTTP {status}, but no single ret_code: {}",
                excerpt(&response.body)
            ),
        ),
        Err(error) if success => classify::not_json(status, &response.body, &error),
        Ok(_) | Err(_) => classify::by_status(status, &response.body),
    };
    outcome.http_status = Some(status);
    if let Some(wait) = message::asked_wait(response) {
        outcome.asked_to_wait(wait);
    }
    Err(outcome)
}

fn error(outcome: &ItemOutcome, repeatable: bool) -> Error {
    let kind = match (outcome.state(), outcome.reason) {
        (_, Reason::Closed) => ErrorKind::Closed,
        (State::NotSent, _) => ErrorKind::NotSent,
        (State::Rejected, _) => ErrorKind::Rejected,
        (State::Unknown | State::Accepted, _) => ErrorKind::Unknown,
    };
    let error = Error::new(kind, outcome.message()).with_answer(
        outcome.code,
        outcome.http_status,
        // What is unknown may have been done: a push to be pushed twice.
        outcome.is_retryable() && (repeatable || outcome.state() != State::Unknown),
    );
    error.with_retry_after(outcome.retry_after())
}
