//! What the sender asks of the engine, and what the answers mean.

use super::lists::Reading;
use super::{Sender, SenderEvent};
use crate::fleet::command::{Answer, Command, Outgoing};
use crate::fleet::engine::{Appended, EngineError, Position, ReportsTo, StoredReport};
use crate::fleet::report::FleetReport;
use crate::ordering::queue::Millis;

/// At most in one append: so much is one step for the engine, in which it does nothing else.
const APPEND_MOST: usize = 1000;
const APPEND_BYTES: usize = 256 * 1024;

/// How often it says that it lives, and asks for predecessors.
const HELLO_EVERY: Millis = 10_000;

/// The pause after a failure: doubled each time.
const FIRST_PAUSE: Millis = 50;
const LAST_PAUSE: Millis = 1000;

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
        let asks = [at_once.then_some(0), hello, reports];
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
            ReportsTo::Sender => !self.kept.is_empty() || self.settings.recovered,
            ReportsTo::Group(_) => now < self.active_until,
            ReportsTo::Nobody => false,
        }
    }

    fn has_unappended(&self) -> bool {
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
        let waiting = self.kept.range(self.appended + 1..).map(|(_, kept)| kept);
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
                self.lists.set_predecessors(hello.predecessors);
                if !hello.warnings.is_empty() {
                    self.events.push(SenderEvent::Warnings(hello.warnings));
                }
            }
            (Asked::Append(_), Ok(Answer::Append(Appended::UpTo(number)))) => {
                self.appended = number;
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
            (
                Asked::Append(_) | Asked::Check(_),
                Ok(Answer::Append(Appended::WentBack { seen })),
            ) => {
                self.went_back(seen);
            }
            (Asked::Confirm(to), Ok(Answer::Confirm(true))) => self.confirmed_up_to(to, now),
            (Asked::Reports { list, taken }, Ok(Answer::Reports(found))) => {
                for (ticket, stored) in self.lists.read(list, &taken, found, now) {
                    self.hand_out(ticket, &stored);
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
        let doublings = (self.failures - 1).min(10);
        self.retry_at = now + (FIRST_PAUSE << doublings).min(LAST_PAUSE);
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
        if self.confirmed > self.told {
            self.told = self.confirmed;
            let up_to = self.told;
            self.events.push(SenderEvent::Durable { up_to });
        }
        if self.settings.reports_to != ReportsTo::Sender {
            if self.settings.confirms {
                self.forget(self.confirmed);
            } else {
                self.remembered.push_back((now, self.confirmed));
            }
        }
    }

    fn hand_out(&mut self, ticket: super::Ticket, stored: &StoredReport) {
        let Some(report) = FleetReport::decode(&stored.report) else {
            let text = "a report in the engine cannot be read, and is dropped".to_owned();
            self.events.push(SenderEvent::Warnings(vec![text]));
            self.lists.taken(ticket);
            return;
        };
        let is_own = report.sender == self.settings.id;
        let kept = if is_own {
            self.kept.remove(&report.number)
        } else {
            None
        };
        // Of its own operations it knows which have their reports.
        let is_known = is_own && kept.is_none() && !self.settings.recovered;
        if is_known || !self.recent.is_new(&report.sender, report.number) {
            self.lists.taken(ticket);
            return;
        }
        self.events.push(SenderEvent::Final {
            bytes: kept.as_ref().map_or(0, |kept| kept.body.len()),
            own: kept.is_some(),
            report,
            ticket,
        });
    }
}
