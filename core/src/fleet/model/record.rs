//! What happened to each operation, for the properties.

use crate::model::outcome::State;

/// When something happened: in the order of the history, not by a clock.
pub(super) type Step = u32;

#[derive(Debug, Clone)]
pub(super) struct Recorded {
    /// Which run of which name submitted it, and as what.
    pub(super) process: usize,
    pub(super) name: usize,
    pub(super) number: u64,
    pub(super) keys: Vec<u8>,
    pub(super) submitted: Step,
    pub(super) durable: Option<Step>,
    /// The requests that carried it to the service.
    pub(super) arrivals: Vec<Step>,
    /// Final reports: to which run, when, and what they say.
    pub(super) finals: Vec<(usize, Step, State)>,
}

/// A run of a process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) name: usize,
    /// It was killed.
    pub(super) killed: bool,
}

#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) operations: Vec<Recorded>,
    pub(super) runs: Vec<Run>,
    step: Step,
    /// The history in words, if somebody is to read it.
    pub(super) words: Option<String>,
}

impl Record {
    pub(super) fn new(in_words: bool) -> Self {
        Self {
            words: in_words.then(String::new),
            ..Self::default()
        }
    }

    /// The operation with a tag.
    pub(super) fn of(&mut self, tag: u64) -> &mut Recorded {
        &mut self.operations[usize::try_from(tag).unwrap()]
    }

    pub(super) fn step(&mut self) -> Step {
        self.step += 1;
        self.step
    }

    pub(super) fn say(&mut self, now: u64, what: impl FnOnce() -> String) {
        if let Some(words) = &mut self.words {
            use std::fmt::Write;
            let _ = writeln!(words, "{now:>7} {}", what());
        }
    }
}
