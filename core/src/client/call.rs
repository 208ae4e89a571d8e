//! Any other v3 endpoint: one body in, one body out.

use super::send::{self, Sender, Verdict};
use super::{Call, Interrupt, Shared};
use crate::codes;
use crate::error::{Error, ErrorKind, Result};
use crate::judge::{self, excerpt};
use crate::outcome::{ItemOutcome, Reason, State, Warning};
use crate::policy::Pace;
use crate::transport::{HttpRequest, HttpResponse, SendError};
use crate::wire::Answer;

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
    path: &str,
    json: &[u8],
) -> Result<Reply> {
    let mut sender = CallSender {
        shared,
        path,
        json,
        reply: None,
        outcome: None,
    };
    send::drive(shared, call, interrupt, &mut sender);
    match (sender.reply, sender.outcome) {
        (Some(reply), _) => Ok(reply),
        (None, Some(outcome)) => Err(error(&outcome)),
        (None, None) => Err(Error::new(
            ErrorKind::Internal,
            "a call ended without an outcome",
        )),
    }
}

struct CallSender<'a> {
    shared: &'a Shared,
    path: &'a str,
    json: &'a [u8],
    reply: Option<Reply>,
    outcome: Option<ItemOutcome>,
}

impl Sender for CallSender<'_> {
    fn request(&mut self, unix_seconds: i64) -> HttpRequest {
        self.shared
            .api
            .sign(self.path, self.json.to_vec(), unix_seconds)
    }

    fn is_repeatable(&self) -> bool {
        false
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
            Err(error) => judge::not_answered(error),
        };
        let verdict = Verdict {
            again: harmless(&outcome),
            authentication_failed: judge::is_authentication_failure(&outcome),
            accepted: false,
        };
        self.outcome = Some(match self.outcome.take() {
            Some(earlier) => judge::after_another_attempt(earlier, outcome, false),
            None => outcome,
        });
        verdict
    }

    fn give_up(&mut self, rest: ItemOutcome) {
        self.outcome.get_or_insert(rest);
    }

    fn warn(&mut self, _: Warning) {}
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
            ..judge::unknown(
                Reason::Contradiction,
                format!(
                    "a part of the call failed and another did not: {}",
                    excerpt(&response.body)
                ),
            )
        },
        Ok(Some((code, message))) if code != codes::SUCCESS => judge::refused(code, &message),
        Ok(Some(_)) => judge::success_code_in_error_status(status, &response.body),
        Ok(_) if success => judge::unknown(
            Reason::NotDocumented,
            format!(
                "HTTP {status}, but no single ret_code: {}",
                excerpt(&response.body)
            ),
        ),
        Err(error) if success => judge::not_json(status, &response.body, &error),
        Ok(_) | Err(_) => judge::by_status(status, &response.body),
    };
    outcome.http_status = Some(status);
    Err(outcome)
}

fn error(outcome: &ItemOutcome) -> Error {
    let kind = match (outcome.state(), outcome.reason) {
        (_, Reason::Closed) => ErrorKind::Closed,
        (State::NotSent, _) => ErrorKind::NotSent,
        (State::Rejected, _) => ErrorKind::Rejected,
        (State::Unknown | State::Accepted, _) => ErrorKind::Unknown,
    };
    Error::new(kind, outcome.message()).with_answer(
        outcome.code,
        outcome.http_status,
        // What is unknown may have been done: a push to be pushed twice.
        outcome.is_retryable() && outcome.state() != State::Unknown,
    )
}
