//! What the sender asks of the engine, and what the answers mean.

use super::lists::Reading;
use super::{Sender, SenderEvent};
use crate::fleet::command::{Answer, Command, Outgoing};
use crate::fleet::engine::{Appended, EngineError, Position, ReportsTo, StoredReport};
use crate::fleet::pause;
use crate::fleet::report::FleetReport;
use crate::ordering::queue::Millis;

/// At most in one append: so much is one step for the engine, in which it does nothing else.
const APPEND_MOST: usize = 1000;
const APPEND_BYTES: usize = 256 * 1024;

/// How often it says that it lives, and asks for predecessors.
const HELLO_EVERY: Millis = 10_000;

/// How often it makes sure that the engine has what it said it has: one that went back shows
/// nothing of its own accord.
const CHECK_EVERY: Millis = 1000;

/// What is under way.
#[derive(Debug)]
pub(super) enum Asked {
    Hello,
    /// Appends up to this number.
    Append(u64),
    /// Confirms what was appended up to this number, and what was read.
    Confirm(u64),
    /// Asks whether the engine still has what it confirmed.
    Check(u64),
    /// Asks whether it still has what it said it has.
    Look,
    Reports {
        list: u32,
        taken: Vec<Position>,
    },
}

/// Whose turn it is, so that nothing starves.
#[derive(Debug, Clone, Copy)]
pub(super) enum Turn {
    Append,
    Confirm,
    Reports,
}

impl Turn {
    fn next(self) -> Self {
        match self {
            Self::Append => Self::Confirm,
            Self::Confirm => Self::Reports,
            Self::Reports => Self::Append,
        }
    }
}

impl Sender {
    /// What to ask now; nothing while something is under way.
    pub(crate) fn next(&mut self, now: Millis) -> Option<Command> {
        self.forget_remembered(now);
        if self.asked.is_some() || now < self.retry_at {
            return None;
        }
        if self.is_hello_due(now) {
            self.hello_at = now + HELLO_EVERY;
            self.lists.begin_anew();
            self.asked = Some(Asked::Hello);
            let sender = self.settings.id.clone();
            return Some(Command::Hello { sender });
        }
        if let Some(to) = self.unchecked {
            self.asked = Some(Asked::Check(to));
            return Some(self.append(Vec::new()));
        }
        if now >= self.check_at && self.is_remembered() {
            self.check_at = now + CHECK_EVERY;
            self.asked = Some(Asked::Look);
            return Some(self.append(Vec::new()));
        }
        for _ in 0..3 {
            let turn = self.turn;
            self.turn = turn.next();
            let command = match turn {
                Turn::Append => self.next_append(),
                Turn::Confirm => self.next_confirm(),
                Turn::Reports => self.next_reports(now),
            };
            if command.is_some() {
                return command;
            }
        }
        None
    }

    /// When [`next`](Self::next) may have something without anything happening before.
    pub(crate) fn due(&self, now: Millis) -> Option<Millis> {
        if self.asked.is_some() {
            return None;
        }
        let lingering = self
            .remembered
            .front()
            .map(|(at, _)| at + super::REMEMBERED);
        let at_once = self.unchecked.is_some() || self.has_unappended() || self.is_unconfirmed();
        let hello = self.is_active(now).then_some(self.hello_at);
        let reports = self.lists.due(self.waits_for_reports(now));
        let check = self.is_remembered().then_some(self.check_at);
        let asks = [at_once.then_some(0), hello, reports, check];
        let asks = asks.into_iter().flatten().min();
        let asks = asks.map(|at| at.max(self.retry_at));
        asks.into_iter().chain(lingering).min()
    }

    fn is_active(&self, now: Millis) -> bool {
        now < self.active_until || self.open() > 0 || self.lists.is_busy()
    }

    fn is_hello_due(&self, now: Millis) -> bool {
        now >= self.hello_at && self.is_active(now)
    }

    /// Whether there may be a report for this process.
    fn waits_for_reports(&self, now: Millis) -> bool {
        match self.settings.reports_to {
            ReportsTo::Sender => self.open > 0 || self.settings.recovered,
            ReportsTo::Group(_) => now < self.active_until,
            ReportsTo::Nobody => false,
        }
    }

    /// Whether it has something that the engine said it has.
    fn is_remembered(&self) -> bool {
        let first = self.kept.first_key_value();
        first.is_some_and(|(number, _)| *number <= self.appended)
    }

    pub(super) fn has_unappended(&self) -> bool {
        self.kept.range(self.appended + 1..).next().is_some()
    }

    fn is_unconfirmed(&self) -> bool {
        self.settings.confirms && (self.confirmed < self.appended || self.lists.is_unproved())
    }

    fn append(&self, operations: Vec<Outgoing>) -> Command {
        Command::Append {
            sender: self.settings.id.clone(),
            after: self.appended,
            operations,
            reports_to: self.settings.reports_to.clone(),
        }
    }

    fn next_append(&mut self) -> Option<Command> {
        let mut bytes = 0;
        let offered = self.offered;
        let waiting = self.kept.range(self.appended + 1..);
        let waiting = waiting.map(|(_, kept)| &kept.operation);
        let fitting = waiting.take(APPEND_MOST).take_while(|kept| {
            let fits = bytes < APPEND_BYTES;
            bytes += kept.body.len();
            fits
        });
        // A relay may have seen what was in an append before, whatever came of that.
        let operations: Vec<Outgoing> = fitting
            .map(|kept| Outgoing {
                maybe_sent: kept.maybe_sent || kept.number <= offered,
                ..kept.clone()
            })
            .collect();
        let last = operations.last()?.number;
        self.offered = self.offered.max(last);
        self.asked = Some(Asked::Append(last));
        Some(self.append(operations))
    }

    fn next_confirm(&mut self) -> Option<Command> {
        self.is_unconfirmed().then(|| {
            self.asked = Some(Asked::Confirm(self.appended));
            Command::Confirm
        })
    }

    fn next_reports(&mut self, now: Millis) -> Option<Command> {
        let waits = self.waits_for_reports(now);
        let Reading {
            list,
            from,
            taken,
            after,
            most,
        } = self.lists.next(now, waits)?;
        self.asked = Some(Asked::Reports {
            list,
            taken: taken.clone(),
        });
        Some(Command::Reports {
            reader: self.settings.id.clone(),
            from,
            taken,
            after,
            most,
        })
    }

    /// The answer to what [`next`](Self::next) asked last.
    pub(crate) fn answered(&mut self, now: Millis, answer: Result<Answer, EngineError>) {
        let Some(asked) = self.asked.take() else {
            return;
        };
        match (asked, answer) {
            (Asked::Hello, Ok(Answer::Hello(hello))) => {
                if hello.reports_dropped > 0 {
                    let dropped = SenderEvent::ReportsDropped(hello.reports_dropped);
                    self.events.push(dropped);
                }
                let mut others = hello.predecessors;
                let siblings = &self.settings.siblings;
                others.retain(|other| !self.settings.recovered && !siblings.contains(other));
                self.lists.set_predecessors(others);
                if !hello.warnings.is_empty() {
                    self.events.push(SenderEvent::Warnings(hello.warnings));
                }
            }
            (Asked::Append(_), Ok(Answer::Append(Appended::UpTo(number)))) => {
                self.appended = number;
                self.check_at = now + CHECK_EVERY;
                if !self.settings.confirms {
                    self.confirmed = number;
                    self.is_durable(now);
                }
                self.lists.look(now);
            }
            (Asked::Check(to), Ok(Answer::Append(Appended::UpTo(_)))) => {
                self.unchecked = None;
                self.confirmed = self.confirmed.max(to);
                self.lists.confirm();
                self.is_durable(now);
            }
            (Asked::Look, Ok(Answer::Append(Appended::UpTo(_)))) => {}
            (
                Asked::Append(_) | Asked::Check(_) | Asked::Look,
                Ok(Answer::Append(Appended::WentBack { seen })),
            ) => {
                self.went_back(seen);
            }
            (Asked::Confirm(to), Ok(Answer::Confirm(true))) => self.confirmed_up_to(to, now),
            (Asked::Reports { list, taken }, Ok(Answer::Reports(found))) => {
                for (ticket, stored) in self.lists.read(list, &taken, found, now) {
                    self.hand_out(ticket, &stored, now);
                }
            }
            (Asked::Hello, _) => {
                self.hello_at = now;
                self.fails(now);
                return;
            }
            // That it cannot confirm now is one as well.
            _ => {
                self.fails(now);
                return;
            }
        }
        self.failures = 0;
    }

    fn fails(&mut self, now: Millis) {
        self.failures = self.failures.saturating_add(1);
        self.retry_at = now + pause::after(self.failures);
        self.check_at = self.retry_at;
        self.lists.begin_anew();
    }

    fn confirmed_up_to(&mut self, to: u64, now: Millis) {
        #[cfg(test)]
        if self.settings.mutant == crate::fleet::Mutant::TrustsConfirm {
            self.confirmed = self.confirmed.max(to);
            self.lists.confirm();
            self.is_durable(now);
            return;
        }
        let _ = now;
        self.unchecked = Some(to);
    }

    fn went_back(&mut self, seen: u64) {
        self.appended = seen;
        self.confirmed = self.confirmed.min(seen);
        self.unchecked = None;
        self.lists.begin_anew();
        let again = self
            .kept
            .range(seen + 1..=self.offered.max(seen + 1))
            .count();
        self.events.push(SenderEvent::WentBack { seen, again });
    }

    /// Tells how far it is durable now; what others get the reports of is over for this
    /// process then.
    fn is_durable(&mut self, now: Millis) {
        if self.confirmed <= self.told {
            return;
        }
        let newly = self.told + 1..=self.confirmed;
        self.told = self.confirmed;
        let up_to = self.told;
        self.events.push(SenderEvent::Durable { up_to });
        if self.settings.reports_to != ReportsTo::Sender {
            let numbers: Vec<u64> = self.kept.range(newly).map(|(number, _)| *number).collect();
            for number in numbers {
                self.is_done(number, now);
            }
        }
    }

    fn hand_out(&mut self, ticket: super::Ticket, stored: &StoredReport, now: Millis) {
        let Some(report) = FleetReport::decode(&stored.report) else {
            let text = "a report in the engine cannot be read, and is dropped".to_owned();
            self.events.push(SenderEvent::Warnings(vec![text]));
            self.lists.taken(ticket);
            return;
        };
        let is_own = report.sender == self.settings.id;
        let done = if is_own {
            self.is_done(report.number, now)
        } else {
            None
        };
        // Of its own operations it knows which have their reports, if it gets them all.
        let gets_all = self.settings.reports_to == ReportsTo::Sender && !self.settings.recovered;
        let is_known = is_own && done.is_none() && gets_all;
        if is_known || !self.recent.is_new(&report.sender, report.number) {
            self.lists.taken(ticket);
            return;
        }
        self.events.push(SenderEvent::Final {
            bytes: done.unwrap_or_default(),
            own: done.is_some(),
            report,
            ticket,
        });
    }
}
