//! One process: its machines, its clock, and what it has in its file.

use std::collections::BTreeMap;

use crate::delivery::Delivery;
use crate::fleet::command::{Answer, Command, Outgoing};
use crate::fleet::engine::{EngineError, SenderId};
use crate::fleet::relay::{Batch, Relay, RelaySettings};
use crate::fleet::sender::{Sender, SenderSettings};
use crate::retry::Backoff;

use super::plan::{LEASE, Plan, REQUEST_TIMEOUT};

/// What a process keeps over its end, by the identity under which it was appended.
pub(super) type Spool = BTreeMap<(SenderId, u64), Outgoing>;

/// The machines for one order.
pub(super) struct Lane {
    /// The earlier runs' first, its own last.
    pub(super) senders: Vec<Sender>,
    pub(super) relay: Relay,
    /// Who asked, while a command is under way: a sender's number, or the one behind them
    /// all, the relay.
    pub(super) asked: Option<usize>,
    /// The number of the command; 0: none.
    pub(super) waits_for: u64,
    /// Which machine is asked first.
    turn: usize,
    pub(super) batches: usize,
}

pub(super) struct Process {
    pub(super) name: usize,
    pub(super) lanes: Vec<Lane>,
    pub(super) closing: bool,
    /// Its clock: where it begins, and how many of its milliseconds are 1000 of the engine's.
    base: u64,
    rate: u64,
    pub(super) wake_at: u64,
    pub(super) paused_until: u64,
    pub(super) cut_until: u64,
    next_number: u64,
}

impl Process {
    pub(super) fn new(
        plan: &Plan,
        name: usize,
        id: &SenderId,
        first_number: u64,
        spool: &Spool,
        rng: &mut fastrand::Rng,
        now: u64,
    ) -> Self {
        let base = rng.u64(0..100_000);
        let rate = rng.u64(955..=1050);
        let mut process = Self {
            name,
            lanes: Vec::new(),
            closing: false,
            base,
            rate,
            wake_at: u64::MAX,
            paused_until: 0,
            cut_until: 0,
            next_number: first_number,
        };
        let local = process.local(now);
        let sender = |id: &SenderId, recovered| {
            let settings = SenderSettings {
                id: id.clone(),
                reports_to: plan.reports_to.clone(),
                confirms: plan.confirms,
                recovered,
                siblings: spool.keys().map(|(old, _)| old.clone()).collect(),
                mutant: plan.mutant,
            };
            Sender::new(settings, local)
        };
        for _ in 0..plan.partitions {
            let mut senders: Vec<Sender> = Vec::new();
            for ((old, _), operation) in spool {
                if senders.last().is_none_or(|last| last.id() != old) {
                    senders.push(sender(old, true));
                }
                let operation = Outgoing {
                    maybe_sent: true,
                    ..operation.clone()
                };
                senders.last_mut().unwrap().submit(operation, local);
            }
            senders.push(sender(id, false));
            let settings = RelaySettings {
                holder: id.0.clone(),
                lease: LEASE,
                request_timeout: REQUEST_TIMEOUT,
                window: 6,
                linger: 0,
                deadline: 0,
                backoff: Backoff {
                    max_attempts: 3,
                    base: std::time::Duration::from_millis(20),
                    throttle_base: std::time::Duration::from_millis(50),
                    cap: std::time::Duration::from_millis(400),
                },
                confirms: plan.confirms,
                always: false,
                seed: rng.u64(..),
                mutant: plan.mutant,
            };
            process.lanes.push(Lane {
                senders,
                relay: Relay::new(settings),
                asked: None,
                waits_for: 0,
                turn: 0,
                batches: 0,
            });
        }
        process
    }

    /// What its clock says at a time of the engine's, and when it says that.
    pub(super) fn local(&self, time: u64) -> u64 {
        self.base + time * self.rate / 1000
    }

    pub(super) fn global(&self, local: u64) -> u64 {
        (local.saturating_sub(self.base).saturating_mul(1000)).div_ceil(self.rate)
    }

    pub(super) fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }

    /// Operations that it waits for.
    pub(super) fn open(&self) -> usize {
        let senders = self.lanes.iter().flat_map(|lane| &lane.senders);
        senders.map(Sender::open).sum()
    }
}

impl Lane {
    pub(super) fn own(&mut self) -> &mut Sender {
        self.senders.last_mut().unwrap()
    }

    /// The next command, the machines in turn. A sender asks only when what comes before is
    /// in the order.
    pub(super) fn next(&mut self, now: u64) -> Option<Command> {
        if self.asked.is_some() {
            return None;
        }
        let count = self.senders.len() + 1;
        for n in 0..count {
            let at = (self.turn + n) % count;
            let command = if at == self.senders.len() {
                self.relay.next(now)
            } else if self.senders[..at].iter().all(Sender::is_through) {
                self.senders[at].next(now)
            } else {
                None
            };
            if command.is_some() {
                self.turn = at + 1;
                self.asked = Some(at);
                return command;
            }
        }
        None
    }

    pub(super) fn answered(&mut self, now: u64, answer: Result<Answer, EngineError>) {
        let Some(asked) = self.asked.take() else {
            return;
        };
        match self.senders.get_mut(asked) {
            Some(sender) => sender.answered(now, answer),
            None => self.relay.answered(now, answer),
        }
    }

    pub(super) fn due(&self, now: u64) -> u64 {
        let batch = if self.batches < PARALLEL {
            self.relay.next_batch_due(now)
        } else {
            None
        };
        if self.asked.is_some() {
            return batch.unwrap_or(u64::MAX);
        }
        let senders = self.senders.iter().filter_map(|sender| sender.due(now));
        senders
            .chain(self.relay.due())
            .chain(batch)
            .min()
            .unwrap_or(u64::MAX)
    }

    pub(super) fn next_batch(&mut self, now: u64) -> Option<Batch> {
        if self.batches >= PARALLEL {
            return None;
        }
        let batch = self.relay.next_batch(now, true)?;
        self.batches += 1;
        Some(batch)
    }

    pub(super) fn delivery(&self) -> &Delivery {
        self.relay.delivery()
    }
}

/// Requests at once.
const PARALLEL: usize = 3;
