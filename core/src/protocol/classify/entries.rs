//! Which entry of a query's answer belongs to which item.

use crate::model::account::Account;
use crate::model::key::Key;
use crate::model::operation::{Items, Request};
use crate::model::outcome::{Found, FoundAccount};
use crate::protocol::wire::Answer;

/// What an answer has for one item.
#[derive(Clone)]
pub(super) enum Entry {
    /// No entry.
    Missing,
    /// An entry without its list: that is not "nothing found".
    WithoutList,
    /// An entry that fits other items as well.
    Ambiguous,
    Found(Found),
}

impl Entry {
    fn of(found: Option<Found>) -> Self {
        found.map_or(Self::WithoutList, Self::Found)
    }
}

/// How well an entry fits an item.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    No,
    /// One of the two names no type.
    Loose,
    Exact,
}

/// The entry of each carried item, and how many entries belong to none.
pub(super) fn entries(request: &Request, carried: &[u32], answer: &Answer) -> (Vec<Entry>, usize) {
    match &request.items {
        Items::Accounts(accounts) => {
            let entries = answer.account_tokens.as_deref().unwrap_or_default();
            let fit = |item: u32, at: usize| {
                let account = &accounts[item as usize];
                if entries[at].account == account.name() {
                    fit_types(account, entries[at].account_type)
                } else {
                    Fit::No
                }
            };
            let take = |at: usize| Entry::of(entries[at].tokens.clone().map(Found::Tokens));
            let same =
                |a: u32, b: u32| Key::of(&accounts[a as usize]) == Key::of(&accounts[b as usize]);
            assign(carried, entries.len(), fit, same, take)
        }
        Items::Tokens(tokens) => {
            let entries = answer.token_accounts.as_deref().unwrap_or_default();
            let fit = |item: u32, at: usize| {
                if entries[at].token == tokens[item as usize].as_str() {
                    Fit::Exact
                } else {
                    Fit::No
                }
            };
            let account = |(account, account_type): &(String, Option<i64>)| FoundAccount {
                account: account.clone(),
                account_type: *account_type,
            };
            let take = |at: usize| {
                let accounts = entries[at].accounts.as_deref();
                Entry::of(accounts.map(|a| Found::Accounts(a.iter().map(account).collect())))
            };
            let same = |a: u32, b: u32| tokens[a as usize] == tokens[b as usize];
            assign(carried, entries.len(), fit, same, take)
        }
        Items::Bindings(_) => (vec![Entry::Missing; carried.len()], 0),
    }
}

/// An account without a type is the one of type 0; whether the service names a
/// type differs from page to page.
fn fit_types(account: &Account, entry: Option<i64>) -> Fit {
    match (account.account_type(), entry) {
        (None, None) => Fit::Exact,
        (_, Some(given)) if i64::from(account.effective_type().0) == given => Fit::Exact,
        (None, Some(_)) | (Some(_), None) => Fit::Loose,
        (Some(_), Some(_)) => Fit::No,
    }
}

/// Gives each item the first entry that fits exactly, and what is left the first
/// that fits loosely. An item that is asked for twice may share its entry; an
/// entry that fits two different items loosely is neither's.
fn assign(
    carried: &[u32],
    entries: usize,
    fit: impl Fn(u32, usize) -> Fit,
    same: impl Fn(u32, u32) -> bool,
    take: impl Fn(usize) -> Entry,
) -> (Vec<Entry>, usize) {
    let mut chosen: Vec<Option<usize>> = vec![None; carried.len()];
    let mut used = vec![false; entries];
    let mut ambiguous = vec![false; entries];
    for wanted in [Fit::Exact, Fit::Loose] {
        let taken_before = used.clone();
        let open: Vec<u32> = chosen
            .iter()
            .zip(carried)
            .filter(|(chosen, _)| chosen.is_none())
            .map(|(_, item)| *item)
            .collect();
        for (item, chosen) in carried.iter().zip(&mut chosen) {
            if chosen.is_some() {
                continue;
            }
            let fitting =
                || (0..entries).filter(|at| !taken_before[*at] && fit(*item, *at) == wanted);
            *chosen = fitting().find(|at| !used[*at]).or_else(|| fitting().next());
            if let Some(at) = *chosen {
                used[at] = true;
                let another = |other: &u32| !same(*item, *other) && fit(*other, at) == wanted;
                ambiguous[at] |= wanted == Fit::Loose && open.iter().any(another);
            }
        }
    }
    let found = chosen.into_iter().map(|at| match at {
        None => Entry::Missing,
        Some(at) if ambiguous[at] => Entry::Ambiguous,
        Some(at) => take(at),
    });
    (found.collect(), used.iter().filter(|used| !**used).count())
}
