//! [`Bindings`]: tokens and accounts, bound under the documented rules.
//!
//! * TPNS: one account per account type and token; a later one replaces the earlier.
//! * Legacy XG and TPNS of 2020: up to ten accounts per token; the eleventh pushes the
//!   oldest out. The rule of one per type came in 2022.
//! * An overwrite first clears the token, wholly or by type (`overwrite_clears`).
//! * Binding again what is bound makes it the newest, at the token and at the account.
//! * An account has a limited number of tokens (`over_limit`).
//! * Removing what is not bound is a success and changes nothing.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound as From;
use std::sync::Arc;

use crate::config::{Clears, Config, OverLimit, Version};
use crate::protocol::request::{Account, Batch, TokenAccounts};
use crate::state::change::Journal;
use crate::state::ordered::Ordered;
use crate::state::snapshot::State;

/// "At most 10, oldest pushed out" (client SDK documents of 2019 and 2020).
const ACCOUNTS_PER_TOKEN: usize = 10;

/// The account has all the tokens that it may have.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

#[derive(Debug)]
struct Bound {
    account: Arc<str>,
    account_type: i64,
}

#[derive(Debug)]
struct Devices {
    account_type: i64,
    tokens: Vec<Arc<str>>,
}

/// Two views of one relation, each in the order of binding.
#[derive(Debug)]
pub(crate) struct Bindings {
    one_per_type: bool,
    append: bool,
    clears: Clears,
    over_limit: OverLimit,
    max_tokens: usize,
    tokens: HashMap<Arc<str>, Vec<Bound>>,
    accounts: HashMap<Arc<str>, Vec<Devices>>,
    token_order: Ordered,
    account_order: Ordered,
    pub(crate) journal: Journal,
    /// Grows with every change.
    pub(crate) generation: u64,
}

impl Bindings {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            one_per_type: config.version == Version::Tpns,
            append: config.version != Version::Tpns || !config.append_is_overwrite,
            clears: config.overwrite_clears,
            over_limit: config.over_limit,
            max_tokens: config.max_tokens_per_account,
            tokens: HashMap::new(),
            accounts: HashMap::new(),
            token_order: Ordered::default(),
            account_order: Ordered::default(),
            journal: Journal::default(),
            generation: 0,
        }
    }

    /// Follows other rules from now on; what is bound stays.
    pub(crate) fn follow(&mut self, config: &Config) {
        let rules = Self::new(config);
        self.one_per_type = rules.one_per_type;
        self.append = rules.append;
        self.clears = rules.clears;
        self.over_limit = rules.over_limit;
        self.max_tokens = rules.max_tokens;
    }

    /// How many tokens and how many accounts are bound.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.tokens.len(), self.accounts.len())
    }

    /// The tokens that are bound, in order.
    pub(crate) fn tokens_from(&self, start: From<&str>) -> impl Iterator<Item = &Arc<str>> {
        self.token_order.from(start)
    }

    /// The accounts that are bound, in order.
    pub(crate) fn accounts_from(&self, start: From<&str>) -> impl Iterator<Item = &Arc<str>> {
        self.account_order.from(start)
    }

    /// The types of an account, each with its tokens.
    pub(crate) fn types_of(&self, account: &str) -> impl Iterator<Item = (i64, &[Arc<str>])> {
        self.accounts
            .get(account)
            .map_or(&[] as &[Devices], Vec::as_slice)
            .iter()
            .map(|devices| (devices.account_type, &*devices.tokens))
    }

    /// Binds as a snapshot says it, whatever the rules; what is bound already keeps its place.
    pub(crate) fn restore_all(
        &mut self,
        tokens: impl Iterator<Item = (String, Vec<(String, i64)>)>,
    ) {
        for (token, accounts) in tokens {
            for (account, account_type) in accounts {
                let is_bound = self
                    .accounts_of(&token)
                    .any(|bound| bound == (&*account, account_type));
                if !is_bound {
                    self.insert(&token, &account, account_type);
                }
            }
        }
        // No request did this.
        self.journal.take();
    }

    /// Puts the tokens of accounts into an order; those that it does not name come first.
    pub(crate) fn reorder_all(
        &mut self,
        accounts: impl Iterator<Item = (String, BTreeMap<i64, Vec<String>>)>,
    ) {
        for (account, types) in accounts {
            for (account_type, order) in types {
                self.reorder(&account, account_type, &order);
            }
        }
    }

    fn reorder(&mut self, account: &str, account_type: i64, order: &[String]) {
        let Some(types) = self.accounts.get_mut(account) else {
            return;
        };
        let place: HashMap<&str, usize> = order
            .iter()
            .enumerate()
            .map(|(place, token)| (token.as_str(), place + 1))
            .collect();
        for devices in types.iter_mut() {
            if devices.account_type == account_type {
                devices
                    .tokens
                    .sort_by_key(|token| place.get(&**token).copied().unwrap_or(0));
            }
        }
    }

    /// Carries out one item of a request, wholly or not at all.
    pub(crate) fn apply(&mut self, batch: &Batch<'_>, index: usize) -> Result<(), Full> {
        self.would_take(batch, index)?;
        match batch {
            Batch::Append(items) if self.append => self.bind(&items[index]),
            Batch::Append(items) | Batch::Overwrite(items) => {
                self.clear_for_overwrite(&items[index]);
                self.bind(&items[index]);
            }
            Batch::Unbind(items) => {
                for account in &items[index].accounts {
                    self.unbind(&items[index].token, &account.name, account.account_type);
                }
            }
            Batch::ClearTokens(tokens) => self.clear_token(&tokens[index], |_| true),
            Batch::ClearAccounts(accounts) => self.clear_account(&accounts[index]),
        }
        Ok(())
    }

    /// Whether an item would be carried out now.
    pub(crate) fn would_take(&self, batch: &Batch<'_>, index: usize) -> Result<(), Full> {
        let (Batch::Append(items) | Batch::Overwrite(items)) = batch else {
            return Ok(());
        };
        let item = &items[index];
        let full = self.over_limit == OverLimit::Reject
            && item.accounts.iter().any(|account| {
                let tokens = self.tokens_of(&account.name, account.account_type);
                tokens.len() >= self.max_tokens && !tokens.iter().any(|t| **t == *item.token)
            });
        if full { Err(Full) } else { Ok(()) }
    }

    pub(crate) fn tokens_of(&self, account: &str, account_type: i64) -> &[Arc<str>] {
        self.accounts
            .get(account)
            .and_then(|types| types.iter().find(|d| d.account_type == account_type))
            .map_or(&[], |devices| &devices.tokens)
    }

    pub(crate) fn accounts_of(&self, token: &str) -> impl ExactSizeIterator<Item = (&str, i64)> {
        self.tokens
            .get(token)
            .map_or(&[] as &[Bound], Vec::as_slice)
            .iter()
            .map(|bound| (&*bound.account, bound.account_type))
    }

    pub(crate) fn snapshot(&self) -> State {
        let mut state = State::default();
        for (token, bound) in &self.tokens {
            let pairs = bound
                .iter()
                .map(|b| (b.account.to_string(), b.account_type));
            state.tokens.insert(token.to_string(), pairs.collect());
        }
        for (account, types) in &self.accounts {
            let types = types.iter().map(|devices| {
                let tokens = devices.tokens.iter().map(ToString::to_string);
                (devices.account_type, tokens.collect())
            });
            state.accounts.insert(account.to_string(), types.collect());
        }
        state
    }

    fn clear_for_overwrite(&mut self, item: &TokenAccounts<'_>) {
        match self.clears {
            Clears::AllTypes => self.clear_token(&item.token, |_| true),
            Clears::SameType => self.clear_token(&item.token, |account_type| {
                item.accounts.iter().any(|a| a.account_type == account_type)
            }),
        }
    }

    fn bind(&mut self, item: &TokenAccounts<'_>) {
        for account in &item.accounts {
            let account_type = account.account_type;
            if self.one_per_type {
                self.clear_token(&item.token, |other| other == account_type);
            } else {
                self.unbind(&item.token, &account.name, account_type);
            }
            self.insert(&item.token, &account.name, account_type);
            if !self.one_per_type {
                self.push_out_accounts(&item.token);
            }
            if self.over_limit == OverLimit::DropOldest {
                self.push_out_tokens(&account.name, account_type);
            }
        }
    }

    fn insert(&mut self, token: &str, account: &str, account_type: i64) {
        let token = shared_key(&self.tokens, &mut self.token_order, token);
        let account = shared_key(&self.accounts, &mut self.account_order, account);
        self.journal.write(true, &token, &account, account_type);
        self.generation += 1;
        self.tokens.entry(token.clone()).or_default().push(Bound {
            account: account.clone(),
            account_type,
        });
        let types = self.accounts.entry(account).or_default();
        if let Some(devices) = types.iter_mut().find(|d| d.account_type == account_type) {
            devices.tokens.push(token);
        } else {
            types.push(Devices {
                account_type,
                tokens: vec![token],
            });
        }
    }

    fn push_out_accounts(&mut self, token: &str) {
        while let Some(bound) = self.tokens.get(token)
            && bound.len() > ACCOUNTS_PER_TOKEN
        {
            let (account, account_type) = (bound[0].account.clone(), bound[0].account_type);
            self.unbind(token, &account, account_type);
        }
    }

    fn push_out_tokens(&mut self, account: &str, account_type: i64) {
        while self.tokens_of(account, account_type).len() > self.max_tokens {
            let oldest = self.tokens_of(account, account_type)[0].clone();
            self.unbind(&oldest, account, account_type);
        }
    }

    fn unbind(&mut self, token: &str, account: &str, account_type: i64) {
        let Some(bound) = self.tokens.get_mut(token) else {
            return;
        };
        let is_it = |b: &Bound| b.account_type == account_type && *b.account == *account;
        let Some(position) = bound.iter().position(is_it) else {
            return;
        };
        bound.remove(position);
        self.forget_device(token, account, account_type);
        self.forget_if_unbound(token);
    }

    fn clear_token(&mut self, token: &str, of_type: impl Fn(i64) -> bool) {
        let Some(bound) = self.tokens.get_mut(token) else {
            return;
        };
        let gone: Vec<Bound> = bound.extract_if(.., |b| of_type(b.account_type)).collect();
        for bound in gone {
            self.forget_device(token, &bound.account, bound.account_type);
        }
        self.forget_if_unbound(token);
    }

    fn forget_if_unbound(&mut self, token: &str) {
        if self.tokens.get(token).is_some_and(Vec::is_empty)
            && let Some((name, _)) = self.tokens.remove_entry(token)
        {
            self.token_order.remove(&name);
        }
    }

    fn clear_account(&mut self, account: &Account<'_>) {
        for token in self.tokens_of(&account.name, account.account_type).to_vec() {
            self.unbind(&token, &account.name, account.account_type);
        }
    }

    /// The account's side of an unbinding.
    fn forget_device(&mut self, token: &str, account: &str, account_type: i64) {
        if let (Some((token, _)), Some((account, _))) = (
            self.tokens.get_key_value(token),
            self.accounts.get_key_value(account),
        ) {
            self.journal.write(false, token, account, account_type);
        }
        self.generation += 1;
        let Some(types) = self.accounts.get_mut(account) else {
            return;
        };
        for devices in types.iter_mut() {
            if devices.account_type == account_type {
                devices.tokens.retain(|other| **other != *token);
            }
        }
        types.retain(|devices| !devices.tokens.is_empty());
        if types.is_empty()
            && let Some((name, _)) = self.accounts.remove_entry(account)
        {
            self.account_order.remove(&name);
        }
    }
}

/// The key as it is already held, or a new one, which takes its place in the order.
fn shared_key<V>(map: &HashMap<Arc<str>, V>, order: &mut Ordered, key: &str) -> Arc<str> {
    map.get_key_value(key).map_or_else(
        || {
            let name: Arc<str> = Arc::from(key);
            order.insert(name.clone());
            name
        },
        |(held, _)| held.clone(),
    )
}
