//! A request's items to the documented JSON.

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use crate::account::{Account, Token};
use crate::operation::{Binding, Items, Request};

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
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("account", self.name())?;
        if let Some(account_type) = self.account_type() {
            map.serialize_entry("account_type", &account_type.0)?;
        }
        map.end()
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
