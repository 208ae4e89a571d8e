//! Why there is no further attempt, and how the caller reads it.

use std::sync::Arc;

use super::is_transient;
use crate::model::outcome::{ItemOutcome, Reason};

/// Why nothing is sent any more, be it the first time or again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StopReason {
    /// The deadline of the call.
    Deadline,
    /// The caller cancelled.
    Cancelled,
    /// The client was closed.
    Closed,
    /// The service did not answer for as long as the caller waits for it.
    NoAnswer,
    /// The service refuses the caller, whatever is sent.
    CallerRefused,
    /// `outbox_deadline_ms`.
    OutboxDeadline,
    OutboxClosed,
    /// It would end after the lease of the relay does.
    LeaseEnded,
}

/// Why an item that is worth another attempt gets none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GiveUpReason {
    /// `max_attempts` were made.
    Attempts,
    /// The retry budget of the client is empty.
    Budget,
    Stopped(StopReason),
}

impl StopReason {
    /// The outcome of an item that was never sent because of it.
    pub(crate) fn not_sent(self) -> ItemOutcome {
        let (reason, message) = match self {
            Self::Deadline => (Reason::Deadline, "the deadline passed before it was sent"),
            Self::Cancelled => (Reason::Cancelled, "the caller cancelled before it was sent"),
            Self::Closed => (Reason::Closed, "the client was closed before it was sent"),
            Self::NoAnswer => (
                Reason::Deadline,
                "not sent: the service had not answered for as long as its caller waits",
            ),
            Self::CallerRefused => (
                Reason::Cancelled,
                "not sent: the service refuses the caller's key, region, clock or address",
            ),
            Self::OutboxDeadline => (
                Reason::Deadline,
                "it could not be sent within outbox_deadline_ms",
            ),
            Self::OutboxClosed => (Reason::Closed, "the outbox was closed before it was sent"),
            Self::LeaseEnded => (
                Reason::Cancelled,
                "not sent: another process of the fleet relays now",
            ),
        };
        ItemOutcome::with_message(reason, message)
    }
}

impl GiveUpReason {
    fn text(self) -> &'static str {
        match self {
            Self::Attempts => "max_attempts is reached",
            Self::Budget => "the retry budget is empty",
            Self::Stopped(reason) => match reason {
                StopReason::Deadline => "the deadline would pass first",
                StopReason::Cancelled => "the caller cancelled",
                StopReason::Closed => "the client was closed",
                StopReason::NoAnswer => "the service did not answer for too long",
                StopReason::CallerRefused => "the service refuses the caller",
                StopReason::OutboxDeadline => "outbox_deadline_ms is over",
                StopReason::OutboxClosed => "the outbox was closed",
                StopReason::LeaseEnded => "another process of the fleet relays now",
            },
        }
    }

    /// Says in the message of an outcome why this was the last attempt.
    pub(crate) fn explain(self, outcome: &mut ItemOutcome) {
        outcome.append_message(&format!("no further retry: {}", self.text()));
    }

    /// [`Self::explain`] for those that are worth another attempt. Items that share a
    /// message share the new one.
    pub(crate) fn explain_transient<'a>(
        self,
        outcomes: impl IntoIterator<Item = &'a mut ItemOutcome>,
    ) {
        let mut last: Option<(Option<Arc<str>>, Option<Arc<str>>)> = None;
        for outcome in outcomes.into_iter().filter(|outcome| is_transient(outcome)) {
            let before = outcome.message.clone();
            match &last {
                Some((known, new)) if is_same(known.as_ref(), before.as_ref()) => {
                    outcome.message.clone_from(new);
                }
                _ => {
                    self.explain(outcome);
                    last = Some((before, outcome.message.clone()));
                }
            }
        }
    }
}

impl From<StopReason> for GiveUpReason {
    fn from(reason: StopReason) -> Self {
        Self::Stopped(reason)
    }
}

fn is_same(one: Option<&Arc<str>>, other: Option<&Arc<str>>) -> bool {
    one.zip(other)
        .is_some_and(|(one, other)| Arc::ptr_eq(one, other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explain_transient_leaves_settled_items_alone_and_shares_messages() {
        let message: Arc<str> = "reset".into();
        let lost = || ItemOutcome::new(Reason::ConnectionLost, Some(Arc::clone(&message)));
        let mut items = [lost(), ItemOutcome::new(Reason::Accepted, None), lost()];
        GiveUpReason::Budget.explain_transient(&mut items);
        let texts = items.each_ref().map(ItemOutcome::message);
        let explained = "reset; no further retry: the retry budget is empty";
        assert_eq!(texts, [explained, "", explained]);
        let [one, _, other] = items.map(|item| item.message);
        assert!(is_same(one.as_ref(), other.as_ref()));
    }
}
