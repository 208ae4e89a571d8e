//! [`ItemsPayload`]: the items of one request, each retried until final.

use super::Payload;
use crate::model::outcome::{ItemOutcome, State};
use crate::model::request::Request;
use crate::progress::PartProgress;
use crate::protocol::api::Api;
use crate::protocol::classify::{self, Classification, ResponseNotes};
use crate::protocol::message::{HttpRequest, HttpResponse};
use crate::protocol::wire;
use crate::retry::{RetryMode, is_transient};

/// At most as many items as a request may have, with what is known of them.
/// `body` and `classify` are given the items that are sent.
pub(crate) struct ItemsPayload<B, C> {
    pub(crate) part: PartProgress,
    pub(crate) notes: ResponseNotes,
    sent: Vec<u32>,
    resends_refused: bool,
    path: &'static str,
    body: B,
    classify: C,
}

impl<B, C> ItemsPayload<B, C>
where
    B: Fn(&[u32]) -> Vec<u8>,
    C: Fn(&[u32], &HttpResponse) -> Classification,
{
    pub(crate) fn new(part: PartProgress, path: &'static str, body: B, classify: C) -> Self {
        Self {
            part,
            notes: ResponseNotes::default(),
            sent: Vec::new(),
            resends_refused: false,
            path,
            body,
            classify,
        }
    }
}

/// Some items of a request.
pub(crate) fn of_request(
    part: PartProgress,
    request: &Request,
) -> ItemsPayload<
    impl Fn(&[u32]) -> Vec<u8> + '_,
    impl Fn(&[u32], &HttpResponse) -> Classification + '_,
> {
    ItemsPayload::new(
        part,
        request.action().path(),
        |sent: &[u32]| wire::body(request, sent),
        |sent: &[u32], response: &HttpResponse| classify::classify_request(request, sent, response),
    )
}

impl<B, C> Payload for ItemsPayload<B, C>
where
    B: Fn(&[u32]) -> Vec<u8>,
    C: Fn(&[u32], &HttpResponse) -> Classification,
{
    fn http_request(&mut self, api: &Api, unix_seconds: i64) -> HttpRequest {
        let refused_too = self.resends_refused;
        let again = |outcome: &ItemOutcome| {
            is_transient(outcome) || (refused_too && outcome.refuses_caller())
        };
        self.sent = self.part.items_to_send(again);
        debug_assert!(!self.sent.is_empty(), "a request for no item");
        api.sign(self.path, (self.body)(&self.sent), unix_seconds)
    }

    fn sent_items(&self) -> usize {
        self.sent.len()
    }

    fn retry_mode(&self) -> RetryMode {
        RetryMode::Idempotent
    }

    fn classify(&mut self, response: &HttpResponse) -> Vec<ItemOutcome> {
        let Classification { items, notes } = (self.classify)(&self.sent, response);
        self.notes.extra.extend(notes.extra);
        self.notes.warnings.extend(notes.warnings);
        items
    }

    fn record(&mut self, outcomes: Vec<ItemOutcome>) {
        // One that was not sent leaves the refusal in place.
        let was_sent = outcomes.iter().any(|o| o.state() != State::NotSent);
        self.resends_refused &= !was_sent;
        self.part.record(&self.sent, outcomes);
    }

    fn resend_refused(&mut self) {
        self.resends_refused = true;
    }
}
