//! The control API over HTTP (`/_emulator/`), for programs in other languages and for the page.
//!
//! It runs on the server's only thread: what touches very much of the state does so in
//! slices, and lets requests pass between them.

mod answer;
mod bindings;
mod faults;
mod log;
mod openapi;
mod parameters;
mod pushes;
mod settings;
mod transfer;

use self::answer::{Answer, done, failed, named};
use self::parameters::Parameters;
pub(crate) use self::transfer::{Imported, exported};
use crate::page;
use crate::response::http::HttpResponse;
use crate::service::Service;
use crate::service::locked::SharedService;

/// The prefix of the control API.
pub(crate) const PREFIX: &str = "/_emulator/";

/// The longest body that it reads: a million bindings are a tenth of it.
pub(crate) const MAX_BODY: usize = 1 << 30;

/// One request; `name` is the path after [`PREFIX`].
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) name: &'a str,
    /// What follows `?` in the URL.
    pub(crate) query: &'a str,
    pub(crate) body: &'a [u8],
}

/// Every path with its methods. What only reads takes POST too where it did so first:
/// some HTTP clients of the service can send nothing else.
const PATHS: [(&str, &[&str]); 17] = [
    ("bindings", &["GET"]),
    ("clear_faults", &["POST"]),
    ("config", &["GET", "POST"]),
    ("counters", &["GET", "POST"]),
    ("export", &["GET"]),
    ("fault", &["POST"]),
    ("faults", &["GET"]),
    ("health", &["GET"]),
    ("import", &["POST"]),
    ("log", &["GET", "POST"]),
    ("openapi.json", &["GET"]),
    ("pushes", &["GET"]),
    ("recipe", &["POST"]),
    ("recipes", &["GET"]),
    ("reset", &["POST"]),
    ("settle", &["POST"]),
    ("state", &["GET", "POST"]),
];

/// Carries out one request.
pub(crate) async fn handle(shared: &SharedService, request: Request<'_>) -> HttpResponse {
    if let Some(name) = request.name.strip_prefix(page::PREFIX)
        && request.method == "GET"
    {
        return page::file(name).unwrap_or_else(|| failed(404, "no such path"));
    }
    let Some((_, methods)) = PATHS.iter().find(|(name, _)| *name == request.name) else {
        return failed(404, "no such path");
    };
    if !methods.contains(&request.method) {
        let mut response = failed(405, &format!("only {}", methods.join(" and ")));
        response.headers.push(("Allow".into(), methods.join(", ")));
        return response;
    }
    let outcome = route(shared, &request).await;
    outcome.unwrap_or_else(|error| failed(400, &error))
}

async fn route(shared: &SharedService, request: &Request<'_>) -> Answer {
    let mut given = Parameters::read(request.query)?;
    let parameters = &mut given;
    let body = request.body;
    match (request.name, request.method) {
        ("bindings", _) => bindings::search(shared, given).await,
        ("log", _) => log::entries(shared, given).await,
        ("pushes", _) => pushes::newest(shared, given),
        ("state", _) => transfer::state(shared, given, body).await,
        ("import", _) => transfer::import(shared, given, body).await,
        (name, method) => {
            parameters.all_used()?;
            match (name, method) {
                ("export", _) => transfer::export(shared).await,
                ("config", "GET") => settings::show(shared),
                ("config", _) => settings::change(shared, body),
                ("reset", _) => settings::reset(shared, body),
                ("openapi.json", _) => Ok(openapi::show()),
                ("health", _) => settings::health(shared),
                ("faults", _) => faults::list(shared),
                ("fault", _) => faults::add(shared, body),
                ("clear_faults", _) => faults::remove(shared, body),
                ("recipes", _) => faults::recipes(),
                ("recipe", _) => faults::follow_recipe(shared, body),
                ("settle", _) => {
                    shared.with(Service::apply_pending);
                    Ok(done())
                }
                _ => {
                    let counters = shared.with(|service| service.counters().clone());
                    named("counters", &counters)
                }
            }
        }
    }
}
