//! The statistics, of what the emulator has: its pushes, and the devices that it has heard of.

use serde_json::{Map, Value, json};

use super::push::{no_task, written_record};
use super::{Api, Moment};
use crate::protocol::codes;
use crate::protocol::date;
use crate::protocol::endpoint::Statistics;
use crate::protocol::fields::{Fields, read_object};
use crate::protocol::request::Refusal;
use crate::state::application::Application;
use crate::state::pushes::{Push, PushStatus};

const HOUR_MS: u64 = 3_600_000;
/// How far back the dates may lie.
const MONTH: i64 = 30;
const THREE_MONTHS: i64 = 92;
const WEEK: i64 = 7;
/// Of one page of records.
const MAX_LIMIT: i64 = 200;

const DIMENSIONS: [&str; 7] = [
    "sdk_version",
    "app_version",
    "system_version",
    "device_brand",
    "device_version",
    "province",
    "city",
];

type Members = Vec<(&'static str, Value)>;

impl Api {
    pub(super) fn statistics(
        &mut self,
        app: usize,
        which: Statistics,
        body: &[u8],
        at: Moment,
    ) -> Result<Members, Refusal> {
        let map = read_object(body)?;
        if let Some(limit) = self.config.statistics_per_hour
            && !self
                .statistics_rate
                .take(at.now.monotonic_ms / HOUR_MS, limit)
        {
            return Err(Refusal {
                code: codes::TOO_FAST,
                message: "request too fast: so many statistics an hour (statistics_per_hour)"
                    .into(),
            });
        }
        let look = Look {
            app: &self.apps[app],
            fields: Fields::of(&map),
            at,
            zone_s: self.config.zone_s(),
        };
        match which {
            Statistics::Pushes => look.pushes(),
            Statistics::Devices => look.devices(),
            Statistics::Records => look.records(),
            Statistics::Task => look.task(),
            Statistics::Group => look.group(),
            Statistics::Distribution => look.distribution(),
            Statistics::OfToken => look.of_token(),
        }
    }
}

/// One query.
struct Look<'a> {
    app: &'a Application,
    fields: Fields<'a>,
    at: Moment,
    zone_s: i64,
}

/// Whether a request's dates are written `YYYYMMDD` or `YYYY-MM-DD`.
#[derive(Clone, Copy)]
enum Dates {
    Compact,
    Dashed,
    /// The table and the sample of a page differ.
    Either,
}

impl<'a> Look<'a> {
    fn day(&self, name: &str, dates: Dates) -> Result<i64, Refusal> {
        let text = self.fields.required_text(name)?;
        let day = match dates {
            Dates::Compact => date::compact(text),
            Dates::Dashed => date::dashed(text),
            Dates::Either => date::dashed(text).or_else(|| date::compact(text)),
        };
        day.ok_or_else(|| Refusal {
            code: codes::BAD_DATE,
            message: format!("date format error: {name} {text}").into(),
        })
    }

    fn today(&self) -> i64 {
        date::day_of(self.at.server_s, self.zone_s)
    }

    /// From `startDate` to `endDate`, which lie within the last days.
    fn period(&self, dates: Dates, days: i64) -> Result<std::ops::RangeInclusive<i64>, Refusal> {
        let (start, end) = (self.day("startDate", dates)?, self.day("endDate", dates)?);
        if end < start {
            return Err(self.fields.invalid("endDate", "is before startDate"));
        }
        if start < self.today() - days {
            let what = format!("is more than {days} days ago");
            return Err(self.fields.invalid("startDate", &what));
        }
        Ok(start..=end)
    }

    fn day_of(&self, push: &Push) -> i64 {
        date::day_of(push.due_s, self.zone_s)
    }

    /// The sums over some pushes, of every channel and of the service's own, which is the
    /// only one here.
    fn channels<'p>(&self, pushes: impl Iterator<Item = &'p Push>) -> Value {
        let mut planned = 0;
        let mut sent = 0;
        for push in pushes {
            planned += push.device_count;
            let is_sent = !matches!(
                push.status_at(self.at.server_s),
                PushStatus::PushWait | PushStatus::PushCanceled
            );
            sent += if is_sent { push.device_count } else { 0 };
        }
        let state = json!({
            "pushActiveUv": planned,
            "pushOnlineUv": sent,
            "arrivalUv": sent,
            "verifySvcUv": sent,
            "callbackVerifySvcUv": 0,
            "verifyUv": sent,
            "clickUv": 0,
            "cleanupUv": 0,
        });
        json!([
            {"channel": "all", "pushState": state},
            {"channel": "xg", "pushState": state},
        ])
    }

    fn pushes(&self) -> Result<Members, Refusal> {
        let days = self.period(Dates::Compact, MONTH)?.map(|day| {
            let of_day = self
                .app
                .pushes
                .iter()
                .filter(|push| self.day_of(push) == day);
            json!({
                "date": date::day_number(day).to_string(),
                "channelDatas": self.channels(of_day),
            })
        });
        Ok(vec![("pushDateChannelStat", days.collect())])
    }

    /// What is known is of today.
    fn devices(&self) -> Result<Members, Refusal> {
        let count = self.app.device_count();
        let today = self.today();
        let days = self.period(Dates::Compact, THREE_MONTHS)?.map(|day| {
            let count = if day == today { count } else { 0 };
            json!({
                "date": date::day_number(day),
                "accuUv": count,
                "newUv": count,
                "activeUv": count,
                "invalidUv": 0,
                "availableUv": count,
                "notificationOpen": count,
                "notificationClose": 0,
                "notificationUnknown": 0,
            })
        });
        Ok(vec![("getDeviceStatOverviewData", days.collect())])
    }

    fn push_id(&self) -> Result<Option<&'a Push>, Refusal> {
        let Some(id) = self.fields.id("pushId")? else {
            return Ok(None);
        };
        let push = self.app.pushes.find(&id);
        push.map(Some).ok_or_else(|| no_task(&id))
    }

    /// By id, where the id in the record is a number, or by time, where it is a text.
    fn records(&self) -> Result<Members, Refusal> {
        let record =
            |push: &Push, id: Value| written_record(push, self.at.server_s, self.zone_s, &id);
        if let Some(push) = self.push_id()? {
            let id = push.push_id.parse::<u64>().unwrap_or_default();
            return Ok(vec![("pushRecordData", json!([record(push, id.into())]))]);
        }
        let period = self.period(Dates::Dashed, THREE_MONTHS)?;
        let message_type = self.fields.text("msgType")?.filter(|text| !text.is_empty());
        if message_type.is_some_and(|text| !["notify", "message"].contains(&text)) {
            return Err(self
                .fields
                .invalid("msgType", "is neither notify nor message"));
        }
        let push_type = self
            .fields
            .text("pushType")?
            .filter(|text| !text.is_empty());
        if push_type.is_some_and(|text| !["all", "tag", "token", "account"].contains(&text)) {
            let what = "is none of all, tag, token and account";
            return Err(self.fields.invalid("pushType", what));
        }
        let offset = self.fields.int_in("offset", 0..=i64::MAX)?.unwrap_or(0);
        let limit = self
            .fields
            .int_in("limit", 0..=MAX_LIMIT)?
            .unwrap_or(MAX_LIMIT);
        let is_of_type = |push: &Push| match push_type {
            Some("token") => push.audience_type.contains("token"),
            Some("account") => push.audience_type.contains("account"),
            wanted => wanted.is_none_or(|wanted| wanted == push.audience_type),
        };
        let found: Vec<&Push> = self
            .app
            .pushes
            .iter()
            .rev()
            .filter(|push| period.contains(&self.day_of(push)))
            .filter(|push| message_type.is_none_or(|wanted| wanted == push.message_type))
            .filter(|push| is_of_type(push))
            .collect();
        let page: Vec<Value> = found
            .iter()
            .skip(usize::try_from(offset).unwrap_or(usize::MAX))
            .take(usize::try_from(limit).unwrap_or(0))
            .map(|push| record(push, push.push_id.clone().into()))
            .collect();
        Ok(vec![
            ("count", found.len().into()),
            ("pushRecordData", page.into()),
        ])
    }

    fn task(&self) -> Result<Members, Refusal> {
        let push = self
            .push_id()?
            .ok_or_else(|| self.fields.missing("pushId"))?;
        let sums = self.channels(std::iter::once(push));
        Ok(vec![("pushStatDataAll", sums)])
    }

    /// The table writes `groupId`, the sample `groupid`.
    fn group(&self) -> Result<Members, Refusal> {
        let group = match self.fields.text("groupId")? {
            Some(group) => group,
            None => match self.fields.text("groupid")? {
                Some(group) => group,
                None => return Err(self.fields.missing("groupId")),
            },
        };
        let period = self.period(Dates::Either, WEEK)?;
        let of_group = self
            .app
            .pushes
            .iter()
            .filter(|push| push.group_id.as_deref() == Some(group))
            .filter(|push| period.contains(&self.day_of(push)));
        Ok(vec![("pushStatDataAll", self.channels(of_group))])
    }

    /// Nothing is known of the devices but that they are.
    fn distribution(&self) -> Result<Members, Refusal> {
        self.day("date", Dates::Compact)?;
        let dimension = match self.fields.text("type")? {
            Some(dimension) => dimension,
            // As the table writes it.
            None => self.fields.required_text("Type")?,
        };
        if !DIMENSIONS.contains(&dimension) {
            return Err(self.fields.invalid("type", "is no dimension"));
        }
        let count = self.app.device_count();
        let mut row = Map::new();
        row.insert(dimension.to_owned(), "unknown".into());
        row.insert("count".into(), count.into());
        let rows = if count == 0 {
            vec![]
        } else {
            vec![Value::Object(row)]
        };
        Ok(vec![("data", rows.into())])
    }

    /// Of pushes to very many devices only the first thousand are known by name.
    fn of_token(&self) -> Result<Members, Refusal> {
        let token = self.fields.required_text("token")?;
        let today = self.today();
        let tasks = self
            .app
            .pushes
            .iter()
            .rev()
            .filter(|push| self.day_of(push) == today)
            .filter(|push| push.devices.iter().any(|device| **device == *token))
            .map(|push| {
                json!({
                    "pushId": push.push_id.parse::<u64>().unwrap_or_default(),
                    "pushTime": push.due_s,
                    "pushTargetType": format!("{}_PUSH", push.audience_type.to_uppercase()),
                })
            });
        Ok(vec![("pushTaskList", tasks.collect())])
    }
}
