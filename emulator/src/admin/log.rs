//! The log: from a number on, filtered, newest first, and waiting for what is to come.

use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;
use tokio::task::yield_now;
use tokio::time::{Instant, timeout_at};

use super::answer::{Answer, fields};
use super::parameters::Parameters;
use crate::mention::{Mention, Named};
use crate::service::locked::SharedService;
use crate::service::log::LogEntry;

const DEFAULT_LIMIT: u64 = 1000;
const MOST_LIMIT: u64 = 10_000;
const MOST_WAIT_MS: u64 = 60_000;
/// How many entries are looked at before requests may pass.
const SLICE: usize = 500;
/// An answer is not much longer than that.
const MOST_BYTES: usize = 16 << 20;

#[derive(Serialize)]
struct Page {
    log: Vec<Box<RawValue>>,
    /// Whether there may be more; then go on from the last entry that came.
    more: bool,
    /// The number of the newest entry of all: the `since` for those to come.
    last: u64,
}

struct Filter {
    mentions: Vec<Mention>,
    path: Option<String>,
    operator_type: Option<i64>,
    ret_code: Option<i64>,
    fault: Option<String>,
    refused: Option<bool>,
}

impl Filter {
    fn passes(&self, entry: &LogEntry) -> bool {
        self.path
            .as_ref()
            .is_none_or(|end| entry.path.ends_with(end.as_str()))
            && (self.operator_type.is_none() || self.operator_type == entry.operator_type)
            && (self.ret_code.is_none() || self.ret_code == entry.ret_code)
            && (self.fault.is_none() || self.fault.as_deref() == entry.fault)
            && self
                .refused
                .is_none_or(|wanted| wanted == entry.is_refused())
            && self
                .mentions
                .iter()
                .all(|mention| mention.is_in(&entry.body))
    }
}

pub(super) async fn entries(shared: &SharedService, mut given: Parameters) -> Answer {
    let token = given.text("token").map(|t| Mention::new(Named::Token, &t));
    let account = given
        .text("account")
        .map(|a| Mention::new(Named::Account, &a));
    let filter = Filter {
        mentions: token.into_iter().chain(account).collect(),
        path: given.text("path"),
        operator_type: given.value("operator_type")?,
        ret_code: given.value("ret_code")?,
        fault: given.text("fault"),
        refused: given.value("refused")?,
    };
    let since: Option<u64> = given.value("since")?;
    let before: Option<u64> = given.value("before")?;
    let limit = given.limited("limit", DEFAULT_LIMIT, 1..=MOST_LIMIT)?;
    let wait_ms = given.limited("wait_ms", 0, 0..=MOST_WAIT_MS)?;
    given.all_used()?;
    let limit = usize::try_from(limit).map_err(|error| error.to_string())?;
    if let Some(before) = before {
        if since.is_some() || wait_ms > 0 {
            return Err("`before` looks back: it goes with neither `since` nor `wait_ms`".into());
        }
        return newest_first(shared, &filter, before, limit).await;
    }
    let deadline = Instant::now() + Duration::from_millis(wait_ms);
    let mut next = since.unwrap_or(0).saturating_add(1);
    loop {
        // Asked for before the look, so that nothing that comes in between is missed.
        let arrived = shared.arrived.notified();
        tokio::pin!(arrived);
        arrived.as_mut().enable();
        let page = oldest_first(shared, &filter, &mut next, limit).await?;
        // After a reset the numbers begin again: who waits for later ones learns that.
        let is_ahead = since.is_some_and(|since| since > page.last);
        if !page.log.is_empty()
            || wait_ms == 0
            || is_ahead
            || timeout_at(deadline, arrived).await.is_err()
        {
            return fields(&page);
        }
    }
}

/// Looks from `next` on, which moves behind what was looked at.
async fn oldest_first(
    shared: &SharedService,
    filter: &Filter,
    next: &mut u64,
    limit: usize,
) -> Result<Page, String> {
    let mut found = Found::new(limit);
    loop {
        let (is_done, last) = shared.with(|service| {
            let log = service.log();
            let mut is_done = true;
            for (looked, entry) in log.from(*next).enumerate() {
                if looked == SLICE || found.is_full() {
                    is_done = found.is_full();
                    break;
                }
                *next = entry.seq + 1;
                found.look(filter, entry)?;
            }
            Ok::<_, String>((is_done, log.last()))
        })?;
        if is_done {
            let more = *next <= last && found.is_full();
            return Ok(found.page(more, last));
        }
        yield_now().await;
    }
}

async fn newest_first(
    shared: &SharedService,
    filter: &Filter,
    before: u64,
    limit: usize,
) -> Answer {
    let mut found = Found::new(limit);
    let mut next = before;
    loop {
        let (is_done, last) = shared.with(|service| {
            let log = service.log();
            let mut is_done = true;
            for (looked, entry) in log.before(next).enumerate() {
                if looked == SLICE || found.is_full() {
                    is_done = found.is_full();
                    break;
                }
                next = entry.seq;
                found.look(filter, entry)?;
            }
            Ok::<_, String>((is_done, log.last()))
        })?;
        if is_done {
            let more = found.is_full();
            return fields(&found.page(more, last));
        }
        yield_now().await;
    }
}

/// The entries that passed, written at once: to copy them would take as long.
struct Found {
    entries: Vec<Box<RawValue>>,
    bytes: usize,
    limit: usize,
}

impl Found {
    fn new(limit: usize) -> Self {
        Self {
            entries: Vec::new(),
            bytes: 0,
            limit,
        }
    }

    fn is_full(&self) -> bool {
        self.entries.len() >= self.limit || self.bytes >= MOST_BYTES
    }

    fn look(&mut self, filter: &Filter, entry: &LogEntry) -> Result<(), String> {
        if filter.passes(entry) {
            let text = serde_json::value::to_raw_value(entry).map_err(|e| e.to_string())?;
            self.bytes += text.get().len();
            self.entries.push(text);
        }
        Ok(())
    }

    fn page(self, more: bool, last: u64) -> Page {
        Page {
            log: self.entries,
            more,
            last,
        }
    }
}
