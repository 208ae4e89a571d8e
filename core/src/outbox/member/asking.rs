//! Who asks the engine next: the relay and the senders take turns.

use super::{Member, Millis};
use crate::fleet::command::Command;
use crate::fleet::engine::EngineError;
use crate::fleet::relay::Relay;

/// Who waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asker {
    Relay,
    Sender(usize),
    /// The connection was let go.
    Nobody,
}

impl Member {
    /// Gives the engine's answer to who asked.
    pub(super) fn handle_answer(&mut self) {
        let Some(answer) = self.link.take_answer() else {
            return;
        };
        let now = self.now();
        match &answer {
            Some(Ok(_)) => self.health.engine_works(),
            Some(Err(EngineError::Away(why) | EngineError::Refused(why))) => {
                self.health.engine_failed(why);
            }
            None => {}
        }
        match (self.asked.take(), answer) {
            (Some(Asker::Relay), Some(answer)) => {
                if let Some(relay) = &mut self.relay {
                    relay.answered(now, answer);
                }
                self.handle_relay_events();
            }
            (Some(Asker::Sender(index)), Some(answer)) => {
                self.runs[index].sender.answered(now, answer);
            }
            _ => {}
        }
    }

    /// Asks the engine, if it is free and somebody has something to ask.
    pub(super) fn ask(&mut self) {
        if self.asked.is_some() {
            return;
        }
        let wants = self.wants_relay();
        if let Some(relay) = &mut self.relay {
            relay.wants(wants);
        }
        let askers = self.runs.len() + 1;
        for step in 0..askers {
            let at = (self.turn + step) % askers;
            if let Some((asker, command)) = self.command_of(at) {
                self.turn = at + 1;
                self.rests = false;
                self.asked = Some(asker);
                self.link.ask(command);
                return;
            }
        }
        if !self.rests && self.is_idle() {
            self.rests = true;
            self.asked = Some(Asker::Nobody);
            self.link.rest();
        }
    }

    fn command_of(&mut self, at: usize) -> Option<(Asker, Command)> {
        let now = self.now();
        if at == self.runs.len() {
            let command = self.relay.as_mut()?.next(now)?;
            return Some((Asker::Relay, command));
        }
        // Nothing goes in before what an earlier run left.
        let earlier = &self.runs[..at];
        if !earlier.iter().all(|run| run.sender.is_through()) {
            return None;
        }
        if self.is_past(at, now) {
            return None;
        }
        let command = self.runs[at].sender.next(now)?;
        Some((Asker::Sender(at), command))
    }

    /// Whether it is to relay if nobody else does: while it waits for operations of its own,
    /// and a while after.
    fn wants_relay(&self) -> bool {
        let now = self.now();
        !self.said_goodbye && self.runs.iter().any(|run| !run.sender.is_idle(now))
    }

    /// Whether there is nothing to ask for a run any more: one of before is not asked again.
    pub(super) fn is_past(&self, at: usize, now: Millis) -> bool {
        at + 1 < self.runs.len() && self.runs[at].sender.is_idle(now)
    }

    fn is_idle(&self) -> bool {
        let now = self.now();
        let relay_is_idle = self.relay.as_ref().is_none_or(Relay::is_idle);
        relay_is_idle && self.runs.iter().all(|run| run.sender.is_idle(now))
    }
}
