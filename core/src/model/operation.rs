//! [`Operation`]: one operation, borrowed from its caller.

use std::hash::{Hash, Hasher};

use crate::model::account::{Account, AccountType, Platform};
use crate::model::error::{Error, Result};
use crate::model::operator::{Action, Operator};
use crate::model::request::{Binding, Items, Request};
use crate::model::token::Token;

/// One operation to submit: an operator, and the token and accounts that it
/// works on. Everything is borrowed; submitting copies.
///
/// ```
/// use xgpush::{AccountType, Operation};
///
/// let login = Operation::bind("token-of-phone-1", "alice");
/// let typed = Operation::bind("token-of-phone-1", ("alice@example.com", AccountType::EMAIL));
/// let both = [("alice", None), ("10086", Some(AccountType::MOBILE))];
/// let two = Operation::bind("token-of-phone-1", &both);
/// let logout = Operation::clear_token("token-of-phone-1");
/// let deleted = Operation::clear_account("alice");
/// assert_eq!(login, Operation::bind("token-of-phone-1", &[("alice", None)]));
/// # let _ = (typed, two, logout, deleted);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operation<'a> {
    pub(crate) operator: Operator,
    pub(crate) token: &'a str,
    pub(crate) accounts: Accounts<'a>,
    pub(crate) platform: Option<Platform>,
}

/// Each account is a chain of its own to keep in order. No document gives a limit;
/// a token has one account of each type.
const MAX_ACCOUNTS: usize = 100;

/// The accounts of an [`Operation`], each with its type where one is given: made of a
/// name, of a name and a type, or of a list of both.
#[derive(Debug, Clone, Copy)]
pub struct Accounts<'a>(Given<'a>);

pub(crate) type NameAndType<'a> = (&'a str, Option<AccountType>);

#[derive(Debug, Clone, Copy)]
enum Given<'a> {
    One([NameAndType<'a>; 1]),
    Many(&'a [NameAndType<'a>]),
}

impl<'a> Accounts<'a> {
    pub(crate) const NONE: Self = Self(Given::Many(&[]));

    /// Each name with its type.
    pub fn as_slice(&self) -> &[NameAndType<'a>] {
        match &self.0 {
            Given::One(one) => one,
            Given::Many(many) => many,
        }
    }
}

impl PartialEq for Accounts<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Accounts<'_> {}

impl Hash for Accounts<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_slice().hash(state);
    }
}

impl<'a> From<&'a str> for Accounts<'a> {
    fn from(name: &'a str) -> Self {
        (name, None).into()
    }
}

impl<'a> From<&'a String> for Accounts<'a> {
    fn from(name: &'a String) -> Self {
        name.as_str().into()
    }
}

impl<'a> From<(&'a str, AccountType)> for Accounts<'a> {
    fn from((name, account_type): (&'a str, AccountType)) -> Self {
        (name, Some(account_type)).into()
    }
}

impl<'a> From<NameAndType<'a>> for Accounts<'a> {
    fn from(account: NameAndType<'a>) -> Self {
        Self(Given::One([account]))
    }
}

impl<'a> From<&'a [NameAndType<'a>]> for Accounts<'a> {
    fn from(accounts: &'a [NameAndType<'a>]) -> Self {
        Self(Given::Many(accounts))
    }
}

impl<'a, const N: usize> From<&'a [NameAndType<'a>; N]> for Accounts<'a> {
    fn from(accounts: &'a [NameAndType<'a>; N]) -> Self {
        Self(Given::Many(accounts))
    }
}

impl<'a> From<&'a Vec<NameAndType<'a>>> for Accounts<'a> {
    fn from(accounts: &'a Vec<NameAndType<'a>>) -> Self {
        Self(Given::Many(accounts))
    }
}

impl<'a> Operation<'a> {
    /// An operation of any operator. Operator 4 has no accounts, operator 5 no
    /// token (an empty one) and exactly one account.
    pub fn new(operator: Operator, token: &'a str, accounts: impl Into<Accounts<'a>>) -> Self {
        Self {
            operator,
            token,
            accounts: accounts.into(),
            platform: None,
        }
    }

    /// Binds a token to accounts in place of those that it has (operator 2).
    pub fn bind(token: &'a str, accounts: impl Into<Accounts<'a>>) -> Self {
        Self::new(Operator::Bind, token, accounts)
    }

    /// Removes accounts from a token (operator 3).
    pub fn unbind(token: &'a str, accounts: impl Into<Accounts<'a>>) -> Self {
        Self::new(Operator::Unbind, token, accounts)
    }

    /// Removes every account from a token (operator 4).
    pub fn clear_token(token: &'a str) -> Self {
        Self::new(Operator::ClearToken, token, Accounts::NONE)
    }

    /// Removes every token from an account (operator 5).
    pub fn clear_account(account: impl Into<Accounts<'a>>) -> Self {
        Self::new(Operator::ClearAccount, "", account)
    }

    /// With the platform that the older protocol versions require.
    #[must_use]
    pub fn with_platform(mut self, platform: Platform) -> Self {
        self.platform = Some(platform);
        self
    }

    /// Checks the values: what every protocol version demands.
    pub(crate) fn check(&self) -> Result<()> {
        let (token, accounts) = match self.operator {
            Operator::Append | Operator::Bind | Operator::Unbind => (true, 1..=usize::MAX),
            Operator::ClearToken => (true, 0..=0),
            Operator::ClearAccount => (false, 1..=1),
        };
        if token {
            Token::check(self.token)?;
        } else if !self.token.is_empty() {
            return Err(self.wrong("no token"));
        }
        if !accounts.contains(&self.accounts.as_slice().len()) {
            let wanted = match self.operator {
                Operator::ClearToken => "no account",
                Operator::ClearAccount => "exactly one account",
                _ => "at least one account",
            };
            return Err(self.wrong(wanted));
        }
        if self.accounts.as_slice().len() > MAX_ACCOUNTS {
            return Err(Error::request(format!(
                "the operation has {} accounts; one of the outbox has at most {MAX_ACCOUNTS} (a \
                 rule of xgpush)",
                self.accounts.as_slice().len()
            )));
        }
        for (name, _) in self.accounts.as_slice() {
            Account::check(name)?;
        }
        Ok(())
    }

    fn wrong(&self, wanted: &str) -> Error {
        Error::request(format!(
            "{} (operator_type {}) takes {wanted}; its list is {} (Account Binding and Unbinding, \
             parameter operator_type)",
            self.operator.name(),
            self.operator.number(),
            self.operator.list_field(),
        ))
    }

    /// The same as a request of one item.
    pub(crate) fn to_request(self) -> Result<Request> {
        let mut request = Request::new(Action::Batch(self.operator));
        if let Some(platform) = self.platform {
            request = request.with_platform(platform);
        }
        add(
            &mut request,
            self.token,
            self.accounts.as_slice().iter().copied(),
        )?;
        Ok(request)
    }
}

fn add<'a>(
    request: &mut Request,
    token: &str,
    accounts: impl Iterator<Item = (&'a str, Option<AccountType>)>,
) -> Result<()> {
    let mut accounts =
        accounts.map(|(name, account_type)| Account::with_optional_type(name, account_type));
    match &mut request.items {
        Items::Bindings(bindings) => {
            let accounts = accounts.collect::<Result<Vec<_>>>()?;
            bindings.push(Binding::new(Token::new(token)?, accounts)?);
        }
        Items::Tokens(tokens) => tokens.push(Token::new(token)?),
        Items::Accounts(list) => list.extend(accounts.next().transpose()?),
    }
    Ok(())
}

/// Calls `each` with every item of a request and its index, until one fails.
pub(crate) fn of_request(
    request: &Request,
    mut each: impl FnMut(usize, &Operation<'_>) -> Result<()>,
) -> Result<()> {
    let Action::Batch(operator) = request.action else {
        return Ok(());
    };
    let platform = request.legacy.platform;
    let mut hand = |index, token: &str, accounts: &[Account]| {
        let accounts: Vec<_> = accounts
            .iter()
            .map(|a| (a.name(), a.account_type()))
            .collect();
        let operation = Operation {
            platform,
            ..Operation::new(operator, token, &accounts)
        };
        each(index, &operation)
    };
    match &request.items {
        Items::Bindings(list) => list
            .iter()
            .enumerate()
            .try_for_each(|(n, b)| hand(n, b.token().as_str(), b.accounts())),
        Items::Tokens(list) => {
            let mut tokens = list.iter().enumerate();
            tokens.try_for_each(|(n, token)| hand(n, token.as_str(), &[]))
        }
        Items::Accounts(list) => {
            let mut accounts = list.iter().enumerate();
            accounts.try_for_each(|(n, account)| hand(n, "", std::slice::from_ref(account)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operator_takes_its_own_list() {
        let one = [("alice", None)];
        let two = [("alice", None), ("bob", None)];
        use Operator::{Append, Bind, ClearAccount, ClearToken, Unbind};
        for (operator, token, accounts, good) in [
            (Bind, "t", &one[..], true),
            (Append, "t", &two[..], true),
            (Unbind, "t", &[][..], false),
            (Bind, "", &one[..], false),
            (ClearToken, "t", &[][..], true),
            (ClearToken, "t", &one[..], false),
            (ClearAccount, "", &one[..], true),
            (ClearAccount, "t", &one[..], false),
            (ClearAccount, "", &two[..], false),
            (ClearAccount, "", &[][..], false),
        ] {
            let checked = Operation::new(operator, token, accounts).check();
            assert_eq!(checked.is_ok(), good, "{operator:?} {token:?} {accounts:?}");
        }
        assert!(Operation::bind("t", &[("a", None)]).check().is_err());
    }
}
