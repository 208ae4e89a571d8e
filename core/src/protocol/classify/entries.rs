//! Which entry of a query's answer belongs to which item.

use crate::model::account::Account;
use crate::model::key::Key;
use crate::model::outcome::{Found, FoundAccount};
use crate::model::request::Items;
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
enum Match {
    No,
    /// One of the two names no type.
    Loose,
    Exact,
}

/// The entry of each item in `sent`, and how many entries belong to none.
pub(super) fn entries(items: &Items, sent: &[u32], answer: &Answer) -> (Vec<Entry>, usize) {
    match items {
        Items::Accounts(accounts) => {
            let entries = answer.account_tokens.as_deref().unwrap_or_default();
            let quality = |item: u32, at: usize| {
                let account = &accounts[item as usize];
                if entries[at].account == account.name() {
                    match_types(account, entries[at].account_type)
                } else {
                    Match::No
                }
            };
            let entry = |at: usize| Entry::of(entries[at].tokens.clone().map(Found::Tokens));
            let same =
                |a: u32, b: u32| Key::of(&accounts[a as usize]) == Key::of(&accounts[b as usize]);
            assign(sent, entries.len(), quality, same, entry)
        }
        Items::Tokens(tokens) => {
            let entries = answer.token_accounts.as_deref().unwrap_or_default();
            let quality = |item: u32, at: usize| {
                if entries[at].token == tokens[item as usize].as_str() {
                    Match::Exact
                } else {
                    Match::No
                }
            };
            let account = |(account, account_type): &(String, Option<i64>)| FoundAccount {
                account: account.clone(),
                account_type: *account_type,
            };
            let entry = |at: usize| {
                let accounts = entries[at].accounts.as_deref();
                Entry::of(accounts.map(|a| Found::Accounts(a.iter().map(account).collect())))
            };
            let same = |a: u32, b: u32| tokens[a as usize] == tokens[b as usize];
            assign(sent, entries.len(), quality, same, entry)
        }
        Items::Bindings(_) => (vec![Entry::Missing; sent.len()], 0),
    }
}

/// An account without a type is the one of type 0; whether the service names a
/// type differs from page to page.
fn match_types(account: &Account, entry: Option<i64>) -> Match {
    match (account.account_type(), entry) {
        (None, None) => Match::Exact,
        (_, Some(given)) if i64::from(account.effective_type().0) == given => Match::Exact,
        (None, Some(_)) | (Some(_), None) => Match::Loose,
        (Some(_), Some(_)) => Match::No,
    }
}

/// Gives each item the first entry that fits exactly, and what is left the first
/// that fits loosely. An item that is asked for twice may share its entry; an
/// entry that fits two different items loosely is neither's.
fn assign(
    sent: &[u32],
    entries: usize,
    quality: impl Fn(u32, usize) -> Match,
    same: impl Fn(u32, u32) -> bool,
    entry: impl Fn(usize) -> Entry,
) -> (Vec<Entry>, usize) {
    let mut chosen: Vec<Option<usize>> = vec![None; sent.len()];
    let mut used = vec![false; entries];
    let exact = |item, at| quality(item, at) == Match::Exact;
    choose(sent, &mut chosen, &mut used, exact);

    let exactly_used = used.clone();
    let left: Vec<usize> = (0..sent.len()).filter(|n| chosen[*n].is_none()).collect();
    let loose = |item, at: usize| !exactly_used[at] && quality(item, at) == Match::Loose;
    choose(sent, &mut chosen, &mut used, loose);

    let fits_another = |n: usize, at: usize| {
        let others = left.iter().map(|other| sent[*other]);
        let mut others = others.filter(|other| !same(sent[n], *other));
        others.any(|other| loose(other, at))
    };
    let mut ambiguous = vec![false; entries];
    for n in &left {
        if let Some(at) = chosen[*n] {
            ambiguous[at] |= fits_another(*n, at);
        }
    }
    let found = chosen.into_iter().map(|at| match at {
        None => Entry::Missing,
        Some(at) if ambiguous[at] => Entry::Ambiguous,
        Some(at) => entry(at),
    });
    (found.collect(), used.iter().filter(|used| !**used).count())
}

/// Gives each item without an entry the first unused one that fits, or shares the
/// first that fits.
fn choose(
    sent: &[u32],
    chosen: &mut [Option<usize>],
    used: &mut [bool],
    fits: impl Fn(u32, usize) -> bool,
) {
    for (item, chosen) in sent.iter().zip(chosen) {
        if chosen.is_some() {
            continue;
        }
        let fitting = || (0..used.len()).filter(|at| fits(*item, *at));
        *chosen = fitting().find(|at| !used[*at]).or_else(|| fitting().next());
        if let Some(at) = *chosen {
            used[at] = true;
        }
    }
}
