//! Response classification: from an HTTP response to the outcome of each item.
//! Nothing is success by default.

mod entries;
mod merge;
mod outcomes;
mod reply;

use crate::model::codes;
use crate::model::operator::Action;
use crate::model::outcome::{Found, ItemOutcome, Reason, Warning, WarningKind};
use crate::model::request::{Items, Request};
use crate::protocol::message::{self, HttpResponse};
use crate::protocol::wire::{Answer, Element};

use entries::{Entry, entries};
pub(crate) use merge::merge_attempts;
pub(crate) use outcomes::not_answered;
use outcomes::{
    accepted, ambiguous, among_unrequested, answered, contradiction, entry_without_list, excerpt,
    from_http_status, item_refused, lost_before_replay, no_entries, no_result, not_json, refused,
    success_code_in_error_status, wrong_count,
};
pub(crate) use reply::classify_reply;

/// What one response means for the items that its request carried.
#[derive(Debug)]
pub(crate) struct Classification {
    /// One per item, in the order of the request.
    pub(crate) items: Vec<ItemOutcome>,
    pub(crate) notes: ResponseNotes,
}

/// What a response says beside its items.
#[derive(Debug, Default)]
pub(crate) struct ResponseNotes {
    /// Fields that no document names, as raw JSON.
    pub(crate) extra: Vec<(String, String)>,
    pub(crate) warnings: Vec<Warning>,
}

impl From<Vec<ItemOutcome>> for Classification {
    fn from(items: Vec<ItemOutcome>) -> Self {
        Self {
            items,
            notes: ResponseNotes::default(),
        }
    }
}

/// Classifies the response to those items of a request that are in `sent`.
pub(crate) fn classify_request(
    request: &Request,
    sent: &[u32],
    response: &HttpResponse,
) -> Classification {
    match request.action {
        Action::Batch(_) => classify_batch(sent.len(), response),
        Action::Query(_) => classify_query(&request.items, sent, response),
    }
}

/// Classifies the response to an operation on so many items.
pub(crate) fn classify_batch(items: usize, response: &HttpResponse) -> Classification {
    classify(response, items, false, |answer| batch(items, answer).into())
}

/// Classifies the response to a query that asked for those of `items` that are in
/// `sent`.
fn classify_query(items: &Items, sent: &[u32], response: &HttpResponse) -> Classification {
    classify(response, sent.len(), true, |answer| {
        query(items, sent, answer)
    })
}

/// What both have in common; `changes_nothing`: a query.
fn classify(
    response: &HttpResponse,
    items: usize,
    changes_nothing: bool,
    by_item: impl FnOnce(&Answer) -> Classification,
) -> Classification {
    let status = response.status;
    let mut classified = match Answer::read(&response.body) {
        Ok(mut answer) => {
            let extra = std::mem::take(&mut answer.extra);
            let mut classified = match as_a_whole(&answer, response) {
                Some(outcome) => vec![outcome; items].into(),
                None => by_item(&answer),
            };
            classified.notes.extra = extra;
            classified
        }
        Err(error) => vec![not_json(status, &response.body, &error); items].into(),
    };
    let wait = message::asked_wait(response);
    for item in &mut classified.items {
        if item.reason == Reason::Accepted && !(200..300).contains(&status) {
            *item = success_code_in_error_status(status, &response.body);
        }
        item.http_status = Some(status);
        if let Some(wait) = wait.filter(|_| item.reason != Reason::Accepted) {
            item.asked_to_wait(wait);
        }
    }
    if response.replayed {
        let merged = |last| merge_attempts(lost_before_replay(), last, changes_nothing);
        classified.items = classified.items.into_iter().map(merged).collect();
    }
    classified
}

/// The outcome of every item, where the answer says the same of all.
fn as_a_whole(answer: &Answer, response: &HttpResponse) -> Option<ItemOutcome> {
    let HttpResponse {
        status, ref body, ..
    } = *response;
    let success = (200..300).contains(&status);
    match answer.code {
        _ if answer.contradicts_itself => Some(ItemOutcome::with_message(
            Reason::Contradiction,
            format!(
                "HTTP {status}, and a field of the answer appears twice with different contents: {}",
                excerpt(body)
            ),
        )),
        None if success => Some(ItemOutcome::with_message(
            Reason::NotDocumented,
            format!(
                "HTTP {status}, but the answer has no ret_code: {}",
                excerpt(body)
            ),
        )),
        None => Some(from_http_status(status, body)),
        Some(codes::SUCCESS) if !success => Some(success_code_in_error_status(status, body)),
        Some(_) => None,
    }
}

fn batch(items: usize, answer: &Answer) -> Vec<ItemOutcome> {
    let code = answer.code.unwrap_or_default();
    match &answer.result {
        Some(results) if results.len() == items => {
            elements(code, code == codes::PART_FAILED, results, &answer.message)
        }
        _ if code != codes::SUCCESS && code != codes::PART_FAILED => {
            vec![refused(code, &answer.message); items]
        }
        Some(results) => vec![wrong_count(results.len(), items); items],
        None => vec![no_result(code); items],
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
        Element::Other if may_succeed => ItemOutcome::with_message(
            Reason::NotDocumented,
            "the result for this item is neither a number nor a string",
        ),
        Element::Other => refused(code, message),
    };
    results.iter().map(one).collect()
}

fn query(items: &Items, sent: &[u32], answer: &Answer) -> Classification {
    let code = answer.code.unwrap_or_default();
    // Which code a query has at the top when something was not found is not
    // documented: with any of these, the elements and entries decide.
    let mixed = matches!(
        code,
        codes::SUCCESS | codes::PART_FAILED | codes::DOES_NOT_EXIST
    );
    if !mixed {
        return batch(sent.len(), answer).into();
    }
    let (found, unrequested) = entries(items, sent, answer);
    let mut classified = Classification::from(match &answer.result {
        Some(results) if results.len() != sent.len() => {
            vec![wrong_count(results.len(), sent.len()); sent.len()]
        }
        results => {
            let results = results.as_deref();
            let results = results.map(|list| elements(code, true, list, &answer.message));
            with_entries(results, found, &missing_entry(items, answer, unrequested))
        }
    });
    if unrequested > 0 {
        classified.notes.warnings.push(Warning::new(
            WarningKind::UnrequestedEntries,
            None,
            format!(
                "the answer has {unrequested} entries that nobody asked for; they are left out"
            ),
        ));
    }
    classified
}

/// A result that says more than success decides; then the entry does.
fn with_entries(
    results: Option<Vec<ItemOutcome>>,
    found: Vec<Entry>,
    missing: &ItemOutcome,
) -> Vec<ItemOutcome> {
    let mut results = results.into_iter().flatten();
    let one = |entry| match (results.next(), entry) {
        (Some(result), _) if result.reason != Reason::Accepted => result,
        (_, Entry::Found(found)) => answered(found),
        (_, Entry::WithoutList) => entry_without_list(),
        (_, Entry::Ambiguous) => ambiguous(),
        (_, Entry::Missing) => missing.clone(),
    };
    found.into_iter().map(one).collect()
}

/// What it means that the answer has no entry for an item.
fn missing_entry(items: &Items, answer: &Answer, unrequested: usize) -> ItemOutcome {
    let code = answer.code.unwrap_or_default();
    let (has_entries, empty) = match items {
        Items::Tokens(_) => (answer.token_accounts.is_some(), Found::Accounts(Vec::new())),
        _ => (answer.account_tokens.is_some(), Found::Tokens(Vec::new())),
    };
    match (&answer.result, has_entries) {
        (None, _) if code == codes::DOES_NOT_EXIST => refused(code, &answer.message),
        (_, false) => no_entries(),
        (Some(_), true) if unrequested > 0 => among_unrequested(),
        (Some(_), true) => answered(empty),
        (None, true) => ItemOutcome::with_message(
            Reason::ResultMissing,
            format!(
                "ret_code is {code}, but the answer has neither a result nor an entry for this item"
            ),
        ),
    }
}

#[cfg(test)]
mod tests;
