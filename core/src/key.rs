//! What order is kept by.

use crate::account::{Account, AccountType};

/// A token, or an account with its type: an account's pushes go to the device
/// that was bound last, so order matters there too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Key<'a> {
    Token(&'a str),
    Account(&'a str, AccountType),
}

/// Players choose account names: a hash with a seed, but a cheap one.
pub(crate) type KeyHasher = foldhash::fast::RandomState;

impl<'a> Key<'a> {
    pub(crate) fn of(account: &'a Account) -> Self {
        Self::Account(account.name(), account.effective_type())
    }

    #[cfg(feature = "outbox")]
    pub(crate) fn hash_by(self, hasher: &KeyHasher) -> u64 {
        std::hash::BuildHasher::hash_one(hasher, self)
    }
}
