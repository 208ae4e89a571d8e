//! Which queued operation a newer one makes pointless.
//!
//! Only where the end is the same under every reading that the documents allow.
//! Whether an overwrite clears all account types of the token or only its own is
//! not settled, so a newer overwrite must cover the older one's types. How an
//! account's devices are ordered by age is part of the end, because its pushes go
//! to the one that was bound last; who is bound again is the newest then.

use super::{EncodedOperation, Entry, Key, Queue, Slot, State};
use crate::model::account::AccountType;
use crate::model::operator::Operator;

impl Queue {
    /// Takes the operation that `newer` makes pointless, if there is one. It stays in its
    /// place, and `newer` is to be appended behind it, until it is completed.
    pub(crate) fn take_superseded(&mut self, newer: &Entry) -> Option<Slot> {
        let slot = self.superseded_by(newer)?;
        self.slots[slot as usize].state = State::Taken;
        Some(slot)
    }

    /// The last operation on the token of `newer`, if it was never sent and
    /// `newer` makes it pointless.
    pub(super) fn superseded_by(&self, newer: &Entry) -> Option<Slot> {
        let body = EncodedOperation(&newer.body);
        let slot = self.last_on(Key::Token(body.raw_token()))?;
        let queued = &self.slots[slot as usize];
        let unsent = queued.state == State::Waiting && queued.attempts == 0;
        // What is durable is not given up for what is not.
        let kept = newer.id != 0 || queued.id == 0;
        let older = EncodedOperation(&queued.body);
        let pointless = unsent && kept && covers(body, older);
        (pointless && self.is_last_on_shared_accounts(slot, body)).then_some(slot)
    }

    /// If both name an account, nothing on that account came in between: else
    /// the order of the account's devices would differ.
    fn is_last_on_shared_accounts(&self, slot: Slot, newer: EncodedOperation<'_>) -> bool {
        let older = EncodedOperation(self.body(slot));
        accounts(newer).all(|(name, account_type)| {
            let shared = accounts(older).any(|theirs| theirs == (name, account_type));
            !shared || self.last_on(Key::Account(name, account_type)) == Some(slot)
        })
    }
}

fn accounts(body: EncodedOperation<'_>) -> impl Iterator<Item = (&[u8], AccountType)> {
    let accounts = body.raw_accounts();
    accounts.map(|(name, account_type)| (name, account_type.unwrap_or_default()))
}

/// Whether after `newer` the token is the same with and without `older`, which
/// is on the same token.
fn covers(newer: EncodedOperation<'_>, older: EncodedOperation<'_>) -> bool {
    if newer.kind() >> 4 != older.kind() >> 4 {
        return false;
    }
    match (newer.operator(), older.operator()) {
        (Operator::ClearToken, _) => true,
        (Operator::Bind, Operator::Bind | Operator::Append | Operator::Unbind) => {
            accounts(older).all(|(_, theirs)| accounts(newer).any(|(_, own)| own == theirs))
        }
        _ => false,
    }
}
