//! What this process sends for all while it holds the lease.

use super::job::RelayJob;
use super::{Member, Millis};
use crate::delivery::was_sent;
use crate::engine::AttemptResult;
use crate::fleet::relay::{Relay, RelayEvent};
use crate::outbox::log::LogLevel;
use crate::outbox::stats::add;
use crate::retry::ServiceHealth;

/// When a thread is tried again that the system did not give.
const THREAD_RETRY: Millis = 1000;

impl Member {
    pub(super) fn handle_relay_events(&mut self) {
        let Some(relay) = &mut self.relay else {
            return;
        };
        for event in relay.events() {
            self.handle_relay_event(event);
        }
        let leave_by = self.relay.as_ref().map_or(0, Relay::leave_by);
        self.guard.set(leave_by);
    }

    fn handle_relay_event(&mut self, event: RelayEvent) {
        let epoch = || {
            let numbers = self.relay.as_ref().map(Relay::numbers);
            numbers.unwrap_or_default().epoch
        };
        let (level, line) = match event {
            RelayEvent::Took { epoch } => (
                LogLevel::Info,
                format!("this process relays now (epoch {epoch})"),
            ),
            RelayEvent::Lost => (
                LogLevel::Warning,
                format!(
                    "this process relays no longer (epoch {}): it lost the lease",
                    epoch()
                ),
            ),
            RelayEvent::Released(why) => (
                LogLevel::Info,
                format!(
                    "this process relays no longer (epoch {}): {}",
                    epoch(),
                    why.text()
                ),
            ),
            RelayEvent::WentBack => {
                add(&self.shared.counters.fleet.went_back, 1);
                (
                    LogLevel::Warning,
                    format!(
                        "this process relays no longer (epoch {}): the fleet's engine went back",
                        epoch()
                    ),
                )
            }
        };
        self.shared.log(level, &line);
        if !matches!(event, RelayEvent::Took { .. }) {
            self.guard.close();
            self.withdraw_queued();
        }
    }

    /// Takes back what is queued for the threads.
    pub(super) fn withdraw_queued(&mut self) {
        let now = self.now();
        for job in self.pool.withdraw_queued() {
            if let Some(relay) = &mut self.relay {
                relay.put_back(now, &job.ticket);
            }
        }
    }

    pub(super) fn handle_done(&mut self) {
        for (job, attempted) in self.pool.drain_done() {
            if let Some(attempted) = attempted {
                self.handle_attempt(&job, attempted);
            } else {
                let now = self.now();
                if let Some(relay) = &mut self.relay {
                    relay.put_back(now, &job.ticket);
                }
            }
        }
    }

    fn handle_attempt(&mut self, job: &RelayJob, attempted: AttemptResult) {
        let now = self.now();
        let counters = &self.shared.counters;
        let sent = attempted.outcomes.iter().filter(|o| was_sent(o)).count();
        add(&counters.requests, usize::from(sent > 0));
        add(&counters.sent, sent);
        if let Some(warning) = &attempted.warning {
            self.health.record_warning(warning);
        }
        let Some(relay) = &mut self.relay else {
            return;
        };
        let first = attempted.outcomes.first().cloned();
        let (outcomes, asked) = (attempted.outcomes, attempted.retry_after);
        let result = relay.attempted(now, &job.ticket, outcomes, asked);
        add(&counters.retries, result.again);
        match result.judged.health {
            ServiceHealth::Healthy => {}
            ServiceHealth::Failing => add(&counters.failures, 1),
            ServiceHealth::Throttled => add(&counters.throttled, 1),
        }
        if result.judged.breaker_turned {
            let is_open = relay.delivery().is_open();
            self.health.record_breaker(is_open, first.as_ref());
        }
        if result.judged.health != ServiceHealth::Healthy {
            self.withdraw_queued();
        }
    }

    pub(super) fn dispatch(&mut self) {
        let flush = self.is_flushing() && self.shared.intake.is_empty();
        loop {
            let now = self.now();
            if !self.pool.has_capacity() || self.shared.is_stopping() {
                return;
            }
            let batch = self
                .relay
                .as_mut()
                .and_then(|relay| relay.next_batch(now, flush));
            let Some(batch) = batch else {
                return;
            };
            let job = RelayJob {
                ticket: batch.ticket,
                operator: batch.operator,
                body: batch.body,
                reign: self.guard.reign(),
            };
            let sent = self.pool.submit(job);
            self.health.record_thread(sent.is_ok());
            if let (Err(job), Some(relay)) = (sent, &mut self.relay) {
                relay.put_back(now + THREAD_RETRY, &job.ticket);
                return;
            }
        }
    }
}
