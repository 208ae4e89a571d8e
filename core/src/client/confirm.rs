//! Asking the service until it shows what it has taken: accepting is not applying.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::{CallOptions, Client};
use crate::engine::Cancel;
use crate::model::account::Platform;
use crate::model::desired::{Expected, LookupKey, is_read};
use crate::model::error::Result;
use crate::model::outcome::{Outcome, State};
use crate::model::request::Request;

impl Client {
    /// Asks until the service shows what it accepted, or `timeout` is over, and tells
    /// it of each item. Of several items on one token or account it asks about the
    /// last.
    pub(super) fn confirm(
        &self,
        request: &Request,
        outcome: &mut Outcome,
        timeout: Duration,
        options: &CallOptions,
        cancel: &Arc<Cancel>,
    ) {
        let mut last = HashMap::new();
        for item in 0..request.len() {
            if let Some(expected) = Expected::of(request, item) {
                last.insert(expected.lookup_key(), (item, expected));
            }
        }
        let accepted = |item: &usize| outcome.items[*item].state() == State::Accepted;
        let asked = last.into_values().filter(|(item, _)| accepted(item));
        let (asked, expected): (Vec<_>, Vec<_>) = asked.unzip();
        let shown = self.watch(&expected, request.legacy.platform, timeout, options, cancel);
        // Nothing that could be wrong about a question is wrong about the
        // operation that was sent.
        for (item, shown) in asked.into_iter().zip(shown.into_iter().flatten()) {
            outcome.items[item].confirmed = shown;
        }
    }

    /// Which of these show, asked again and again until all do or the time is over;
    /// `None` where no answer said.
    pub(crate) fn watch(
        &self,
        expected: &[Expected<'_>],
        platform: Option<Platform>,
        timeout: Duration,
        options: &CallOptions,
        cancel: &Arc<Cancel>,
    ) -> Result<Vec<Option<bool>>> {
        /// The first pause between two questions; it doubles.
        const FIRST: Duration = Duration::from_millis(50);
        const LONGEST: Duration = Duration::from_secs(2);
        let engine = &*self.engine;
        let whole = CallOptions {
            deadline: Some(timeout),
            interrupt: options.interrupt.clone(),
            confirm: None,
        };
        let waiting = self.limits(&whole, Arc::clone(cancel));
        let mut shown = vec![None; expected.len()];
        let mut pause = FIRST;
        loop {
            let open: Vec<_> = (0..expected.len())
                .filter(|n| shown[*n] != Some(true))
                .collect();
            for chunk in open.chunks(self.chunk()) {
                if cancel.check(options.interrupt.as_ref()) {
                    return Ok(shown);
                }
                let left = engine.left(&waiting);
                let own = options.deadline.unwrap_or(self.deadline);
                let options = CallOptions {
                    deadline: Some(own.min(left)),
                    ..options.clone()
                };
                self.look(expected, chunk, platform, &options, cancel, &mut shown)?;
            }
            let left = engine.left(&waiting);
            if shown.iter().all(|shown| *shown == Some(true)) || left.is_zero() {
                return Ok(shown);
            }
            if engine.pause(&waiting, pause.min(left)).is_err() {
                return Ok(shown);
            }
            pause = (pause * 2).min(LONGEST);
        }
    }

    /// Asks about these once.
    fn look(
        &self,
        expected: &[Expected<'_>],
        about: &[usize],
        platform: Option<Platform>,
        options: &CallOptions,
        cancel: &Arc<Cancel>,
        shown: &mut [Option<bool>],
    ) -> Result<()> {
        let (mut tokens, mut accounts) = ((Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
        for n in about {
            match expected[*n].lookup_key() {
                LookupKey::Token(token) => {
                    tokens.0.push(*n);
                    tokens.1.push(token.clone());
                }
                LookupKey::Account(account) => {
                    accounts.0.push(*n);
                    accounts.1.push(account.clone());
                }
            }
        }
        for (about, request) in [
            (tokens.0, Request::query_by_token(tokens.1)),
            (accounts.0, Request::query_by_account(accounts.1)),
        ] {
            if about.is_empty() {
                continue;
            }
            let request = self.engine.api.on_platform(request, platform);
            let outcome = self.run_request(&request, options, cancel)?;
            for (n, answer) in about.into_iter().zip(outcome.items()) {
                if is_read(answer) {
                    shown[n] = Some(expected[n].is_shown(answer));
                }
            }
        }
        Ok(())
    }

    /// So many items go into one call of many: its deadline is that of a call.
    pub(crate) fn chunk(&self) -> usize {
        const ROUNDS: usize = 4;
        ROUNDS * crate::ordering::MAX_ITEMS_PER_REQUEST * self.parallel as usize
    }
}
