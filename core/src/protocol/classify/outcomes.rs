//! The outcomes that a response leads to, with what people read.

use crate::model::codes;
use crate::model::outcome::{Found, ItemOutcome, Reason};
use crate::protocol::message::{SendError, SendErrorKind};

/// The outcome of items for which no whole response came.
pub(crate) fn not_answered(error: &SendError) -> ItemOutcome {
    let reason = match (error.kind, error.sent) {
        (SendErrorKind::Cancelled, false) => Reason::Cancelled,
        (SendErrorKind::Cancelled, true) => Reason::Interrupted,
        (_, false) => Reason::ConnectFailed,
        (SendErrorKind::Timeout, true) => Reason::TimedOut,
        (SendErrorKind::BodyTooLarge, true) => Reason::BodyTooLarge,
        (SendErrorKind::Connect | SendErrorKind::Lost, true) => Reason::ConnectionLost,
    };
    ItemOutcome::with_message(reason, error.message.as_str())
}

/// The first of two sendings of one attempt: the connection had gone stale.
pub(super) fn lost_before_replay() -> ItemOutcome {
    let message = "the connection broke before an answer, and what answered the request when it \
                   was sent again says nothing of the first";
    ItemOutcome::with_message(Reason::ConnectionLost, message)
}

pub(super) fn accepted() -> ItemOutcome {
    let mut item = ItemOutcome::new(Reason::Accepted, None);
    item.code = Some(codes::SUCCESS);
    item
}

pub(super) fn answered(found: Found) -> ItemOutcome {
    let mut item = accepted();
    item.found = Some(Box::new(found));
    item
}

pub(super) fn item_refused(code: i64) -> ItemOutcome {
    let mut item = ItemOutcome::with_message(Reason::ItemRefused, codes::describe(code));
    item.code = Some(code);
    item
}

pub(crate) fn refused(code: i64, message: &str) -> ItemOutcome {
    let said = if message.is_empty() {
        String::new()
    } else {
        format!(" (the service says {message:?})")
    };
    let text = format!("{}{said}", codes::describe(code));
    let mut item = ItemOutcome::with_message(Reason::RequestRefused, text);
    item.code = Some(code);
    item
}

pub(super) fn contradiction(code: i64) -> ItemOutcome {
    ItemOutcome::with_message(
        Reason::Contradiction,
        format!(
            "the result for this item says success, but the call says {}",
            codes::describe(code)
        ),
    )
}

pub(super) fn wrong_count(results: usize, items: usize) -> ItemOutcome {
    ItemOutcome::with_message(
        Reason::ResultCount,
        format!("the answer has {results} results for {items} items"),
    )
}

pub(super) fn no_result(code: i64) -> ItemOutcome {
    ItemOutcome::with_message(
        Reason::ResultMissing,
        format!("ret_code is {code}, but the answer has no list \"result\""),
    )
}

pub(super) fn no_entries() -> ItemOutcome {
    ItemOutcome::with_message(
        Reason::ResultMissing,
        "the answer has no list \"account_tokens\" or \"token_accounts\"",
    )
}

pub(super) fn entry_without_list() -> ItemOutcome {
    ItemOutcome::with_message(
        Reason::ResultMissing,
        "the entry for this item has no list \"token_list\" or \"account_list\"",
    )
}

pub(super) fn among_unrequested() -> ItemOutcome {
    ItemOutcome::with_message(
        Reason::ResultMissing,
        "the answer has no entry for this item, but entries that nobody asked for",
    )
}

pub(super) fn ambiguous() -> ItemOutcome {
    ItemOutcome::with_message(
        Reason::ResultMissing,
        "the entry for this item names no account_type, and the request names the account with \
         several"
            .to_owned(),
    )
}

pub(crate) fn not_json(status: u16, body: &[u8], error: &serde_json::Error) -> ItemOutcome {
    if (200..300).contains(&status) {
        ItemOutcome::with_message(
            Reason::NotJson,
            format!(
                "HTTP {status}, but the body is not the documented JSON ({error}): {}",
                excerpt(body)
            ),
        )
    } else {
        from_http_status(status, body)
    }
}

/// An answer without a code: 4xx refuses; 408 and everything else leave open
/// what happened.
pub(crate) fn from_http_status(status: u16, body: &[u8]) -> ItemOutcome {
    let refuses = (400..500).contains(&status) && status != 408;
    let advice = match status {
        401 | 403 => format!("; {}", codes::AUTHENTICATION_ADVICE),
        300..=399 => "; redirects are not followed, check base_url".to_owned(),
        404 | 405 => "; check base_url".to_owned(),
        _ => String::new(),
    };
    let reason = if refuses {
        Reason::HttpRefused
    } else {
        Reason::HttpError
    };
    ItemOutcome::with_message(reason, format!("HTTP {status}{advice}: {}", excerpt(body)))
}

pub(crate) fn success_code_in_error_status(status: u16, body: &[u8]) -> ItemOutcome {
    let reason = if (400..500).contains(&status) {
        Reason::Contradiction
    } else {
        Reason::HttpError
    };
    ItemOutcome::with_message(
        reason,
        format!("HTTP {status}, but ret_code 0: {}", excerpt(body)),
    )
}

/// The first bytes of a body, made harmless for a log line.
pub(crate) fn excerpt(body: &[u8]) -> String {
    const MOST: usize = 120;
    if body.is_empty() {
        return "the body is empty".to_owned();
    }
    let cut = &body[..body.len().min(MOST)];
    let text = String::from_utf8_lossy(cut).escape_debug().to_string();
    let dots = if body.len() > MOST { "…" } else { "" };
    format!("the body begins \"{text}{dots}\"")
}
