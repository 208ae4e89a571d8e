//! The state that a caller wants, what differs from it, and what a query must show once
//! an operation is applied.

mod rows;

use crate::model::account::{Account, AccountType};
use crate::model::codes;
use crate::model::error::{Error, Result};
use crate::model::operator::{Action, Operator};
use crate::model::outcome::{FoundAccount, ItemOutcome, State};
use crate::model::request::{Binding, Items, Request};
use crate::model::token::Token;

/// What a token is to be bound to: these accounts and no others.
///
/// ```
/// use xgpush::sync::DesiredAccounts;
/// use xgpush::{Account, Token};
///
/// let alice = DesiredAccounts::new(Token::new("token1")?, [Account::new("alice")?])?;
/// let nobody = DesiredAccounts::new(Token::new("token2")?, [])?;
/// assert!(alice.change(&[]).is_some(), "alice is missing");
/// assert!(nobody.change(&[]).is_none(), "nobody is there");
/// # Ok::<(), xgpush::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DesiredAccounts {
    token: Token,
    accounts: Vec<Account>,
}

impl DesiredAccounts {
    /// A token and its accounts, at most one of each type; none at all is a state
    /// as well.
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue) when two accounts have one
    /// type: a token has one account of each type (Account Binding and Unbinding,
    /// Must-knows).
    pub fn new(token: Token, accounts: impl IntoIterator<Item = Account>) -> Result<Self> {
        let accounts: Vec<_> = accounts.into_iter().collect();
        for (n, account) in accounts.iter().enumerate() {
            let kind = account.effective_type();
            if accounts[..n]
                .iter()
                .any(|earlier| earlier.effective_type() == kind)
            {
                return Err(Error::value(format!(
                    "token {:?} is to have two accounts of type {}; a token has one account of \
                     each type (Account Binding and Unbinding)",
                    token.as_str(),
                    kind.0
                )));
            }
        }
        Ok(Self { token, accounts })
    }

    /// The token.
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// Its accounts.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// What must be done where the service knows these accounts; `None` when
    /// nothing.
    pub fn change(&self, found: &[FoundAccount]) -> Option<Change> {
        let missing: Vec<_> = self.accounts.iter().filter(|a| !shows(found, a)).collect();
        let extra = found
            .iter()
            .filter(|f| !self.accounts.iter().any(|a| same_account(f, a)));
        // An overwrite replaces the account of its own type for certain, and no
        // document says whether it clears the other types.
        let stays = |f: &&FoundAccount| {
            let replaced = |a: &&&Account| Some(i64::from(a.effective_type().0)) == f.account_type;
            missing.iter().find(replaced).is_none()
        };
        let extra: Vec<_> = extra.filter(stays).collect();
        if missing.is_empty() && extra.is_empty() {
            return None;
        }
        let bind = if missing.is_empty() {
            Vec::new()
        } else {
            self.accounts.clone()
        };
        let unbind = extra
            .into_iter()
            .map(account_of)
            .collect::<Option<Vec<_>>>();
        match unbind {
            Some(unbind) if !self.accounts.is_empty() => Some(Change {
                clear: false,
                unbind,
                bind,
            }),
            // No account is desired, or one is there that cannot be named.
            _ => Some(Change {
                clear: true,
                unbind: Vec::new(),
                bind: self.accounts.clone(),
            }),
        }
    }
}

/// What must be done with a token, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Change {
    /// Remove every account (operator 4).
    pub clear: bool,
    /// Remove these (operator 3).
    pub unbind: Vec<Account>,
    /// Bind these in place of what is there (operator 2).
    pub bind: Vec<Account>,
}

fn same_account(found: &FoundAccount, account: &Account) -> bool {
    let kind = found.account_type;
    found.account == account.name()
        && kind.is_none_or(|kind| kind == i64::from(account.effective_type().0))
}

fn shows(found: &[FoundAccount], account: &Account) -> bool {
    found.iter().any(|f| same_account(f, account))
}

fn account_of(found: &FoundAccount) -> Option<Account> {
    let kind = i32::try_from(found.account_type?).ok()?;
    Account::with_type(found.account.as_str(), AccountType(kind)).ok()
}

/// What a query read: the accounts of its token. `None` when it read nothing.
pub(crate) fn accounts_read(item: &ItemOutcome) -> Option<&[FoundAccount]> {
    is_read(item).then(|| item.accounts())
}

/// As `accounts_read`, of an account's tokens.
pub(crate) fn tokens_read(item: &ItemOutcome) -> Option<&[String]> {
    is_read(item).then(|| item.tokens())
}

/// Where nothing is bound the service refuses the item.
pub(crate) fn is_read(item: &ItemOutcome) -> bool {
    let nothing = item.state() == State::Rejected && item.code() == Some(codes::DOES_NOT_EXIST);
    item.state() == State::Accepted || nothing
}

/// What a query is to show when an operation is applied.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expected<'a> {
    /// The token has these accounts.
    Bound(&'a Binding),
    /// The token has none of these accounts.
    Unbound(&'a Binding),
    /// The token has no account.
    TokenClear(&'a Token),
    /// The account has no token.
    AccountClear(&'a Account),
    /// The token has these accounts and no others.
    Exactly(&'a DesiredAccounts),
}

impl<'a> Expected<'a> {
    /// Of an item of a request of operations; none of a query.
    pub(crate) fn of(request: &'a Request, item: usize) -> Option<Self> {
        let Action::Batch(operator) = request.action() else {
            return None;
        };
        match &request.items {
            Items::Bindings(list) if operator == Operator::Unbind => {
                list.get(item).map(Self::Unbound)
            }
            Items::Bindings(list) => list.get(item).map(Self::Bound),
            Items::Tokens(list) => list.get(item).map(Self::TokenClear),
            Items::Accounts(list) => list.get(item).map(Self::AccountClear),
        }
    }

    /// Whom the query asks about: a token or an account.
    pub(crate) fn lookup_key(self) -> LookupKey<'a> {
        match self {
            Self::Bound(binding) | Self::Unbound(binding) => LookupKey::Token(binding.token()),
            Self::TokenClear(token) => LookupKey::Token(token),
            Self::Exactly(desired) => LookupKey::Token(desired.token()),
            Self::AccountClear(account) => LookupKey::Account(account),
        }
    }

    /// Whether the answer shows it.
    pub(crate) fn is_shown(self, answer: &ItemOutcome) -> bool {
        let accounts = accounts_read(answer);
        let shown = |test: &dyn Fn(&[FoundAccount]) -> bool| accounts.is_some_and(test);
        match self {
            Self::Bound(binding) => shown(&|found| {
                // Of two accounts of one type the later one wins.
                let all = binding.accounts();
                let kept = all.iter().enumerate().filter(|(n, account)| {
                    let kind = account.effective_type();
                    all[n + 1..]
                        .iter()
                        .all(|later| later.effective_type() != kind)
                });
                kept.into_iter().all(|(_, account)| shows(found, account))
            }),
            Self::Unbound(binding) => {
                shown(&|found| !binding.accounts().iter().any(|a| shows(found, a)))
            }
            Self::TokenClear(_) => shown(&<[_]>::is_empty),
            Self::Exactly(desired) => shown(&|found| desired.change(found).is_none()),
            Self::AccountClear(_) => tokens_read(answer).is_some_and(<[_]>::is_empty),
        }
    }
}

/// Whom a query asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum LookupKey<'a> {
    Token(&'a Token),
    Account(&'a Account),
}
