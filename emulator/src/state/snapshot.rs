//! [`State`]: a snapshot of all bindings, to compare.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// All bindings at one moment. Tokens and accounts without bindings do not appear.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct State {
    /// Per token its (account, account type) pairs, oldest first.
    pub tokens: BTreeMap<String, Vec<(String, i64)>>,
    /// Per account and account type its tokens, oldest first.
    pub accounts: BTreeMap<String, BTreeMap<i64, Vec<String>>>,
    /// Per token its tags, oldest first.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, Vec<String>>,
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

    /// The tags of a token, oldest first.
    pub fn tags_of(&self, token: &str) -> &[String] {
        self.tags.get(token).map_or(&[], Vec::as_slice)
    }

    /// Makes the tokens' side of the accounts' side.
    pub(crate) fn fill_tokens(&mut self) {
        for (account, types) in &self.accounts {
            for (account_type, tokens) in types {
                for token in tokens {
                    let accounts = self.tokens.entry(token.clone()).or_default();
                    accounts.push((account.clone(), *account_type));
                }
            }
        }
    }

    /// Whether both sides tell the same. Either may be left out as a whole: then the
    /// other one counts.
    pub(crate) fn is_consistent(&self) -> Result<(), String> {
        if self.accounts.is_empty() || self.tokens.is_empty() {
            return Ok(());
        }
        let mut count = 0;
        for (account, types) in &self.accounts {
            for (account_type, tokens) in types {
                for token in tokens {
                    let pair =
                        |(name, number): &(String, i64)| name == account && number == account_type;
                    if !self.accounts_of(token).iter().any(pair) {
                        return Err(format!(
                            "`accounts` has {account:?} of type {account_type} with token \
                             {token:?}, and `tokens` does not"
                        ));
                    }
                    count += 1;
                }
            }
        }
        if count != self.tokens.values().map(Vec::len).sum::<usize>() {
            return Err("`tokens` has bindings that `accounts` does not have".into());
        }
        Ok(())
    }
}
