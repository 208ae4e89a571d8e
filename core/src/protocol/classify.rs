//! From an HTTP response to the outcome of each item: the rules by which an
//! answer cannot lie. Nothing is success by default.

mod entries;

use std::sync::Arc;

use crate::model::codes;
use crate::model::operation::{Action, Items, Request};
use crate::model::outcome::{Found, ItemOutcome, Reason, State, Warning, WarningKind};
use crate::protocol::message::{self, HttpResponse, SendError, SendErrorKind};
use crate::protocol::wire::{Answer, Element};

use entries::{Entry, entries};

/// What one response says of the items that its request carried.
#[derive(Debug)]
pub(crate) struct Judgement {
    /// One per carried item, in the order of the request.
    pub(crate) items: Vec<ItemOutcome>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) extra: Vec<(String, String)>,
}

/// Judges the response to a request that carried the items `carried`.
pub(crate) fn judge(request: &Request, carried: &[u32], response: &HttpResponse) -> Judgement {
    let status = response.status;
    let mut judgement = match Answer::read(&response.body) {
        Ok(answer) => read_answer(request, carried, status, answer, &response.body),
        Err(error) => all(carried, not_json(status, &response.body, &error)),
    };
    for item in &mut judgement.items {
        if item.reason == Reason::Accepted && !(200..300).contains(&status) {
            *item = success_code_in_error_status(status, &response.body);
        }
        item.http_status = Some(status);
    }
    if let Some(wait) = message::asked_wait(response) {
        let items = judgement.items.iter_mut();
        items
            .filter(|item| item.reason != Reason::Accepted)
            .for_each(|item| item.asked_to_wait(wait));
    }
    if response.replayed {
        let asks = request.is_query();
        let both = |last| after_another_attempt(lost_before_replay(), last, asks);
        judgement.items = judgement.items.into_iter().map(both).collect();
    }
    judgement
}

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
    ItemOutcome::new(reason, Some(Arc::from(error.message.as_str())))
}

/// Whether a response says that the caller could not be authenticated.
pub(crate) fn is_authentication_failure(item: &ItemOutcome) -> bool {
    match item.code {
        _ if item.state() != State::Rejected => false,
        Some(code) => codes::is_authentication(code),
        None => matches!(item.http_status, Some(401 | 403)),
    }
}

/// The outcome of what was not sent because nothing came back for long enough.
pub(crate) fn unanswered() -> ItemOutcome {
    let message = "not sent: the service had not answered for as long as its caller waits";
    ItemOutcome::new(Reason::Deadline, Some(message.into()))
}

/// The outcome of what was not sent because it would be refused anyway.
pub(crate) fn refused_anyway() -> ItemOutcome {
    let message = "not sent: the service refuses the caller's key, region, clock or address";
    ItemOutcome::new(Reason::Cancelled, Some(message.into()))
}

/// The first of two sendings of one attempt: the connection had gone stale.
fn lost_before_replay() -> ItemOutcome {
    let message = "the connection broke before an answer, and what answered the request when it \
                   was sent again says nothing of the first";
    unknown(Reason::ConnectionLost, message.to_owned())
}

/// The outcome of an item after one more attempt.
///
/// An earlier attempt without a trustworthy answer may have been applied: a
/// refusal that speaks of that moment only (too fast, service down) or a later
/// failure to send does not make it less unknown. A query has nothing to apply:
/// it `changes_nothing`, and the later answer holds.
pub(crate) fn after_another_attempt(
    earlier: ItemOutcome,
    later: ItemOutcome,
    changes_nothing: bool,
) -> ItemOutcome {
    let keep = match (earlier.state(), later.state()) {
        (_, State::NotSent) => earlier.state() != State::NotSent,
        (State::Unknown, State::Rejected) => !changes_nothing && !speaks_of_the_item(&later),
        _ => false,
    };
    if keep { earlier } else { later }
}

/// Whether a refusal holds for an earlier attempt as well: the item or the request
/// is at fault, not the moment, the key or a gateway.
fn speaks_of_the_item(refusal: &ItemOutcome) -> bool {
    // That nothing is there (any more) may be the earlier attempt's own doing.
    const OF_THE_MOMENT: [i64; 3] = [codes::DOES_NOT_EXIST, codes::PART_FAILED, codes::ALL_FAILED];
    let row = refusal.code.and_then(codes::lookup);
    row.is_some_and(|row| {
        matches!(row.fault, codes::Fault::Item | codes::Fault::Request)
            && !OF_THE_MOMENT.contains(&row.code)
    })
}

fn all(carried: &[u32], outcome: ItemOutcome) -> Judgement {
    Judgement {
        items: vec![outcome; carried.len()],
        warnings: Vec::new(),
        extra: Vec::new(),
    }
}

fn read_answer(
    request: &Request,
    carried: &[u32],
    status: u16,
    mut answer: Answer,
    body: &[u8],
) -> Judgement {
    let extra = std::mem::take(&mut answer.extra);
    let success = (200..300).contains(&status);
    let whole = match answer.code {
        _ if answer.contradicts_itself => Some(unknown(
            Reason::Contradiction,
            format!(
                "HTTP {status}, and a field of the answer appears twice with different contents: {}",
                excerpt(body)
            ),
        )),
        None if success => Some(unknown(
            Reason::NotDocumented,
            format!(
                "HTTP {status}, but the answer has no ret_code: {}",
                excerpt(body)
            ),
        )),
        None => Some(by_status(status, body)),
        Some(codes::SUCCESS) if !success => Some(success_code_in_error_status(status, body)),
        Some(_) => None,
    };
    let mut judgement = match whole {
        Some(outcome) => all(carried, outcome),
        None => match request.action {
            Action::Batch(_) => batch(carried, &answer),
            Action::Query(_) => query(request, carried, &answer),
        },
    };
    judgement.extra = extra;
    judgement
}

fn batch(carried: &[u32], answer: &Answer) -> Judgement {
    let code = answer.code.unwrap_or_default();
    let results = match &answer.result {
        Some(results) if results.len() == carried.len() => results,
        _ if code != codes::SUCCESS && code != codes::PART_FAILED => {
            return all(carried, refused(code, &answer.message));
        }
        Some(results) => return all(carried, wrong_count(results.len(), carried.len())),
        None => return all(carried, no_result(code)),
    };
    let items = elements(code, code == codes::PART_FAILED, results, &answer.message);
    Judgement {
        items,
        warnings: Vec::new(),
        extra: Vec::new(),
    }
}

/// One outcome per element of a `result` of the right length. `mixed`: the code
/// says that some elements failed and others did not.
fn elements(code: i64, mixed: bool, results: &[Element], message: &str) -> Vec<ItemOutcome> {
    let may_succeed =
        code == codes::SUCCESS || (mixed && results.iter().any(|e| *e != Element::Success));
    let one = |element: &Element| match element {
        Element::Success if may_succeed => accepted(),
        Element::Success => contradiction(code),
        Element::Code(own) => item_refused(*own),
        Element::Word(word) => {
            let text = format!("the service answers {word:?} for this item");
            ItemOutcome::new(Reason::ItemRefused, Some(text.into()))
        }
        Element::Other if may_succeed => unknown(
            Reason::NotDocumented,
            "the result for this item is neither a number nor a string".to_owned(),
        ),
        Element::Other => refused(code, message),
    };
    results.iter().map(one).collect()
}

fn query(request: &Request, carried: &[u32], answer: &Answer) -> Judgement {
    let code = answer.code.unwrap_or_default();
    // Which code a query has at the top when something was not found is not
    // documented: with any of these, the elements and entries decide.
    let mixed = matches!(
        code,
        codes::SUCCESS | codes::PART_FAILED | codes::DOES_NOT_EXIST
    );
    if !mixed {
        return batch(carried, answer);
    }
    let has_entries = match &request.items {
        Items::Tokens(_) => answer.token_accounts.is_some(),
        _ => answer.account_tokens.is_some(),
    };
    let (found, strangers) = entries(request, carried, answer);
    let items = match &answer.result {
        Some(results) if results.len() != carried.len() => {
            vec![wrong_count(results.len(), carried.len()); carried.len()]
        }
        Some(results) => {
            let judged = elements(code, true, results, &answer.message);
            let with_entry = judged.into_iter().zip(found);
            with_entry
                .map(|(item, entry)| match (item.reason, entry) {
                    (Reason::Accepted, Entry::Missing) if !has_entries => no_entries(),
                    (Reason::Accepted, Entry::Missing) if strangers > 0 => among_strangers(),
                    (Reason::Accepted, Entry::Missing) => answered(empty(request)),
                    (Reason::Accepted, Entry::Ambiguous) => ambiguous(),
                    (Reason::Accepted, Entry::WithoutList) => without_list(),
                    (Reason::Accepted, Entry::Found(found)) => answered(found),
                    _ => item,
                })
                .collect()
        }
        None if code != codes::DOES_NOT_EXIST && !has_entries => {
            vec![no_entries(); carried.len()]
        }
        None => found
            .into_iter()
            .map(|entry| match entry {
                Entry::Found(found) => answered(found),
                Entry::WithoutList => without_list(),
                Entry::Ambiguous => ambiguous(),
                Entry::Missing if code == codes::DOES_NOT_EXIST => refused(code, &answer.message),
                Entry::Missing => unknown(
                    Reason::ResultMissing,
                    format!(
                        "ret_code is {code}, but the answer has neither a result nor an entry for \
                         this item"
                    ),
                ),
            })
            .collect(),
    };
    let warnings = if strangers == 0 {
        Vec::new()
    } else {
        vec![Warning::new(
            WarningKind::UnrequestedEntries,
            None,
            format!("the answer has {strangers} entries that nobody asked for; they are left out"),
        )]
    };
    Judgement {
        items,
        warnings,
        extra: Vec::new(),
    }
}

fn empty(request: &Request) -> Found {
    match &request.items {
        Items::Tokens(_) => Found::Accounts(Vec::new()),
        _ => Found::Tokens(Vec::new()),
    }
}

fn accepted() -> ItemOutcome {
    let mut item = ItemOutcome::new(Reason::Accepted, None);
    item.code = Some(codes::SUCCESS);
    item
}

fn answered(found: Found) -> ItemOutcome {
    let mut item = accepted();
    item.found = Some(Box::new(found));
    item
}

pub(crate) fn unknown(reason: Reason, message: String) -> ItemOutcome {
    ItemOutcome::new(reason, Some(message.into()))
}

fn item_refused(code: i64) -> ItemOutcome {
    let mut item = ItemOutcome::new(Reason::ItemRefused, Some(codes::describe(code).into()));
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
    let mut item = ItemOutcome::new(Reason::RequestRefused, Some(text.into()));
    item.code = Some(code);
    item
}

fn contradiction(code: i64) -> ItemOutcome {
    unknown(
        Reason::Contradiction,
        format!(
            "the result for this item says success, but the call says {}",
            codes::describe(code)
        ),
    )
}

fn wrong_count(results: usize, items: usize) -> ItemOutcome {
    unknown(
        Reason::ResultCount,
        format!("the answer has {results} results for {items} items"),
    )
}

fn no_result(code: i64) -> ItemOutcome {
    unknown(
        Reason::ResultMissing,
        format!("ret_code is {code}, but the answer has no list \"result\""),
    )
}

fn no_entries() -> ItemOutcome {
    unknown(
        Reason::ResultMissing,
        "the answer has no list \"account_tokens\" or \"token_accounts\"".to_owned(),
    )
}

fn without_list() -> ItemOutcome {
    unknown(
        Reason::ResultMissing,
        "the entry for this item has no list \"token_list\" or \"account_list\"".to_owned(),
    )
}

fn among_strangers() -> ItemOutcome {
    unknown(
        Reason::ResultMissing,
        "the answer has no entry for this item, but entries that nobody asked for".to_owned(),
    )
}

fn ambiguous() -> ItemOutcome {
    unknown(
        Reason::ResultMissing,
        "the entry for this item names no account_type, and the request names the account with \
         several"
            .to_owned(),
    )
}

pub(crate) fn not_json(status: u16, body: &[u8], error: &serde_json::Error) -> ItemOutcome {
    if (200..300).contains(&status) {
        unknown(
            Reason::NotJson,
            format!(
                "HTTP {status}, but the body is not the documented JSON ({error}): {}",
                excerpt(body)
            ),
        )
    } else {
        by_status(status, body)
    }
}

/// An answer without a code: 4xx refuses; 408 and everything else leave open
/// what happened.
pub(crate) fn by_status(status: u16, body: &[u8]) -> ItemOutcome {
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
    unknown(reason, format!("HTTP {status}{advice}: {}", excerpt(body)))
}

pub(crate) fn success_code_in_error_status(status: u16, body: &[u8]) -> ItemOutcome {
    let reason = if (400..500).contains(&status) {
        Reason::Contradiction
    } else {
        Reason::HttpError
    };
    unknown(
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

#[cfg(test)]
mod tests;
