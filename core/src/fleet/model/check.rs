//! What has to be so at the end of every history.

use super::record::{Record, Recorded};
use super::world::World;
use crate::fleet::engine::ReportsTo;
use crate::model::outcome::State;

/// What was found wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Violation {
    /// It never came to rest.
    Stuck,
    /// An operation went out after one that has to come behind it, or two took turns.
    Order,
    /// Two relays could send at one time.
    TwoRelays,
    /// An older operation had the last word on a key.
    End,
    /// An operation is gone without a final report.
    Lost,
    /// Two final reports in one process.
    Twice,
    /// Called not sent, and the service has it.
    NotSent,
}

impl Violation {
    pub(super) const ALL: &'static [Self] = &[
        Self::Stuck,
        Self::Order,
        Self::TwoRelays,
        Self::End,
        Self::Lost,
        Self::Twice,
        Self::NotSent,
    ];
}

/// All that is wrong with a history that ended, with the operations that show it.
pub(super) fn check(world: &World) -> Vec<(Violation, usize, usize)> {
    let engine_lost = world.engines.iter().any(|engine| engine.lost);
    let is_strict = world.plan.confirms || !engine_lost;
    let record = &world.record;
    let mut found = Vec::new();
    let operations = &record.operations;
    if is_strict && world.two_relays {
        found.push((Violation::TwoRelays, 0, 0));
    }
    for (at, earlier) in operations.iter().enumerate() {
        for (behind, later) in operations.iter().enumerate().skip(at + 1) {
            if !earlier.keys.iter().any(|key| later.keys.contains(key)) {
                continue;
            }
            let comes_first = must_precede(world, earlier, later);
            if is_strict && is_out_of_order(earlier, later, comes_first) {
                found.push((Violation::Order, at, behind));
            }
            // Where the engine forgot, the order of one process still holds.
            let lives = !record.runs[later.process].killed;
            let is_own = earlier.process == later.process && lives;
            let holds = is_strict || is_own && !world.relay_changed;
            let last = |operation: &Recorded| operation.arrivals.last().copied();
            if holds && comes_first && last(later).is_some() && last(earlier) > last(later) {
                found.push((Violation::End, at, behind));
            }
        }
    }
    for (at, operation) in operations.iter().enumerate() {
        if is_lost(world, operation, engine_lost) {
            found.push((Violation::Lost, at, at));
        }
        let mut runs: Vec<usize> = operation.finals.iter().map(|(run, ..)| *run).collect();
        let count = runs.len();
        runs.sort_unstable();
        runs.dedup();
        if runs.len() < count {
            found.push((Violation::Twice, at, at));
        }
        let not_sent = operation
            .finals
            .iter()
            .any(|(_, _, state)| *state == State::NotSent);
        if is_strict && not_sent && !operation.arrivals.is_empty() {
            found.push((Violation::NotSent, at, at));
        }
    }
    found
}

/// Whether a caller may count on it that the first goes first: it came from the same
/// process, or was known to be durable or done.
fn must_precede(world: &World, earlier: &Recorded, later: &Recorded) -> bool {
    let same_run = earlier.process == later.process;
    // A file keeps the order over the end of a process.
    let same_file = world.plan.spool && earlier.name == later.name;
    let known = earlier.durable.is_some_and(|step| step < later.submitted);
    let done = earlier
        .finals
        .iter()
        .any(|(_, step, _)| *step < later.submitted);
    same_run || same_file || known || done
}

fn is_out_of_order(one: &Recorded, other: &Recorded, comes_first: bool) -> bool {
    let (Some(last), Some(first)) = (one.arrivals.last(), other.arrivals.first()) else {
        return false;
    };
    let in_order = last < first;
    let (Some(first), Some(last)) = (one.arrivals.first(), other.arrivals.last()) else {
        return false;
    };
    let reversed = last < first;
    !(in_order || reversed && !comes_first)
}

fn is_lost(world: &World, operation: &Recorded, engine_lost: bool) -> bool {
    let killed = world.record.runs[operation.process].killed;
    if killed && !world.plan.spool {
        // What was in its memory only went with it; and what only an engine had that forgot.
        let Some(_) = operation.durable else {
            return false;
        };
        if engine_lost && !world.plan.confirms {
            return false;
        }
    }
    let reports = match world.plan.reports_to {
        ReportsTo::Nobody => {
            return operation.arrivals.is_empty() && !is_superseded(&world.record, operation);
        }
        _ => &operation.finals,
    };
    reports.is_empty()
}

/// Whether a later one may have made it pointless: nobody is told.
fn is_superseded(record: &Record, operation: &Recorded) -> bool {
    let token = operation.keys[0];
    let others = record.operations.iter();
    others
        .filter(|other| !std::ptr::eq(*other, operation))
        .any(|other| other.keys[0] == token && !other.arrivals.is_empty())
}
