//! An outcome back from the JSON that it was written as.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Found, FoundAccount, ItemOutcome, Outcome, Reason, Warning};
use crate::model::error::{Error, ErrorKind};

impl Outcome {
    /// The outcome that [`to_json`](Outcome::to_json) wrote.
    ///
    /// # Errors
    /// [`InvalidJson`](ErrorKind::InvalidJson) when it did not write this.
    pub fn from_json(json: &[u8]) -> crate::Result<Self> {
        serde_json::from_slice(json).map_err(|error| {
            let text = format!("this is not the JSON of an outcome: {error}");
            Error::new(ErrorKind::InvalidJson, text).with_source(error)
        })
    }
}

/// What follows from the reason (`state`, `retryable`) is not read.
#[derive(Deserialize)]
struct ItemShape {
    reason: Reason,
    code: Option<i64>,
    http_status: Option<u16>,
    attempts: u16,
    message: Option<String>,
    confirmed: Option<bool>,
    retry_after_ms: Option<u64>,
    tokens: Option<Vec<String>>,
    accounts: Option<Vec<FoundAccount>>,
}

impl<'de> Deserialize<'de> for ItemOutcome {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let shape = ItemShape::deserialize(deserializer)?;
        let tokens = shape.tokens.map(Found::Tokens);
        let found = tokens.or(shape.accounts.map(Found::Accounts));
        Ok(Self {
            reason: shape.reason,
            http_status: shape.http_status,
            attempts: shape.attempts,
            code: shape.code,
            message: shape.message.map(Into::into),
            found: found.map(Box::new),
            confirmed: shape.confirmed,
            retry_after: shape
                .retry_after_ms
                .map(|ms| u32::try_from(ms / 1000).unwrap_or(u32::MAX)),
        })
    }
}

/// `counts` follows from the items.
#[derive(Deserialize)]
struct Shape {
    items: Vec<ItemOutcome>,
    #[serde(default)]
    warnings: Vec<Warning>,
    #[serde(default)]
    extra: Extra,
    #[serde(default)]
    requests: u32,
}

#[derive(Default)]
struct Extra(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Extra {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Extra;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Extra, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, raw)) = map.next_entry::<String, Box<RawValue>>()? {
                    fields.push((name, raw.get().to_owned()));
                }
                Ok(Extra(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

impl<'de> Deserialize<'de> for Outcome {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let shape = Shape::deserialize(deserializer)?;
        Ok(Self {
            items: shape.items,
            warnings: shape.warnings,
            extra: shape.extra.0,
            requests: shape.requests,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::WarningKind;
    use super::*;

    fn outcome() -> Outcome {
        let mut items: Vec<_> = Reason::ALL
            .iter()
            .map(|reason| ItemOutcome::new(*reason, Some(reason.name().into())))
            .collect();
        items[0].message = None;
        items[0].found = Some(Box::new(Found::Tokens(Vec::new())));
        items[1].code = Some(-7);
        items[1].http_status = Some(200);
        items[1].attempts = 3;
        items[1].confirmed = Some(false);
        items[1].retry_after = Some(u32::MAX);
        let account = |account_type| FoundAccount {
            account: "\u{7206}\"\n".to_owned(),
            account_type,
        };
        items[2].found = Some(Box::new(Found::Accounts(vec![
            account(None),
            account(Some(i64::MIN)),
        ])));
        let warning = |(n, kind): (usize, &WarningKind)| {
            Warning::new(*kind, (n > 0).then_some(n), kind.name())
        };
        Outcome {
            items,
            warnings: WarningKind::ALL.iter().enumerate().map(warning).collect(),
            extra: vec![
                ("z".to_owned(), "1.50e1".to_owned()),
                ("a".to_owned(), "{\"b\": [null]}".to_owned()),
            ],
            requests: u32::MAX,
        }
    }

    #[test]
    fn what_was_written_is_read_as_the_same() {
        let json = outcome().to_json();
        assert_eq!(Outcome::from_json(json.as_bytes()).unwrap(), outcome());
        let none = Outcome::from_json(b"{\"items\":[]}").unwrap();
        assert_eq!(
            none.to_json(),
            Outcome {
                items: vec![],
                ..none.clone()
            }
            .to_json()
        );
    }

    #[test]
    fn what_is_no_outcome_is_refused() {
        let item = r#"{"items":[{"reason":"accepted","attempts":1}]}"#;
        assert!(Outcome::from_json(item.as_bytes()).unwrap().all_accepted());
        for (good, bad) in [
            ("accepted", "applied"),
            ("\"attempts\":1", "\"attempts\":-1"),
            (",\"attempts\":1", ""),
            ("items", "item"),
            ("]}", "]"),
        ] {
            let broken = item.replace(good, bad);
            let error = Outcome::from_json(broken.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidJson, "{broken}");
        }
    }
}
