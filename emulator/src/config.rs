//! [`Config`]: the choices about the server's behaviour.
//!
//! The documents leave questions open (time-stamp tolerance, what an overwrite
//! clears, the 101st token of an account …). Each is an option here, so that a
//! client can be tested under every interpretation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::faults::fault::Fault;
use crate::faults::schedule::RandomFaults;

/// Which generation of the documents the server follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Version {
    /// Current TPNS: no `platform`, optional account types, one account per type and token.
    #[default]
    Tpns,
    /// TPNS of 2020 to mid-2021: `platform` is required when binding; up to ten
    /// accounts per token, whatever their types; an item's success is `ok`.
    TpnsWithPlatform,
    /// Legacy XG v3: `platform` and every account type are required; up to ten
    /// accounts per token, whatever their types; the codes are those of its own table.
    XgV3,
}

/// The form of an authentication failure. The FAQ of the official Java SDK names
/// HTTP 403, the table of codes a code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AuthFailure {
    /// Status 200 and the code in a JSON body.
    Json200,
    /// Status 403 and the code in a JSON body.
    #[default]
    Json403,
    /// Status 403 and a line of plain text.
    Plain403,
}

/// What an overwriting bind removes from the token first. No page says it of the REST
/// operator; the client's operation that replaces operator 1 overrides the accounts
/// "of the current account type".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Clears {
    /// Only accounts of the types that the request names.
    #[default]
    SameType,
    /// Every account of the token.
    AllTypes,
}

/// What happens when one more token is bound to a full account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OverLimit {
    /// The token bound longest ago is unbound.
    #[default]
    DropOldest,
    /// The item is answered 1008007 and leaves nothing changed. When operations
    /// apply later (`apply_delay_ms`), the response depends on what is visible at
    /// arrival, and an item that finds the account full when its time comes is dropped.
    Reject,
    /// There is no limit.
    Allow,
}

/// The top code of a query in which something was not found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotFound {
    /// 0; only the element says 10110008.
    #[default]
    Zero,
    /// 1008026 when some, 1008027 when all were not found.
    Partial,
}

/// What current TPNS does with a `platform` field, which it no longer documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlatformField {
    /// It is ignored.
    #[default]
    Ignore,
    /// 1008007.
    Reject,
}

/// What an `account_type` beside the lists does. The tables have a row for it there; all
/// samples write the type inside each account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TopLevelType {
    /// Nothing but a warning in the log.
    #[default]
    Ignore,
    /// It is the type of every account that has none of its own; a warning in the log.
    Apply,
}

/// How code and message are spelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Spelling {
    /// As documented: `ret_code`/`err_msg` for pushes, tags, bindings and everything of
    /// legacy XG; `retCode`/`errMsg` for the other paths of TPNS.
    #[default]
    ByVersion,
    /// `ret_code`/`err_msg` everywhere.
    Snake,
    /// `retCode`/`errMsg` everywhere.
    Camel,
}

/// In what the length of a tag is measured: one page says bytes, another characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LengthUnit {
    /// Bytes of UTF-8, which is the smaller limit.
    #[default]
    Bytes,
    /// Characters.
    Characters,
}

/// Which pushes are refused with 10010018 when an equal one came within the hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RepeatedPush {
    /// None.
    Allow,
    /// Those to all, of which the page on limits says so.
    #[default]
    RefuseAll,
    /// Those to all, to tags and to account packages, as with the console's option
    /// against repeated pushes.
    RefuseTasks,
}

/// What a push to a list does with accounts that have no device. A push to nobody at all
/// is refused with 10010005.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnboundInList {
    /// It goes to the others.
    #[default]
    Skip,
    /// The whole push is refused with 10010005.
    Refuse,
}

/// An access point of the service. The data of one is not known at another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Region {
    /// Guangzhou.
    Guangzhou,
    /// Shanghai.
    Shanghai,
    /// Hong Kong.
    HongKong,
    /// Singapore.
    Singapore,
}

impl Region {
    pub(crate) const ALL: [Self; 4] = [
        Self::Guangzhou,
        Self::Shanghai,
        Self::HongKong,
        Self::Singapore,
    ];

    /// The host of its service address.
    pub(crate) fn host(self) -> &'static str {
        match self {
            Self::Guangzhou => "api.tpns.tencent.com",
            Self::Shanghai => "api.tpns.sh.tencent.com",
            Self::HongKong => "api.tpns.hk.tencent.com",
            Self::Singapore => "api.tpns.sgp.tencent.com",
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Guangzhou => "guangzhou",
            Self::Shanghai => "shanghai",
            Self::HongKong => "hong_kong",
            Self::Singapore => "singapore",
        }
    }
}

/// The kind of phones of an application. The service gives each kind an access id of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// Android.
    Android,
    /// iOS.
    Ios,
}

/// A further application, with bindings, tags and pushes of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// Its access id.
    pub access_id: String,
    /// Its secret key.
    pub secret_key: String,
    /// For people. Default: empty.
    #[serde(default)]
    pub name: String,
    /// Default: none; it takes the messages of both.
    #[serde(default)]
    pub platform: Option<Platform>,
    /// Default: none; it is known at every service address.
    #[serde(default)]
    pub region: Option<Region>,
}

/// The configuration of the server.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The generation of the documents to follow. Default: `tpns`.
    pub version: Version,
    /// The access id of the first application. Default: the one of the official example.
    pub access_id: String,
    /// Its secret key. Default: the one of the official example.
    pub secret_key: String,
    /// Its kind of phones. Default: none; it takes the messages of both.
    pub platform: Option<Platform>,
    /// Its region: requests whose `Host` is the service address of another one are
    /// refused with 1008035. Default: none; it is known at every address.
    pub region: Option<Region>,
    /// Further applications. Default: none.
    pub apps: Vec<App>,
    /// How long after its arrival an accepted operation shows in queries. Default: 0,
    /// which is before the response is sent.
    pub apply_delay_ms: u64,
    /// How long every response is held back. Default: 0.
    pub latency_ms: u64,
    /// The server's clock minus the real one, in `Date` and in the time-stamp check. Default: 0.
    pub clock_skew_s: i64,
    /// How far a signature's time stamp may be off. Default: 300; none is not checked.
    pub timestamp_tolerance_s: Option<u64>,
    /// The form of an authentication failure. Default: `json403`.
    pub auth_failure: AuthFailure,
    /// What an overwriting bind clears. Default: `same_type`.
    pub overwrite_clears: Clears,
    /// Whether operator 1 acts as operator 2 in version `tpns`. Default: yes, as
    /// documented since 2020-10-26.
    pub append_is_overwrite: bool,
    /// How many tokens an account may have. Default: 100.
    pub max_tokens_per_account: usize,
    /// What happens beyond that. Default: `drop_oldest`.
    pub over_limit: OverLimit,
    /// Whether 1008026 and 1008027 come with a `result`. Default: yes.
    pub result_with_partial: bool,
    /// The top code of queries that did not find everything. Default: `zero`.
    pub query_not_found: NotFound,
    /// What version `tpns` does with a `platform` field. Default: `ignore`.
    pub platform_field: PlatformField,
    /// The envelope's spelling. Default: `by_version`.
    pub spelling: Spelling,
    /// The element code of success. Default: empty, which is `0` in `tpns` and `ok` before.
    pub ok_word: String,
    /// Tokens that begin so are refused: 1008006, in `xg_v3` `token_not_exists`.
    /// Default: `bad-`, with which no token of hex digits begins; empty refuses none.
    pub bad_token_prefix: String,
    /// Texts of a request that begin so, followed by a documented code, are refused with
    /// that code: `code-1008029`. Default: `code-`; empty refuses none.
    pub code_prefix: String,
    /// What an `account_type` beside the lists does. Default: `ignore`.
    pub top_level_account_type: TopLevelType,
    /// Whether an operation that failed in part has the codes 10302 to 10305 in `xg_v3`,
    /// which its table has for pushes to lists. Default: no, and the code is 0: its page
    /// shows `["ok","token_not_exists"]` and no code beside it.
    pub xg_list_codes: bool,
    /// How many tags an application may have. Default: 10,000.
    pub max_tags: usize,
    /// How many tags a token may have. Default: 100.
    pub max_tags_per_token: usize,
    /// How many pairs operators 9 and 10 of tags take. Default: 20, which one row of the
    /// page says; another row says 500.
    pub max_tag_pairs: usize,
    /// In what the 50 of a tag are measured. Default: `bytes`.
    pub tag_length: LengthUnit,
    /// How many pushes are kept, per application; the oldest go first. Default: 10,000.
    pub max_pushes: usize,
    /// Pushes to all, to tags and to account packages per second, beyond which 1008028 is
    /// answered. Default: 1; none is no limit.
    pub task_pushes_per_s: Option<u32>,
    /// Which pushes are refused as repeated. Default: `refuse_all`.
    pub repeated_push: RepeatedPush,
    /// What a push to a list does with accounts without a device. Default: `skip`.
    pub unbound_in_list: UnboundInList,
    /// The most that `expire_time` may be in version `tpns`. Default: 259,200, which is 72
    /// hours; older pages say that only what is no 32-bit integer fails.
    pub max_expire_s: i64,
    /// Hours that the times in requests and answers are ahead of UTC. Default: 8, that of
    /// China; no page says which.
    pub zone_hours: i8,
    /// The keys of attributes that exist in the console; others are named as invalid.
    /// Default: empty, and every key exists.
    pub attribute_keys: Vec<String>,
    /// Calls of statistics per hour, beyond which 1008028 is answered. Default: 200; none
    /// is no limit.
    pub statistics_per_hour: Option<u32>,
    /// Plans that can be made in a day, beyond which 1008028 is answered. Default: 200;
    /// none is no limit.
    pub plans_per_day: Option<u32>,
    /// Requests per second beyond which 1008028 is answered. Default: none.
    pub rate_limit_per_s: Option<u32>,
    /// How many log entries are kept; the oldest go first. Default: 1,000,000.
    pub max_log: usize,
    /// How much memory they may take, about; the oldest go first. Default: 256 MiB.
    pub max_log_bytes: usize,
    /// How much of each body the log keeps, of the request and of the response.
    /// Default: 64 KiB.
    pub max_log_body_bytes: usize,
    /// The longest body that is read; a longer one is answered 413. Default: 128 MiB.
    pub max_body_bytes: usize,
    /// The faults to begin with. Default: none.
    pub faults: Vec<Fault>,
    /// Random faults. Default: none.
    pub random_faults: Option<RandomFaults>,
    /// HTTPS with a certificate from a CA made at the start. Read only when starting.
    pub tls: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            version: Version::default(),
            access_id: "1500001048".into(),
            secret_key: "1452fcebae9f3115ba794fb0fff2fd73".into(),
            platform: None,
            region: None,
            apps: Vec::new(),
            apply_delay_ms: 0,
            latency_ms: 0,
            clock_skew_s: 0,
            timestamp_tolerance_s: Some(300),
            auth_failure: AuthFailure::default(),
            overwrite_clears: Clears::default(),
            append_is_overwrite: true,
            max_tokens_per_account: 100,
            over_limit: OverLimit::default(),
            result_with_partial: true,
            query_not_found: NotFound::default(),
            platform_field: PlatformField::default(),
            spelling: Spelling::default(),
            ok_word: String::new(),
            bad_token_prefix: "bad-".into(),
            code_prefix: "code-".into(),
            top_level_account_type: TopLevelType::default(),
            xg_list_codes: false,
            max_tags: 10_000,
            max_tags_per_token: 100,
            max_tag_pairs: 20,
            tag_length: LengthUnit::default(),
            max_pushes: 10_000,
            task_pushes_per_s: Some(1),
            repeated_push: RepeatedPush::default(),
            unbound_in_list: UnboundInList::default(),
            max_expire_s: 259_200,
            zone_hours: 8,
            attribute_keys: Vec::new(),
            statistics_per_hour: Some(200),
            plans_per_day: Some(200),
            rate_limit_per_s: None,
            max_log: 1_000_000,
            max_log_bytes: 256 << 20,
            max_log_body_bytes: 64 << 10,
            max_body_bytes: 128 << 20,
            faults: Vec::new(),
            random_faults: None,
            tls: false,
        }
    }
}

/// What stands in the place of a secret key that is not shown. Where it comes back, the key stays.
const HIDDEN: &str = "***";

impl Config {
    /// How many seconds the times in requests and answers are ahead of UTC.
    pub(crate) fn zone_s(&self) -> i64 {
        i64::from(self.zone_hours) * 3600
    }

    /// This configuration with some fields changed. Digits may stand for a text: an access
    /// id, say.
    ///
    /// # Errors
    /// When there is no such field, or its value is none for it.
    pub fn with(&self, fields: &Map<String, Value>) -> Result<Self, String> {
        let Ok(Value::Object(mut all)) = serde_json::to_value(self) else {
            return Err("the configuration cannot be written".into());
        };
        for (name, value) in fields {
            let Some(held) = all.get_mut(name) else {
                return Err(format!("there is no setting `{name}`"));
            };
            *held = match value {
                Value::String(text) if name == "secret_key" && text == HIDDEN => continue,
                Value::Array(apps) if name == "apps" => self.with_keys(apps),
                Value::Number(number) if held.is_string() => Value::from(number.to_string()),
                value => value.clone(),
            };
        }
        serde_json::from_value(Value::Object(all)).map_err(|error| error.to_string())
    }

    /// Applications with the keys that they have now, where those come back hidden.
    fn with_keys(&self, apps: &[Value]) -> Value {
        let mut apps = apps.to_vec();
        for app in &mut apps {
            let held = self
                .apps
                .iter()
                .find(|held| app["access_id"] == held.access_id && app["secret_key"] == HIDDEN);
            if let (Some(held), Some(fields)) = (held, app.as_object_mut()) {
                fields.insert("secret_key".into(), held.secret_key.clone().into());
            }
        }
        Value::Array(apps)
    }

    /// The configuration as it is shown: without the secret keys, and without the faults,
    /// which are a list of their own.
    pub(crate) fn shown(&self) -> Value {
        let mut shown = serde_json::to_value(self).unwrap_or_default();
        if let Some(fields) = shown.as_object_mut() {
            fields.insert("secret_key".into(), HIDDEN.into());
            let apps = fields.get_mut("apps").and_then(Value::as_array_mut);
            for app in apps.into_iter().flatten() {
                app["secret_key"] = HIDDEN.into();
            }
            fields.remove("faults");
            fields.remove("random_faults");
        }
        shown
    }
}
