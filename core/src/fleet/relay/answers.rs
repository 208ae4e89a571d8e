//! What the engine's answers mean for a relay.

use std::time::Duration;

use super::asking::Asked;
use super::lead::Lead;
use super::window::Proof;
use super::{Relay, RelayEvent, ReleasedFor};
use crate::fleet::command::Answer;
use crate::fleet::engine::{EngineError, Lease, LeaseAnswer, Page, Position};
use crate::fleet::pause;
use crate::ordering::queue::{Millis, millis};

/// How often the first in line asks.
const FIRST_IN_LINE_ASKS: Millis = 50;

/// How soon to look again when there was nothing to load: doubled each time.
const FIRST_GAP: Millis = 10;
const LAST_GAP: Millis = 50;

/// The pause after the engine could not confirm.
const UNCONFIRMED_PAUSE: Millis = 100;

impl Relay {
    /// The answer to what [`next`](Self::next) asked last.
    pub(crate) fn answered(&mut self, now: Millis, answer: Result<Answer, EngineError>) {
        let Some(asked) = self.asked.take() else {
            return;
        };
        let Ok(answer) = answer else {
            self.failed(&asked, now);
            return;
        };
        self.failures = 0;
        match (asked, answer) {
            (Asked::Lease { at, renews }, Answer::Lease(LeaseAnswer::Held(lease))) => {
                if renews {
                    self.renewed(&lease, at, now);
                } else {
                    self.took(&lease, at);
                }
            }
            (Asked::Lease { renews, .. }, Answer::Lease(LeaseAnswer::Taken { left, next, .. })) => {
                if renews {
                    self.step_down(RelayEvent::Lost, now);
                }
                self.is_succeeded();
                self.waits(left, next, now);
            }
            (Asked::Load { most }, Answer::Load(page)) => self.loaded(page, most, now),
            (Asked::Settle { top }, Answer::Settle(beat)) => self.settled(beat, top, now),
            (Asked::Confirm(proof), Answer::Confirm(true)) => self.confirmed(proof, now),
            (Asked::Confirm(_), Answer::Confirm(false)) => {
                self.confirm_at = now + UNCONFIRMED_PAUSE;
            }
            (Asked::Release(why), Answer::Release) => self.released(why, now),
            (Asked::Backlog, Answer::Backlog(operations)) => {
                self.numbers.backlog = operations;
                if self.lead.is_none() && operations > 0 && !self.closing {
                    // Nobody relays them, or it is just being done: the lease says.
                    self.lease_is_wanted_once = true;
                }
            }
            (asked, _) => self.failed(&asked, now),
        }
    }

    fn failed(&mut self, asked: &Asked, now: Millis) {
        self.failures = self.failures.saturating_add(1);
        self.retry_at = now + pause::after(self.failures);
        let may_beat = matches!(
            asked,
            Asked::Lease { .. } | Asked::Load { .. } | Asked::Settle { .. }
        );
        if let Some(lead) = &mut self.lead
            && may_beat
        {
            lead.may_have_beaten();
        }
    }

    fn took(&mut self, lease: &Lease, asked_at: Millis) {
        let mut lead = Lead::new(lease, asked_at, self.sent_up_to);
        if !self.settings.confirms {
            lead.holds_from(asked_at, self.settings.lease);
        }
        self.lead = Some(lead);
        self.relays_since.get_or_insert(asked_at);
        self.unchecked = None;
        self.numbers.epoch = lease.epoch;
        self.numbers.takeovers += 1;
        self.events.push(RelayEvent::Took { epoch: lease.epoch });
        if self.closing {
            self.releasing = Some(ReleasedFor::Closing);
        }
    }

    fn renewed(&mut self, lease: &Lease, asked_at: Millis, now: Millis) {
        let time = self.settings.lease;
        if self.follows(lease.beat, true, now)
            && let Some(lead) = &mut self.lead
        {
            lead.granted = asked_at;
            // An engine that forgets a renewal gives the lease to another before its time.
            if !self.settings.confirms {
                lead.holds_from(asked_at, time);
            }
        }
    }

    /// Somebody else has the lease.
    fn waits(&mut self, left: Duration, next: bool, now: Millis) {
        let often = self.settings.lease / 3;
        self.ask_at = now
            + if next {
                FIRST_IN_LINE_ASKS
            } else {
                // Not all at once.
                often.min(millis(left) + self.random.u64(..1000))
            };
    }

    /// Whether the engine still has what it told. If so, what it confirmed is proved.
    fn follows(&mut self, beat: u64, raised: bool, now: Millis) -> bool {
        let Some(lead) = &mut self.lead else {
            return false;
        };
        if !lead.follows(beat, raised) {
            self.numbers.went_back += 1;
            self.step_down(RelayEvent::WentBack, now);
            return false;
        }
        if let Some(proof) = self.unchecked.take() {
            self.proves(proof, now);
        }
        true
    }

    /// What was confirmed stays.
    fn proves(&mut self, proof: Proof, now: Millis) {
        let time = self.settings.lease;
        if let Some(lead) = &mut self.lead {
            lead.holds_from(proof.granted, time);
        }
        self.window.release(proof, now);
    }

    fn loaded(&mut self, page: Option<Page>, most: usize, now: Millis) {
        let Some(page) = page else {
            self.step_down(RelayEvent::Lost, now);
            return;
        };
        let is_new = !page.operations.is_empty();
        if !self.follows(page.beat, is_new, now) {
            return;
        }
        let Some(lead) = &mut self.lead else {
            return;
        };
        lead.more = page.operations.len() >= most;
        lead.gap = if is_new {
            FIRST_GAP
        } else {
            (lead.gap * 2).clamp(FIRST_GAP, LAST_GAP)
        };
        lead.load_at = now + lead.gap;
        if let Some(last) = page.operations.last() {
            lead.loaded = last.position;
        }
        let maybe_sent = lead.maybe_sent;
        self.window.stage(page.operations, maybe_sent, now);
    }

    fn settled(&mut self, beat: Option<u64>, top: Position, now: Millis) {
        let Some(beat) = beat else {
            self.step_down(RelayEvent::Lost, now);
            return;
        };
        if !self.follows(beat, true, now) {
            return;
        }
        if let Some(lead) = &mut self.lead {
            lead.top = lead.top.max(top);
        }
        self.sent_up_to = self.sent_up_to.max(top);
        self.window.settle(top);
        if !self.settings.confirms {
            self.window.release(self.window.unproved(0), now);
        }
    }

    fn confirmed(&mut self, proof: Proof, now: Millis) {
        #[cfg(test)]
        if self.settings.mutant == crate::fleet::Mutant::TrustsConfirm {
            self.proves(proof, now);
            return;
        }
        let _ = now;
        // Whoever confirmed may have forgotten it before: the next beat shows.
        self.unchecked = Some(proof);
    }

    fn released(&mut self, why: ReleasedFor, now: Millis) {
        self.step_down(RelayEvent::Released(why), now);
        if why != ReleasedFor::Closing {
            self.ask_at = now + self.settings.lease;
        }
    }
}
