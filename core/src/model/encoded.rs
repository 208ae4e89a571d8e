//! [`EncodedOperation`]: an operation as bytes, in memory and in the outbox's file.

use crate::model::account::{AccountType, Platform};
use crate::model::operation::{NameAndType, Operation};
use crate::model::operator::Operator;

impl Operation<'_> {
    /// The bytes in which it is kept, in memory and in the file:
    ///
    /// ```text
    /// kind       1 byte   operator + 16 × platform (0 none, 1 android, 2 ios)
    /// token      1 byte   length, then the bytes
    /// accounts   each:    length × 2 + 1 if typed, 7 bits a byte, lowest first;
    ///                     4 bytes of type, lowest first, if typed; the bytes
    /// ```
    pub(crate) fn encode_to(&self, bytes: &mut Vec<u8>) {
        bytes.push(kind(self.operator, self.platform));
        bytes.push(u8::try_from(self.token.len()).unwrap_or(u8::MAX));
        bytes.extend_from_slice(self.token.as_bytes());
        for account in self.accounts.as_slice() {
            let mut head = account_head(account);
            while head >= 0x80 {
                bytes.push(head.to_le_bytes()[0] | 0x80);
                head >>= 7;
            }
            bytes.push(head.to_le_bytes()[0]);
            let (name, account_type) = account;
            if let Some(AccountType(number)) = account_type {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
            bytes.extend_from_slice(name.as_bytes());
        }
    }

    #[cfg(test)]
    pub(crate) fn encode(&self) -> Box<[u8]> {
        let mut bytes = Vec::new();
        self.encode_to(&mut bytes);
        bytes.into()
    }

    /// How many bytes [`encode_to`](Self::encode_to) adds.
    pub(crate) fn encoded_len(&self) -> usize {
        let accounts: usize = self.accounts.as_slice().iter().map(account_len).sum();
        2 + self.token.len() + accounts
    }
}

fn account_head((name, account_type): &NameAndType<'_>) -> usize {
    name.len() * 2 + usize::from(account_type.is_some())
}

fn account_len(account: &NameAndType<'_>) -> usize {
    let head = account_head(account);
    let bits = (usize::BITS - head.leading_zeros()).max(1) as usize;
    let (name, account_type) = account;
    bits.div_ceil(7) + 4 * usize::from(account_type.is_some()) + name.len()
}

/// What may travel in one request: one operator and one platform.
pub(crate) fn kind(operator: Operator, platform: Option<Platform>) -> u8 {
    let platform = match platform {
        None => 0,
        Some(Platform::Android) => 1,
        Some(Platform::Ios) => 2,
    };
    operator.number() + 16 * platform
}

/// An encoded operation, read in place. Its bytes were checked when they came.
#[derive(Clone, Copy)]
pub(crate) struct EncodedOperation<'a>(pub(crate) &'a [u8]);

impl<'a> EncodedOperation<'a> {
    pub(crate) fn kind(self) -> u8 {
        self.0.first().copied().unwrap_or_default()
    }

    /// Of a valid operation; what is not valid never gets this far.
    pub(crate) fn operator(self) -> Operator {
        Operator::try_from(i64::from(self.kind() & 15)).unwrap_or(Operator::ClearToken)
    }

    pub(crate) fn platform(self) -> Option<Platform> {
        match self.kind() >> 4 {
            1 => Some(Platform::Android),
            2 => Some(Platform::Ios),
            _ => None,
        }
    }

    pub(crate) fn token(self) -> &'a str {
        std::str::from_utf8(self.raw_token()).unwrap_or_default()
    }

    pub(crate) fn accounts(
        self,
    ) -> impl Iterator<Item = (&'a str, Option<AccountType>)> + Clone + use<'a> {
        let raw = self.raw_accounts();
        raw.map_while(|(name, number)| Some((std::str::from_utf8(name).ok()?, number)))
    }

    /// The token's bytes, for those who only compare.
    pub(crate) fn raw_token(self) -> &'a [u8] {
        self.split().map_or(&[], |(token, _)| token)
    }

    /// The accounts with their names as bytes.
    pub(crate) fn raw_accounts(
        self,
    ) -> impl Iterator<Item = (&'a [u8], Option<AccountType>)> + Clone + use<'a> {
        let mut rest = self.split().map_or(&[][..], |(_, rest)| rest);
        std::iter::from_fn(move || account(&mut rest))
    }

    fn split(self) -> Option<(&'a [u8], &'a [u8])> {
        let (length, rest) = self.0.get(1..)?.split_first()?;
        rest.split_at_checked(usize::from(*length))
    }

    /// Whether the bytes are those of a valid operation: asked of what a file
    /// brings.
    pub(crate) fn is_valid(self) -> bool {
        let accounts: Vec<_> = self.accounts().collect();
        let operation = Operation {
            operator: self.operator(),
            token: self.token(),
            accounts: (&accounts).into(),
            platform: self.platform(),
        };
        let mut bytes = Vec::new();
        operation.encode_to(&mut bytes);
        operation.check().is_ok() && bytes == self.0
    }
}

fn account<'a>(rest: &mut &'a [u8]) -> Option<(&'a [u8], Option<AccountType>)> {
    let (mut head, mut shift) = (0_usize, 0);
    loop {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        head |= usize::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            break;
        }
        shift += 7;
    }
    let account_type = if head & 1 == 1 {
        let (number, after) = rest.split_first_chunk::<4>()?;
        *rest = after;
        Some(AccountType(i32::from_le_bytes(*number)))
    } else {
        None
    };
    let (name, after) = rest.split_at_checked(head >> 1)?;
    *rest = after;
    Some((name, account_type))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn encoded_operation_reads_as_it_was_written(
            token in "[a-z好]{1,16}",
            accounts in prop::collection::vec(("[a-z好]{2,200}", prop::option::of(any::<i32>())), 1..4),
            platform in 0_u8..3,
        ) {
            let accounts: Vec<_> = accounts.iter().map(|(n, t)| (n.as_str(), t.map(AccountType))).collect();
            let mut operation = Operation::bind(&token, &accounts);
            operation.platform = [None, Some(Platform::Android), Some(Platform::Ios)][usize::from(platform)];
            let mut bytes = Vec::new();
            operation.encode_to(&mut bytes);
            prop_assert_eq!(bytes.len(), operation.encoded_len());
            let body = EncodedOperation(&bytes);
            prop_assert!(body.is_valid());
            prop_assert_eq!(body.token(), token.as_str());
            prop_assert_eq!(body.accounts().collect::<Vec<_>>(), accounts.clone());
            let request = operation.to_request().unwrap();
            let kept = crate::protocol::wire::body_of_operations(&[body, body]);
            let twice = crate::protocol::wire::body(&request, &[0, 0]);
            prop_assert_eq!(String::from_utf8(kept), String::from_utf8(twice));
        }

        #[test]
        fn reading_any_bytes_does_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let body = EncodedOperation(&bytes);
            let _ = body.token();
            prop_assert!(body.accounts().count() <= bytes.len());
            let _ = body.is_valid();
            let _ = crate::protocol::wire::body_of_operations(&[body]);
        }
    }
}
