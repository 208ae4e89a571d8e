//! The ordering key: a token, or an account with its type.

use crate::model::account::{Account, AccountType};

/// A token, or an account with its type: an account's pushes go to the device
/// that was bound last, so order matters there too. As bytes: nothing is read out
/// of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Key<'a> {
    Token(&'a [u8]),
    Account(&'a [u8], AccountType),
}

/// Players choose account names: a hash with a seed, but a cheap one.
pub(crate) type KeyHasher = foldhash::fast::RandomState;

impl<'a> Key<'a> {
    pub(crate) fn of(account: &'a Account) -> Self {
        Self::Account(account.name().as_bytes(), account.effective_type())
    }

    pub(crate) fn hash_by(self, hasher: &KeyHasher) -> u64 {
        std::hash::BuildHasher::hash_one(hasher, self)
    }
}
