//! The sans-I/O way, for people who bring their own HTTP client.

use crate::model::error::{Error, ErrorKind, Result};
use crate::model::outcome::{ItemOutcome, Outcome, Reason};
use crate::model::request::Request;
use crate::options::Config;
use crate::ordering::request_queue::split;
use crate::progress::{PartProgress, RequestProgress};
use crate::protocol::api::Api;
use crate::protocol::classify::{self, Classification};
use crate::protocol::message::{HttpRequest, HttpResponse, SendError};
use crate::retry::is_transient;

/// One request as HTTP requests to send and HTTP responses to read.
///
/// Parts are numbered from 0 and ordered by wave. Send the parts of one wave in
/// any order or at once; begin with the next wave when every part of the wave
/// before has its answer. A part asked for earlier has only those of its items that
/// wait for no other. An item waits for the earlier ones on its token and its accounts;
/// it is held back, and ends `held_back`, when one of them is to be submitted again.
///
/// ```
/// use xgpush::{Account, Binding, Config, Exchange, HttpResponse, Request, State, Token};
///
/// let mut config = Config::new();
/// config.set("access_id", "1500001048")?.set("secret_key", "0123456789abcdef")?;
/// config.set("access_point", "guangzhou")?;
/// let binding = Binding::one(Token::new("token1")?, Account::new("alice")?);
/// let mut exchange = Exchange::new(&config, Request::bind(vec![binding]))?;
/// for part in 0..exchange.parts() {
///     let request = exchange.http_request(part, 1_565_314_789)?.expect("nothing is answered yet");
///     assert!(request.url().ends_with("/v3/device/account/batchoperate"));
///     // … send it with any HTTP client …
///     let response = HttpResponse::new(200, r#"{"ret_code":0,"err_msg":"NO_ERROR","result":["0"]}"#);
///     exchange.answer(part, &response)?;
/// }
/// assert_eq!(exchange.finish().items()[0].state(), State::Accepted);
/// # Ok::<(), xgpush::Error>(())
/// ```
#[derive(Debug)]
pub struct Exchange {
    api: Api,
    request: Request,
    parts: Vec<ExchangePart>,
    progress: RequestProgress,
}

#[derive(Debug)]
struct ExchangePart {
    wave: u32,
    progress: PartProgress,
    sent_items: Vec<u32>,
}

impl Exchange {
    /// Checks a request and splits it.
    ///
    /// # Errors
    /// As [`Client::new`](crate::Client::new) for the configuration, and
    /// [`InvalidRequest`](ErrorKind::InvalidRequest) for the request.
    pub fn new(config: &Config, request: Request) -> Result<Self> {
        let api = config.settings.api()?;
        let warnings = api.check(&request)?;
        let parts = split(&request).into_iter().map(|part| ExchangePart {
            wave: part.wave,
            progress: PartProgress::new(part.items, request.is_query()),
            sent_items: Vec::new(),
        });
        Ok(Self {
            api,
            parts: parts.collect(),
            progress: RequestProgress::new(&request, warnings),
            request,
        })
    }

    /// How many HTTP requests it takes, retries not counted.
    pub fn parts(&self) -> usize {
        self.parts.len()
    }

    /// The wave of a part, from 0.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for a part that is not
    /// there.
    pub fn wave(&self, part: usize) -> Result<u32> {
        let known = self.parts.get(part);
        known
            .map(|p| p.wave)
            .ok_or_else(|| no_part(part, self.parts.len()))
    }

    /// The HTTP request of a part, signed for this time (seconds since
    /// 1970-01-01 UTC); `None` when there is nothing (more) to send now.
    ///
    /// After an answer, the same part gives a request with those of its items
    /// that are worth another attempt: sign anew for every attempt. Asking again
    /// without an answer counts as a request that may have been sent.
    ///
    /// # Errors
    /// As [`Exchange::wave`].
    pub fn http_request(&mut self, part: usize, unix_seconds: i64) -> Result<Option<HttpRequest>> {
        let count = self.parts.len();
        let part = self
            .parts
            .get_mut(part)
            .ok_or_else(|| no_part(part, count))?;
        self.progress.requests += u32::from(part.lose(Reason::ConnectionLost));
        self.progress.record(&self.request, &part.progress);
        let mut to_send = part.progress.items_to_send(is_transient);
        to_send.retain(|item| self.progress.is_ready(*item));
        if to_send.is_empty() {
            return Ok(None);
        }
        let http = self.api.http_request(&self.request, &to_send, unix_seconds);
        part.sent_items = to_send;
        Ok(Some(http))
    }

    /// Reads the response to the last HTTP request of a part.
    ///
    /// # Errors
    /// As [`Exchange::wave`]; also when no request of this part waits for an
    /// answer.
    pub fn answer(&mut self, part: usize, response: &HttpResponse) -> Result<()> {
        let sent_items = self.waiting(part)?;
        self.progress.requests += 1;
        let shown = self.api.redacted(response);
        let Classification { items, notes } =
            classify::classify_request(&self.request, &sent_items, &shown);
        self.progress.add_notes(notes);
        self.record(part, &sent_items, items);
        Ok(())
    }

    /// Takes note that the last HTTP request of a part got no whole response.
    ///
    /// # Errors
    /// As [`Exchange::answer`].
    pub fn failed(&mut self, part: usize, error: &SendError) -> Result<()> {
        let sent_items = self.waiting(part)?;
        self.progress.requests += u32::from(error.sent);
        let outcome = classify::not_answered(error);
        let outcomes = vec![outcome; sent_items.len()];
        self.record(part, &sent_items, outcomes);
        Ok(())
    }

    fn record(&mut self, part: usize, sent_items: &[u32], outcomes: Vec<ItemOutcome>) {
        let part = &mut self.parts[part].progress;
        part.record(sent_items, outcomes);
        self.progress.record(&self.request, part);
    }

    fn waiting(&mut self, part: usize) -> Result<Vec<u32>> {
        let count = self.parts.len();
        let known = self
            .parts
            .get_mut(part)
            .ok_or_else(|| no_part(part, count))?;
        let sent_items = std::mem::take(&mut known.sent_items);
        if sent_items.is_empty() {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("part {part} waits for no answer: ask for its HTTP request first"),
            ));
        }
        Ok(sent_items)
    }

    /// The outcome of every item. An item whose HTTP request was made but whose
    /// response was never handed back is unknown; one without a request was not sent.
    pub fn finish(mut self) -> Outcome {
        for part in &mut self.parts {
            self.progress.requests += u32::from(part.lose(Reason::Interrupted));
            self.progress.record(&self.request, &part.progress);
        }
        let message = "the exchange was finished before this part was sent";
        let unsent = ItemOutcome::new(Reason::Cancelled, Some(message.into()));
        self.progress.into_outcome(&self.request, &unsent)
    }
}

impl ExchangePart {
    /// Gives up the answer to the last HTTP request; says whether there was one
    /// to wait for.
    fn lose(&mut self, reason: Reason) -> bool {
        let message = "the HTTP request was made, but no answer was handed back";
        let sent_items = std::mem::take(&mut self.sent_items);
        let lost = ItemOutcome::new(reason, Some(message.into()));
        self.progress
            .record(&sent_items, vec![lost; sent_items.len()]);
        !sent_items.is_empty()
    }
}

fn no_part(part: usize, count: usize) -> Error {
    Error::new(
        ErrorKind::InvalidArgument,
        format!("there is no part {part}; the exchange has {count}, numbered from 0"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::account::Account;
    use crate::model::request::Binding;
    use crate::model::token::Token;
    use crate::protocol::message::SendErrorKind;

    fn exchange(pairs: &[(&str, &str)]) -> Exchange {
        let mut config = Config::new();
        for (name, value) in [
            ("access_id", "1500001048"),
            ("secret_key", "1452fcebae9f3115ba794fb0fff2fd73"),
            ("access_point", "guangzhou"),
        ] {
            config.set(name, value).unwrap();
        }
        let bind = |(token, account): &(&str, &str)| {
            Binding::one(Token::new(*token).unwrap(), Account::new(*account).unwrap())
        };
        let request = Request::bind(pairs.iter().map(bind));
        Exchange::new(&config, request).unwrap()
    }

    fn body(exchange: &mut Exchange, part: usize) -> Option<String> {
        let http = exchange.http_request(part, 0).unwrap()?;
        Some(String::from_utf8(http.body).unwrap())
    }

    fn reasons(exchange: Exchange) -> Vec<(Reason, u16)> {
        let outcome = exchange.finish();
        let items = outcome.items().iter();
        items.map(|i| (i.reason(), i.attempts())).collect()
    }

    #[test]
    fn later_wave_has_no_request_before_the_earlier_one_is_complete() {
        let mut exchange = exchange(&[("t1", "alice"), ("t1", "bob"), ("t2", "bob")]);
        assert_eq!((exchange.parts(), exchange.wave(1).unwrap()), (3, 1));
        assert_eq!(body(&mut exchange, 1), None, "nothing was sent yet");
        assert!(body(&mut exchange, 0).is_some());
        assert_eq!(body(&mut exchange, 1), None, "the first is under way");
        exchange.answer(0, &HttpResponse::new(503, "")).unwrap();
        assert_eq!(body(&mut exchange, 1), None, "the first is unknown");
        assert!(body(&mut exchange, 0).is_some());
        let taken = HttpResponse::new(200, r#"{"ret_code":0,"result":["0"]}"#);
        exchange.answer(0, &taken).unwrap();
        assert!(body(&mut exchange, 1).unwrap().contains("bob"));
        assert_eq!(
            reasons(exchange),
            [
                (Reason::Accepted, 2),
                (Reason::Interrupted, 1),
                (Reason::HeldBack, 0)
            ]
        );
    }

    #[test]
    fn request_asked_for_twice_may_have_been_sent_once() {
        let mut exchange = exchange(&[("t1", "alice")]);
        assert_eq!(body(&mut exchange, 0), body(&mut exchange, 0));
        let error = SendError::new(SendErrorKind::Connect, false, "refused");
        exchange.failed(0, &error).unwrap();
        assert!(exchange.failed(0, &error).is_err(), "nothing is waited for");
        assert_eq!(reasons(exchange), [(Reason::ConnectionLost, 1)]);
    }
}
