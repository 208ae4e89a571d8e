//! Requests of `/v3/push/app`: what is required, and the documented limits.

use serde_json::{Map, Value};

use super::audience::{Accounts, Audience, TagCondition};
use super::date;
use super::fields::{Fields, read_object};
use super::request::Refusal;
use crate::config::{Config, Platform, Version};
use crate::protocol::codes;

/// Documented for the field `message`.
const MAX_MESSAGE: usize = 4096;
const MAX_LIST: usize = 1000;
/// `send_time` and the dates of `loop_param` lie within these days.
const MAX_DAYS: i64 = 90;
const CHANNELS: [&str; 9] = [
    "xg", "hw", "xm", "mz", "vivo", "oppo", "apns", "honor", "fcm",
];

/// A valid push.
#[derive(Clone, Debug)]
pub(crate) struct PushRequest {
    pub(crate) audience: Audience,
    pub(crate) message_type: &'static str,
    pub(crate) title: String,
    pub(crate) content: String,
    pub(crate) message: Map<String, Value>,
    pub(crate) environment: String,
    pub(crate) expire_time: i64,
    /// Unix seconds; none is at once.
    pub(crate) send_at: Option<i64>,
    /// How many tasks a loop makes; 0 is no loop.
    pub(crate) loops: usize,
    pub(crate) multi_pkg: bool,
    pub(crate) group_id: Option<String>,
    pub(crate) collapse_id: Option<i64>,
    pub(crate) ignore_invalid_token: bool,
    pub(crate) warnings: Vec<&'static str>,
}

/// What reading needs besides the settings.
#[derive(Clone, Copy)]
pub(crate) struct PushContext<'a> {
    pub(crate) config: &'a Config,
    pub(crate) platform: Option<Platform>,
    /// The server's clock, Unix seconds.
    pub(crate) now_s: i64,
}

/// The `seq` that a reply echoes: 0 unless the request has one.
pub(crate) fn seq(map: &Map<String, Value>) -> i64 {
    map.get("seq").and_then(Value::as_i64).unwrap_or(0)
}

/// Reads the JSON of a push, for [`check`].
pub(crate) fn read(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    read_object(body)
}

/// The push that this JSON asks for.
pub(crate) fn check(
    map: &Map<String, Value>,
    within: PushContext<'_>,
) -> Result<PushRequest, Refusal> {
    let fields = Fields::of(map);
    let config = within.config;
    let mut warnings = Vec::new();
    fields.int("seq")?;
    let audience_type = fields.required_text("audience_type")?;
    let message_type = match fields.required_text("message_type")? {
        "notify" => "notify",
        "message" => "message",
        _ => return Err(fields.invalid("message_type", "is neither notify nor message")),
    };
    let message = fields.required_object("message")?;
    if config.version == Version::XgV3 {
        let platform = fields.required_text("platform")?;
        if !["android", "ios", "all"].contains(&platform) {
            return Err(fields.invalid("platform", "is none of android, ios and all"));
        }
    }
    let audience = audience(fields, audience_type, &mut warnings)?;
    let (title, content) = check_message(message, message_type, within, &mut warnings)?;
    let environment = environment(fields, message, within)?;
    let to_many = audience.is_task();
    let send_at = send_time(fields, within)?;
    let loops = loops(fields, within)?;
    if !to_many {
        for name in ["send_time", "loop_param", "push_speed", "collapse_id"] {
            if fields.has(name) && fields.int(name) != Ok(Some(0)) {
                warnings.push(
                    "send_time, loop_param, push_speed and collapse_id are for pushes to all, to \
                     tags and to account packages: ignored",
                );
                break;
            }
        }
    }
    // 0 is what the official SDK writes for none.
    if fields.int("push_speed")? != Some(0) {
        fields.int_in("push_speed", 1000..=50_000)?;
    }
    for rule in fields.objects("channel_rules")?.unwrap_or_default() {
        let rule = Fields::inside(rule, "channel_rules.");
        if !CHANNELS.contains(&rule.required_text("channel")?) {
            return Err(rule.invalid("channel", "is no channel"));
        }
        rule.flag("disable")?;
    }
    fields.int_in("tpns_online_push_type", 0..=1)?;
    fields.flag("force_collapse")?;
    if fields.flag("resend_by_sms")? {
        check_sms(fields)?;
    }
    if fields.flag("ntf_wt_attrs")? {
        Fields::inside(message, "message.").required_text("default_content")?;
    }
    let plan = fields.text("plan_id")?.filter(|text| !text.is_empty());
    let group = fields.text("group_id")?.filter(|text| !text.is_empty());
    if group.is_some() {
        warnings.push("group_id is disused: plan_id has its place");
    }
    if fields.has("push_id") && config.version != Version::XgV3 {
        warnings.push("push_id in a request is of legacy XG: ignored");
    }
    let group_id = plan.map(|plan| format!("pt:{plan}"));
    Ok(PushRequest {
        audience,
        message_type,
        title,
        content,
        message: message.clone(),
        environment,
        expire_time: expire_time(fields, config)?,
        send_at: send_at.filter(|_| to_many),
        loops: if to_many { loops } else { 0 },
        multi_pkg: fields.flag("multi_pkg")?,
        group_id: group_id.or(group.map(str::to_owned)),
        collapse_id: fields.int("collapse_id")?.filter(|_| to_many),
        ignore_invalid_token: fields.int_in("ignore_invalid_token", 0..=1)? == Some(1),
        warnings,
    })
}

fn audience(
    fields: Fields<'_>,
    kind: &str,
    warnings: &mut Vec<&'static str>,
) -> Result<Audience, Refusal> {
    let account_type = fields.int("account_type")?.unwrap_or(0);
    let every_device = fields.int_in("account_push_type", 0..=1)? == Some(1);
    let accounts = Accounts {
        account_type,
        every_device,
    };
    let upload_id = || fields.required_int("upload_id");
    let mut list = |name: &str, single: bool| -> Result<Vec<String>, Refusal> {
        let list = fields.required_texts(name)?;
        if list.len() > MAX_LIST {
            return Err(fields.invalid(name, "has more than 1000 elements"));
        }
        if single && list.len() > 1 {
            warnings.push(
                "the audience is one token or account, the list has more: the first counts, the \
                 others are ignored",
            );
        }
        let count = if single { 1 } else { list.len() };
        Ok(list.into_iter().take(count).map(str::to_owned).collect())
    };
    Ok(match kind {
        "all" => Audience::All,
        "tag" => Audience::Tag(TagCondition::read(fields)?),
        "token" | "token_list" => Audience::Tokens {
            single: kind == "token",
            tokens: list("token_list", kind == "token")?,
        },
        "account" | "account_list" => Audience::Accounts {
            single: kind == "account",
            names: list("account_list", kind == "account")?,
            accounts,
        },
        "package_account_push" => Audience::AccountPackage {
            upload_id: upload_id()?,
            accounts,
        },
        "package_token_push" => Audience::TokenPackage {
            upload_id: upload_id()?,
        },
        _ => return Err(fields.invalid("audience_type", "is no audience")),
    })
}

/// Title and content, which a silent push of iOS does without.
fn check_message(
    message: &Map<String, Value>,
    message_type: &str,
    within: PushContext<'_>,
    warnings: &mut Vec<&'static str>,
) -> Result<(String, String), Refusal> {
    if serde_json::to_vec(message).map_or(0, |text| text.len()) > MAX_MESSAGE {
        return Err(Refusal {
            code: if within.config.version == Version::XgV3 {
                10_117
            } else {
                codes::INVALID
            },
            message: "message has more than 4096 bytes".into(),
        });
    }
    let fields = Fields::inside(message, "message.");
    let android = fields.object("android")?;
    let ios = fields.object("ios")?;
    let legacy = within.config.version == Version::XgV3;
    for (map, path) in [(android, "message.android."), (ios, "message.ios.")] {
        let Some(map) = map else { continue };
        let inner = Fields::inside(map, path);
        match inner.get("custom_content") {
            None => {}
            Some(Value::Object(_)) if legacy => {}
            Some(Value::String(text)) if text.is_empty() || is_json(text) => {}
            Some(Value::String(_)) => warnings.push("custom_content is a text that is no JSON"),
            Some(_) => return Err(inner.invalid("custom_content", "is no text that holds JSON")),
        }
        if let Some(action) = inner.object("action")? {
            Fields::inside(action, "message.android.action.").int_in("action_type", 1..=3)?;
        }
    }
    let silent = match ios {
        Some(ios) if within.platform != Some(Platform::Android) => {
            check_aps(ios, message_type, legacy)?
        }
        _ => false,
    };
    accept_times(fields)?;
    if silent {
        let text = |name| {
            fields
                .text(name)
                .map(|text| text.unwrap_or_default().to_owned())
        };
        return Ok((text("title")?, text("content")?));
    }
    let title = fields.required_text("title")?.to_owned();
    let content = fields.required_text("content")?.to_owned();
    Ok((title, content))
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok()
}

/// Whether the message of iOS is a silent one.
fn check_aps(ios: &Map<String, Value>, message_type: &str, legacy: bool) -> Result<bool, Refusal> {
    let fields = Fields::inside(ios, "message.ios.");
    let aps = match fields.object("aps")? {
        Some(aps) => aps,
        // The samples of legacy XG have none.
        None if legacy => return Ok(false),
        None => return Err(fields.missing("aps")),
    };
    let aps = Fields::inside(aps, "message.ios.aps.");
    let available = aps.int("content-available")? == Some(1);
    if message_type == "notify" {
        if available {
            return Err(aps.invalid("content-available", "is 1 in a notification"));
        }
        return Ok(false);
    }
    if !available {
        return Err(aps.invalid("content-available", "is not 1 in a silent message"));
    }
    for name in ["alert", "sound", "badge_type"] {
        if aps.has(name) {
            return Err(aps.invalid(name, "is in a silent message"));
        }
    }
    Ok(true)
}

/// Hours and minutes are texts.
fn accept_times(message: Fields<'_>) -> Result<(), Refusal> {
    for period in message.objects("accept_time")?.unwrap_or_default() {
        let period = Fields::inside(period, "message.accept_time.");
        for end in ["start", "end"] {
            let moment = Fields::inside(period.required_object(end)?, "message.accept_time.");
            for (name, limit) in [("hour", 24), ("min", 60)] {
                let number = moment.required_text(name)?.parse::<u32>();
                if !number.is_ok_and(|number| number < limit) {
                    return Err(moment.invalid(name, "is no time of the day"));
                }
            }
        }
    }
    Ok(())
}

/// `product` or `dev`: required for iOS, empty for Android.
fn environment(
    fields: Fields<'_>,
    message: &Map<String, Value>,
    within: PushContext<'_>,
) -> Result<String, Refusal> {
    let is_ios = match within.platform {
        Some(platform) => platform == Platform::Ios,
        None => message.contains_key("ios") && !message.contains_key("android"),
    };
    match fields.text("environment")?.unwrap_or_default() {
        "" if is_ios && within.config.version != Version::XgV3 => {
            Err(fields.missing("environment"))
        }
        text @ ("" | "product" | "dev") => Ok(if is_ios { text } else { "" }.to_owned()),
        _ => Err(fields.invalid("environment", "is neither product nor dev")),
    }
}

fn expire_time(fields: Fields<'_>, config: &Config) -> Result<i64, Refusal> {
    let (default, most) = match config.version {
        Version::Tpns => (86_400, config.max_expire_s),
        Version::TpnsWithPlatform | Version::XgV3 => (259_200, i64::from(i32::MAX)),
    };
    Ok(match fields.int_in("expire_time", 0..=most)? {
        None => default,
        Some(1..800) => 800,
        Some(seconds) => seconds,
    })
}

/// The moment of a scheduled push that is still to come.
fn send_time(fields: Fields<'_>, within: PushContext<'_>) -> Result<Option<i64>, Refusal> {
    let Some(text) = fields.text("send_time")?.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let bad = |what: &str| Refusal {
        code: codes::BAD_TIME,
        message: format!("illegal push time: send_time {what}").into(),
    };
    let zone_s = within.config.zone_s();
    let at = date::moment(text, zone_s).ok_or_else(|| bad("is not yyyy-MM-DD HH:MM:SS"))?;
    if at > within.now_s + MAX_DAYS * date::DAY_S {
        return Err(bad("is more than 90 days ahead"));
    }
    Ok((at > within.now_s).then_some(at))
}

/// How many tasks a loop makes: one for each time of the day.
fn loops(fields: Fields<'_>, within: PushContext<'_>) -> Result<usize, Refusal> {
    let Some(map) = fields.object("loop_param")? else {
        return Ok(0);
    };
    let param = Fields::inside(map, "loop_param.");
    let today = date::day_of(within.now_s, within.config.zone_s());
    let bad = |name: &str, what: &str| Refusal {
        code: codes::BAD_TIME,
        message: format!("illegal push time: loop_param.{name} {what}").into(),
    };
    let day = |name: &str| {
        let day = date::dashed(param.required_text(name)?);
        let day = day.ok_or_else(|| bad(name, "is not YYYY-MM-DD"))?;
        if day > today + MAX_DAYS {
            return Err(bad(name, "is more than 90 days ahead"));
        }
        Ok(day)
    };
    let (start, end) = (day("startDate")?, day("endDate")?);
    if end < start || end < today {
        return Err(bad("endDate", "is past, or before startDate"));
    }
    param.required_int("loopType")?;
    param.int_in("loopType", 1..=3)?;
    let indices = param.list("loopDayIndexs")?;
    let indices = indices.ok_or_else(|| param.missing("loopDayIndexs"))?;
    if !indices.iter().all(Value::is_i64) {
        return Err(param.invalid("loopDayIndexs", "has an element that is no integer"));
    }
    let times = param.required_texts("dayTimes")?;
    for time in &times {
        date::time_of_day(time).ok_or_else(|| bad("dayTimes", "has one that is not HH:MM:SS"))?;
    }
    Ok(times.len())
}

fn check_sms(fields: Fields<'_>) -> Result<(), Refusal> {
    let info = Fields::inside(fields.required_object("sms_info")?, "sms_info.");
    info.required_int("delay_trigger_time")?;
    info.int_in("delay_trigger_time", 300..=i64::MAX)?;
    info.required_int("trigger_condition")?;
    info.int_in("trigger_condition", 0..=2)?;
    for name in ["sms_template_id", "sms_app_id"] {
        if info.id(name)?.is_none() {
            return Err(info.missing(name));
        }
    }
    Ok(())
}
