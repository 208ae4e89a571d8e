//! A request's items to the documented JSON.

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use crate::account::{Account, AccountType, Token};
#[cfg(feature = "outbox")]
use crate::operation::Operator;
use crate::operation::{Binding, Items, Request};
#[cfg(feature = "outbox")]
use crate::outbox::KeptOperation;

/// The body of one HTTP request: the chosen items of `request`.
///
/// The bytes are the ones to sign and to send, so they are made once.
pub(crate) fn body(request: &Request, chosen: &[u32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(64 + chosen.len() * 96);
    serde_json::to_writer(&mut bytes, &Body { request, chosen })
        .expect("a request has no value that JSON lacks");
    bytes
}

struct Body<'a> {
    request: &'a Request,
    chosen: &'a [u32],
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { request, chosen } = *self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("operator_type", &request.action.number())?;
        if let Some(platform) = request.legacy.platform {
            map.serialize_entry("platform", platform.as_str())?;
        }
        let list = request.action.list_field();
        match &request.items {
            Items::Bindings(all) => map.serialize_entry(list, &Chosen { all, chosen })?,
            Items::Tokens(all) => map.serialize_entry(list, &Chosen { all, chosen })?,
            Items::Accounts(all) => map.serialize_entry(list, &Chosen { all, chosen })?,
        }
        if let Some(op_type) = &request.legacy.op_type {
            map.serialize_entry("op_type", op_type)?;
        }
        if let Some(op_id) = &request.legacy.op_id {
            map.serialize_entry("op_id", op_id)?;
        }
        map.end()
    }
}

struct Chosen<'a, T> {
    all: &'a [T],
    chosen: &'a [u32],
}

impl<T: Serialize> Serialize for Chosen<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.chosen.len()))?;
        for &index in self.chosen {
            seq.serialize_element(&self.all[index as usize])?;
        }
        seq.end()
    }
}

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for Account {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        account(self.name(), self.account_type(), serializer)
    }
}

impl Serialize for Binding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("token", self.token())?;
        map.serialize_entry("account_list", self.accounts())?;
        map.end()
    }
}

/// The body of one HTTP request of kept operations, all of one kind. Byte for byte
/// what [`body`] makes of the same items.
#[cfg(feature = "outbox")]
pub(crate) fn body_of_operations(operations: &[KeptOperation<'_>]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(64 + operations.len() * 96);
    serde_json::to_writer(&mut bytes, &Kept(operations))
        .expect("an operation has no value that JSON lacks");
    bytes
}

#[cfg(feature = "outbox")]
struct Kept<'a>(&'a [KeptOperation<'a>]);

#[cfg(feature = "outbox")]
impl Serialize for Kept<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(first) = self.0.first() {
            let operator = first.operator();
            map.serialize_entry("operator_type", &operator.number())?;
            if let Some(platform) = first.platform() {
                map.serialize_entry("platform", platform.as_str())?;
            }
            let items = Each(self.0, operator);
            map.serialize_entry(operator.list_field(), &items)?;
        }
        map.end()
    }
}

#[cfg(feature = "outbox")]
struct Each<'a>(&'a [KeptOperation<'a>], Operator);

#[cfg(feature = "outbox")]
impl Serialize for Each<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.0.len()))?;
        for operation in self.0 {
            match self.1 {
                Operator::ClearToken => seq.serialize_element(operation.token())?,
                Operator::ClearAccount => {
                    for (name, number) in operation.accounts() {
                        seq.serialize_element(&KeptAccount(name, number))?;
                    }
                }
                Operator::Append | Operator::Bind | Operator::Unbind => {
                    seq.serialize_element(&KeptBinding(*operation))?;
                }
            }
        }
        seq.end()
    }
}

#[cfg(feature = "outbox")]
struct KeptBinding<'a>(KeptOperation<'a>);

#[cfg(feature = "outbox")]
impl Serialize for KeptBinding<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Accounts<'a>(KeptOperation<'a>);
        impl Serialize for Accounts<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let accounts = self.0.accounts();
                serializer.collect_seq(accounts.map(|(name, number)| KeptAccount(name, number)))
            }
        }
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("token", self.0.token())?;
        map.serialize_entry("account_list", &Accounts(self.0))?;
        map.end()
    }
}

#[cfg(feature = "outbox")]
struct KeptAccount<'a>(&'a str, Option<AccountType>);

#[cfg(feature = "outbox")]
impl Serialize for KeptAccount<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        account(self.0, self.1, serializer)
    }
}

fn account<S: Serializer>(
    name: &str,
    account_type: Option<AccountType>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("account", name)?;
    if let Some(AccountType(number)) = account_type {
        map.serialize_entry("account_type", &number)?;
    }
    map.end()
}
