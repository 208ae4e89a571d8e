//! Answers questions about what waits.

use super::{Slot, Worker};
use crate::model::encoded::EncodedOperation;
use crate::outbox::pending::{PendingOperation, Question};

impl Worker {
    pub(super) fn answer_questions(&mut self) {
        let questions = std::mem::take(&mut *self.shared.questions());
        if !questions.is_empty() {
            // What was submitted before the question is part of the answer.
            self.drain_intake();
        }
        for Question {
            filter,
            most,
            answer,
        } in questions.into_values()
        {
            let queue = self.delivery.queue();
            let token = filter.token.as_deref();
            let all = match token {
                Some(token) => queue.of_token(token),
                None => queue.in_order(),
            };
            let passing = all
                .into_iter()
                .filter(|slot| filter.lets_pass(EncodedOperation(queue.body(*slot))));
            let list = passing
                .take(most)
                .map(|slot| self.to_pending(slot))
                .collect();
            // The one who asked may have stopped waiting.
            let _ = answer.send(list);
        }
    }

    fn to_pending(&self, slot: Slot) -> PendingOperation {
        let queue = self.delivery.queue();
        let completing = self
            .completing
            .iter()
            .find(|(completing, _)| *completing == slot);
        let state = if completing.is_some() {
            "settling"
        } else {
            queue.state_name(slot)
        };
        let last = completing
            .map(|(_, outcome)| outcome)
            .or_else(|| self.delivery.last(slot));
        let attempts = queue.attempts(slot);
        PendingOperation {
            tag: queue.tag(slot),
            submitted_ms: self.shared.wall().date(queue.at(slot)),
            durable: queue.id(slot) != 0,
            maybe_sent: attempts > 0 || state == "sending",
            attempts,
            ..PendingOperation::of(EncodedOperation(queue.body(slot)), state)
        }
        .with_last(last)
    }
}
