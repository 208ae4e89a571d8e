//! What the relay asks of the engine.

use std::time::Duration;

use super::lead::Lead;
use super::window::Proof;
use super::{Relay, ReleasedFor};
use crate::fleet::command::Command;
use crate::fleet::engine::Position;
use crate::ordering::queue::Millis;

/// At most so many operations in one step, in which an engine does nothing else.
const LOAD_MOST: usize = 2000;
const SETTLE_MOST: usize = 1000;

/// How long a lease without anything to do is kept where nobody competes for it.
const QUIET: Millis = 30_000;

/// How often one who does not compete looks for operations that nobody relays.
const LOOK_EVERY: Millis = 60_000;

const BACKLOG_EVERY: Millis = 5000;
const EXPIRE_EVERY: Millis = 1000;

/// What is under way, and when it was asked.
#[derive(Debug)]
pub(super) enum Asked {
    Lease { at: Millis, renews: bool },
    Load { most: usize },
    Settle { top: Position },
    Confirm(Proof),
    Release(ReleasedFor),
    Backlog,
}

/// Whose turn it is, so that nothing starves.
#[derive(Debug, Clone, Copy)]
pub(super) enum Turn {
    Settle,
    Load,
    Confirm,
}

impl Turn {
    fn next(self) -> Self {
        match self {
            Self::Settle => Self::Load,
            Self::Load => Self::Confirm,
            Self::Confirm => Self::Settle,
        }
    }
}

impl Relay {
    /// What to ask now; nothing while something is under way. `now` is what a lease is
    /// counted from: the command is to be carried out after it.
    pub(crate) fn next(&mut self, now: Millis) -> Option<Command> {
        self.watch(now);
        if self.asked.is_some() || now < self.retry_at {
            return None;
        }
        if self.lead.is_some() {
            self.next_of_leader(now)
        } else {
            self.next_of_candidate(now)
        }
    }

    /// When [`next`](Self::next) may have something without anything happening before.
    pub(crate) fn due(&self) -> Option<Millis> {
        if self.asked.is_some() {
            return None;
        }
        let Some(lead) = &self.lead else {
            let at = if self.closing {
                None
            } else if self.lease_is_wanted_once {
                Some(0)
            } else if self.competes() {
                Some(self.ask_at)
            } else {
                Some(self.look_at)
            };
            return at.map(|at| at.max(self.retry_at));
        };
        if self.can_release() {
            return Some(self.retry_at);
        }
        let loads_at = if lead.more { 0 } else { lead.load_at };
        let loading = self.can_load().then_some(loads_at);
        let settle = self.is_to_settle().then_some(0);
        let confirm = if self.unchecked.is_some() {
            Some(0)
        } else {
            self.confirm_due(lead)
        };
        let dues = [
            Some(self.lease_due(lead)),
            Some(self.backlog_at),
            loading,
            settle,
            confirm,
            (!self.window.is_empty()).then_some(self.expires_at),
        ];
        let due = dues.into_iter().flatten().min();
        due.map(|at| at.max(self.retry_at))
    }

    /// What is to be noticed with time.
    fn watch(&mut self, now: Millis) {
        let is_open = self.delivery().is_open();
        let since = self.breaker_open_since.filter(|_| is_open);
        self.breaker_open_since = since.or(is_open.then_some(now));
        let Some(lead) = &self.lead else {
            return;
        };
        let long_open = since.is_some_and(|since| now >= since + 2 * self.settings.lease);
        if long_open && !self.gave_away && self.releasing.is_none() {
            self.gave_away = true;
            self.releasing = Some(ReleasedFor::OpenBreaker);
        }
        let is_quiet = self.window.is_done() && !lead.more && !self.competes();
        let since = self.quiet_since.filter(|_| is_quiet);
        self.quiet_since = since.or(is_quiet.then_some(now));
        if since.is_some_and(|since| now >= since + QUIET) && self.releasing.is_none() {
            self.releasing = Some(ReleasedFor::Rest);
        }
        self.expire(now);
    }

    fn expire(&mut self, now: Millis) {
        let took_at = self.lead.as_ref().map_or(now, |lead| lead.took_at);
        if now < self.expires_at || self.settings.deadline == 0 {
            return;
        }
        self.expires_at = now + EXPIRE_EVERY;
        let before = now.saturating_sub(self.settings.deadline);
        // The time of what waited for a relay begins when there is one.
        if before >= took_at {
            let expired = self.window.delivery_mut().expire(before);
            self.window.decided(expired);
        }
    }

    fn next_of_candidate(&mut self, now: Millis) -> Option<Command> {
        if self.closing {
            return None;
        }
        if std::mem::take(&mut self.lease_is_wanted_once) {
            return Some(self.lease(now));
        }
        if self.competes() {
            return (now >= self.ask_at).then(|| self.lease(now));
        }
        if now < self.look_at {
            return None;
        }
        self.look_at = now + LOOK_EVERY + self.random.u64(..LOOK_EVERY / 2);
        self.asked = Some(Asked::Backlog);
        Some(Command::Backlog)
    }

    pub(super) fn lease(&mut self, now: Millis) -> Command {
        let epoch = self.lead.as_ref().map(|lead| lead.epoch);
        self.asked = Some(Asked::Lease {
            at: now,
            renews: epoch.is_some(),
        });
        Command::Lease {
            holder: self.settings.holder.clone(),
            epoch,
            time: Duration::from_millis(self.settings.lease),
        }
    }

    fn next_of_leader(&mut self, now: Millis) -> Option<Command> {
        let lead = self.lead.as_ref()?;
        let epoch = lead.epoch;
        if let Some(why) = self.releasing
            && self.can_release()
        {
            self.asked = Some(Asked::Release(why));
            return Some(Command::Release { epoch });
        }
        if now >= self.lease_due(lead) {
            return Some(self.lease(now));
        }
        for _ in 0..3 {
            let turn = self.turn;
            self.turn = turn.next();
            let command = match turn {
                Turn::Settle => self.next_settle(epoch, now),
                Turn::Load => self.next_load(now),
                Turn::Confirm => self.next_confirm(now),
            };
            if command.is_some() {
                return command;
            }
        }
        // Any answer with a beat would do.
        if self.unchecked.is_some() {
            return Some(self.lease(now));
        }
        (now >= self.backlog_at).then(|| {
            self.backlog_at = now + BACKLOG_EVERY;
            self.asked = Some(Asked::Backlog);
            Command::Backlog
        })
    }

    /// Whether what is under way has ended and is settled, so that the lease can go.
    fn can_release(&self) -> bool {
        self.releasing.is_some() && self.window.is_still()
    }

    fn is_to_settle(&self) -> bool {
        let has_new = self.window.wanted_top().is_some() && self.releasing.is_none();
        self.window.is_to_settle() || has_new
    }

    fn next_settle(&mut self, epoch: u64, now: Millis) -> Option<Command> {
        if !self.is_to_settle() {
            return None;
        }
        let lead = self.lead.as_ref()?;
        // What is not to be sent any more is not called sent.
        let wanted = self
            .window
            .wanted_top()
            .filter(|_| self.releasing.is_none());
        let top = wanted.unwrap_or(lead.top);
        self.asked = Some(Asked::Settle { top });
        Some(Command::Settle {
            epoch,
            top,
            done: self.window.begin_settle(SETTLE_MOST, now),
        })
    }

    fn can_load(&self) -> bool {
        self.releasing.is_none() && !self.closing && self.window.len() < self.settings.window
    }

    fn next_load(&mut self, now: Millis) -> Option<Command> {
        let lead = self.lead.as_ref()?;
        if !self.can_load() || !(lead.more || now >= lead.load_at) {
            return None;
        }
        let most = LOAD_MOST.min(self.settings.window - self.window.len());
        self.asked = Some(Asked::Load { most });
        Some(Command::Load {
            epoch: lead.epoch,
            after: lead.loaded,
            most,
        })
    }

    fn next_confirm(&mut self, now: Millis) -> Option<Command> {
        let lead = self.lead.as_ref()?;
        let due = self.confirm_due(lead)?;
        (self.unchecked.is_none() && now >= due).then(|| {
            self.asked = Some(Asked::Confirm(self.window.unproved(lead.granted)));
            Command::Confirm
        })
    }

    /// When to renew the lease: a third of it after it did so last.
    fn lease_due(&self, lead: &Lead) -> Millis {
        lead.renew_at.max(lead.granted + self.settings.lease / 3)
    }

    /// When to have something confirmed: at once what others wait for, and a renewal when it
    /// is needed.
    fn confirm_due(&self, lead: &Lead) -> Option<Millis> {
        if !self.settings.confirms {
            return None;
        }
        if self.window.is_unproved() {
            return Some(self.confirm_at);
        }
        let is_newer = lead.granted + self.settings.lease / 3 > lead.renew_at;
        is_newer.then(|| lead.renew_at.max(self.confirm_at))
    }
}
