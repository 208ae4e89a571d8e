//! The control API over HTTP (`/_emulator/`), for programs in other languages.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::Config;
use crate::faults::fault::Fault;
use crate::protocol::codes;
use crate::response::http::HttpResponse;
use crate::service::Service;
use crate::service::locked::SharedService;

/// The prefix of the control API.
pub(crate) const PREFIX: &str = "/_emulator/";

/// Carries out one request; `name` is the path after [`PREFIX`].
pub(crate) fn handle(
    shared: &SharedService,
    method: &str,
    name: &str,
    body: &[u8],
) -> HttpResponse {
    let reading = matches!(name, "state" | "log" | "counters");
    if method != "POST" && !(reading && method == "GET") {
        return failed(405, "only POST");
    }
    let outcome = match name {
        "config" => read::<Config>(body).map(|config| {
            shared.reconfigure(config);
            done()
        }),
        "fault" => faults(body).map(|faults| {
            shared.with(|service| faults.into_iter().for_each(|f| service.push_fault(f)));
            done()
        }),
        "clear_faults" => {
            shared.with(Service::clear_faults);
            Ok(done())
        }
        "reset" => {
            let config = shared.with(|service| service.config().clone());
            shared.reconfigure(config);
            Ok(done())
        }
        "settle" => {
            shared.with(Service::apply_pending);
            Ok(done())
        }
        "state" => {
            let now = shared.now();
            Ok(named("state", &shared.with(|service| service.state(now))))
        }
        "log" => Ok(named("log", &shared.with(|service| service.log()))),
        "counters" => Ok(named(
            "counters",
            &shared.with(|service| service.counters().clone()),
        )),
        _ => return failed(404, "no such path"),
    };
    outcome.unwrap_or_else(|error| failed(400, &error))
}

fn faults(body: &[u8]) -> Result<Vec<Fault>, String> {
    if body.trim_ascii_start().starts_with(b"[") {
        read(body)
    } else {
        read(body).map(|fault| vec![fault])
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

fn done() -> HttpResponse {
    HttpResponse::json(200, br#"{"ret_code":0}"#.to_vec())
}

fn named<T: Serialize>(name: &str, value: &T) -> HttpResponse {
    match serde_json::to_string(value) {
        Ok(text) => HttpResponse::json(200, format!(r#"{{"ret_code":0,"{name}":{text}}}"#).into()),
        Err(error) => failed(500, &error.to_string()),
    }
}

fn failed(status: u16, message: &str) -> HttpResponse {
    let message = serde_json::Value::from(message);
    let code = codes::INVALID;
    let body = format!(r#"{{"ret_code":{code},"err_msg":{message}}}"#);
    HttpResponse::json(status, body.into())
}
