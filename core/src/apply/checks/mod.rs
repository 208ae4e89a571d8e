//! Checks of the values in a table: what spreadsheets, databases and programs leave behind.
//! Impossible values are refused, suspicious ones are counted.
//!
//! It is for tables only. The service takes these values, and so do the calls of a
//! program that knows what it hands over.

mod frequent;
mod impossible;
mod suspicion;

use crate::model::error::{Error, Result};
use crate::model::key::Key;
use crate::model::row::Row;
use crate::model::text::shortened;

use frequent::FrequentKeys;
pub use suspicion::Suspicion;

named! {
    /// How closely the rows of a table are looked at.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum CheckLevel("the check level", InvalidArgument) {
        /// What cannot be meant is refused, what is suspicious is counted.
        #[default]
        Normal => "normal",
        /// What is suspicious is refused as well.
        Strict => "strict",
        /// Every value is taken as it stands, as far as the service allows.
        Verbatim => "verbatim",
    }
}

/// What was suspicious in a table, with the first row of its kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Notice {
    /// What it looks like.
    pub suspicion: Suspicion,
    /// In how many rows.
    pub rows: u64,
    /// The number of the first, from 1.
    pub first_row: u64,
    /// The number of the line on which that one begins, in a file of text.
    pub first_line: Option<u64>,
    /// Whose value it is: `token` or `account`.
    pub field: &'static str,
    /// The value, cut off behind 40 characters.
    pub example: String,
}

impl std::fmt::Display for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rows = if self.rows == 1 { "row" } else { "rows" };
        write!(f, "{} {rows}, ", self.rows)?;
        if self.rows > 1 {
            write!(f, "the first is ")?;
        }
        write!(f, "row {}", self.first_row)?;
        if let Some(line) = self.first_line {
            write!(f, " (line {line})")?;
        }
        write!(
            f,
            ": the {} {} {}",
            self.field,
            self.example,
            self.suspicion.text()
        )
    }
}

/// Looks at the rows of one table, in their order.
#[derive(Debug, Default)]
pub struct RowChecker {
    check_level: CheckLevel,
    rows: u64,
    notices: Vec<Notice>,
    tokens: FrequentKeys,
    accounts: FrequentKeys,
}

impl RowChecker {
    /// For a table of which no row was read.
    pub fn new(check_level: CheckLevel) -> Self {
        Self {
            check_level,
            ..Self::default()
        }
    }

    /// What it has found so far, one notice for each suspicion.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// Refuses the names of the columns where values are expected: before the other
    /// fields are read, which cannot be read either.
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue).
    pub fn is_no_header(&self, token: &str, account: &str) -> Result<()> {
        if self.check_level == CheckLevel::Verbatim {
            return Ok(());
        }
        impossible::no_header(token, account)
    }

    /// Counts a row that could not be read.
    pub fn pass(&mut self) {
        self.rows += 1;
    }

    /// Judges a row; `line` is where it begins in a file of text.
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue) for what cannot be meant, and with
    /// [`Strict`](CheckLevel::Strict) for what is suspicious.
    pub fn check(&mut self, row: &Row, line: Option<u64>) -> Result<()> {
        self.rows += 1;
        if self.check_level == CheckLevel::Verbatim {
            return Ok(());
        }
        let fields = [("token", row.token.as_str()), ("account", &row.account)];
        for (field, value) in fields {
            impossible::check(field, value)?;
        }
        for (field, value) in fields {
            if let Some(suspicion) = suspicion::of(value) {
                self.note(suspicion, field, value, line)?;
            }
        }
        if row.token.contains([',', ';', '|', ' ', '\t']) {
            self.note(Suspicion::Separated, "token", &row.token, line)?;
        }
        if row.token == row.account && !row.token.is_empty() {
            self.note(Suspicion::SameValue, "account", &row.account, line)?;
        }
        // More rows on one of them than anybody has phones.
        let kind = row.account_type.unwrap_or_default();
        let account = Key::Account(row.account.as_bytes(), kind);
        if !row.account.is_empty() && self.accounts.is_many(account) {
            self.note(Suspicion::ManyTokens, "account", &row.account, line)?;
        }
        if !row.token.is_empty() && self.tokens.is_many(Key::Token(row.token.as_bytes())) {
            self.note(Suspicion::ManyAccounts, "token", &row.token, line)?;
        }
        Ok(())
    }

    fn note(
        &mut self,
        suspicion: Suspicion,
        field: &'static str,
        value: &str,
        line: Option<u64>,
    ) -> Result<()> {
        let known = self.notices.iter_mut().find(|n| n.suspicion == suspicion);
        match known {
            Some(notice) => notice.rows += 1,
            None => self.notices.push(Notice {
                suspicion,
                rows: 1,
                first_row: self.rows,
                first_line: line,
                field,
                example: shortened(value),
            }),
        }
        if self.check_level == CheckLevel::Strict {
            return Err(Error::value(format!(
                "the {field} {} {} (refused by strict)",
                shortened(value),
                suspicion.text()
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::account::AccountType;

    fn found(checker: &RowChecker) -> Vec<(Suspicion, u64, u64)> {
        let notices = checker.notices().iter();
        notices
            .map(|n| (n.suspicion, n.rows, n.first_row))
            .collect()
    }

    #[test]
    fn a_suspicion_is_counted_with_its_first_row() {
        let mut checker = RowChecker::new(CheckLevel::Normal);
        for account in ["alice", "NULL", "1.38E+10", "null", "bob"] {
            checker
                .check(&Row::bind("token1", account), Some(7))
                .unwrap();
        }
        let expected = [(Suspicion::Nothing, 2, 2), (Suspicion::Shortened, 1, 3)];
        assert_eq!(found(&checker), expected);
        let told = checker.notices()[0].to_string();
        let begin =
            "2 rows, the first is row 2 (line 7): the account \"NULL\" is a word for nothing";
        assert!(told.starts_with(begin), "{told}");
    }

    #[test]
    fn strict_refuses_it_and_verbatim_takes_everything() {
        let row = Row::bind("token1", "NULL");
        let error = RowChecker::new(CheckLevel::Strict)
            .check(&row, None)
            .unwrap_err();
        assert!(error.to_string().contains("word for nothing"), "{error}");
        let mut checker = RowChecker::new(CheckLevel::Verbatim);
        for account in ["NULL", " alice", "a\u{200b}b", "account"] {
            checker.check(&Row::bind("token", account), None).unwrap();
            checker.is_no_header("token", account).unwrap();
        }
        assert_eq!(checker.notices(), []);
    }

    #[test]
    fn more_rows_than_phones_on_one_account() {
        let mut checker = RowChecker::new(CheckLevel::Normal);
        let mut strict = RowChecker::new(CheckLevel::Strict);
        let mut refused = 0;
        for n in 0..300 {
            let kind = AccountType(n / 150);
            let row = Row::bind(format!("token{n}"), "guest").with_type(kind);
            checker.check(&row, None).unwrap();
            refused += u64::from(strict.check(&row, None).is_err());
        }
        assert_eq!(found(&checker), [(Suspicion::ManyTokens, 100, 101)]);
        assert_eq!(refused, 100);
        let mut checker = RowChecker::new(CheckLevel::Normal);
        for n in 0..101 {
            let row = Row::bind("placeholder", format!("player{n}"));
            checker.check(&row, None).unwrap();
        }
        assert_eq!(found(&checker), [(Suspicion::ManyAccounts, 1, 101)]);
        let mut checker = RowChecker::new(CheckLevel::Normal);
        checker
            .check(&Row::clear_token("token1;alice"), None)
            .unwrap();
        checker.check(&Row::clear_token(""), None).unwrap();
        assert_eq!(found(&checker), [(Suspicion::Separated, 1, 1)]);
    }
}
