//! The operations that a relay has loaded, up to their settling.

use std::collections::VecDeque;

use super::finished::Finished;
use crate::delivery::{Delivery, maybe_sent_before};
use crate::fleet::engine::{Done, Loaded, Position, ReportsTo, SenderId};
use crate::fleet::report::FleetReport;
use crate::model::encoded::EncodedOperation;
use crate::model::outcome::{ItemOutcome, Reason};
use crate::ordering::queue::{Entry, Millis, Slot};

/// What an operation in the queue is to the fleet.
#[derive(Debug, Clone)]
struct Origin {
    position: Position,
    sender: SenderId,
    number: u64,
    tag: u64,
    submitted_ms: u64,
    reports_to: ReportsTo,
}

/// What was loaded and must not be sent yet.
#[derive(Debug)]
struct Staged {
    operation: Loaded,
    maybe_sent: bool,
}

#[derive(Debug)]
pub(super) struct Window {
    delivery: Delivery,
    /// By slot.
    origins: Vec<Option<Origin>>,
    /// Grows when everything is forgotten: what comes back from before is known by it.
    number: u64,
    staged: VecDeque<Staged>,
    /// So many of them are under the engine's `top`: they may be sent once that is
    /// confirmed.
    under_top: usize,
    /// What has its outcome; what of it the engine is asked to settle; and what it settled.
    decided: VecDeque<(Slot, ItemOutcome)>,
    settling: usize,
    settled: Vec<Slot>,
    /// What is not to be sent: it is no operation, or was done before the engine forgot it.
    unsent: Vec<Done>,
    settling_unsent: usize,
    /// Not where the engine confirms: it forgets nothing that was shown to anybody.
    finished: Option<Finished>,
    /// Requests under way, of this window and of earlier ones.
    pub(super) in_flight: usize,
    pub(super) in_flight_before: usize,
}

impl Window {
    pub(super) fn new(delivery: Delivery, confirms: bool) -> Self {
        Self {
            delivery,
            origins: Vec::new(),
            number: 0,
            staged: VecDeque::new(),
            under_top: 0,
            decided: VecDeque::new(),
            settling: 0,
            settled: Vec::new(),
            unsent: Vec::new(),
            settling_unsent: 0,
            finished: (!confirms).then(Finished::default),
            in_flight: 0,
            in_flight_before: 0,
        }
    }

    pub(super) fn delivery(&self) -> &Delivery {
        &self.delivery
    }

    pub(super) fn delivery_mut(&mut self) -> &mut Delivery {
        &mut self.delivery
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn len(&self) -> usize {
        self.delivery.queue().len() + self.staged.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether nothing is left to do with what was loaded.
    pub(super) fn is_done(&self) -> bool {
        self.is_empty() && self.is_still()
    }

    /// Whether nothing is under way or to be settled.
    pub(super) fn is_still(&self) -> bool {
        self.in_flight == 0 && self.in_flight_before == 0 && !self.is_to_settle()
    }

    /// Forgets what was loaded. Requests that are under way end by themselves.
    pub(super) fn forget(&mut self) {
        self.delivery.forget();
        self.origins.clear();
        self.number += 1;
        self.staged.clear();
        self.under_top = 0;
        self.decided.clear();
        self.settling = 0;
        self.settled.clear();
        self.unsent.clear();
        self.settling_unsent = 0;
        self.in_flight_before += std::mem::take(&mut self.in_flight);
    }

    /// Somebody else was the relay meanwhile, or it has not been for long: what it finished
    /// says nothing of what may come again.
    pub(super) fn forget_finished(&mut self) {
        if let Some(finished) = &mut self.finished {
            finished.forget();
        }
    }

    /// Takes in what was loaded. Nothing of it is sent before it is [released](Self::release).
    pub(super) fn stage(
        &mut self,
        operations: Vec<Loaded>,
        maybe_sent_up_to: Position,
        at_ms: u64,
    ) {
        for operation in operations {
            let finished = self.finished.as_ref();
            let known = finished.and_then(|all| all.outcome(&operation.sender, operation.number));
            if let Some(outcome) = known {
                let outcome = outcome.clone();
                self.unsent
                    .push(Origin::of(operation).0.done(outcome, at_ms));
                continue;
            }
            if EncodedOperation(&operation.body).is_valid() {
                let maybe_sent = operation.maybe_sent || operation.position <= maybe_sent_up_to;
                self.staged.push_back(Staged {
                    operation,
                    maybe_sent,
                });
                continue;
            }
            let message = "what lay in the engine is no operation that this version knows";
            let outcome = ItemOutcome::with_message(Reason::Invalid, message);
            self.unsent
                .push(Origin::of(operation).0.done(outcome, at_ms));
        }
    }

    /// The last of what was loaded and is not under `top`.
    pub(super) fn wanted_top(&self) -> Option<Position> {
        let last = self.staged.back()?.operation.position;
        (self.staged.len() > self.under_top).then_some(last)
    }

    pub(super) fn is_to_settle(&self) -> bool {
        !self.decided.is_empty() || !self.unsent.is_empty()
    }

    /// The next ones to settle.
    pub(super) fn begin_settle(&mut self, most: usize, at_ms: u64) -> Vec<Done> {
        self.settling = self.decided.len().min(most);
        self.settling_unsent = self.unsent.len();
        let queue = self.delivery.queue();
        let origins = &self.origins;
        let decided = self.decided.iter().take(self.settling);
        let done = decided.filter_map(|(slot, outcome)| {
            let mut outcome = outcome.clone();
            outcome.attempts = queue.attempts(*slot);
            let origin = origins[*slot as usize].as_ref()?;
            Some(origin.clone().done(outcome, at_ms))
        });
        done.chain(self.unsent.iter().cloned()).collect()
    }

    /// The engine has settled what [`begin_settle`](Self::begin_settle) answered, and has this
    /// `top`.
    pub(super) fn settle(&mut self, top: Position) {
        for (slot, mut outcome) in self.decided.drain(..self.settling) {
            self.settled.push(slot);
            if let (Some(finished), Some(origin)) =
                (&mut self.finished, &self.origins[slot as usize])
            {
                outcome.attempts = self.delivery.queue().attempts(slot);
                finished.remember(origin.sender.clone(), origin.number, outcome);
            }
        }
        self.unsent.drain(..self.settling_unsent);
        self.settling = 0;
        self.settling_unsent = 0;
        self.under_top = self
            .staged
            .partition_point(|staged| staged.operation.position <= top);
    }

    /// Whether something waits for the engine's confirmation.
    pub(super) fn is_unproved(&self) -> bool {
        !self.settled.is_empty() || self.under_top > 0
    }

    /// How much that is.
    pub(super) fn unproved(&self, granted: Millis) -> Proof {
        Proof {
            granted,
            settled: self.settled.len(),
            staged: self.under_top,
        }
    }

    /// So much is sure: what waited behind what was settled may be sent, and what was staged.
    pub(super) fn release(&mut self, proof: Proof, now: Millis) {
        for slot in self.settled.drain(..proof.settled) {
            self.delivery.complete(slot);
            self.origins[slot as usize] = None;
        }
        self.under_top -= proof.staged;
        let ready: Vec<Staged> = self.staged.drain(..proof.staged).collect();
        for staged in ready {
            self.enqueue(staged, now);
        }
    }

    fn enqueue(&mut self, staged: Staged, now: Millis) {
        let Staged {
            operation,
            maybe_sent,
        } = staged;
        let (origin, body) = Origin::of(operation);
        let entry = Entry {
            // Any but 0: it is stored.
            id: 1,
            tag: origin.tag,
            // Clocks of other machines may be ahead.
            at: origin.submitted_ms.min(now),
            attempts: u16::from(maybe_sent),
            body,
        };
        let (slot, pointless) = self.delivery.push_behind(entry);
        if maybe_sent {
            self.delivery.recall(slot, maybe_sent_before());
        }
        self.decided.extend(pointless);
        let at = slot as usize;
        if self.origins.len() <= at {
            self.origins.resize(at + 1, None);
        }
        self.origins[at] = Some(origin);
    }

    pub(super) fn decided(&mut self, done: Vec<(Slot, ItemOutcome)>) {
        self.decided.extend(done);
    }
}

/// How much of a window a confirmation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Proof {
    settled: usize,
    staged: usize,
    /// When the holder asked for the lease that it has.
    pub(super) granted: Millis,
}

impl Origin {
    fn of(loaded: Loaded) -> (Self, Box<[u8]>) {
        let origin = Self {
            position: loaded.position,
            sender: loaded.sender,
            number: loaded.number,
            tag: loaded.tag,
            submitted_ms: loaded.submitted_ms,
            reports_to: loaded.reports_to,
        };
        (origin, loaded.body)
    }

    fn done(self, outcome: ItemOutcome, at_ms: u64) -> Done {
        let report = FleetReport {
            sender: self.sender.clone(),
            number: self.number,
            tag: self.tag,
            submitted_ms: self.submitted_ms,
            at_ms,
            outcome,
        };
        Done {
            position: self.position,
            sender: self.sender,
            reports_to: self.reports_to,
            report: report.encode(),
        }
    }
}
