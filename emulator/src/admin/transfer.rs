//! The whole state: out, and in again.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

use super::answer::{Answer, named, read};
use super::parameters::Parameters;
use crate::response::http::HttpResponse;
use crate::service::locked::SharedService;
use crate::service::{Now, Service};
use crate::state::application::Application;
use crate::state::snapshot::State;

/// How many names are written, or bound, before requests may pass.
const SLICE: usize = 1000;

/// Bindings and tags. A small state is one moment's; of a large one each token and each
/// account is.
pub(super) async fn state(shared: &SharedService, mut given: Parameters, body: &[u8]) -> Answer {
    let app = given.text("app");
    given.all_used()?;
    if !matches!(body.trim_ascii(), b"" | b"{}" | b"null") {
        return Err("`state` only reads: POST it to `import`".into());
    }
    let mut text = br#"{"ret_code":0,"state":"#.to_vec();
    write_state(shared, app.as_deref(), &mut text).await?;
    text.push(b'}');
    Ok(HttpResponse::json(200, text))
}

/// What [`Imported`] reads.
pub(crate) async fn exported(shared: &SharedService) -> Result<Vec<u8>, String> {
    let now = shared.now();
    let ids: Vec<String> = shared.with(|service| {
        let apps = service.apps(now).iter();
        apps.map(|app| app.access_id.clone()).collect()
    });
    let mut text = br#"{"ret_code":0,"format":1,"state":"#.to_vec();
    write_state(shared, None, &mut text).await?;
    text.extend_from_slice(br#","apps":{"#);
    for (n, id) in ids.iter().skip(1).enumerate() {
        if n > 0 {
            text.push(b',');
        }
        serde_json::to_writer(&mut text, id).map_err(|error| error.to_string())?;
        text.push(b':');
        write_state(shared, Some(id), &mut text).await?;
    }
    text.extend_from_slice(b"}}");
    Ok(text)
}

pub(super) async fn export(shared: &SharedService) -> Answer {
    let mut response = HttpResponse::json(200, exported(shared).await?);
    response.headers.push((
        "Content-Disposition".into(),
        "attachment; filename=\"xgpush-emulator.json\"".into(),
    ));
    Ok(response)
}

/// [`State`] in JSON, slice by slice.
async fn write_state(
    shared: &SharedService,
    app: Option<&str>,
    text: &mut Vec<u8>,
) -> Result<(), String> {
    text.extend_from_slice(br#"{"tokens":{"#);
    write_side(shared, app, text, |app, start, text| {
        let bindings = &app.bindings.visible;
        let mut last = None;
        for name in bindings.tokens_from(start).take(SLICE) {
            let accounts: Vec<_> = bindings.accounts_of(name).collect();
            write_field(text, name, &accounts)?;
            last = Some(name.clone());
        }
        Ok(last)
    })
    .await?;
    text.extend_from_slice(br#"},"accounts":{"#);
    write_side(shared, app, text, |app, start, text| {
        let bindings = &app.bindings.visible;
        let mut last = None;
        for name in bindings.accounts_from(start).take(SLICE) {
            let types: BTreeMap<i64, &[Arc<str>]> = bindings.types_of(name).collect();
            write_field(text, name, &types)?;
            last = Some(name.clone());
        }
        Ok(last)
    })
    .await?;
    text.extend_from_slice(br#"},"tags":"#);
    let now = shared.now();
    let tags = shared.with(|service| service.app(app, now).map(|app| app.tags.snapshot()));
    serde_json::to_writer(&mut *text, &tags.unwrap_or_default()).map_err(|e| e.to_string())?;
    text.push(b'}');
    Ok(())
}

async fn write_side(
    shared: &SharedService,
    app: Option<&str>,
    text: &mut Vec<u8>,
    slice: impl Fn(&Application, Bound<&str>, &mut Vec<u8>) -> serde_json::Result<Option<Arc<str>>>,
) -> Result<(), String> {
    let mut after: Option<Arc<str>> = None;
    loop {
        let began = Instant::now();
        let now = shared.now();
        let start = after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let last = shared.with(|service| {
            let app = service.app(app, now).ok_or_else(|| no_app(app))?;
            slice(app, start, text).map_err(|error| error.to_string())
        })?;
        if last.is_none() {
            return Ok(());
        }
        after = last;
        breathe(began).await;
    }
}

/// Which application there is not.
pub(super) fn no_app(access_id: Option<&str>) -> String {
    format!(
        "there is no application {:?}",
        access_id.unwrap_or_default()
    )
}

/// Requests pass, and the machine rests, for as long as a slice took: a long transfer would
/// otherwise be what the system lets wait, and the requests with it.
async fn breathe(began: Instant) {
    sleep(began.elapsed()).await;
}

fn write_field<T: Serialize>(text: &mut Vec<u8>, name: &str, value: &T) -> serde_json::Result<()> {
    if text.last() != Some(&b'{') {
        text.push(b',');
    }
    serde_json::to_writer(&mut *text, name)?;
    text.push(b':');
    serde_json::to_writer(text, value)
}

/// What `export` answers, or its state alone.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Imported {
    #[serde(default)]
    ret_code: i64,
    #[serde(default = "current")]
    format: i64,
    state: State,
    /// Of the other applications, by access id.
    #[serde(default)]
    apps: BTreeMap<String, State>,
}

fn current() -> i64 {
    1
}

impl Imported {
    pub(crate) fn read(body: &[u8]) -> Result<Self, String> {
        let mut imported: Self = read(body)?;
        if (imported.format, imported.ret_code) != (1, 0) {
            return Err("this is no state of format 1".into());
        }
        for state in imported.apps.values_mut().chain([&mut imported.state]) {
            state.is_consistent()?;
            if state.tokens.is_empty() {
                state.fill_tokens();
            }
        }
        Ok(imported)
    }

    /// There are all the applications that it has a state of.
    fn is_possible(&self, service: &mut Service, now: Now) -> Result<(), String> {
        for id in self.apps.keys() {
            service.app(Some(id), now).ok_or_else(|| no_app(Some(id)))?;
        }
        Ok(())
    }

    /// Each state with the access id of its application; that of the first has none.
    fn states(self) -> impl Iterator<Item = (Option<String>, State)> {
        let others = self.apps.into_iter().map(|(id, state)| (Some(id), state));
        std::iter::once((None, self.state)).chain(others)
    }

    /// Takes it over, before anybody is served.
    pub(crate) fn restore_at_once(self, service: &mut Service, now: Now) -> Result<(), String> {
        self.is_possible(service, now)?;
        for (id, state) in self.states() {
            if let Some(app) = service.app(id.as_deref(), now) {
                app.bindings.visible.restore_all(state.tokens.into_iter());
                app.bindings.visible.reorder_all(state.accounts.into_iter());
                restore_tags(app, state.tags.into_iter());
            }
        }
        Ok(())
    }
}

fn restore_tags(app: &mut Application, tags: impl Iterator<Item = (String, Vec<String>)>) {
    for (token, tags) in tags {
        for tag in tags {
            app.tags.restore(&token, &tag);
        }
    }
}

/// Takes over a state, beside what there is; with `replace=true` in its place.
pub(super) async fn import(shared: &SharedService, mut given: Parameters, body: &[u8]) -> Answer {
    let replace = given.value("replace")?.unwrap_or(false);
    given.all_used()?;
    // A million bindings take seconds to read: requests go on meanwhile.
    let body = body.to_vec();
    let imported = spawn_blocking(move || Imported::read(&body))
        .await
        .map_err(|error| error.to_string())??;
    let now = shared.now();
    shared.with(|service| imported.is_possible(service, now))?;
    if replace {
        shared.clear();
    }
    let mut count = 0;
    for (id, state) in imported.states() {
        count += restore(shared, id.as_deref(), state).await;
    }
    named("tokens", &count)
}

/// Takes over a state, slice by slice; says how many tokens it has bound.
async fn restore(shared: &SharedService, id: Option<&str>, state: State) -> usize {
    let count = state.tokens.len();
    let mut tokens = state.tokens.into_iter();
    let mut accounts = state.accounts.into_iter();
    let mut tags = state.tags.into_iter();
    while tokens.len() + accounts.len() + tags.len() > 0 {
        let began = Instant::now();
        let now = shared.now();
        shared.with(|service| {
            let Some(app) = service.app(id, now) else {
                // Its application was taken away meanwhile.
                (tokens, accounts, tags) = Default::default();
                return;
            };
            let bindings = &mut app.bindings.visible;
            if tokens.len() > 0 {
                bindings.restore_all(tokens.by_ref().take(SLICE));
            } else if accounts.len() > 0 {
                bindings.reorder_all(accounts.by_ref().take(SLICE));
            } else {
                restore_tags(app, tags.by_ref().take(SLICE));
            }
        });
        breathe(began).await;
    }
    count
}
