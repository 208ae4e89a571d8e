//! [`Request`]: any number of items for one operation or query.

use serde::{Deserialize, Serialize};

use crate::model::account::{Account, Platform};
use crate::model::error::{Error, Result};
use crate::model::operator::{Action, Lookup, Operator};
use crate::model::token::Token;

/// Each account is a key to keep in order, and the keys of an item are numbered by 16 bits.
pub(crate) const MAX_ACCOUNTS_PER_BINDING: usize = 50_000;

/// One token with the accounts to bind to it or to remove from it.
///
/// ```
/// use xgpush::{Account, Binding, Token};
///
/// let (token, alice) = (Token::new("token-of-phone-1")?, Account::new("alice")?);
/// let binding = Binding::one(token.clone(), alice.clone());
/// assert_eq!(binding, ("token-of-phone-1", "alice").try_into()?);
/// let both = Binding::new(token, [alice, Account::with_type("10086", 1002.into())?])?;
/// assert_eq!(both.accounts().len(), 2);
/// # Ok::<(), xgpush::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Shape")]
pub struct Binding {
    token: Token,
    #[serde(rename = "account_list")]
    accounts: Vec<Account>,
}

/// A binding as the service writes it, not checked yet.
#[derive(Deserialize)]
struct Shape {
    token: Token,
    account_list: Vec<Account>,
}

impl TryFrom<Shape> for Binding {
    type Error = Error;

    fn try_from(shape: Shape) -> Result<Self> {
        Self::new(shape.token, shape.account_list)
    }
}

impl From<(Token, Account)> for Binding {
    fn from((token, account): (Token, Account)) -> Self {
        Self::one(token, account)
    }
}

/// A token and an account without a type.
impl TryFrom<(&str, &str)> for Binding {
    type Error = Error;

    fn try_from((token, account): (&str, &str)) -> Result<Self> {
        Ok(Self::one(Token::new(token)?, Account::new(account)?))
    }
}

impl Binding {
    /// A token and at least one account.
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue) when there is no account.
    pub fn new(token: Token, accounts: impl IntoIterator<Item = Account>) -> Result<Self> {
        let accounts: Vec<_> = accounts.into_iter().collect();
        if accounts.is_empty() {
            return Err(Error::value(format!(
                "account_list of token {:?} is empty; each token_account consists of 1 token and \
                 1 account_list (Account Binding and Unbinding, parameter token_accounts)",
                token.as_str()
            )));
        }
        Ok(Self { token, accounts })
    }

    /// A token and one account.
    pub fn one(token: Token, account: Account) -> Self {
        Self {
            token,
            accounts: vec![account],
        }
    }

    /// The token.
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// The accounts, never empty.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// Adds one more account.
    pub fn push(&mut self, account: Account) {
        self.accounts.push(account);
    }
}

/// The items of a request, each of which gets one outcome.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Items {
    Bindings(Vec<Binding>),
    Tokens(Vec<Token>),
    Accounts(Vec<Account>),
}

impl Items {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Bindings(v) => v.len(),
            Self::Tokens(v) => v.len(),
            Self::Accounts(v) => v.len(),
        }
    }
}

/// The fields that only older protocol versions know.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct LegacyFields {
    pub(crate) platform: Option<Platform>,
    pub(crate) op_type: Option<String>,
    pub(crate) op_id: Option<String>,
}

/// A request of either API with any number of items: the client splits it.
///
/// ```
/// use xgpush::{Account, Binding, Request, Token};
///
/// let logins = (0..1000).map(|n| {
///     let (token, player) = (format!("token{n}"), format!("player{n}"));
///     Binding::try_from((token.as_str(), player.as_str()))
/// });
/// let bind = Request::bind(logins.collect::<Result<Vec<_>, _>>()?);
/// assert_eq!(bind.len(), 1000);
/// let stolen = Request::clear_tokens([Token::new("token-of-phone-1")?]);
/// let phones = Request::query_by_account([Account::new("alice")?]);
/// assert_ne!(stolen.action(), phones.action());
/// # Ok::<(), xgpush::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Request {
    pub(crate) action: Action,
    pub(crate) items: Items,
    pub(crate) legacy: LegacyFields,
}

impl Request {
    pub(crate) fn is_query(&self) -> bool {
        matches!(self.action, Action::Query(_))
    }

    fn of(action: Action, items: Items) -> Self {
        Self {
            action,
            items,
            legacy: LegacyFields::default(),
        }
    }

    /// Operator 2: binds each token to its accounts, overwriting.
    pub fn bind(bindings: impl IntoIterator<Item = Binding>) -> Self {
        Self::of(
            Action::Batch(Operator::Bind),
            Items::Bindings(bindings.into_iter().collect()),
        )
    }

    /// Operator 1: adds accounts to each token. TPNS has treated it as
    /// operator 2 since 2020-10-26 and refuses nothing; so the client refuses
    /// it unless `allow_append` is set.
    pub fn append(bindings: impl IntoIterator<Item = Binding>) -> Self {
        Self::of(
            Action::Batch(Operator::Append),
            Items::Bindings(bindings.into_iter().collect()),
        )
    }

    /// Operator 3: removes the given accounts from each token.
    pub fn unbind(bindings: impl IntoIterator<Item = Binding>) -> Self {
        Self::of(
            Action::Batch(Operator::Unbind),
            Items::Bindings(bindings.into_iter().collect()),
        )
    }

    /// Operator 4: removes all accounts from each token.
    pub fn clear_tokens(tokens: impl IntoIterator<Item = Token>) -> Self {
        Self::of(
            Action::Batch(Operator::ClearToken),
            Items::Tokens(tokens.into_iter().collect()),
        )
    }

    /// Operator 5: removes all tokens from each account.
    pub fn clear_accounts(accounts: impl IntoIterator<Item = Account>) -> Self {
        Self::of(
            Action::Batch(Operator::ClearAccount),
            Items::Accounts(accounts.into_iter().collect()),
        )
    }

    /// Looks up the tokens of accounts.
    pub fn query_by_account(accounts: impl IntoIterator<Item = Account>) -> Self {
        Self::of(
            Action::Query(Lookup::ByAccount),
            Items::Accounts(accounts.into_iter().collect()),
        )
    }

    /// Looks up the accounts of tokens.
    pub fn query_by_token(tokens: impl IntoIterator<Item = Token>) -> Self {
        Self::of(
            Action::Query(Lookup::ByToken),
            Items::Tokens(tokens.into_iter().collect()),
        )
    }

    /// Sets `platform`, which the two older protocol versions require.
    #[must_use]
    pub fn with_platform(mut self, platform: Platform) -> Self {
        self.legacy.platform = Some(platform);
        self
    }

    /// Sets `op_type`, the kind of the operator: `qq`, `rtx`, `email` or
    /// `other` (legacy XG only).
    #[must_use]
    pub fn with_op_type(mut self, op_type: impl Into<String>) -> Self {
        self.legacy.op_type = Some(op_type.into());
        self
    }

    /// Sets `op_id`, the id of the operator (legacy XG only).
    #[must_use]
    pub fn with_op_id(mut self, op_id: impl Into<String>) -> Self {
        self.legacy.op_id = Some(op_id.into());
        self
    }

    /// A request without items yet, for callers who add them one by one.
    pub fn new(action: Action) -> Self {
        let items = match action {
            Action::Batch(Operator::Append | Operator::Bind | Operator::Unbind) => {
                Items::Bindings(Vec::new())
            }
            Action::Batch(Operator::ClearToken) | Action::Query(Lookup::ByToken) => {
                Items::Tokens(Vec::new())
            }
            Action::Batch(Operator::ClearAccount) | Action::Query(Lookup::ByAccount) => {
                Items::Accounts(Vec::new())
            }
        };
        Self::of(action, items)
    }

    /// Adds an item: a token with its first account (operators 1, 2 and 3).
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) when the items of
    /// this request are of another kind.
    pub fn add_binding(&mut self, token: Token, account: Account) -> Result<()> {
        match &mut self.items {
            Items::Bindings(bindings) => bindings.push(Binding::one(token, account)),
            _ => return Err(self.wrong_item("a binding")),
        }
        Ok(())
    }

    /// Adds an item: a token (operator 4, and the query by token).
    ///
    /// # Errors
    /// As [`Request::add_binding`].
    pub fn add_token(&mut self, token: Token) -> Result<()> {
        match &mut self.items {
            Items::Tokens(tokens) => tokens.push(token),
            _ => return Err(self.wrong_item("a token alone")),
        }
        Ok(())
    }

    /// Adds an account: an item of its own (operator 5, and the query by
    /// account), or one more account of the last binding (operators 1, 2, 3).
    ///
    /// # Errors
    /// As [`Request::add_binding`]; also when there is no binding yet.
    pub fn add_account(&mut self, account: Account) -> Result<()> {
        match &mut self.items {
            Items::Accounts(accounts) => accounts.push(account),
            Items::Bindings(bindings) => match bindings.last_mut() {
                Some(binding) => binding.push(account),
                None => {
                    return Err(Error::request(
                        "an account without a token: each token_account consists of 1 token and \
                         1 account_list (Account Binding and Unbinding, parameter token_accounts)",
                    ));
                }
            },
            Items::Tokens(_) => return Err(self.wrong_item("an account")),
        }
        Ok(())
    }

    fn wrong_item(&self, given: &str) -> Error {
        Error::request(format!(
            "{given} is no item of this request: its items go into {} ({} API, parameter \
             operator_type)",
            self.action.list_field(),
            self.action.api_name()
        ))
    }

    /// What the request asks, and of which API.
    pub fn action(&self) -> Action {
        self.action
    }

    /// The number of items: bindings, tokens or accounts.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is no item. Such a request is refused before it is sent.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
