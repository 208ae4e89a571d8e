//! A fault: what goes wrong, and which requests it hits.

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::kind::FaultKind;

/// A fault, and the requests that it hits.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Fault {
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// How many requests are hit; 0 means all. Default: 1.
    #[schemars(default = "once")]
    pub times: u32,
    /// How many matching requests pass first. Default: 0.
    #[schemars(default)]
    pub skip: u32,
    /// Only paths that end so. Default: every path.
    pub path: Option<String>,
    /// Only this operator type. Default: every one.
    pub operator_type: Option<i64>,
    /// Only requests that name this token. Default: every one.
    pub token: Option<String>,
    /// Only requests that name this account. Default: every one.
    pub account: Option<String>,
    /// How many of a hundred of these requests are hit, drawn reproducibly. Default: 100.
    #[schemars(default = "always", range(min = 0.0, max = 100.0))]
    pub percent: f64,
    /// To find it again. It replaces a waiting fault of that name. Default: none.
    pub name: Option<String>,
}

fn once() -> u32 {
    1
}

fn always() -> f64 {
    100.0
}

impl Fault {
    /// Hits the next request, once.
    pub fn new(kind: FaultKind) -> Self {
        Self {
            kind,
            times: once(),
            skip: 0,
            path: None,
            operator_type: None,
            token: None,
            account: None,
            percent: always(),
            name: None,
        }
    }

    /// Hits so many requests; 0 means all.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }

    /// Lets so many matching requests pass first.
    #[must_use]
    pub fn skip(self, skip: u32) -> Self {
        Self { skip, ..self }
    }

    /// Hits only paths that end so.
    #[must_use]
    pub fn path(self, path: impl Into<String>) -> Self {
        Self {
            path: Some(path.into()),
            ..self
        }
    }

    /// Hits only this operator type.
    #[must_use]
    pub fn operator_type(self, operator_type: i64) -> Self {
        Self {
            operator_type: Some(operator_type),
            ..self
        }
    }

    /// Hits only requests that name this token.
    #[must_use]
    pub fn token(self, token: impl Into<String>) -> Self {
        Self {
            token: Some(token.into()),
            ..self
        }
    }

    /// Hits only requests that name this account.
    #[must_use]
    pub fn account(self, account: impl Into<String>) -> Self {
        Self {
            account: Some(account.into()),
            ..self
        }
    }

    /// Hits so many of a hundred.
    #[must_use]
    pub fn percent(self, percent: f64) -> Self {
        Self { percent, ..self }
    }

    /// Gives it a name.
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        Self {
            name: Some(name.into()),
            ..self
        }
    }
}

impl From<FaultKind> for Fault {
    fn from(kind: FaultKind) -> Self {
        Self::new(kind)
    }
}

// By hand, because `flatten` takes unknown fields in silence: a fault with a
// misspelled field would be a test that tests something else.
impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(default, deny_unknown_fields)]
        struct Filter {
            times: u32,
            skip: u32,
            path: Option<String>,
            operator_type: Option<i64>,
            token: Option<String>,
            account: Option<String>,
            percent: f64,
            name: Option<String>,
        }
        impl Default for Filter {
            fn default() -> Self {
                Self {
                    times: once(),
                    skip: 0,
                    path: None,
                    operator_type: None,
                    token: None,
                    account: None,
                    percent: always(),
                    name: None,
                }
            }
        }

        let mut kind = Map::deserialize(deserializer)?;
        let mut filter = Map::new();
        for name in [
            "times",
            "skip",
            "path",
            "operator_type",
            "token",
            "account",
            "percent",
            "name",
        ] {
            if let Some(value) = kind.remove(name) {
                filter.insert(name.into(), value);
            }
        }
        let filter: Filter =
            serde_json::from_value(Value::Object(filter)).map_err(D::Error::custom)?;
        if !(0.0..=100.0).contains(&filter.percent) {
            return Err(D::Error::custom("`percent` is from 0 to 100"));
        }
        let fields: Vec<String> = kind.keys().cloned().collect();
        let kind: FaultKind =
            serde_json::from_value(Value::Object(kind)).map_err(D::Error::custom)?;
        let known = serde_json::to_value(&kind).map_err(D::Error::custom)?;
        // serde does not look at further fields of a variant that has none.
        if let Some(unknown) = fields.iter().find(|field| known.get(field).is_none()) {
            return Err(D::Error::custom(format!(
                "unknown field `{unknown}` of fault `{}`",
                kind.name()
            )));
        }
        Ok(Self {
            kind,
            times: filter.times,
            skip: filter.skip,
            path: filter.path,
            operator_type: filter.operator_type,
            token: filter.token,
            account: filter.account,
            percent: filter.percent,
            name: filter.name,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, FaultKind};

    fn read(text: &str) -> Result<Fault, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn documented_json_survives_reading_and_writing() {
        let fault = read(
            r#"{"kind":"status","status":503,"retry_after":"1","body":"x","times":2,"path":"query"}"#,
        )
        .unwrap();
        assert_eq!(fault.times, 2);
        assert_eq!(fault.path.as_deref(), Some("query"));
        let FaultKind::Status {
            status,
            body,
            apply,
            ..
        } = &fault.kind
        else {
            panic!("{fault:?}");
        };
        assert_eq!((*status, body.as_deref(), *apply), (503, Some("x"), false));
        let again = serde_json::to_string(&fault).unwrap();
        assert_eq!(read(&again).unwrap(), fault);
        assert_eq!(
            read(r#"{"kind":"hang"}"#).unwrap(),
            Fault::new(FaultKind::Hang)
        );
    }

    #[test]
    fn fault_with_unknown_field_is_refused() {
        for text in [
            r#"{"kind":"hang","time":2}"#,
            r#"{"kind":"truncate","at":1,"time":2}"#,
            r#"{"kind":"truncate"}"#,
            r#"{"kind":"no_such"}"#,
            r#"{"kind":"hang","percent":101}"#,
            r#"{"kind":"hang","percent":-1}"#,
            r#"{"kind":"hang","percent":"5"}"#,
            r#"{"kind":"hang","name":5}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
