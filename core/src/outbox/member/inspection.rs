//! Answers questions about what waits.

use super::Member;
use crate::fleet::command::Outgoing;
use crate::model::encoded::EncodedOperation;
use crate::outbox::pending::{PendingOperation, Question};

impl Member {
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
            let kept = self.runs.iter().flat_map(|run| run.sender.kept());
            let list = kept
                .filter(|(operation, _)| self.open.get(operation.number).is_some())
                .filter(|(operation, _)| filter.lets_pass(EncodedOperation(&operation.body)))
                .take(most)
                .map(|(operation, is_in)| self.to_pending(operation, is_in))
                .collect();
            // The one who asked may have stopped waiting.
            let _ = answer.send(list);
        }
    }

    fn to_pending(&self, operation: &Outgoing, is_in: bool) -> PendingOperation {
        let open = self.open.get(operation.number);
        let state = if is_in { "appended" } else { "waiting" };
        PendingOperation {
            tag: operation.tag,
            submitted_ms: operation.submitted_ms,
            durable: open.is_some_and(|open| open.durable),
            maybe_sent: is_in || operation.maybe_sent,
            ..PendingOperation::of(EncodedOperation(&operation.body), state)
        }
    }
}
