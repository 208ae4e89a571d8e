//! [`State`]: a snapshot of all bindings, to compare.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// All bindings at one moment. Tokens and accounts without bindings do not appear.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Per token its (account, account type) pairs, oldest first.
    pub tokens: BTreeMap<String, Vec<(String, i64)>>,
    /// Per account and account type its tokens, oldest first.
    pub accounts: BTreeMap<String, BTreeMap<i64, Vec<String>>>,
}

impl State {
    /// The accounts of a token, oldest first.
    pub fn accounts_of(&self, token: &str) -> &[(String, i64)] {
        self.tokens.get(token).map_or(&[], Vec::as_slice)
    }

    /// The tokens of an account, oldest first.
    pub fn tokens_of(&self, account: &str, account_type: i64) -> &[String] {
        self.accounts
            .get(account)
            .and_then(|types| types.get(&account_type))
            .map_or(&[], Vec::as_slice)
    }
}
