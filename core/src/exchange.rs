//! The sans-I/O way, for people who bring their own HTTP client.

use crate::api::Api;
use crate::config::Config;
use crate::error::{Error, ErrorKind, Result};
use crate::judge;
use crate::operation::Request;
use crate::outcome::{ItemOutcome, Outcome, Reason};
use crate::policy;
use crate::progress::{self, PartProgress, Progress};
use crate::transport::{HttpRequest, HttpResponse, SendError};

/// One request as HTTP requests to send and HTTP responses to read.
///
/// Parts are numbered from 0 and ordered by wave. Send the parts of one wave in
/// any order or at once; begin with the next wave when every part of the wave
/// before has its answer, so that no operation overtakes an earlier one on the
/// same token or account.
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
    progress: Progress,
}

#[derive(Debug)]
struct ExchangePart {
    wave: u32,
    progress: PartProgress,
    carried: Vec<u32>,
}

impl Exchange {
    /// Checks a request and splits it.
    ///
    /// # Errors
    /// As [`Client::new`](crate::Client::new) for the configuration, and
    /// [`InvalidRequest`](ErrorKind::InvalidRequest) for the request.
    pub fn new(config: &Config, request: Request) -> Result<Self> {
        let api = Api::new(config)?;
        let warnings = api.check(&request)?;
        let progress = Progress::new(&request, warnings);
        let parts = progress::start(&request)
            .into_iter()
            .map(|(wave, progress)| ExchangePart {
                wave,
                progress,
                carried: Vec::new(),
            })
            .collect();
        Ok(Self {
            api,
            request,
            parts,
            progress,
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
    /// 1970-01-01 UTC); `None` when there is nothing (more) to send.
    ///
    /// After an answer, the same part gives a request with those of its items
    /// that are worth another attempt: sign anew for every attempt.
    ///
    /// # Errors
    /// As [`Exchange::wave`].
    pub fn http_request(&mut self, part: usize, unix_seconds: i64) -> Result<Option<HttpRequest>> {
        let count = self.parts.len();
        let part = self
            .parts
            .get_mut(part)
            .ok_or_else(|| no_part(part, count))?;
        let open = part
            .progress
            .open(|outcome| policy::worth_a_retry(outcome).is_some());
        if open.is_empty() {
            return Ok(None);
        }
        let http = self.api.http_request(&self.request, &open, unix_seconds);
        part.carried = open;
        Ok(Some(http))
    }

    /// Reads the response to the last HTTP request of a part.
    ///
    /// # Errors
    /// As [`Exchange::wave`]; also when no request of this part waits for an
    /// answer.
    pub fn answer(&mut self, part: usize, response: &HttpResponse) -> Result<()> {
        let carried = self.waiting(part)?;
        let judgement = judge::judge(&self.request, &carried, response);
        let (outcomes, (extra, warnings)) = judgement.split();
        self.progress.note(extra, warnings);
        self.parts[part].progress.take(&carried, outcomes);
        Ok(())
    }

    /// Takes note that the last HTTP request of a part got no whole response.
    ///
    /// # Errors
    /// As [`Exchange::answer`].
    pub fn failed(&mut self, part: usize, error: &SendError) -> Result<()> {
        let carried = self.waiting(part)?;
        let outcome = judge::not_answered(error);
        let outcomes = vec![outcome; carried.len()];
        self.parts[part].progress.take(&carried, outcomes);
        Ok(())
    }

    fn waiting(&mut self, part: usize) -> Result<Vec<u32>> {
        let count = self.parts.len();
        let known = self
            .parts
            .get_mut(part)
            .ok_or_else(|| no_part(part, count))?;
        let carried = std::mem::take(&mut known.carried);
        if carried.is_empty() {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("part {part} waits for no answer: ask for its HTTP request first"),
            ));
        }
        self.progress.requests += 1;
        Ok(carried)
    }

    /// What became of every item. Where an HTTP request was made but its answer
    /// never handed back, that is unknown; where none was made, it was not sent.
    pub fn finish(mut self) -> Outcome {
        for mut part in self.parts {
            let message = "the HTTP request was made, but no answer was handed back";
            let lost = ItemOutcome::new(Reason::Interrupted, Some(message.into()));
            let lost = vec![lost; part.carried.len()];
            part.progress.take(&part.carried, lost);
            self.progress.settle(part.progress);
        }
        let message = "the exchange was finished before this part was sent";
        let rest = ItemOutcome::new(Reason::Cancelled, Some(message.into()));
        self.progress.finish(&rest)
    }
}

fn no_part(part: usize, count: usize) -> Error {
    Error::new(
        ErrorKind::InvalidArgument,
        format!("there is no part {part}; the exchange has {count}, numbered from 0"),
    )
}
