//! [`Engine::send`]: attempts of one payload, repeated until it is final.

use super::{Engine, Limits, Payload};
use crate::model::outcome::{Reason, Warning};
use crate::retry::{Decision, GiveUpReason, RetryBudget, Situation, decide};

/// What it took. The outcomes are in the payload.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    /// How many HTTP requests were sent.
    pub(crate) requests: u32,
    pub(crate) warnings: Vec<Warning>,
    /// Why there was no further attempt, where one was worth it; or no attempt at all.
    pub(crate) gave_up: Option<GiveUpReason>,
}

impl Engine {
    /// Sends a payload, and what is worth it again.
    pub(crate) fn send(&self, payload: &mut impl Payload, limits: &Limits) -> Sent {
        let mut sent = Sent::default();
        sent.gave_up = self.send_all(payload, limits, &mut sent).err();
        sent
    }

    fn send_all(
        &self,
        payload: &mut impl Payload,
        limits: &Limits,
        sent: &mut Sent,
    ) -> Result<(), GiveUpReason> {
        let mut attempts = 0;
        // What the budget was charged for the coming retry, or the last one.
        let mut charged = 0;
        loop {
            let attempt = self
                .send_once(payload, limits)
                .inspect_err(|_| self.budget.refund(charged))?;
            attempts += 1;
            sent.requests += attempt.requests;
            sent.warnings.extend(attempt.warning);
            let outcomes = attempt.outcomes;
            let decision = decide(
                payload.retry_mode(),
                &outcomes,
                &Situation {
                    attempts,
                    batch: outcomes.len(),
                    breaker_open: false,
                    asked: attempt.retry_after,
                    left: self.left(limits),
                    random: fastrand::f64(),
                    backoff: &self.backoff,
                    budget: Some(&self.budget),
                },
            );
            let accepted = outcomes.iter().any(|o| o.reason == Reason::Accepted);
            payload.record(outcomes);
            match decision {
                Decision::Done | Decision::Alone => {
                    if accepted {
                        self.budget.pay_back(charged);
                    }
                    return Ok(());
                }
                Decision::GiveUp(reason) => return Err(reason),
                Decision::Again { kind, pause, .. } => {
                    charged = RetryBudget::cost(kind);
                    self.pause(limits, pause)
                        .inspect_err(|_| self.budget.refund(charged))?;
                }
            }
        }
    }
}
