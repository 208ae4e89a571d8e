//! What the senders tell: operations that are durable, and final reports.

use std::sync::atomic::Ordering;

use super::{Member, Millis};
use crate::fleet::engine::{ReportsTo, SenderId};
use crate::fleet::report::FleetReport;
use crate::fleet::sender::{SenderEvent, Ticket};
use crate::model::outcome::{ItemOutcome, Reason};
use crate::outbox::log::LogLevel;
use crate::outbox::report::{Event, Report};
use crate::outbox::reports;
use crate::outbox::stats::add;
use crate::outbox::store::{Record, Store as _};
use crate::outbox::wall_clock::WallClock;

/// How often a sender is told that somebody looks for reports of others.
const LOOK_INTERVAL: Millis = 10_000;

/// An operation that has its end, and is to be completed once the file forgot it.
#[derive(Debug)]
pub(super) struct Finished {
    /// Its number, if it is this process's own.
    number: Option<u64>,
    /// `None`: its report goes to others.
    report: Option<FleetReport>,
    /// Which sender brought the report.
    from: Option<(usize, Ticket)>,
}

impl Finished {
    /// What was too old to be given to an engine when the file was opened.
    pub(super) fn expired(record: &Record) -> Self {
        let why = "expired: older than outbox_recover_max_age_ms when the file was opened";
        let outcome = ItemOutcome::with_message(Reason::Expired, why);
        Self::here(record.id, record.tag, record.submitted_ms, outcome)
    }

    /// What this process ends by itself.
    pub(super) fn here(number: u64, tag: u64, submitted_ms: u64, outcome: ItemOutcome) -> Self {
        Self {
            number: Some(number),
            report: Some(FleetReport {
                sender: SenderId("".into()),
                number,
                tag,
                submitted_ms,
                at_ms: 0,
                outcome,
            }),
            from: None,
        }
    }
}

impl Member {
    pub(super) fn handle_events(&mut self) {
        for index in 0..self.runs.len() {
            for event in self.runs[index].sender.events() {
                self.handle_event(index, event);
            }
        }
        self.handle_relay_events();
    }

    fn handle_event(&mut self, index: usize, event: SenderEvent) {
        match event {
            SenderEvent::Durable { up_to } => self.acknowledged(index, up_to),
            SenderEvent::Final {
                report,
                own,
                bytes: _,
                ticket,
            } => {
                let number = (own && self.reports_to == ReportsTo::Sender).then_some(report.number);
                if let Some(number) = number {
                    self.became_durable(number..=number);
                }
                self.finished.push(Finished {
                    number,
                    report: Some(report),
                    from: Some((index, ticket)),
                });
            }
            SenderEvent::WentBack { again, .. } => {
                add(&self.shared.counters.fleet.went_back, 1);
                let line = format!(
                    "the fleet's engine went back: it had forgotten what it had acknowledged; \
                     {again} operations of this process are appended again"
                );
                self.shared.log(LogLevel::Warning, &line);
            }
            SenderEvent::ReportsDropped(reports) => {
                let dropped = &self.shared.counters.fleet.reports_dropped;
                dropped.fetch_add(reports, Ordering::Relaxed);
            }
            SenderEvent::Warnings(warnings) => {
                for warning in warnings {
                    self.shared.log(LogLevel::Warning, &warning);
                }
            }
        }
    }

    /// The engine has everything of a run up to this number.
    fn acknowledged(&mut self, index: usize, up_to: u64) {
        // A run may have appended operations that its file never had, and the next run gave
        // their numbers to its own.
        let next = self.runs.get(index + 1).map_or(u64::MAX, |run| run.first);
        let up_to = up_to.min(next.saturating_sub(1));
        let run = &mut self.runs[index];
        let from = run.first.max(run.acknowledged + 1);
        run.acknowledged = run.acknowledged.max(up_to);
        self.became_durable(from..=up_to);
        if self.reports_to != ReportsTo::Sender {
            // Others get the reports: here they are over.
            let over: Vec<u64> = self.open.range_mut(from..=up_to).map(|(n, _)| n).collect();
            let over = over.into_iter().map(|number| Finished {
                number: Some(number),
                report: None,
                from: None,
            });
            self.finished.extend(over);
        }
    }

    /// Since when something waits that the engine has not acknowledged; 0: nothing does.
    pub(super) fn oldest_unacknowledged(&self) -> Millis {
        let ends = self.runs.iter().skip(1).map(|run| run.first);
        let ends = ends.chain([u64::MAX]);
        let waiting = self.runs.iter().zip(ends).filter_map(|(run, end)| {
            let first = run.first.max(run.acknowledged + 1);
            self.open.first_in(first..end)
        });
        waiting.min().unwrap_or(0)
    }

    /// Has the file forget what has its end, and completes it: a later run must not wait for
    /// a report that was read.
    pub(super) fn complete_finished(&mut self) {
        if self.finished.is_empty() || self.now() < self.spool_retry_at {
            return;
        }
        if let Some(spool) = &mut self.spool {
            let numbers: Vec<u64> = self.finished.iter().filter_map(|f| f.number).collect();
            if !numbers.is_empty() {
                if let Err(error) = spool.acknowledge(&numbers) {
                    self.spool_rests(&error);
                    return;
                }
                self.health.store_works();
            }
        }
        let finished = std::mem::take(&mut self.finished).into_iter();
        let (now, wall) = (self.now(), self.shared.wall());
        let reports: Vec<_> = finished
            .filter_map(|finished| self.complete(finished, now, wall))
            .collect();
        self.shared.reports.push_with_tickets(reports);
        self.shared.notify();
    }

    /// Its report, if one is kept here.
    fn complete(
        &mut self,
        finished: Finished,
        now: Millis,
        wall: WallClock,
    ) -> Option<(Report, reports::Ticket)> {
        let shared = &self.shared;
        let operation = finished.number.and_then(|number| self.open.remove(number));
        if let Some(operation) = &operation {
            shared.intake.complete(operation.bytes);
            if !operation.durable {
                shared.advance(1);
            }
        }
        let Some(report) = finished.report else {
            shared.intake.release(usize::from(operation.is_some()));
            return None;
        };
        shared.counters.count_final(&report.outcome);
        let since = operation.map_or(report.submitted_ms, |operation| operation.at);
        let took = now.saturating_sub(since.max(shared.opened));
        shared.counters.note_latency(took);
        let holds_place = operation.is_some();
        if !self.options.reports {
            if let Some((index, ticket)) = finished.from {
                self.runs[index].sender.taken(ticket);
            }
            shared.intake.release(usize::from(holds_place));
            return None;
        }
        let is_new = finished.number.is_some_and(|n| n >= self.first_own);
        let number = finished.from.map_or(0, |from| {
            self.last_ticket += 1;
            self.tickets.insert(self.last_ticket, from);
            self.last_ticket
        });
        let at = if report.at_ms == 0 {
            wall.date(now)
        } else {
            report.at_ms
        };
        let ticket = reports::Ticket {
            number,
            holds_place,
        };
        let report = Report {
            tag: report.tag,
            event: Event::settled(report.outcome),
            submitted: report.submitted_ms,
            at,
            recovered: !is_new,
        };
        Some((report, ticket))
    }

    /// What callers have read is no business of the engine's any more.
    pub(super) fn note_read(&mut self) {
        for number in self.shared.reports.read(false) {
            self.forget(number);
        }
        let now = self.now();
        if self.looks_at().is_some_and(|at| at <= now) {
            self.looked_at = now;
            if !self.shared.reports.looked() {
                return;
            }
            for run in &mut self.runs {
                run.sender.look(now);
            }
        }
    }

    /// When to see whether a caller looks for reports of others.
    pub(super) fn looks_at(&self) -> Option<Millis> {
        let is_group = matches!(self.reports_to, ReportsTo::Group(_));
        is_group.then_some(self.looked_at + LOOK_INTERVAL)
    }

    /// The report with this ticket is read.
    pub(super) fn forget(&mut self, number: u64) {
        if let Some((index, ticket)) = self.tickets.remove(&number) {
            self.runs[index].sender.taken(ticket);
        }
    }
}
