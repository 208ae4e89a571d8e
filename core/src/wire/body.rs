//! A request's items to the documented JSON.

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use crate::account::{Account, AccountType, Platform, Token};
#[cfg(feature = "bulk")]
use crate::operation::Operator;
#[cfg(feature = "bulk")]
use crate::operation::single::Body as KeptOperation;
use crate::operation::{Action, Binding, Items, Request};

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
        head(&mut map, request.action, request.legacy.platform)?;
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

fn head<M: SerializeMap>(
    map: &mut M,
    action: Action,
    platform: Option<Platform>,
) -> Result<(), M::Error> {
    map.serialize_entry("operator_type", &action.number())?;
    match platform {
        Some(platform) => map.serialize_entry("platform", platform.as_str()),
        None => Ok(()),
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
        JsonAccount(self.name(), self.account_type()).serialize(serializer)
    }
}

impl Serialize for Binding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let accounts = self.accounts().iter();
        let accounts = accounts.map(|account| (account.name(), account.account_type()));
        binding(serializer, self.token().as_str(), accounts)
    }
}

struct JsonAccount<'a>(&'a str, Option<AccountType>);

impl Serialize for JsonAccount<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("account", self.0)?;
        if let Some(AccountType(number)) = self.1 {
            map.serialize_entry("account_type", &number)?;
        }
        map.end()
    }
}

fn binding<'a, S: Serializer>(
    serializer: S,
    token: &str,
    accounts: impl Iterator<Item = (&'a str, Option<AccountType>)> + Clone,
) -> Result<S::Ok, S::Error> {
    struct List<I>(I);
    impl<'a, I: Iterator<Item = (&'a str, Option<AccountType>)> + Clone> Serialize for List<I> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let accounts = self.0.clone();
            serializer.collect_seq(accounts.map(|(name, number)| JsonAccount(name, number)))
        }
    }
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("token", token)?;
    map.serialize_entry("account_list", &List(accounts))?;
    map.end()
}

/// The body of one HTTP request of kept operations, all of one kind. Byte for byte
/// what [`body`] makes of the same items.
#[cfg(feature = "bulk")]
pub(crate) fn body_of_operations(operations: &[KeptOperation<'_>]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(64 + operations.len() * 96);
    serde_json::to_writer(&mut bytes, &Kept(operations))
        .expect("an operation has no value that JSON lacks");
    bytes
}

#[cfg(feature = "bulk")]
struct Kept<'a>(&'a [KeptOperation<'a>]);

#[cfg(feature = "bulk")]
impl Serialize for Kept<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(first) = self.0.first() {
            let action = Action::Batch(first.operator());
            head(&mut map, action, first.platform())?;
            map.serialize_entry(action.list_field(), self.0)?;
        }
        map.end()
    }
}

#[cfg(feature = "bulk")]
impl Serialize for KeptOperation<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.operator() {
            Operator::Append | Operator::Bind | Operator::Unbind => {
                binding(serializer, self.token(), self.accounts())
            }
            Operator::ClearToken => serializer.serialize_str(self.token()),
            Operator::ClearAccount => {
                let (name, number) = self.accounts().next().unwrap_or_default();
                JsonAccount(name, number).serialize(serializer)
            }
        }
    }
}
