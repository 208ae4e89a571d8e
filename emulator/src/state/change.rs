//! [`Change`]: what became of one binding.

use std::borrow::Cow;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

/// A binding that was made or removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whether it was made; otherwise it was removed.
    pub bound: bool,
    /// The token.
    pub token: Arc<str>,
    /// The account.
    pub account: Arc<str>,
    /// The account's type.
    pub account_type: i64,
}

impl Change {
    fn is_of_the_same_binding(&self, other: &Self) -> bool {
        self.token == other.token
            && self.account == other.account
            && self.account_type == other.account_type
    }
}

impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Change", 4)?;
        fields.serialize_field("change", if self.bound { "bound" } else { "unbound" })?;
        fields.serialize_field("token", &*self.token)?;
        fields.serialize_field("account", &*self.account)?;
        fields.serialize_field("account_type", &self.account_type)?;
        fields.end()
    }
}

impl JsonSchema for Change {
    fn schema_name() -> Cow<'static, str> {
        "Change".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A binding that was made or removed",
            "type": "object",
            "properties": {
                "change": {"enum": ["bound", "unbound"]},
                "token": {"type": "string"},
                "account": {"type": "string"},
                "account_type": {"type": "integer"}
            },
            "required": ["change", "token", "account", "account_type"],
            "additionalProperties": false
        })
    }
}

/// The changes since the last look, when somebody wants to see them.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    kept: bool,
    changes: Vec<Change>,
}

impl Journal {
    /// More changes of one request than these are not written down.
    const MOST: usize = 200;

    pub(crate) fn keep(&mut self, kept: bool) {
        self.kept = kept;
        self.changes.clear();
    }

    pub(crate) fn write(
        &mut self,
        bound: bool,
        token: &Arc<str>,
        account: &Arc<str>,
        account_type: i64,
    ) {
        if !self.kept || self.changes.len() >= Self::MOST {
            return;
        }
        let change = Change {
            bound,
            token: token.clone(),
            account: account.clone(),
            account_type,
        };
        // What is removed and made again is bound as before.
        let undone = self
            .changes
            .iter()
            .position(|earlier| earlier.bound != bound && earlier.is_of_the_same_binding(&change));
        match undone {
            Some(position) => {
                self.changes.remove(position);
            }
            None => self.changes.push(change),
        }
    }

    pub(crate) fn take(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }
}
