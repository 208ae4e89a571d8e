//! The pushes that were taken, newest first, page by page.

use serde::Serialize;

use super::answer::{Answer, fields};
use super::parameters::Parameters;
use super::transfer::no_app;
use crate::service::locked::SharedService;
use crate::state::pushes::{KEPT_TARGETS, Push};

const DEFAULT_LIMIT: u64 = 50;
const MOST_LIMIT: u64 = 1000;
/// So many devices are listed over a whole page.
const MOST_DEVICES: usize = 10 * KEPT_TARGETS;

#[derive(Serialize)]
struct Page {
    pushes: Vec<Push>,
    /// Give it as `before` to go on; null at the end.
    next: Option<u64>,
}

pub(super) fn newest(shared: &SharedService, mut given: Parameters) -> Answer {
    let app = given.text("app");
    let before = given.value("before")?;
    let limit = given.limited("limit", DEFAULT_LIMIT, 1..=MOST_LIMIT)?;
    given.all_used()?;
    let limit = usize::try_from(limit).map_err(|error| error.to_string())?;
    let now = shared.now();
    let page = shared.with(|service| {
        let now_s = i64::try_from(now.unix_ms / 1000).unwrap_or(i64::MAX);
        let now_s = now_s.saturating_add(service.config().clock_skew_s);
        let app = app.as_deref();
        let app = service.app(app, now).ok_or_else(|| no_app(app))?;
        let found = app.pushes.newest(before, limit + 1);
        let next = (found.len() > limit).then(|| found[limit - 1].number);
        let mut left = MOST_DEVICES;
        let pushes = found.into_iter().take(limit).map(|push| {
            let mut push = push.clone();
            push.status = push.status_at(now_s);
            push.devices.truncate(left);
            left -= push.devices.len();
            push
        });
        Ok::<_, String>(Page {
            pushes: pushes.collect(),
            next,
        })
    })?;
    fields(&page)
}
