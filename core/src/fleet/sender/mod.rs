//! [`Sender`]: puts what a process submits into the one order, and takes the reports back.
//!
//! It keeps each operation until its final report and a while longer, not until the append:
//! an engine that forgets costs nothing while the process lives. What it has to append again
//! goes in from the first one that the engine lacks, in order, those with a final report
//! included: the engine may have forgotten that an earlier one is done as well, and whoever
//! relays would send that last.

mod asking;
mod lists;
mod recent;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::command::Outgoing;
use super::engine::{ReportList, ReportsTo, SenderId};
use super::report::FleetReport;
use crate::ordering::queue::Millis;

use asking::{Asked, Turn};
use lists::Lists;
use recent::Recent;

pub(crate) use lists::Ticket;

/// How long an operation is kept after its final report, or after its append if the report
/// goes to others: an engine that fails over and forgets it within this time gets it again.
const REMEMBERED: Millis = 30_000;

/// How many of them at most; the newest.
const REMEMBERED_MOST: usize = 100_000;

/// How long it looks for reports, and says that it lives, after it was last needed.
const ACTIVE: Millis = 30_000;

#[derive(Debug, Clone)]
pub(crate) struct SenderSettings {
    pub(crate) id: SenderId,
    pub(crate) reports_to: ReportsTo,
    /// Whether an answer counts only once the engine has confirmed it:
    /// `outbox_engine_durability` is not `engine`.
    pub(crate) confirms: bool,
    /// The identity of an earlier run, whose operations a spool kept. Its list may hold
    /// reports of operations that the spool does not know any more.
    pub(crate) recovered: bool,
    /// Identities that other senders of this process have: it does not read their lists.
    pub(crate) siblings: Vec<SenderId>,
    #[cfg(test)]
    pub(crate) mutant: super::Mutant,
}

/// What the process is to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SenderEvent {
    /// Everything up to this number is in the order, as durable as it gets there. Told once
    /// for each, also if the engine goes back afterwards.
    Durable { up_to: u64 },
    /// A final report, once for each operation. `own`: it was submitted through this sender.
    Final {
        report: FleetReport,
        own: bool,
        /// The length of its body; 0 if it is not this sender's.
        bytes: usize,
        ticket: Ticket,
    },
    /// The engine knows nothing after this number any more. So many operations are appended
    /// again.
    WentBack { seen: u64, again: usize },
    /// So many reports, of whomever, were fetched by nobody in time.
    ReportsDropped(u64),
    /// What the engine has to say to an operator.
    Warnings(Vec<String>),
}

/// An operation, and whether it is over for this process.
#[derive(Debug)]
struct Kept {
    operation: Outgoing,
    done: bool,
}

/// See the module. Operations are known by their numbers.
#[derive(Debug)]
pub(crate) struct Sender {
    settings: SenderSettings,
    /// What may have to be appended, now or again.
    kept: BTreeMap<u64, Kept>,
    /// The largest number that the engine said it has; that it confirmed; that the process
    /// was told to be durable; and that was in an append at all.
    appended: u64,
    confirmed: u64,
    told: u64,
    offered: u64,
    /// How many of them are not done.
    open: usize,
    /// When what is done was, and its number.
    remembered: VecDeque<(Millis, u64)>,
    lists: Lists,
    recent: Recent,
    asked: Option<Asked>,
    /// Confirmed by an engine that may have gone back before: to be checked.
    unchecked: Option<u64>,
    turn: Turn,
    /// Failures in a row, and when it asks again.
    failures: u32,
    retry_at: Millis,
    hello_at: Millis,
    check_at: Millis,
    active_until: Millis,
    events: Vec<SenderEvent>,
}

impl Sender {
    pub(crate) fn new(settings: SenderSettings, now: Millis) -> Self {
        let own = match &settings.reports_to {
            ReportsTo::Sender => Some(ReportList::Sender(settings.id.clone())),
            ReportsTo::Group(group) => Some(ReportList::Group(group.clone())),
            ReportsTo::Nobody => None,
        };
        Self {
            lists: Lists::new(own, settings.confirms),
            settings,
            kept: BTreeMap::new(),
            appended: 0,
            confirmed: 0,
            told: 0,
            offered: 0,
            open: 0,
            remembered: VecDeque::new(),
            recent: Recent::default(),
            asked: None,
            unchecked: None,
            turn: Turn::Append,
            failures: 0,
            retry_at: 0,
            hello_at: 0,
            check_at: 0,
            active_until: now + ACTIVE,
            events: Vec::new(),
        }
    }

    pub(crate) fn id(&self) -> &SenderId {
        &self.settings.id
    }

    /// Takes an operation in. `number` is larger than all before. `maybe_sent`: an earlier
    /// run may have appended it.
    pub(crate) fn submit(&mut self, operation: Outgoing, now: Millis) {
        debug_assert!(
            self.kept
                .last_key_value()
                .is_none_or(|(n, _)| *n < operation.number)
        );
        let kept = Kept {
            operation,
            done: false,
        };
        self.kept.insert(kept.operation.number, kept);
        self.open += 1;
        self.look(now);
    }

    /// Somebody waits for reports: it asks for them for a while.
    pub(crate) fn look(&mut self, now: Millis) {
        self.active_until = now + ACTIVE;
        self.lists.look(now);
    }

    /// What happened since the last call.
    pub(crate) fn events(&mut self) -> Vec<SenderEvent> {
        std::mem::take(&mut self.events)
    }

    /// The caller has this report: the engine may forget it.
    pub(crate) fn taken(&mut self, ticket: Ticket) {
        self.lists.taken(ticket);
    }

    /// Operations without an end, as far as this process gets to know it: a final report, or
    /// with reports for others that they are durable.
    pub(crate) fn open(&self) -> usize {
        self.open
    }

    /// What is not done, in order, and whether it is in the order of the engine.
    pub(crate) fn kept(&self) -> impl Iterator<Item = (&Outgoing, bool)> {
        let open = self.kept.values().filter(|kept| !kept.done);
        open.map(|kept| (&kept.operation, kept.operation.number <= self.appended))
    }

    /// Whether everything that was submitted is in the order: whatever is to come behind it
    /// may be appended.
    pub(crate) fn is_through(&self) -> bool {
        let last = self.kept.last_key_value().map_or(0, |(number, _)| *number);
        let reached = if self.settings.confirms {
            self.confirmed
        } else {
            self.appended
        };
        last <= reached
    }

    /// Whether it has nothing to ask for and has not been used of late: its connection is of
    /// no use, and its process need not compete for the lease.
    pub(crate) fn is_idle(&self, now: Millis) -> bool {
        self.asked.is_none()
            && self.open() == 0
            && !self.has_unappended()
            && !self.lists.is_busy()
            && now >= self.active_until
    }

    /// Whether the engine is still to be told that reports were taken.
    pub(crate) fn has_to_tell(&self) -> bool {
        self.lists.has_taken()
    }

    /// Gives up what was submitted before a date and was in no append: no relay has seen it.
    /// Answers the numbers.
    pub(crate) fn expire_unoffered(&mut self, before_ms: u64) -> Vec<u64> {
        let unoffered = self.kept.range(self.offered + 1..);
        let old = unoffered.filter(|(_, kept)| kept.operation.submitted_ms < before_ms);
        let numbers: Vec<u64> = old.map(|(number, _)| *number).collect();
        for number in &numbers {
            self.kept.remove(number);
        }
        self.open -= numbers.len();
        numbers
    }

    /// Everything that is in no append, when the process closes: no relay has seen it.
    pub(crate) fn take_unoffered(&mut self) -> Vec<u64> {
        self.expire_unoffered(u64::MAX)
    }

    /// How often in a row the engine failed.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    /// An operation is over for this process; answers the length of its body, if it was not
    /// before. What is confirmed is never appended again.
    fn is_done(&mut self, number: u64, now: Millis) -> Option<usize> {
        let kept = self.kept.get_mut(&number).filter(|kept| !kept.done)?;
        kept.done = true;
        self.open -= 1;
        let bytes = kept.operation.body.len();
        if self.settings.confirms {
            self.kept.remove(&number);
        } else {
            self.remembered.push_back((now, number));
        }
        Some(bytes)
    }

    fn forget_remembered(&mut self, now: Millis) {
        while let Some((at, number)) = self.remembered.front().copied() {
            if now < at + REMEMBERED && self.remembered.len() <= REMEMBERED_MOST {
                return;
            }
            self.remembered.pop_front();
            self.kept.remove(&number);
        }
    }
}

impl Outgoing {
    pub(crate) fn new(
        number: u64,
        tag: u64,
        submitted_ms: u64,
        body: impl Into<Arc<[u8]>>,
    ) -> Self {
        Self {
            number,
            tag,
            submitted_ms,
            maybe_sent: false,
            body: body.into(),
        }
    }
}
