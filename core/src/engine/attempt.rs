//! One attempt, for those who decide themselves when to make the next.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::send::authentication_failed;
use crate::client::{CallOptions, Client};
use crate::model::error::{Error, Result};
use crate::model::operation::{Action, Operator, Request};
use crate::model::outcome::{ItemOutcome, Reason, Warning};
use crate::protocol::classify;
use crate::protocol::message;
use crate::sys::clock::unix_seconds;
use crate::transport::Attempt;

/// What an attempt came to.
pub(crate) struct Attempted {
    /// One per item.
    pub(crate) outcomes: Vec<ItemOutcome>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) warning: Option<Warning>,
}

impl Attempted {
    /// A defect: nothing is known of what was sent.
    pub(crate) fn panicked(items: usize) -> Self {
        let message = "a defect in xgpush: the attempt panicked".to_owned();
        Self {
            outcomes: vec![classify::unknown(Reason::Interrupted, message); items],
            retry_after: None,
            warning: None,
        }
    }
}

impl Client {
    /// Sends a body of so many items, at most 20, once, or twice when the clock
    /// was found to be off. Ends soon when the client is closed.
    pub(crate) fn attempt(&self, operator: Operator, body: &[u8], items: usize) -> Attempted {
        let shared = &*self.shared;
        let call = shared.begin(&CallOptions {
            deadline: Some(Duration::MAX),
            ..CallOptions::default()
        });
        // The items themselves matter to the answers of queries only.
        let request = Request::new(Action::Batch(operator));
        let carried: Vec<u32> = (0..).take(items).collect();
        let mut warning = None;
        loop {
            if let Err(rest) = shared.wait_for_turn(&call, None) {
                return Attempted {
                    outcomes: vec![rest; carried.len()],
                    retry_after: None,
                    warning,
                };
            }
            let skew = shared.skew.load(Ordering::Relaxed);
            let now = unix_seconds(shared.clock.now()).saturating_add(skew);
            let http = shared.api.sign(request.action().path(), body.to_vec(), now);
            let cancel = Arc::clone(&call.cancel);
            let response = shared.transport.send(
                &http,
                &Attempt {
                    timeout: shared.request_timeout,
                    repeatable: true,
                    cancelled: Arc::new(move || cancel.check(None)),
                },
            );
            let response = match response {
                Ok(response) => response,
                Err(error) => {
                    return Attempted {
                        outcomes: vec![classify::not_answered(&error); carried.len()],
                        retry_after: None,
                        warning,
                    };
                }
            };
            let shown = shared.api.shown(&response);
            let outcomes = classify::judge(&request, &carried, &shown).items;
            if authentication_failed(outcomes.iter()) && warning.is_none() {
                warning = shared.correct_clock(Some(&response), skew);
                if warning.is_some() {
                    continue;
                }
            }
            let after = response.retry_after.as_deref();
            let after = after.and_then(|value| message::retry_after(value, shared.clock.now()));
            return Attempted {
                outcomes,
                retry_after: after,
                warning,
            };
        }
    }

    /// Checks a request of operations.
    pub(crate) fn check_request(&self, request: &Request) -> Result<()> {
        if request.is_query() {
            return Err(crate::client::wrong_api("an outbox", "a query"));
        }
        if request.legacy.op_type.is_some() || request.legacy.op_id.is_some() {
            return Err(Error::request(
                "an outbox does not carry op_type and op_id: they belong to one HTTP request, and \
                 it makes its own",
            ));
        }
        self.shared.api.check(request).map(|_| ())
    }
}
