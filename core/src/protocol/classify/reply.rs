//! The answer of an endpoint that this crate knows nothing of.

use super::outcomes::{excerpt, from_http_status, not_json, refused, success_code_in_error_status};
use crate::model::codes;
use crate::model::outcome::{ItemOutcome, Reason};
use crate::protocol::message::{self, HttpResponse};
use crate::protocol::wire::Answer;

/// HTTP 2xx and code 0, or what else it was.
pub(crate) fn classify_reply(response: &HttpResponse) -> Result<(), ItemOutcome> {
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
            return Ok(());
        }
        Ok(Some((codes::PART_FAILED, _))) => ItemOutcome {
            code: Some(codes::PART_FAILED),
            ..ItemOutcome::with_message(
                Reason::Contradiction,
                format!(
                    "a part of the call failed and another did not: {}",
                    excerpt(&response.body)
                ),
            )
        },
        Ok(Some((code, message))) if code != codes::SUCCESS => refused(code, &message),
        Ok(Some(_)) => success_code_in_error_status(status, &response.body),
        Ok(_) if success => ItemOutcome::with_message(
            Reason::NotDocumented,
            format!(
                "HTTP {status}, but no single ret_code: {}",
                excerpt(&response.body)
            ),
        ),
        Err(error) if success => not_json(status, &response.body, &error),
        Ok(_) | Err(_) => from_http_status(status, &response.body),
    };
    outcome.http_status = Some(status);
    if let Some(wait) = message::asked_wait(response) {
        outcome.asked_to_wait(wait);
    }
    Err(outcome)
}
