//! A transport for people whose own HTTP stack carries the bytes and answers when
//! it likes.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Attempt, Transport};
use crate::options::Config;
use crate::protocol::message::{HttpRequest, HttpResponse, SendError, SendErrorKind};

/// Passes every request to a function and waits until it is answered: that
/// function before it returns, or any thread later.
///
/// The stack sends each request once: it follows no redirect and repeats nothing,
/// and it keeps to [`Transfer::time_left`]. Signing, retries, order and judging
/// stay here.
///
/// ```
/// use xgpush::transport::{CallbackTransport, Transfer};
/// use xgpush::{Client, Config, HttpResponse};
///
/// # fn main() -> xgpush::Result<()> {
/// # let mut config = Config::new();
/// # config.set("access_id", "1500000001")?;
/// # config.set("secret_key", "secret")?;
/// # config.set("access_point", "guangzhou")?;
/// let stack = |transfer: Transfer| {
///     let _bytes = transfer.request().body();
///     transfer.answer(HttpResponse::new(200, r#"{"ret_code":0,"result":["0"]}"#));
/// };
/// let client = Client::with_transport(&config, CallbackTransport::new(&config, stack))?;
/// # let _ = client;
/// # Ok(())
/// # }
/// ```
pub struct CallbackTransport<F> {
    perform: F,
    max_response_bytes: usize,
}

impl<F> fmt::Debug for CallbackTransport<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackTransport").finish_non_exhaustive()
    }
}

impl<F: Fn(Transfer) + Send + Sync> CallbackTransport<F> {
    /// A transport over this function, which is called from every thread that makes
    /// calls, several at once. Of the options it takes `max_response_bytes`; what
    /// concerns connections is the stack's own affair.
    pub fn new(config: &Config, perform: F) -> Self {
        Self {
            perform,
            max_response_bytes: config.settings.max_response_bytes as usize,
        }
    }
}

/// One HTTP request on its way through the caller's stack. It is answered once:
/// dropped without an answer, it counts as lost after it was sent.
#[derive(Debug)]
pub struct Transfer(Arc<Desk>);

/// Shared by the waiting and the answering side.
#[derive(Debug)]
struct Desk {
    request: HttpRequest,
    ends: Option<Instant>,
    repeatable: bool,
    max_response_bytes: usize,
    state: Mutex<State>,
    changed: Condvar,
}

type Answer = Result<HttpResponse, SendError>;

#[derive(Debug)]
enum State {
    Waiting,
    Answered(Answer),
    /// No longer waited for.
    Abandoned,
}

impl Transfer {
    /// What to send.
    pub fn request(&self) -> &HttpRequest {
        &self.0.request
    }

    /// How long the answer is waited for.
    pub fn time_left(&self) -> Duration {
        let left = |ends: Instant| ends.saturating_duration_since(Instant::now());
        self.0.ends.map_or(Duration::MAX, left)
    }

    /// Whether the request may reach the service twice: a stack that replays it when
    /// an idle connection turns out to be closed must not do so otherwise, and says so
    /// ([`HttpResponse::replayed`]).
    pub fn is_repeatable(&self) -> bool {
        self.0.repeatable
    }

    /// The most bytes that the response body may have.
    pub fn max_response_bytes(&self) -> usize {
        self.0.max_response_bytes
    }

    /// Whether the answer is no longer waited for: its time is over, or the call
    /// was ended (which is not seen while the function of the transport itself waits:
    /// it is on the thread that would see it). The stack may end it as well.
    pub fn is_abandoned(&self) -> bool {
        self.time_left().is_zero() || matches!(*self.0.lock(), State::Abandoned)
    }

    /// Brings the whole response.
    pub fn answer(self, response: HttpResponse) {
        let most = self.0.max_response_bytes;
        let answer = if response.body.len() > most {
            Err(SendError::new(
                SendErrorKind::BodyTooLarge,
                true,
                format!("the response body is longer than max_response_bytes, {most}"),
            ))
        } else {
            Ok(response)
        };
        self.0.settle(answer);
    }

    /// Tells that there is none.
    pub fn fail(self, error: SendError) {
        self.0.settle(Err(error));
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        self.0.settle(Err(SendError::new(
            SendErrorKind::Lost,
            true,
            "the transport dropped the request without an answer",
        )));
    }
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first answer counts.
    fn settle(&self, answer: Answer) {
        let mut state = self.lock();
        if matches!(*state, State::Waiting) {
            *state = State::Answered(answer);
            self.changed.notify_one();
        }
    }

    fn wait(&self, attempt: &Attempt) -> Answer {
        /// How often the caller is asked whether to end.
        const SLICE: Duration = Duration::from_millis(50);
        loop {
            let left = self.ends.map_or(SLICE, |ends| {
                ends.saturating_duration_since(Instant::now()).min(SLICE)
            });
            let mut state = self.lock();
            if matches!(*state, State::Waiting) {
                let woken = self.changed.wait_timeout(state, left);
                state = woken.unwrap_or_else(PoisonError::into_inner).0;
            }
            if let Some(answer) = state.take() {
                return answer;
            }
            drop(state);
            let error = if (attempt.cancelled)() {
                let message = "the call was ended while the transport had the request";
                SendError::new(SendErrorKind::Cancelled, true, message)
            } else if left.is_zero() {
                let message = format!(
                    "no answer from the transport within {} ms (request_timeout_ms, or what the \
                     deadline left)",
                    attempt.timeout.as_millis()
                );
                SendError::new(SendErrorKind::Timeout, true, message)
            } else {
                continue;
            };
            return self.abandon().unwrap_or(Err(error));
        }
    }

    /// Waits no more; an answer of the last moment counts.
    fn abandon(&self) -> Option<Answer> {
        let mut state = self.lock();
        let answer = state.take();
        *state = State::Abandoned;
        answer
    }
}

impl State {
    fn take(&mut self) -> Option<Answer> {
        match std::mem::replace(self, Self::Waiting) {
            Self::Answered(answer) => {
                *self = Self::Abandoned;
                Some(answer)
            }
            other => {
                *self = other;
                None
            }
        }
    }
}

impl<F: Fn(Transfer) + Send + Sync> Transport for CallbackTransport<F> {
    fn send(&self, request: &HttpRequest, attempt: &Attempt) -> Result<HttpResponse, SendError> {
        let desk = Arc::new(Desk {
            request: request.clone(),
            ends: Instant::now().checked_add(attempt.timeout),
            repeatable: attempt.repeatable,
            max_response_bytes: self.max_response_bytes,
            state: Mutex::new(State::Waiting),
            changed: Condvar::new(),
        });
        (self.perform)(Transfer(Arc::clone(&desk)));
        desk.wait(attempt)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::mpsc;

    use super::*;

    fn send(
        perform: impl Fn(Transfer) + Send + Sync,
        timeout: Duration,
        cancelled: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Answer {
        let transport = CallbackTransport::new(
            Config::new().set("max_response_bytes", "1024").unwrap(),
            perform,
        );
        let request = HttpRequest {
            url: "http://localhost/".to_owned(),
            headers: Vec::new(),
            body: b"{}".to_vec(),
        };
        let attempt = Attempt {
            timeout,
            repeatable: true,
            cancelled: Arc::new(cancelled),
        };
        transport.send(&request, &attempt)
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn an_answer_comes_at_once_or_from_another_thread_later() {
        let response = || HttpResponse::new(200, "ok").with_header("Date", "today");
        let at_once = send(|transfer| transfer.answer(response()), LONG, || false);
        assert_eq!(at_once.unwrap(), response());
        let (give, take) = mpsc::channel::<Transfer>();
        std::thread::scope(|scope| {
            scope.spawn(move || take.recv().unwrap().answer(response()));
            let later = send(move |transfer| give.send(transfer).unwrap(), LONG, || false);
            assert_eq!(later.unwrap(), response());
        });
    }

    #[test]
    fn what_is_not_an_answer_is_an_error_that_says_so() {
        let failed = send(
            |transfer| {
                transfer.fail(SendError::new(SendErrorKind::Connect, false, "no route"));
            },
            LONG,
            || false,
        );
        let failed = failed.unwrap_err();
        assert_eq!((failed.kind, failed.sent), (SendErrorKind::Connect, false));
        let dropped = send(drop, LONG, || false).unwrap_err();
        assert_eq!((dropped.kind, dropped.sent), (SendErrorKind::Lost, true));
        let too_long = |transfer: Transfer| {
            let most = transfer.max_response_bytes();
            transfer.answer(HttpResponse::new(200, vec![b' '; most + 1]));
        };
        let too_long = send(too_long, LONG, || false).unwrap_err();
        assert_eq!(too_long.kind, SendErrorKind::BodyTooLarge);
    }

    #[test]
    fn waiting_ends_with_the_time_and_with_the_call() {
        let (give, take) = mpsc::channel::<Transfer>();
        let hold = move |transfer: Transfer| give.send(transfer).unwrap();
        let late = send(&hold, Duration::from_millis(5), || false).unwrap_err();
        let busy = |transfer: Transfer| {
            while !transfer.is_abandoned() {
                std::thread::yield_now();
            }
        };
        let given_up = send(busy, Duration::from_millis(5), || false).unwrap_err();
        assert!(given_up.sent);
        assert_eq!((late.kind, late.sent), (SendErrorKind::Timeout, true));
        let asked = AtomicU32::new(0);
        let second = move || asked.fetch_add(1, Ordering::Relaxed) == 1;
        let cancelled = send(&hold, LONG, second);
        let cancelled = cancelled.unwrap_err();
        assert_eq!(
            (cancelled.kind, cancelled.sent),
            (SendErrorKind::Cancelled, true)
        );
        for transfer in take.try_iter() {
            assert!(transfer.is_abandoned());
            transfer.answer(HttpResponse::new(200, "too late"));
        }
    }
}
