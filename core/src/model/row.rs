//! One row: an operator, a token and an account, as tables have them.

use crate::model::account::{AccountType, Platform};
use crate::model::operation::{Accounts, Operation};
use crate::model::operator::Operator;

/// One row of a table. Nothing is checked before it is pushed.
///
/// ```
/// use xgpush::{AccountType, Operator, Row};
///
/// let row = Row::bind("token1", "alice@example.com").with_type(AccountType::EMAIL);
/// assert_eq!((row.operator, row.platform), (Operator::Bind, None));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Row {
    /// What to do.
    pub operator: Operator,
    /// The token; empty where the operator takes none.
    pub token: String,
    /// The account; empty where the operator takes none.
    pub account: String,
    /// The account's type; `None` is not sent.
    pub account_type: Option<AccountType>,
    /// What the older protocol versions require.
    pub platform: Option<Platform>,
}

impl Row {
    /// The names of the fields in tables, in the order of rows without names.
    pub const FIELDS: [&'static str; 4] = ["token", "account", "account_type", "operation"];

    /// A row of any operator.
    pub fn new(operator: Operator, token: impl Into<String>, account: impl Into<String>) -> Self {
        Self {
            operator,
            token: token.into(),
            account: account.into(),
            account_type: None,
            platform: None,
        }
    }

    /// Binds a token to an account in place of those that it has (operator 2).
    pub fn bind(token: impl Into<String>, account: impl Into<String>) -> Self {
        Self::new(Operator::Bind, token, account)
    }

    /// Removes an account from a token (operator 3).
    pub fn unbind(token: impl Into<String>, account: impl Into<String>) -> Self {
        Self::new(Operator::Unbind, token, account)
    }

    /// Removes every account from a token (operator 4).
    pub fn clear_token(token: impl Into<String>) -> Self {
        Self::new(Operator::ClearToken, token, "")
    }

    /// Removes every token from an account (operator 5).
    pub fn clear_account(account: impl Into<String>) -> Self {
        Self::new(Operator::ClearAccount, "", account)
    }

    /// With the account's type.
    #[must_use]
    pub fn with_type(self, account_type: AccountType) -> Self {
        Self {
            account_type: Some(account_type),
            ..self
        }
    }
}

/// The row's token, account and platform, as far as they are not empty.
impl<'a> From<&'a Row> for Operation<'a> {
    fn from(row: &'a Row) -> Self {
        let accounts = if row.account.is_empty() && row.account_type.is_none() {
            Accounts::NONE
        } else {
            (row.account.as_str(), row.account_type).into()
        };
        Self {
            operator: row.operator,
            token: &row.token,
            accounts,
            platform: row.platform,
        }
    }
}
