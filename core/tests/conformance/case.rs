//! The cases as they are written down. What the page does not know is an error:
//! a misspelled expectation would be one that nobody checks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The files that must be there.
pub(crate) const FILES: [&str; 7] = [
    "answers.json",
    "codes.json",
    "invalid.json",
    "live.json",
    "samples.json",
    "signing.json",
    "splitting.json",
];

/// One case.
pub(crate) struct Case {
    pub(crate) file: String,
    pub(crate) name: String,
    pub(crate) source: String,
    pub(crate) options: BTreeMap<String, String>,
    pub(crate) kind: Kind,
}

pub(crate) enum Kind {
    Request(RequestCase),
    Answer(AnswerCase),
    Invalid(InvalidCase),
    Call(CallCase),
    Live(Box<LiveCase>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    name: String,
    kind: String,
    source: String,
    #[serde(default)]
    options: BTreeMap<String, String>,
}

/// Which of the two APIs.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ApiName {
    Batch,
    Query,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestCase {
    pub(crate) api: ApiName,
    pub(crate) input: Option<Value>,
    pub(crate) input_text: Option<String>,
    #[serde(default = "sample_time")]
    pub(crate) at: i64,
    pub(crate) expect: RequestExpectation,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestExpectation {
    pub(crate) parts: Vec<PartExpectation>,
    #[serde(default)]
    pub(crate) warnings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartExpectation {
    pub(crate) wave: Option<u32>,
    pub(crate) url: Option<String>,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) absent_headers: Vec<String>,
    pub(crate) body: Option<Value>,
    pub(crate) body_text: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnswerCase {
    pub(crate) api: ApiName,
    pub(crate) input: Option<Value>,
    pub(crate) input_text: Option<String>,
    pub(crate) answer: Answer,
    pub(crate) expect: AnswerExpectation,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    pub(crate) status: Option<u16>,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) body: Option<Value>,
    pub(crate) body_text: Option<String>,
    pub(crate) body_hex: Option<String>,
    pub(crate) error: Option<TransportError>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TransportError {
    pub(crate) kind: xgpush::SendErrorKind,
    pub(crate) sent: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnswerExpectation {
    pub(crate) items: Vec<ItemExpectation>,
    #[serde(default)]
    pub(crate) warnings: Vec<String>,
    #[serde(default)]
    pub(crate) extra: Map<String, Value>,
    #[serde(default)]
    pub(crate) again: Vec<usize>,
}

/// What is expected of one item: fields of its JSON (null: not there), and texts
/// in its message.
#[derive(Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub(crate) struct ItemExpectation {
    pub(crate) fields: Map<String, Value>,
    pub(crate) message_contains: Vec<String>,
}

const ITEM_FIELDS: [&str; 9] = [
    "state",
    "reason",
    "code",
    "http_status",
    "attempts",
    "retryable",
    "retry_after_ms",
    "tokens",
    "accounts",
];

impl TryFrom<Map<String, Value>> for ItemExpectation {
    type Error = String;

    fn try_from(mut fields: Map<String, Value>) -> Result<Self, String> {
        let message_contains = match fields.remove("message_contains") {
            None => Vec::new(),
            Some(texts) => serde_json::from_value(texts).map_err(|e| e.to_string())?,
        };
        match fields.keys().find(|f| !ITEM_FIELDS.contains(&f.as_str())) {
            Some(unknown) => Err(format!("unknown field `{unknown}` of an item")),
            None => Ok(Self {
                fields,
                message_contains,
            }),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvalidCase {
    pub(crate) api: ApiName,
    pub(crate) input: Option<Value>,
    pub(crate) input_text: Option<String>,
    pub(crate) expect: ErrorExpectation,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ErrorExpectation {
    pub(crate) error: String,
    pub(crate) item: Option<usize>,
    #[serde(default)]
    pub(crate) contains: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallCase {
    pub(crate) path: String,
    pub(crate) json_text: String,
    pub(crate) expect: ErrorExpectation,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LiveCase {
    pub(crate) api: Option<ApiName>,
    pub(crate) input: Option<Value>,
    pub(crate) input_text: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) json_text: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) auth: Option<String>,
    #[serde(default)]
    pub(crate) repeatable: bool,
    #[serde(default)]
    pub(crate) emulator: Map<String, Value>,
    #[serde(default = "once")]
    pub(crate) calls: u32,
    #[serde(default)]
    pub(crate) tls: bool,
    #[serde(default)]
    pub(crate) trust: bool,
    pub(crate) expect: LiveExpectation,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LiveExpectation {
    pub(crate) items: Option<Vec<ItemExpectation>>,
    #[serde(default)]
    pub(crate) warnings: Vec<String>,
    #[serde(default)]
    pub(crate) extra: Map<String, Value>,
    pub(crate) reply: Option<ReplyExpectation>,
    pub(crate) error: Option<CallErrorExpectation>,
    #[serde(default)]
    pub(crate) log: LogExpectation,
    pub(crate) at_most_ms: Option<u64>,
    pub(crate) at_least_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplyExpectation {
    pub(crate) http_status: u16,
    pub(crate) body: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallErrorExpectation {
    pub(crate) error: String,
    #[serde(default)]
    pub(crate) contains: Vec<String>,
    pub(crate) code: Option<i64>,
    pub(crate) http_status: Option<u16>,
    pub(crate) retryable: Option<bool>,
    pub(crate) retry_after_ms: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogExpectation {
    pub(crate) requests: Option<Bounds>,
    pub(crate) connections: Option<Bounds>,
    pub(crate) applied: Option<Bounds>,
}

/// A number, or `[least, most]`.
#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
pub(crate) enum Bounds {
    Exactly(u64),
    Between(u64, u64),
}

impl Bounds {
    pub(crate) fn hold(self, number: u64) -> bool {
        match self {
            Self::Exactly(wanted) => number == wanted,
            Self::Between(least, most) => (least..=most).contains(&number),
        }
    }
}

fn sample_time() -> i64 {
    1_565_314_789
}

fn once() -> u32 {
    1
}

/// A `null` that is written down is a value.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl Case {
    pub(crate) fn read(file: &str, case: Value) -> Result<Self, String> {
        let Value::Object(mut fields) = case else {
            return Err(format!("{file}: a case is not an object"));
        };
        let mut head = Map::new();
        for name in ["name", "kind", "source", "options"] {
            if let Some(value) = fields.remove(name) {
                head.insert(name.to_owned(), value);
            }
        }
        let head: Head =
            serde_json::from_value(Value::Object(head)).map_err(|e| format!("{file}: {e}"))?;
        let wrong = |error: String| format!("{file}: {}: {error}", head.name);
        let kind = match head.kind.as_str() {
            "request" => Kind::Request(rest(fields).map_err(wrong)?),
            "answer" => Kind::Answer(rest(fields).map_err(wrong)?),
            "invalid" => Kind::Invalid(rest(fields).map_err(wrong)?),
            "call" => Kind::Call(rest(fields).map_err(wrong)?),
            "live" => Kind::Live(Box::new(rest(fields).map_err(wrong)?)),
            other => return Err(wrong(format!("unknown kind `{other}`"))),
        };
        Ok(Self {
            file: file.to_owned(),
            name: head.name,
            source: head.source,
            options: head.options,
            kind,
        })
    }
}

fn rest<T: DeserializeOwned>(fields: Map<String, Value>) -> Result<T, String> {
    serde_json::from_value(Value::Object(fields)).map_err(|e| e.to_string())
}

/// Every case of a directory, file by file.
pub(crate) fn load(dir: &Path) -> Result<Vec<Case>, String> {
    let shown = dir.display();
    let entries = std::fs::read_dir(dir).map_err(|e| format!("{shown}: {e}"))?;
    let mut files = BTreeSet::new();
    for entry in entries {
        let name = entry.map_err(|e| format!("{shown}: {e}"))?.file_name();
        let name = name.to_string_lossy().into_owned();
        if Path::new(&name).extension().is_some_and(|e| e == "json") {
            files.insert(name);
        }
    }
    if let Some(missing) = FILES.iter().find(|f| !files.contains(**f)) {
        return Err(format!("{shown}: {missing} is missing"));
    }
    let mut cases = Vec::new();
    let mut names = BTreeSet::new();
    for file in &files {
        let text = std::fs::read(dir.join(file)).map_err(|e| format!("{file}: {e}"))?;
        let list: Vec<Value> = serde_json::from_slice(&text).map_err(|e| format!("{file}: {e}"))?;
        if list.is_empty() {
            return Err(format!("{file}: no case"));
        }
        for value in list {
            let case = Case::read(file, value)?;
            if !names.insert(case.name.clone()) {
                return Err(format!("{file}: the name {} is not unique", case.name));
            }
            cases.push(case);
        }
    }
    Ok(cases)
}
