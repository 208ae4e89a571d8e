//! The whole state: out, and in again.

use std::ops::Bound;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::task::{spawn_blocking, yield_now};

use super::answer::{Answer, named, read};
use super::parameters::Parameters;
use crate::response::http::HttpResponse;
use crate::service::locked::SharedService;
use crate::state::bindings::Bindings;
use crate::state::snapshot::State;

/// How many names are written, or bound, before requests may pass.
const SLICE: usize = 1000;

/// The bindings. A small state is one moment's; of a large one each token and each account is.
pub(super) async fn state(shared: &SharedService, body: &[u8]) -> Answer {
    if !matches!(body.trim_ascii(), b"" | b"{}" | b"null") {
        return Err("`state` only reads: POST it to `import`".into());
    }
    let mut text = br#"{"ret_code":0,"state":"#.to_vec();
    write_state(shared, &mut text).await?;
    text.push(b'}');
    Ok(HttpResponse::json(200, text))
}

/// What [`imported`] reads.
pub(crate) async fn exported(shared: &SharedService) -> Result<Vec<u8>, String> {
    let mut text = br#"{"ret_code":0,"format":1,"state":"#.to_vec();
    write_state(shared, &mut text).await?;
    text.push(b'}');
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

/// `State` in JSON, slice by slice.
async fn write_state(shared: &SharedService, text: &mut Vec<u8>) -> Result<(), String> {
    text.extend_from_slice(br#"{"tokens":{"#);
    write_side(shared, text, |bindings, start, text| {
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
    write_side(shared, text, |bindings, start, text| {
        let mut last = None;
        for name in bindings.accounts_from(start).take(SLICE) {
            let types: std::collections::BTreeMap<i64, &[Arc<str>]> =
                bindings.types_of(name).collect();
            write_field(text, name, &types)?;
            last = Some(name.clone());
        }
        Ok(last)
    })
    .await?;
    text.extend_from_slice(b"}}");
    Ok(())
}

async fn write_side(
    shared: &SharedService,
    text: &mut Vec<u8>,
    slice: impl Fn(&Bindings, Bound<&str>, &mut Vec<u8>) -> serde_json::Result<Option<Arc<str>>>,
) -> Result<(), String> {
    let mut after: Option<Arc<str>> = None;
    loop {
        let now = shared.now();
        let start = after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let last = shared
            .with(|service| slice(service.bindings(now), start, text))
            .map_err(|error| error.to_string())?;
        if last.is_none() {
            return Ok(());
        }
        after = last;
        yield_now().await;
    }
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
struct Import {
    #[serde(default)]
    ret_code: i64,
    #[serde(default = "current")]
    format: i64,
    state: State,
}

fn current() -> i64 {
    1
}

/// Reads an exported state.
pub(crate) fn imported(body: &[u8]) -> Result<State, String> {
    let import: Import = read(body)?;
    if (import.format, import.ret_code) != (1, 0) {
        return Err("this is no state of format 1".into());
    }
    let mut state = import.state;
    state.is_consistent()?;
    if state.tokens.is_empty() {
        state.fill_tokens();
    }
    Ok(state)
}

/// Binds what a state has, beside what is bound; with `replace=true` in its place.
pub(super) async fn import(shared: &SharedService, mut given: Parameters, body: &[u8]) -> Answer {
    let replace = given.value("replace")?.unwrap_or(false);
    given.all_used()?;
    // A million bindings take seconds to read: requests go on meanwhile.
    let body = body.to_vec();
    let state = spawn_blocking(move || imported(&body))
        .await
        .map_err(|error| error.to_string())??;
    if replace {
        shared.clear();
    }
    let bound = restore(shared, state).await;
    named("tokens", &bound)
}

/// Binds what a state has, slice by slice; says how many tokens those are.
async fn restore(shared: &SharedService, state: State) -> usize {
    let count = state.tokens.len();
    let mut tokens = state.tokens.into_iter();
    while tokens.len() > 0 {
        let now = shared.now();
        shared.with(|service| {
            service
                .bindings(now)
                .restore_all(tokens.by_ref().take(SLICE));
        });
        yield_now().await;
    }
    let mut accounts = state.accounts.into_iter();
    while accounts.len() > 0 {
        let now = shared.now();
        shared.with(|service| {
            service
                .bindings(now)
                .reorder_all(accounts.by_ref().take(SLICE));
        });
        yield_now().await;
    }
    count
}
