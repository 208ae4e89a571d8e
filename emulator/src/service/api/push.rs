//! Pushes: whom they would reach, and what happens to them afterwards.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Api, Moment};
use crate::config::{RepeatedPush, UnboundInList, Version};
use crate::protocol::audience::{Accounts, Audience};
use crate::protocol::codes;
use crate::protocol::endpoint::Control;
use crate::protocol::fields::{Fields, read_object};
use crate::protocol::push::{self, PushContext, PushRequest};
use crate::protocol::request::Refusal;
use crate::response::body::{Extra, FieldNames, Payload};
use crate::response::logical::LogicalResponse;
use crate::state::application::Application;
use crate::state::pushes::{KEPT_TARGETS, Push, PushStatus};

const HOUR_MS: u64 = 3_600_000;

/// Who would get a push, and what the request named in vain.
struct Reached {
    count: usize,
    /// The first of them, in order.
    devices: Vec<Arc<str>>,
    invalid_tokens: Vec<String>,
}

impl Reached {
    /// Of so many devices, among which the first ones in order are.
    fn new(count: usize, mut some: Vec<&str>) -> Self {
        if some.len() > KEPT_TARGETS {
            some.select_nth_unstable(KEPT_TARGETS);
            some.truncate(KEPT_TARGETS);
        }
        some.sort_unstable();
        Self {
            count,
            devices: some.into_iter().map(Arc::from).collect(),
            invalid_tokens: Vec::new(),
        }
    }

    fn all_of(devices: HashSet<&str>) -> Self {
        Self::new(devices.len(), devices.into_iter().collect())
    }
}

impl Api {
    pub(super) fn push(
        &mut self,
        app: usize,
        body: &[u8],
        names: FieldNames,
        at: Moment,
    ) -> LogicalResponse {
        let mut seq = 0;
        let taken = push::read(body).and_then(|map| {
            seq = push::seq(&map);
            self.take_push(app, &map, at)
        });
        let mut response = match taken {
            Ok((members, warnings)) => LogicalResponse {
                payload: Payload {
                    extra: Extra::Members(members),
                    ..Payload::default()
                },
                accepted: true,
                warnings: warnings.into_iter().map(Into::into).collect(),
                ..LogicalResponse::new(names, codes::OK, self.message(codes::OK))
            },
            Err(refusal) => self.refused(names, refusal),
        };
        response.payload.seq = Some(seq);
        response
    }

    fn take_push(
        &mut self,
        app: usize,
        map: &Map<String, Value>,
        at: Moment,
    ) -> Result<(Vec<(&'static str, Value)>, Vec<&'static str>), Refusal> {
        let context = PushContext {
            config: &self.config,
            platform: self.apps[app].platform,
            now_s: at.server_s,
        };
        let request = push::check(map, context)?;
        for text in [&request.title, &request.content] {
            self.asked_for(text)?;
        }
        self.is_new(app, &request, at)?;
        let application = &self.apps[app];
        let reached = self.resolve(application, &request)?;
        if let Some(collapse_id) = request.collapse_id
            && !self.apps[app].pushes.collapse(collapse_id)
        {
            return Err(Refusal::invalid(
                "invalid parameter: collapse_id is none that the service issued",
            ));
        }
        let mut ids = Vec::new();
        for _ in 0..request.loops.max(1) {
            let push = Push {
                device_count: reached.count,
                devices: reached.devices.clone(),
                ..record(&request, at)
            };
            let added = self.apps[app].pushes.add(push);
            ids.push(Value::from(added.push_id.clone()));
        }
        if request.audience.is_task() {
            self.apps[app].last_task_ms = Some(at.now.monotonic_ms);
        }
        let push_id = if request.loops > 0 {
            Value::Array(ids)
        } else {
            ids.swap_remove(0)
        };
        let mut members = vec![
            ("push_id", push_id),
            ("environment", request.environment.into()),
            ("err_msg_zh", "".into()),
            ("result", "{}".into()),
        ];
        if request.ignore_invalid_token {
            members.push(("invalid_targe_list", reached.invalid_tokens.into()));
        }
        let mut warnings = request.warnings;
        if let Audience::Tag(condition) = &request.audience
            && condition.has_automatic
        {
            warnings.push("the emulator knows no automatic tags: no device has one");
        }
        Ok((members, warnings))
    }

    /// Neither too soon after the last push of its kind nor equal to one of this hour.
    fn is_new(&self, app: usize, request: &PushRequest, at: Moment) -> Result<(), Refusal> {
        if !request.audience.is_task() {
            return Ok(());
        }
        let application = &self.apps[app];
        if let (Some(limit), Some(last)) = (self.config.task_pushes_per_s, application.last_task_ms)
        {
            let pause = 1000 / u64::from(limit.max(1));
            if at.now.monotonic_ms < last + pause {
                return Err(Refusal {
                    code: codes::TOO_FAST,
                    message: "request too fast: pushes to all, to tags and to account packages \
                        have a limit a second (task_pushes_per_s)"
                        .into(),
                });
            }
        }
        let is_watched = match self.config.repeated_push {
            RepeatedPush::Allow => false,
            RepeatedPush::RefuseAll => matches!(request.audience, Audience::All),
            RepeatedPush::RefuseTasks => true,
        };
        let wanted = record(request, at);
        let is_equal = |push: &Push| {
            push.audience_type == wanted.audience_type
                && push.tags == wanted.tags
                && push.upload_id == wanted.upload_id
                && push.message == wanted.message
        };
        let mut of_this_hour = application
            .pushes
            .iter()
            .rev()
            .take_while(|push| push.received_ms + HOUR_MS > at.now.unix_ms);
        if is_watched && of_this_hour.any(is_equal) {
            return Err(Refusal {
                code: codes::REPEATED,
                message: "repeated push: an equal one came within the hour (repeated_push)".into(),
            });
        }
        Ok(())
    }

    fn resolve<'a>(
        &self,
        app: &'a Application,
        request: &'a PushRequest,
    ) -> Result<Reached, Refusal> {
        let no_target = |what: &str| Refusal {
            code: codes::NO_TARGET,
            message: format!("the push target does not exist: {what}").into(),
        };
        let mut devices = HashSet::new();
        let mut invalid_tokens = Vec::new();
        match &request.audience {
            Audience::All => {
                let (count, some) = app.some_devices(KEPT_TARGETS);
                return Ok(Reached::new(count, some));
            }
            Audience::Tag(condition) => {
                let tagged = |tag: &str| {
                    let tokens = app.tags.tokens_of(tag);
                    tokens.map(|token| &**token).collect()
                };
                devices = condition.devices(|| app.devices(), tagged);
            }
            Audience::Tokens { tokens, .. } => {
                for token in tokens {
                    match self.invalid_token(token) {
                        None => {
                            devices.insert(&**token);
                        }
                        Some(code) if !request.ignore_invalid_token => {
                            return Err(Refusal {
                                code,
                                message: format!("token is not valid: {token}").into(),
                            });
                        }
                        Some(_) => invalid_tokens.push(token.clone()),
                    }
                }
                if devices.is_empty() {
                    return Err(no_target("no token of the list is valid"));
                }
            }
            Audience::Accounts {
                names, accounts, ..
            } => {
                let mut unbound = None;
                for name in names {
                    self.asked_for(name)?;
                    if !reach(app, name, *accounts, &mut devices) {
                        unbound = Some(name);
                    }
                }
                let refuse = self.config.unbound_in_list == UnboundInList::Refuse;
                if let Some(name) = unbound
                    && (refuse || devices.is_empty())
                {
                    let what = format!(
                        "account {name} of type {} is bound to no token",
                        accounts.account_type
                    );
                    return Err(no_target(&what));
                }
            }
            Audience::AccountPackage {
                upload_id,
                accounts,
            } => {
                let lines = app.uploads.lines(*upload_id);
                for name in lines.ok_or_else(|| no_target("there is no such upload_id"))? {
                    reach(app, name, *accounts, &mut devices);
                }
            }
            Audience::TokenPackage { upload_id } => {
                let lines = app.uploads.lines(*upload_id);
                let lines = lines.ok_or_else(|| no_target("there is no such upload_id"))?;
                let valid = lines.filter(|token| self.invalid_token(token).is_none());
                devices = valid.collect();
            }
        }
        Ok(Reached {
            invalid_tokens,
            ..Reached::all_of(devices)
        })
    }

    fn invalid_token(&self, token: &str) -> Option<i64> {
        let longest = match self.config.version {
            Version::Tpns => 36,
            Version::TpnsWithPlatform | Version::XgV3 => 64,
        };
        if token.chars().count() > longest {
            return Some(codes::INVALID_TOKEN);
        }
        let refused = self.refused_token(token);
        refused.map(|code| match code {
            codes::BAD_TOKEN => codes::INVALID_TOKEN,
            code => code,
        })
    }

    /// Stops, recalls or cancels a task. The table calls its id `pushId`, every sample
    /// `pushid`: either is read.
    pub(super) fn control(
        &mut self,
        app: usize,
        control: Control,
        body: &[u8],
        at: Moment,
    ) -> Result<(), Refusal> {
        let map = read_object(body)?;
        let fields = Fields::of(&map);
        let (table, sample) = (fields.id("pushId")?, fields.id("pushid")?);
        if let (Some(table), Some(sample)) = (&table, &sample)
            && table != sample
        {
            return Err(fields.invalid("pushId", "differs from pushid"));
        }
        let id = table.or(sample).ok_or_else(|| fields.missing("pushId"))?;
        self.asked_for(&id)?;
        let push = self.apps[app].pushes.find_mut(&id);
        let push = push.ok_or_else(|| no_task(&id))?;
        let is_waiting = push.status_at(at.server_s) == PushStatus::PushWait;
        push.status = match control {
            Control::Stop => PushStatus::PushDeletedPushMsg,
            Control::Revoke => PushStatus::PushRevoked,
            Control::Cancel if is_waiting => PushStatus::PushCanceled,
            Control::Cancel => {
                return Err(fields.invalid("pushId", "is of a task whose time has come"));
            }
        };
        Ok(())
    }
}

/// No task has this id.
pub(super) fn no_task(id: &str) -> Refusal {
    Refusal {
        code: codes::NO_SUCH_TASK,
        message: format!("push task id does not exist: {id}").into(),
    }
}

/// Adds the devices of an account; false when it has none.
fn reach<'a>(
    app: &'a Application,
    name: &str,
    how: Accounts,
    devices: &mut HashSet<&'a str>,
) -> bool {
    let tokens = app.bindings.visible.tokens_of(name, how.account_type);
    // The newest is the last.
    let from = if how.every_device {
        0
    } else {
        tokens.len().saturating_sub(1)
    };
    devices.extend(tokens[from..].iter().map(|token| &**token));
    !tokens.is_empty()
}

/// What is kept of a push; number and ids come with the place in the list.
fn record(request: &PushRequest, at: Moment) -> Push {
    let (target_list, tags, upload_id) = match &request.audience {
        Audience::All => (None, Value::Null, None),
        Audience::Tag(condition) => (None, condition.written.clone(), None),
        Audience::Tokens { tokens, .. } => (Some(tokens.clone()), Value::Null, None),
        Audience::Accounts { names, .. } => (Some(names.clone()), Value::Null, None),
        Audience::AccountPackage { upload_id, .. } | Audience::TokenPackage { upload_id } => {
            (None, Value::Null, Some(*upload_id))
        }
    };
    Push {
        number: 0,
        push_id: String::new(),
        received_ms: at.now.unix_ms,
        due_s: request.send_at.unwrap_or(at.server_s),
        status: if request.send_at.is_some() || request.loops > 0 {
            PushStatus::PushWait
        } else {
            PushStatus::PushFinished
        },
        audience_type: request.audience.name(),
        message_type: request.message_type,
        title: request.title.clone(),
        content: request.content.clone(),
        environment: request.environment.clone(),
        expire_time: request.expire_time,
        target_list,
        tags,
        upload_id,
        group_id: request.group_id.clone(),
        collapse_id: 0,
        multi_pkg: request.multi_pkg,
        message: request.message.clone(),
        device_count: 0,
        devices: Vec::new(),
    }
}

/// The record of a push in the words of the statistics.
pub(super) fn written_record(push: &Push, now_s: i64, zone_s: i64, id: &Value) -> Value {
    let platform = |name: &str| push.message.get(name).cloned().unwrap_or(json!({}));
    json!({
        "date": crate::protocol::date::write_moment(push.due_s, zone_s),
        "pushId": id,
        "title": push.title,
        "content": push.content,
        "status": push.status_at(now_s),
        "pushType": push.audience_type,
        "messageType": push.message_type,
        "environment": push.environment,
        "expireTime": push.expire_time,
        "targetList": push.target_list,
        "tagSet": push.tags,
        "uploadId": push.upload_id.unwrap_or(0),
        "collapseID": push.collapse_id,
        "groupId": push.group_id.as_deref().unwrap_or_default(),
        "multiPkg": push.multi_pkg,
        "source": "api",
        "xgMediaResources": push.message.get("xg_media_resources").cloned().unwrap_or("".into()),
        "pushConfig": {"android": platform("android"), "ios": platform("ios")},
    })
}
