//! The end: the lease goes to the next at once, and what others have to know is said.

use std::sync::atomic::Ordering;

use super::reporting::Finished;
use super::{Member, Millis};
use crate::fleet::relay::Relay;
use crate::model::outcome::{ItemOutcome, Reason};
use crate::outbox::store::Store as _;
use crate::retry::StopReason;

/// How long requests and commands that are under way get when the outbox stops.
const SHUTDOWN_GRACE: Millis = 500;

impl Member {
    /// Whether there is nothing left to do, or no time for it.
    pub(super) fn is_over(&mut self) -> bool {
        if !self.shared.is_closing() && !self.shared.is_stopping() {
            return false;
        }
        let is_stopping = self.shared.is_stopping();
        let is_done = self.open.len() == 0 && self.finished.is_empty();
        let is_done = is_done && self.shared.intake.is_empty();
        if !is_stopping && !is_done {
            return false;
        }
        self.say_goodbye();
        let relay_is_over = self.relay.as_ref().is_none_or(Relay::has_given_up);
        let is_over = relay_is_over
            && self.pool.in_flight() == 0
            && self.asked.is_none()
            && self.runs.iter().all(|run| !run.sender.has_to_tell());
        let now = self.now();
        let until = match self.abandon_at {
            Some(until) => until,
            None if is_stopping => *self.abandon_at.insert(now + SHUTDOWN_GRACE),
            None => Millis::MAX,
        };
        is_over || now >= until
    }

    /// Gives the lease up, and notes which reports nobody needs any more.
    fn say_goodbye(&mut self) {
        if !self.said_goodbye {
            self.said_goodbye = true;
            if let Some(relay) = &mut self.relay {
                relay.give_up();
            }
        }
        if self.shared.is_stopping() {
            self.guard.close();
        }
        self.withdraw_queued();
        for number in self.shared.reports.read(true) {
            self.forget(number);
        }
        if self.shared.keeps_unread() {
            for number in self.shared.reports.unread() {
                self.forget(number);
            }
        }
    }

    /// What is left: it stays in the engine or in the file, or it is reported.
    pub(super) fn finish(mut self) {
        // Submitted between the last look and the closing.
        self.drain_intake();
        self.guard.close();
        self.spool_retry_at = 0;
        let left = self.open.len();
        self.end_unoffered();
        self.complete_finished();
        self.health.report_recoveries(true);
        drop(self.spool);
        self.engine.close();
        if self.pool.in_flight() == 0 {
            self.pool.join();
        } else {
            self.pool.shut_down();
        }
        self.link.end();
        self.shared.left.store(left, Ordering::Release);
    }

    /// What no engine was given stays in the file, or is reported; and so is what an engine
    /// was given that did not say whether it has it.
    fn end_unoffered(&mut self) {
        let mut ended = Vec::new();
        let mut unoffered_from = None;
        for run in &mut self.runs {
            let unoffered = run.sender.take_unoffered();
            unoffered_from = unoffered_from.or(unoffered.first().copied());
            ended.extend(
                unoffered
                    .into_iter()
                    .map(|n| (n, StopReason::OutboxClosed.not_sent())),
            );
            let unanswered = run.sender.kept().filter(|(_, is_in)| !is_in);
            ended.extend(unanswered.map(|(operation, _)| (operation.number, unanswered_outcome())));
        }
        let wall = self.shared.wall();
        for (number, outcome) in ended {
            let Some(operation) = self.open.get(number) else {
                continue;
            };
            // The next run goes on with what is in the file.
            if operation.in_file {
                continue;
            }
            let (tag, submitted) = (operation.tag, wall.date(operation.at));
            self.finished
                .push(Finished::here(number, tag, submitted, outcome));
        }
        // The next run need not guess what an engine was given.
        if let (Some(spool), Some(first)) = (&mut self.spool, unoffered_from) {
            let _ = spool.set_sent_mark(first - 1);
        }
    }
}

fn unanswered_outcome() -> ItemOutcome {
    let message = "the outbox was closed, and the fleet's engine had not said whether it has it";
    ItemOutcome::with_message(Reason::Interrupted, message)
}
