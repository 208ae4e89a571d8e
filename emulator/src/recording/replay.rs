//! [`Replay`]: the answers of a recording, for requests that are like its own.

use std::collections::HashMap;
use std::path::Path;
use std::{fs, io};

use serde_json::{Map, Value};

use super::Answered;
use super::exchange::{Body, Exchange};
use super::names::is_name;
use crate::response::http::HttpResponse;

/// A recording that is played back. A request is like one of it when method, path and body
/// are the same but for the names: each name of the recording stands for one text of the
/// requests from its first use on.
pub(crate) struct Replay {
    exchanges: Vec<(Exchange, bool)>,
    meant: Meant,
}

/// What each name of the recording stands for, and the other way round.
#[derive(Clone, Default)]
struct Meant {
    by_name: HashMap<String, String>,
    by_text: HashMap<String, String>,
}

impl Replay {
    pub(super) fn read(file: &Path) -> io::Result<Self> {
        let named = |line: usize, error: serde_json::Error| {
            io::Error::other(format!("{}, line {}: {error}", file.display(), line + 1))
        };
        let text = fs::read_to_string(file)
            .map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", file.display())))?;
        let exchanges = text.lines().enumerate().map(|(number, line)| {
            let exchange = serde_json::from_str(line).map_err(|error| named(number, error))?;
            Ok((exchange, false))
        });
        Ok(Self {
            exchanges: exchanges.collect::<io::Result<_>>()?,
            meant: Meant::default(),
        })
    }

    /// The answer of the first exchange like it that was not played; when all were, of the last.
    pub(super) fn answer(&mut self, method: &str, path: &str, body: &[u8]) -> Answered {
        let json = serde_json::from_slice(body).ok();
        let mut found = None;
        for (number, (exchange, played)) in self.exchanges.iter().enumerate() {
            if (&*exchange.method, &*exchange.path) != (method, path) {
                continue;
            }
            let mut meant = self.meant.clone();
            let is_like = match (&exchange.body, &json) {
                (Body::Json(recorded), Some(actual)) => meant.unify(recorded, actual),
                // Boundaries of uploads differ.
                (Body::Bytes(_), None) => true,
                _ => false,
            };
            if is_like {
                found = Some((number, meant));
                if !played {
                    break;
                }
            }
        }
        let Some((number, meant)) = found else {
            let reason = "the recording has no request like this one".to_owned();
            return Answered {
                response: HttpResponse::new(501, "text/plain", reason.clone().into_bytes()),
                reason: Some(reason),
            };
        };
        self.meant = meant;
        let (exchange, played) = &mut self.exchanges[number];
        *played = true;
        let answer = exchange.answer.clone();
        let body = match answer.body {
            Body::Json(value) => self.meant.in_json(value).to_string().into_bytes(),
            Body::Text(text) => self.meant.in_text(text).into_bytes(),
            Body::Bytes(count) => vec![b' '; count],
        };
        let mut response = HttpResponse::new(answer.status, answer.content_type, body);
        response.headers = answer.headers;
        Answered {
            response,
            reason: None,
        }
    }
}

impl Meant {
    fn unify(&mut self, recorded: &Value, actual: &Value) -> bool {
        match (recorded, actual) {
            (Value::String(name), Value::String(text)) if is_name(name) => {
                let by_name = self
                    .by_name
                    .entry(name.clone())
                    .or_insert_with(|| text.clone());
                let by_text = self
                    .by_text
                    .entry(text.clone())
                    .or_insert_with(|| name.clone());
                by_name == text && by_text == name
            }
            (Value::Array(recorded), Value::Array(actual)) => {
                let mut pairs = recorded.iter().zip(actual);
                recorded.len() == actual.len() && pairs.all(|(r, a)| self.unify(r, a))
            }
            (Value::Object(recorded), Value::Object(actual)) => {
                let is_same = |(field, recorded): (&String, &Value), meant: &mut Self| {
                    actual
                        .get(field)
                        .is_some_and(|actual| meant.unify(recorded, actual))
                };
                recorded.len() == actual.len() && recorded.iter().all(|pair| is_same(pair, self))
            }
            (recorded, actual) => recorded == actual,
        }
    }

    fn in_json(&self, value: Value) -> Value {
        match value {
            Value::String(text) => self.in_text(text).into(),
            Value::Array(values) => values.into_iter().map(|v| self.in_json(v)).collect(),
            Value::Object(fields) => fields
                .into_iter()
                .map(|(field, value)| (field, self.in_json(value)))
                .collect::<Map<_, _>>()
                .into(),
            value => value,
        }
    }

    /// The longest names first: one may begin another.
    fn in_text(&self, mut text: String) -> String {
        let mut names: Vec<_> = self
            .by_name
            .iter()
            .filter(|(name, _)| text.contains(name.as_str()))
            .collect();
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        for (name, meant) in names {
            text = text.replace(name.as_str(), meant);
        }
        text
    }
}
