//! After an attempt: what it says of the service, and what becomes of each operation.

use std::time::Duration;

use super::Delivery;
use crate::model::outcome::{ItemOutcome, State};
use crate::ordering::queue::{Millis, Slot, millis};
use crate::protocol::classify::merge_attempts;
use crate::retry::{Decision, RetryMode, ServiceHealth, Situation, decide, service_health};

/// What an attempt says of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) health: ServiceHealth,
    /// The circuit breaker opened or closed.
    pub(crate) breaker_turned: bool,
}

/// What becomes of the operations of an attempt.
#[derive(Debug, Default)]
pub(crate) struct Decided {
    /// They have their outcome. They stay in their places until they are completed.
    pub(crate) done: Vec<(Slot, ItemOutcome)>,
    /// How many are to be sent again, and were put back.
    pub(crate) again: usize,
}

impl Delivery {
    /// Tells the circuit breaker how an attempt ended. `asked` is what the service asked for
    /// (`Retry-After`), `random` uniform in [0, 1). If it did not end well, what is queued to
    /// leave is to be taken back, before [`decide`](Self::decide).
    pub(crate) fn judge(
        &mut self,
        outcomes: &[ItemOutcome],
        asked: Option<Duration>,
        now: Millis,
        random: f64,
    ) -> Judged {
        let health = service_health(outcomes);
        let was_open = self.breaker.is_open();
        let now = Duration::from_millis(now);
        self.breaker.record(health, now, asked, random);
        Judged {
            health,
            breaker_turned: self.breaker.is_open() != was_open,
        }
    }

    /// Decides on the operations of a request that was sent once.
    pub(crate) fn decide(
        &mut self,
        slots: &[Slot],
        outcomes: Vec<ItemOutcome>,
        now: Millis,
        mut random: impl FnMut() -> f64,
    ) -> Decided {
        let mut decided = Decided::default();
        for (slot, outcome) in slots.iter().copied().zip(outcomes) {
            if was_sent(&outcome) {
                self.queue.count_attempt(slot);
            }
            let decision = self.decide_one(slot, &outcome, slots.len(), random());
            // An empty map is not asked: it would be for each operation.
            let earlier = if self.last.is_empty() {
                None
            } else {
                self.last.remove(&slot)
            };
            let merged = match earlier {
                Some(earlier) => merge_attempts(earlier, outcome, false),
                None => outcome,
            };
            let (due, alone) = match decision {
                Decision::Done | Decision::GiveUp(_) => {
                    decided.done.push((slot, merged));
                    continue;
                }
                Decision::Alone => (now, true),
                Decision::Again { pause, alone, .. } => (now.saturating_add(millis(pause)), alone),
            };
            decided.again += 1;
            self.last.insert(slot, merged);
            self.queue.retry(slot, due, alone);
        }
        decided
    }

    fn decide_one(&self, slot: Slot, outcome: &ItemOutcome, batch: usize, random: f64) -> Decision {
        let at = Situation {
            attempts: u32::from(self.queue.attempts(slot)),
            batch,
            breaker_open: self.breaker.is_open(),
            // The breaker keeps to it.
            asked: None,
            // The deadline of the outbox ends it.
            left: Duration::MAX,
            random,
            backoff: &self.backoff,
            budget: None,
        };
        decide(RetryMode::Outbox, [outcome], &at)
    }
}

/// Whether an attempt with this outcome may have reached the service.
pub(crate) fn was_sent(outcome: &ItemOutcome) -> bool {
    outcome.state() != State::NotSent
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::operation::Operation;
    use crate::model::outcome::Reason;
    use crate::ordering::queue::Entry;
    use crate::retry::Backoff;

    const BASE: Duration = Duration::from_millis(50);

    fn delivery(operations: u64) -> (Delivery, Vec<Slot>) {
        let backoff = Backoff {
            max_attempts: 3,
            base: BASE,
            throttle_base: 20 * BASE,
            cap: 400 * BASE,
        };
        let mut delivery = Delivery::new(backoff, 0);
        for n in 0..operations {
            let token = format!("token-{n}");
            let entry = Entry {
                id: n + 1,
                tag: n,
                at: 0,
                attempts: 0,
                body: Operation::bind(&token, "alice").encode(),
            };
            delivery.push(entry, &mut Vec::new());
        }
        let slots = delivery.next_batch(0, true);
        (delivery, slots)
    }

    fn outcome(reason: Reason, code: Option<i64>) -> ItemOutcome {
        let mut outcome = ItemOutcome::new(reason, None);
        outcome.code = code;
        outcome.http_status = Some(200);
        outcome
    }

    #[test]
    fn an_attempt_ends_an_operation_or_puts_it_back() {
        const TOO_FAST: i64 = 1_008_028;
        const BAD_TOKEN: i64 = 1_008_006;
        const BAD_REQUEST: i64 = 1_008_007;
        // What the attempts bring; the reason of the end, or when it may be sent again.
        let cases = [
            (
                vec![outcome(Reason::Accepted, Some(0))],
                Ok(Reason::Accepted),
            ),
            (
                vec![outcome(Reason::ItemRefused, Some(BAD_TOKEN))],
                Ok(Reason::ItemRefused),
            ),
            // Alone as it is.
            (
                vec![outcome(Reason::RequestRefused, Some(BAD_REQUEST))],
                Ok(Reason::RequestRefused),
            ),
            (vec![outcome(Reason::TimedOut, None)], Err(50)),
            (
                vec![outcome(Reason::RequestRefused, Some(TOO_FAST))],
                Err(50),
            ),
            (
                vec![
                    outcome(Reason::TimedOut, None),
                    outcome(Reason::Accepted, Some(0)),
                ],
                Ok(Reason::Accepted),
            ),
            // It holds for the first attempt as well.
            (
                vec![
                    outcome(Reason::TimedOut, None),
                    outcome(Reason::ItemRefused, Some(BAD_TOKEN)),
                ],
                Ok(Reason::ItemRefused),
            ),
        ];
        for (attempts, wanted) in cases {
            let (mut delivery, slots) = delivery(1);
            let mut end = None;
            for attempt in attempts.clone() {
                let due = delivery.queue().next_due().unwrap_or_default();
                delivery.next_batch(due, true);
                let decided = delivery.decide(&slots, vec![attempt], 0, || 1.0);
                assert_eq!(decided.done.len() + decided.again, 1, "{attempts:?}");
                end = decided.done.into_iter().next();
            }
            let end = end.map(|(_, outcome)| outcome.reason());
            let due = || delivery.queue().next_due().unwrap();
            assert_eq!(end.ok_or_else(due), wanted, "{attempts:?}");
        }
    }

    #[test]
    fn an_operation_that_may_have_been_sent_ends_no_better_than_unknown() {
        let (mut delivery, slots) = delivery(1);
        delivery.recall(slots[0], super::super::maybe_sent_before());
        let unsent = outcome(Reason::ConnectFailed, None);
        delivery.decide(&slots, vec![unsent], 0, || 0.0);
        let expired = delivery.expire(1);
        assert_eq!(expired[0].1.state(), State::Unknown, "{expired:?}");
    }

    #[test]
    fn a_request_that_is_refused_as_a_whole_is_taken_apart() {
        let (mut delivery, _) = delivery(0);
        let refused = || outcome(Reason::RequestRefused, Some(1_008_007));
        let entry = |n: u64| Entry {
            id: n,
            tag: n,
            at: 0,
            attempts: 0,
            body: Operation::bind(&format!("phone-{n}"), format!("player-{n}").as_str()).encode(),
        };
        for n in 10..13 {
            delivery.push(entry(n), &mut Vec::new());
        }
        let batch = delivery.next_batch(0, true);
        assert_eq!(batch.len(), 3);
        let decided = delivery.decide(&batch, vec![refused(); 3], 0, || 0.0);
        assert_eq!((decided.done.len(), decided.again), (0, 3));
        let sizes: Vec<usize> = (0..3).map(|_| delivery.next_batch(0, true).len()).collect();
        assert_eq!(sizes, [1, 1, 1]);
    }
}
