//! A desired state from a table: the rows of each token together.

use std::collections::HashMap;

use super::DesiredAccounts;
use crate::model::account::Account;
use crate::model::error::{Error, Result};
use crate::model::operator::Operator;
use crate::model::row::Row;
use crate::model::token::Token;

impl DesiredAccounts {
    /// What rows in any order say of each token, in the order in which the tokens
    /// first come: a row of `bind` names one of its accounts, a row of `clear_token`
    /// says that it has none. A row that comes twice is one row.
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue), naming the row from 0 on, of
    /// a row that breaks a rule, of another operation, of a second account of one
    /// type for one token, and of a token that is to have accounts and none.
    pub fn from_rows(rows: impl IntoIterator<Item = Row>) -> Result<Vec<Self>> {
        let mut grouped = Grouped::default();
        for (n, row) in rows.into_iter().enumerate() {
            grouped.add(&row).map_err(|error| error.at_item(n))?;
        }
        Ok(grouped.desired)
    }
}

#[derive(Default)]
struct Grouped {
    desired: Vec<DesiredAccounts>,
    places: HashMap<String, usize>,
}

impl Grouped {
    fn add(&mut self, row: &Row) -> Result<()> {
        let account = match row.operator {
            Operator::Bind => {
                let name = row.account.as_str();
                Some(Account::with_optional_type(name, row.account_type)?)
            }
            Operator::ClearToken if row.account.is_empty() && row.account_type.is_none() => None,
            Operator::ClearToken => {
                return Err(Error::value("clear_token takes no account"));
            }
            other => {
                return Err(Error::value(format!(
                    "{} is nothing that a token can have: a wanted state has rows of bind (the \
                     token has this account) and of clear_token (it has none)",
                    other.name()
                )));
            }
        };
        let Some(&place) = self.places.get(&row.token) else {
            let token = Token::new(row.token.as_str())?;
            self.places.insert(row.token.clone(), self.desired.len());
            let accounts = account.into_iter();
            self.desired.push(DesiredAccounts::new(token, accounts)?);
            return Ok(());
        };
        let desired = &mut self.desired[place];
        match account {
            Some(account) if desired.accounts.contains(&account) => Ok(()),
            None if desired.accounts.is_empty() => Ok(()),
            Some(account) if !desired.accounts.is_empty() => {
                let mut accounts = desired.accounts.clone();
                accounts.push(account);
                *desired = DesiredAccounts::new(desired.token.clone(), accounts)?;
                Ok(())
            }
            _ => Err(Error::value(format!(
                "token {:?} is to have accounts in one row and none in another",
                row.token
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::account::AccountType;

    fn rows(rows: &[(Operator, &str, &str, Option<i32>)]) -> Result<Vec<DesiredAccounts>> {
        DesiredAccounts::from_rows(rows.iter().map(|(operator, token, account, kind)| Row {
            account_type: kind.map(AccountType),
            ..Row::new(*operator, *token, *account)
        }))
    }

    #[test]
    fn rows_of_a_token_come_together() {
        use Operator::{Bind, ClearToken};
        let found = rows(&[
            (Bind, "token1", "alice", None),
            (Bind, "token2", "bob", Some(3)),
            (ClearToken, "token3", "", None),
            (Bind, "token1", "alice", Some(2)),
            (Bind, "token2", "bob", Some(3)),
            (ClearToken, "token3", "", None),
        ]);
        let shown: Vec<_> = found
            .unwrap()
            .iter()
            .map(|w| (w.token().as_str().to_owned(), w.accounts().len()))
            .collect();
        let expected = [("token1", 2), ("token2", 1), ("token3", 0)];
        assert_eq!(shown, expected.map(|(token, n)| (token.to_owned(), n)));
    }

    #[test]
    fn what_cannot_be_wanted_is_named() {
        use Operator::{Bind, ClearAccount, ClearToken, Unbind};
        let first = (Bind, "token1", "alice", None);
        for (second, says) in [
            ((Unbind, "token1", "bob", None), "unbind is nothing"),
            ((ClearAccount, "", "bob", None), "clear_account is nothing"),
            ((Bind, "token1", "bob", Some(0)), "two accounts of type 0"),
            ((Bind, "token1", "", None), "account"),
            ((Bind, "", "bob", None), "token"),
            ((ClearToken, "token1", "", None), "none in another"),
            ((ClearToken, "token1", "bob", None), "takes no account"),
        ] {
            let error = rows(&[first, second]).unwrap_err();
            assert_eq!(error.item(), Some(1), "{error}");
            assert!(error.to_string().contains(says), "{error}");
        }
    }
}
