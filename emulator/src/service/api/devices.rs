//! Tags and attributes of devices, and uploaded lists.

use serde_json::{Map, Value, json};

use super::{Api, Moment};
use crate::protocol::codes;
use crate::protocol::fields::{Fields, read_object};
use crate::protocol::request::Refusal;
use crate::protocol::tag::{self, TagRequest};
use crate::protocol::upload;
use crate::response::body::{Extra, FieldNames, Payload};
use crate::response::logical::LogicalResponse;

/// Of a key and of a value of an attribute.
const MAX_ATTRIBUTE: usize = 50;

impl Api {
    /// Both endpoints of tags. The reply of the one that deletes has a `result`.
    pub(super) fn tags(
        &mut self,
        app: usize,
        body: &[u8],
        is_delete: bool,
        names: FieldNames,
        at: Moment,
    ) -> LogicalResponse {
        let read = if is_delete {
            tag::read_delete(body, &self.config)
        } else {
            tag::read(body, &self.config)
        };
        let (seq, taken) = match read {
            Ok(request) => (request.seq, self.take_tags(app, request, at)),
            Err(refusal) => {
                let map = read_object(body).unwrap_or_default();
                (crate::protocol::push::seq(&map), Err(refusal))
            }
        };
        let mut response = match taken {
            Ok(warnings) => LogicalResponse {
                accepted: true,
                warnings: warnings.into_iter().map(Into::into).collect(),
                ..LogicalResponse::new(names, codes::OK, self.message(codes::OK))
            },
            Err(refusal) => self.refused(names, refusal),
        };
        if is_delete && response.accepted {
            response.message = "".into();
            response.payload.extra = Extra::Members(vec![("result", json!({"": ""}))]);
        }
        response.payload.seq = Some(seq);
        response
    }

    fn take_tags(
        &mut self,
        app: usize,
        request: TagRequest,
        at: Moment,
    ) -> Result<Vec<&'static str>, Refusal> {
        for token in request.change.tokens() {
            if let Some(code) = self.refused_token(token) {
                return Err(Refusal {
                    code,
                    message: format!("invalid token: {token}").into(),
                });
            }
        }
        for tag in request.change.tags() {
            self.asked_for(tag)?;
        }
        let taken = self.apps[app]
            .tags
            .take(request.change, at.now.monotonic_ms);
        taken.map_err(|_| {
            Refusal::invalid(
                "invalid parameter: the application or the token would have too many tags \
                 (max_tags, max_tags_per_token)",
            )
        })?;
        Ok(request.warnings)
    }

    pub(super) fn upload(
        &mut self,
        app: usize,
        content_type: Option<&str>,
        body: &[u8],
    ) -> Result<Vec<(&'static str, Value)>, Refusal> {
        let request = upload::read(content_type, body)?;
        self.asked_for(&request.file_name)?;
        let id = self.apps[app].uploads.add(request.text);
        Ok(vec![("uploadId", id.into())])
    }

    /// Keys that the console does not have are filtered out and named, with code 0.
    pub(super) fn attributes(
        &mut self,
        app: usize,
        body: &[u8],
    ) -> Result<Vec<(&'static str, Value)>, Refusal> {
        let map = read_object(body)?;
        let fields = Fields::of(&map);
        let cmd = fields.required_int("cmd")?;
        fields.int_in("cmd", 1..=5)?;
        let token = fields.required_text("token")?;
        if let Some(access_id) = fields.id("accessId")?
            && access_id != self.apps[app].access_id
        {
            return Err(fields.invalid("accessId", "is not that of the header"));
        }
        if let Some(code) = self.refused_token(token) {
            return Err(Refusal {
                code,
                message: format!("invalid token: {token}").into(),
            });
        }
        let known = &self.config.attribute_keys;
        let of_token = &mut self.apps[app].attributes;
        match cmd {
            4 => {
                of_token.remove(token);
                Ok(Vec::new())
            }
            5 => {
                let held = of_token.get(token).cloned().unwrap_or_default();
                Ok(vec![("attributeInfo", json!({"attributeMap": held}))])
            }
            _ => {
                let info = fields.required_object("attributeInfo")?;
                let info = Fields::inside(info, "attributeInfo.");
                let given = attribute_map(info)?;
                let (known, invalid): (Vec<_>, Vec<_>) = given
                    .into_iter()
                    .partition(|(key, _)| known.is_empty() || known.contains(key));
                let held = of_token.entry(token.to_owned()).or_default();
                for (key, value) in known {
                    if cmd == 3 {
                        held.remove(&key);
                    } else {
                        held.insert(key, value);
                    }
                }
                if held.is_empty() {
                    of_token.remove(token);
                }
                let invalid: Vec<String> = invalid.into_iter().map(|(key, _)| key).collect();
                Ok(vec![("invalidAttribute", invalid.into())])
            }
        }
    }

    pub(super) fn plan(
        &mut self,
        app: usize,
        body: &[u8],
        at: Moment,
    ) -> Result<Vec<(&'static str, Value)>, Refusal> {
        let map = read_object(body)?;
        let fields = Fields::of(&map);
        let name = fields.required_text("planName")?;
        let describe = fields.required_text("planDescribe")?;
        for (field, text, most) in [("planName", name, 60), ("planDescribe", describe, 300)] {
            if text.chars().count() > most {
                return Err(fields.invalid(field, &format!("has more than {most} characters")));
            }
            self.asked_for(text)?;
        }
        let plans = &mut self.apps[app].plans;
        let day_ago = at.server_s - crate::protocol::date::DAY_S;
        let limit = self.config.plans_per_day;
        if limit.is_some_and(|limit| plans.since(day_ago) >= limit as usize) {
            return Err(Refusal {
                code: codes::TOO_FAST,
                message: "request too fast: so many plans a day (plans_per_day)".into(),
            });
        }
        let result = json!({
            "planId": plans.add(at.server_s).to_string(),
            "planName": name,
            "planDescribe": describe,
            "planPushSource": "api",
            "createdAt": at.server_s,
            "updateAt": at.server_s,
        });
        Ok(vec![("result", result)])
    }

    /// A reply of the camel-case endpoints.
    pub(super) fn members(
        &self,
        names: FieldNames,
        message: &'static str,
        taken: Result<Vec<(&'static str, Value)>, Refusal>,
    ) -> LogicalResponse {
        match taken {
            Ok(members) => LogicalResponse {
                payload: Payload {
                    extra: Extra::Members(members),
                    ..Payload::default()
                },
                accepted: true,
                ..LogicalResponse::new(names, codes::OK, message)
            },
            Err(refusal) => self.refused(names, refusal),
        }
    }
}

fn attribute_map(info: Fields<'_>) -> Result<Vec<(String, String)>, Refusal> {
    let map: &Map<String, Value> = info.required_object("attributeMap")?;
    if map.is_empty() {
        return Err(info.missing("attributeMap"));
    }
    map.iter()
        .map(|(key, value)| {
            let value = match value {
                Value::String(text) => text.clone(),
                Value::Null | Value::Array(_) | Value::Object(_) => {
                    return Err(info.invalid("attributeMap", "has a value that is no text"));
                }
                value => value.to_string(),
            };
            if key.is_empty() || key.len() > MAX_ATTRIBUTE || value.len() > MAX_ATTRIBUTE {
                let what = "has a key or a value that is not of 1 to 50 bytes";
                return Err(info.invalid("attributeMap", what));
            }
            Ok((key.clone(), value))
        })
        .collect()
}
