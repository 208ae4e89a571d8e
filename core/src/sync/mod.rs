//! Making the service's state the desired one: read, compare, apply, confirm.

mod options;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use crate::client::Client;
use crate::engine::Cancel;
use crate::model::account::{Account, Platform};
use crate::model::desired::{Expected, accounts_read};
use crate::model::error::{Error, Result};
use crate::model::outcome::{ItemOutcome, Outcome, State};
use crate::model::request::{Binding, Request};
use crate::retry::StopReason;

pub use crate::model::desired::{Change, DesiredAccounts};
pub use options::SyncOptions;

/// The result for one token.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SyncState {
    /// The service already has the desired accounts.
    Same,
    /// It differs, and nothing was sent.
    Different,
    /// It was changed: the service took the tasks. With `confirm`: no query told more.
    Changed,
    /// It was changed, and the service shows it.
    Confirmed,
    /// It was changed, and the service did not show it in time.
    Unconfirmed,
    /// Its accounts could not be read.
    Unread(ItemOutcome),
    /// An operation was not accepted; those after it were not sent.
    Failed(ItemOutcome),
}

impl SyncState {
    /// The stable name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Different => "different",
            Self::Changed => "changed",
            Self::Confirmed => "confirmed",
            Self::Unconfirmed => "unconfirmed",
            Self::Unread(_) => "unread",
            Self::Failed(_) => "failed",
        }
    }
}

/// One token after synchronising.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Synced {
    /// Its result.
    pub state: SyncState,
    /// The change that it needs or needed.
    pub change: Option<Change>,
}

impl Synced {
    fn unread(why: ItemOutcome) -> Self {
        Self {
            state: SyncState::Unread(why),
            change: None,
        }
    }
}

impl Client {
    /// Makes the service know for each token exactly the desired accounts: reads what
    /// it knows, and sends operations for those tokens that differ and for no other.
    /// One answer per token, in order. Doing it again sends nothing.
    ///
    /// When it is interrupted, when the service refuses the caller, or answers nothing
    /// for as long as the patience lasts, the tokens that were not asked about are
    /// [`SyncState::Unread`].
    ///
    /// # Errors
    /// Before anything is sent: [`InvalidRequest`](crate::ErrorKind::InvalidRequest)
    /// when a token is named twice or a rule of the protocol version is broken, and
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn sync(&self, desired: &[DesiredAccounts], options: &SyncOptions) -> Result<Vec<Synced>> {
        self.engine.ensure_open()?;
        let mut known = HashSet::new();
        for (item, desired) in desired.iter().enumerate() {
            if !known.insert(desired.token()) {
                let message = format!(
                    "token {:?} is named twice; what is wanted of a token is said once",
                    desired.token().as_str()
                );
                return Err(Error::request(message).at_item(item));
            }
        }
        self.check_desired(desired, options.platform)?;
        let mut run = Run {
            client: self,
            options,
            cancel: self.engine.cancel(),
            failing_since: None,
            given_up: None,
        };
        let mut synced = Vec::with_capacity(desired.len());
        for chunk in desired.chunks(self.chunk()) {
            if let Some(rest) = run.rest() {
                synced.resize(desired.len(), Synced::unread(rest));
                break;
            }
            let begin = synced.len();
            synced.extend(run.compare(chunk)?);
            if options.apply {
                run.apply(chunk, &mut synced[begin..])?;
            }
            if let Some(on_progress) = &options.on_progress {
                on_progress(synced.len());
            }
        }
        if let Some(timeout) = options.confirm
            && run.rest().is_none()
        {
            run.confirm_changes(desired, &mut synced, timeout)?;
        }
        Ok(synced)
    }

    /// Whatever would be refused later is refused before anything is sent.
    fn check_desired(&self, desired: &[DesiredAccounts], platform: Option<Platform>) -> Result<()> {
        let api = &self.engine.api;
        for (item, desired) in desired.iter().enumerate() {
            let token = || desired.token().clone();
            let request = match desired.accounts() {
                [] => Request::clear_tokens(vec![token()]),
                accounts => Request::bind(vec![Binding::new(token(), accounts.to_vec())?]),
            };
            let checked = api.check(&api.on_platform(request, platform));
            checked.map_err(|error| error.moved_to_item(item))?;
        }
        Ok(())
    }
}

/// One synchronisation under way.
struct Run<'a> {
    client: &'a Client,
    options: &'a SyncOptions,
    cancel: Arc<Cancel>,
    /// Since when nothing was answered.
    failing_since: Option<Duration>,
    given_up: Option<ItemOutcome>,
}

impl Run<'_> {
    /// What becomes of the tokens that come next, if nothing is asked any more.
    fn rest(&self) -> Option<ItemOutcome> {
        if self.cancel.check(self.options.call.interrupt.as_ref()) {
            return Some(self.cancel.reason().not_sent());
        }
        self.given_up.clone()
    }

    fn call(&self, request: Request) -> Result<Outcome> {
        let api = &self.client.engine.api;
        let request = api.on_platform(request, self.options.platform);
        self.client
            .run_request(&request, &self.options.call, &self.cancel)
    }

    fn compare(&mut self, desired: &[DesiredAccounts]) -> Result<Vec<Synced>> {
        let began = self.client.engine.clock.elapsed();
        let tokens = desired.iter().map(|desired| desired.token().clone());
        let outcome = self.call(Request::query_by_token(tokens))?;
        self.note(began, outcome.items());
        let compared = desired.iter().zip(outcome.items()).map(|(desired, item)| {
            let Some(found) = accounts_read(item) else {
                return Synced::unread(item.clone());
            };
            let change = desired.change(found);
            let state = match change {
                None => SyncState::Same,
                Some(_) => SyncState::Different,
            };
            Synced { state, change }
        });
        Ok(compared.collect())
    }

    /// Whether to go on after these answers.
    fn note(&mut self, began: Duration, answers: &[ItemOutcome]) {
        const PATIENCE: Duration = Duration::from_secs(60);
        if answers.iter().all(ItemOutcome::refuses_caller) {
            self.given_up = Some(StopReason::CallerRefused.not_sent());
            return;
        }
        let answered =
            |item: &ItemOutcome| matches!(item.state(), State::Accepted | State::Rejected);
        if answers.iter().any(answered) {
            self.failing_since = None;
            return;
        }
        let since = *self.failing_since.get_or_insert(began);
        let patience = self.options.outage_timeout.unwrap_or(PATIENCE);
        if self.client.engine.clock.elapsed().saturating_sub(since) >= patience {
            self.given_up = Some(StopReason::NoAnswer.not_sent());
        }
    }

    /// Clears, then removes, then binds; what was refused a step is left alone.
    fn apply(&self, desired: &[DesiredAccounts], synced: &mut [Synced]) -> Result<()> {
        let clears = |change: &Change| change.clear;
        let binding = |desired: &DesiredAccounts, accounts: &[Account]| {
            Binding::new(desired.token().clone(), accounts.to_vec())
        };
        self.step(synced, clears, |chosen| {
            let tokens = chosen.iter().map(|(n, _)| desired[*n].token().clone());
            Ok(Request::clear_tokens(tokens))
        })?;
        self.step(
            synced,
            |change| !change.unbind.is_empty(),
            |chosen| {
                let bindings = chosen
                    .iter()
                    .map(|(n, change)| binding(&desired[*n], &change.unbind));
                Ok(Request::unbind(bindings.collect::<Result<Vec<_>>>()?))
            },
        )?;
        self.step(
            synced,
            |change| !change.bind.is_empty(),
            |chosen| {
                let bindings = chosen
                    .iter()
                    .map(|(n, change)| binding(&desired[*n], &change.bind));
                Ok(Request::bind(bindings.collect::<Result<Vec<_>>>()?))
            },
        )
    }

    /// One kind of operation on those tokens that need it.
    fn step(
        &self,
        synced: &mut [Synced],
        needs: impl Fn(&Change) -> bool,
        request: impl FnOnce(&[(usize, &Change)]) -> Result<Request>,
    ) -> Result<()> {
        let failed = |state: &SyncState| matches!(state, SyncState::Failed(_));
        let chosen: Vec<_> = synced
            .iter()
            .enumerate()
            .filter(|(_, synced)| !failed(&synced.state))
            .filter_map(|(n, synced)| Some((n, synced.change.as_ref()?)))
            .filter(|(_, change)| needs(change))
            .collect();
        if chosen.is_empty() {
            return Ok(());
        }
        let request = request(&chosen)?;
        let numbers: Vec<usize> = chosen.iter().map(|(n, _)| *n).collect();
        let outcome = self.call(request)?;
        for (n, item) in numbers.into_iter().zip(outcome.items()) {
            synced[n].state = match item.state() {
                State::Accepted => SyncState::Changed,
                _ => SyncState::Failed(item.clone()),
            };
        }
        Ok(())
    }

    fn confirm_changes(
        &self,
        desired: &[DesiredAccounts],
        synced: &mut [Synced],
        timeout: Duration,
    ) -> Result<()> {
        let changed: Vec<usize> = (0..synced.len())
            .filter(|n| synced[*n].state == SyncState::Changed)
            .collect();
        let expected: Vec<_> = changed
            .iter()
            .map(|n| Expected::Exactly(&desired[*n]))
            .collect();
        let options = self.options;
        let shown = self.client.watch(
            &expected,
            options.platform,
            timeout,
            &options.call,
            &self.cancel,
        )?;
        for (n, shown) in changed.into_iter().zip(shown) {
            synced[n].state = match shown {
                Some(true) => SyncState::Confirmed,
                Some(false) => SyncState::Unconfirmed,
                None => SyncState::Changed,
            };
        }
        Ok(())
    }
}
