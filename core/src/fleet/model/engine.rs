//! An engine in memory that can forget its tail: the reference of what an engine does.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::fleet::Mutant;
use crate::fleet::engine::{
    Appended, Done, FIRST_IN_LINE, FleetEngine, Hello, Lease, LeaseAnswer, Loaded, NewOperation,
    Page, Position, READS_ALONE, ReportList, ReportsTo, Result, SenderId, StoredReport,
};
use crate::ordering::queue::millis;

/// A sender that was not seen for so long has a successor.
pub(super) const DEAD_AFTER: u64 = 800;

/// What is lost when the engine goes back.
#[derive(Debug, Clone, Default)]
struct State {
    operations: BTreeMap<Position, Arc<Loaded>>,
    seen: BTreeMap<SenderId, u64>,
    alive: BTreeMap<SenderId, u64>,
    epoch: u64,
    holder: String,
    until: u64,
    beat: u64,
    top: Position,
    next: String,
    next_until: u64,
    reports: BTreeMap<ReportList, BTreeMap<Position, Box<[u8]>>>,
    readers: BTreeMap<ReportList, (SenderId, u64)>,
}

#[derive(Debug)]
pub(crate) struct ModelEngine {
    state: State,
    /// What the replica has, while it gets nothing.
    replica: Option<State>,
    /// Positions are never given twice.
    position: u64,
    pub(crate) now: u64,
    /// Whose connection the command comes over.
    pub(crate) caller: String,
    mutant: Mutant,
    /// Whether the engine lost something it had answered.
    pub(super) lost: bool,
}

impl ModelEngine {
    pub(crate) fn new(mutant: Mutant) -> Self {
        Self {
            state: State::default(),
            replica: None,
            position: 0,
            now: 0,
            caller: String::new(),
            mutant,
            lost: false,
        }
    }

    /// The replica gets nothing from now on.
    pub(crate) fn hold_replica(&mut self) {
        if self.replica.is_none() {
            self.replica = Some(self.state.clone());
        }
    }

    /// The replica gets everything again.
    pub(super) fn release_replica(&mut self) {
        self.replica = None;
    }

    /// The replica becomes the master. What it did not get is lost.
    pub(crate) fn fail_over(&mut self) -> bool {
        let Some(replica) = self.replica.take() else {
            return false;
        };
        let lost = replica.beat != self.state.beat || replica.seen != self.state.seen;
        self.state = replica;
        self.lost |= lost;
        lost
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.state.operations.is_empty() && self.state.reports.values().all(BTreeMap::is_empty)
    }

    pub(super) fn has_operations(&self) -> bool {
        !self.state.operations.is_empty()
    }

    pub(super) fn seen(&self, sender: &SenderId) -> u64 {
        self.state.seen.get(sender).copied().unwrap_or_default()
    }

    fn position(&mut self) -> Position {
        self.position += 1;
        Position {
            major: self.position,
            minor: 0,
        }
    }

    fn lives(&mut self, sender: &SenderId) {
        self.state.alive.insert(sender.clone(), self.now);
    }

    fn is_fenced(&self, epoch: u64) -> bool {
        let holds = epoch == self.state.epoch && self.caller == self.state.holder;
        self.mutant != Mutant::NoFence && !holds
    }

    fn beat(&mut self) -> u64 {
        self.state.beat += 1;
        self.state.beat
    }

    fn held(&mut self, time: Duration) -> LeaseAnswer {
        self.state.until = self.now + millis(time);
        LeaseAnswer::Held(Lease {
            epoch: self.state.epoch,
            beat: self.beat(),
            top: self.state.top,
        })
    }
}

fn name(sender: &SenderId) -> &str {
    sender.0.rsplit_once('.').map_or("", |(name, _)| name)
}

impl FleetEngine for ModelEngine {
    fn hello(&mut self, sender: &SenderId) -> Result<Hello> {
        self.lives(sender);
        let (now, alive) = (self.now, &self.state.alive);
        let is_dead =
            |other: &SenderId| alive.get(other).is_none_or(|seen| seen + DEAD_AFTER <= now);
        let lists = self.state.reports.iter();
        let predecessors = lists.filter_map(|(list, reports)| match list {
            ReportList::Sender(other)
                if other != sender
                    && name(other) == name(sender)
                    && !reports.is_empty()
                    && is_dead(other) =>
            {
                Some(other.clone())
            }
            _ => None,
        });
        Ok(Hello {
            now_ms: self.now,
            predecessors: predecessors.collect(),
            reports_dropped: 0,
            warnings: Vec::new(),
        })
    }

    fn append(
        &mut self,
        sender: &SenderId,
        after: u64,
        operations: &[NewOperation<'_>],
        reports_to: &ReportsTo,
    ) -> Result<Appended> {
        self.lives(sender);
        let mut seen = self.seen(sender);
        if seen < after {
            return Ok(Appended::WentBack { seen });
        }
        for operation in operations {
            if operation.number <= seen && self.mutant != Mutant::NoIdempotence {
                continue;
            }
            seen = seen.max(operation.number);
            let position = self.position();
            let loaded = Loaded {
                position,
                sender: sender.clone(),
                number: operation.number,
                tag: operation.tag,
                submitted_ms: operation.submitted_ms,
                reports_to: reports_to.clone(),
                maybe_sent: operation.maybe_sent,
                body: operation.body.into(),
            };
            self.state.operations.insert(position, Arc::new(loaded));
        }
        self.state.seen.insert(sender.clone(), seen);
        Ok(Appended::UpTo(seen))
    }

    fn lease(&mut self, holder: &str, epoch: Option<u64>, time: Duration) -> Result<LeaseAnswer> {
        let now = self.now;
        let is_free = now >= self.state.until || self.state.holder == holder;
        match epoch {
            Some(epoch) if !self.is_fenced(epoch) => return Ok(self.held(time)),
            None if is_free => {
                self.state.epoch += 1;
                self.state.holder = holder.to_owned();
                if self.state.next == holder {
                    self.state.next_until = 0;
                }
                return Ok(self.held(time));
            }
            _ => {}
        }
        let state = &mut self.state;
        let next = state.next == holder || now >= state.next_until;
        if next {
            state.next = holder.to_owned();
            state.next_until = now + millis(FIRST_IN_LINE);
        }
        Ok(LeaseAnswer::Taken {
            holder: state.holder.clone(),
            left: Duration::from_millis(state.until.saturating_sub(now)),
            next,
        })
    }

    fn load(&mut self, epoch: u64, after: Position, most: usize) -> Result<Option<Page>> {
        if self.is_fenced(epoch) {
            return Ok(None);
        }
        let behind = (std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded);
        let found = self.state.operations.range(behind).take(most);
        let operations: Vec<Loaded> = found.map(|(_, loaded)| (**loaded).clone()).collect();
        if !operations.is_empty() {
            self.beat();
        }
        Ok(Some(Page {
            beat: self.state.beat,
            operations,
        }))
    }

    fn settle(&mut self, epoch: u64, top: Position, done: &[Done]) -> Result<Option<u64>> {
        if self.is_fenced(epoch) {
            return Ok(None);
        }
        self.state.top = self.state.top.max(top);
        for done in done {
            if self.state.operations.remove(&done.position).is_none() {
                continue;
            }
            let list = match &done.reports_to {
                ReportsTo::Sender => ReportList::Sender(done.sender.clone()),
                ReportsTo::Group(group) => ReportList::Group(group.clone()),
                ReportsTo::Nobody => continue,
            };
            let position = self.position();
            let reports = self.state.reports.entry(list).or_default();
            reports.insert(position, done.report.clone());
        }
        Ok(Some(self.beat()))
    }

    fn confirm(&mut self) -> Result<bool> {
        Ok(self.replica.is_none())
    }

    fn reports(
        &mut self,
        reader: &SenderId,
        from: &ReportList,
        taken: &[Position],
        after: Position,
        most: usize,
    ) -> Result<Vec<StoredReport>> {
        self.lives(reader);
        let is_own = matches!(from, ReportList::Sender(owner) if owner == reader);
        if !is_own {
            let alone = millis(READS_ALONE);
            let last = self.state.readers.get(from);
            if last.is_some_and(|(other, at)| other != reader && self.now < at + alone) {
                return Ok(Vec::new());
            }
            let read = (reader.clone(), self.now);
            self.state.readers.insert(from.clone(), read);
        }
        let Some(reports) = self.state.reports.get_mut(from) else {
            return Ok(Vec::new());
        };
        for position in taken {
            reports.remove(position);
        }
        let behind = (std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded);
        let found = reports.range(behind).take(most);
        Ok(found
            .map(|(position, report)| StoredReport {
                position: *position,
                report: report.clone(),
            })
            .collect())
    }

    fn release(&mut self, epoch: u64) -> Result<()> {
        if !self.is_fenced(epoch) {
            self.state.until = 0;
            self.state.holder.clear();
        }
        Ok(())
    }

    fn backlog(&mut self) -> Result<u64> {
        Ok(self.state.operations.len() as u64)
    }

    fn rest(&mut self) {}
}
