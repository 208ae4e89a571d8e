//! The lists of reports that a process reads: its own or its group's, and those of earlier
//! runs of the same name.

use std::collections::BTreeSet;

use crate::fleet::engine::{Position, ReportList, SenderId, StoredReport};
use crate::ordering::queue::Millis;

/// Reports that are handed out and not taken, at most: whoever does not read them does not
/// fill the memory.
const UNTAKEN: usize = 10_000;

/// Reports in one answer, at most.
const PAGE: usize = 1000;

/// How soon to look again when there was nothing: doubled each time.
const FIRST_GAP: Millis = 20;
const LAST_GAP: Millis = 200;

/// Names a report that was handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Ticket {
    list: u32,
    position: Position,
}

#[derive(Debug)]
struct List {
    number: u32,
    which: ReportList,
    is_predecessors: bool,
    /// What comes up to here was handed out.
    after: Position,
    /// Read once, and to be confirmed; and confirmed, to be handed out if it is still there:
    /// the engine may have gone back before it confirmed.
    unproved: BTreeSet<Position>,
    proved: BTreeSet<Position>,
    /// Handed out, and not removed.
    handed_out: BTreeSet<Position>,
    /// To be removed.
    taken: BTreeSet<Position>,
    look_at: Millis,
    gap: Millis,
    /// To be looked through once, whether a report is expected or not: an engine that went
    /// back shows again what was taken.
    once: bool,
}

#[derive(Debug)]
pub(super) struct Lists {
    all: Vec<List>,
    confirms: bool,
    numbers: u32,
    /// Whose turn it is.
    turn: usize,
}

/// What to ask for.
pub(super) struct Reading {
    pub(super) list: u32,
    pub(super) from: ReportList,
    pub(super) taken: Vec<Position>,
    pub(super) after: Position,
    pub(super) most: usize,
}

impl Lists {
    pub(super) fn new(own: Option<ReportList>, confirms: bool) -> Self {
        let mut lists = Self {
            all: Vec::new(),
            confirms,
            numbers: 0,
            turn: 0,
        };
        if let Some(own) = own {
            lists.add(own, false);
        }
        lists
    }

    fn add(&mut self, which: ReportList, is_predecessors: bool) {
        self.numbers += 1;
        self.all.push(List {
            number: self.numbers,
            which,
            is_predecessors,
            after: Position::default(),
            unproved: BTreeSet::new(),
            proved: BTreeSet::new(),
            handed_out: BTreeSet::new(),
            taken: BTreeSet::new(),
            look_at: 0,
            gap: FIRST_GAP,
            once: true,
        });
    }

    /// The earlier runs that have reports now.
    pub(super) fn set_predecessors(&mut self, predecessors: Vec<SenderId>) {
        let wanted: Vec<ReportList> = predecessors.into_iter().map(ReportList::Sender).collect();
        self.all.retain(|list| {
            !list.is_predecessors || !list.is_settled() || wanted.contains(&list.which)
        });
        for which in wanted {
            if self.all.iter().all(|list| list.which != which) {
                self.add(which, true);
            }
        }
    }

    /// Looks everywhere soon, and again from the beginning: what came while nobody looked
    /// may have a smaller position, if the engine changed.
    pub(super) fn begin_anew(&mut self) {
        for list in &mut self.all {
            list.after = Position::default();
            list.unproved.clear();
            list.proved.clear();
            list.once = true;
        }
    }

    pub(super) fn look(&mut self, now: Millis) {
        for list in &mut self.all {
            list.gap = FIRST_GAP;
            list.look_at = list.look_at.min(now + FIRST_GAP);
        }
    }

    pub(super) fn taken(&mut self, ticket: Ticket) {
        let mut lists = self.all.iter_mut();
        if let Some(list) = lists.find(|list| list.number == ticket.list) {
            list.taken.insert(ticket.position);
            list.look_at = list.look_at.min(1);
        }
    }

    /// Whether there is a report that is to be removed, now or later.
    pub(super) fn is_busy(&self) -> bool {
        self.all.iter().any(|list| !list.is_settled())
    }

    /// Whether there is a report that is to be removed now.
    pub(super) fn has_taken(&self) -> bool {
        self.all.iter().any(|list| !list.taken.is_empty())
    }

    /// Whether something waits to be confirmed.
    pub(super) fn is_unproved(&self) -> bool {
        self.all.iter().any(|list| !list.unproved.is_empty())
    }

    /// Everything that was read is confirmed.
    pub(super) fn confirm(&mut self) {
        for list in &mut self.all {
            if !list.unproved.is_empty() {
                list.proved.append(&mut list.unproved);
                list.look_at = 0;
            }
        }
    }

    /// When to look next. `waits`: reports are expected.
    pub(super) fn due(&self, waits: bool) -> Option<Millis> {
        let lists = self.all.iter();
        lists.filter_map(|list| list.due(waits)).min()
    }

    /// What to read now.
    pub(super) fn next(&mut self, now: Millis, waits: bool) -> Option<Reading> {
        let count = self.all.len();
        let order = (0..count).map(|n| (self.turn + n) % count);
        let is_due = |at: &usize| self.all[*at].due(waits).is_some_and(|due| due <= now);
        let at = order.into_iter().find(is_due)?;
        self.turn = at + 1;
        let list = &self.all[at];
        Some(Reading {
            list: list.number,
            from: list.which.clone(),
            taken: list.taken.iter().copied().collect(),
            after: list.after,
            most: UNTAKEN.saturating_sub(list.handed_out.len()).min(PAGE),
        })
    }

    /// The answer to [`next`](Self::next): what may be handed out now.
    pub(super) fn read(
        &mut self,
        number: u32,
        removed: &[Position],
        found: Vec<StoredReport>,
        now: Millis,
    ) -> Vec<(Ticket, StoredReport)> {
        let confirms = self.confirms;
        let mut lists = self.all.iter_mut();
        let Some(list) = lists.find(|list| list.number == number) else {
            return Vec::new();
        };
        for position in removed {
            list.handed_out.remove(position);
            list.taken.remove(position);
        }
        if found.is_empty() {
            list.once = false;
            list.gap = (list.gap * 2).min(LAST_GAP);
            list.look_at = now + list.gap;
        } else {
            list.gap = FIRST_GAP;
            list.look_at = now;
        }
        let proved = std::mem::take(&mut list.proved);
        let mut new = Vec::new();
        for stored in found {
            if confirms && !proved.contains(&stored.position) {
                list.unproved.insert(stored.position);
                continue;
            }
            list.after = list.after.max(stored.position);
            if list.handed_out.insert(stored.position) {
                let list = list.number;
                let position = stored.position;
                new.push((Ticket { list, position }, stored));
            }
        }
        new
    }
}

impl List {
    fn is_settled(&self) -> bool {
        self.handed_out.is_empty() && self.taken.is_empty()
    }

    fn due(&self, waits: bool) -> Option<Millis> {
        // What was read is confirmed first.
        if !self.unproved.is_empty() {
            return None;
        }
        let is_full = self.handed_out.len() >= UNTAKEN;
        let has_taken = !self.taken.is_empty();
        let reads = (waits || self.is_predecessors || self.once) && !is_full;
        (reads || has_taken).then_some(self.look_at)
    }
}
