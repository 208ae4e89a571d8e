//! What the tests of the paths beside bindings share.
#![allow(dead_code, reason = "each test program uses its part")]

use serde_json::{Value, json};
use xgpush_emulator::{Config, Emulator, RepeatedPush};

use super::{BASIC, Client};

pub(crate) const PUSH: &str = "/v3/push/app";
pub(crate) const TAG: &str = "/v3/device/tag";
pub(crate) const UPLOAD: &str = "/v3/push/package/upload";

pub(crate) fn start(config: Config) -> (Emulator, Client) {
    let emulator = Emulator::start(config).unwrap();
    let client = Client::new(&emulator);
    (emulator, client)
}

/// Without the limits of one push a second and of equal pushes.
pub(crate) fn unhurried() -> Config {
    Config {
        task_pushes_per_s: None,
        repeated_push: RepeatedPush::Allow,
        ..Config::default()
    }
}

pub(crate) fn ask(client: &mut Client, path: &str, body: &Value) -> Value {
    client.post(path, &body.to_string()).json()
}

/// A push to `audience`, whose fields are put over those of a plain one.
#[expect(clippy::needless_pass_by_value, reason = "every caller makes it")]
pub(crate) fn push(audience: Value) -> Value {
    let mut push = json!({
        "message_type": "notify",
        "message": {"title": "Raid", "content": "It starts now"},
    });
    for (name, value) in audience.as_object().unwrap() {
        push[name] = value.clone();
    }
    push
}

pub(crate) fn code(answer: &Value) -> i64 {
    let code = answer.get("ret_code").or(answer.get("retCode"));
    code.unwrap_or_else(|| panic!("{answer}")).as_i64().unwrap()
}

pub(crate) fn devices(emulator: &Emulator) -> Vec<String> {
    let pushes = emulator.pushes();
    let devices = &pushes.last().expect("a push").devices;
    devices.iter().map(ToString::to_string).collect()
}

pub(crate) fn upload(client: &mut Client, name: &str, text: &str) -> Value {
    let body = format!(
        "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{text}\r\n--x--\r\n"
    );
    let headers = format!("{BASIC}Content-Type: multipart/form-data; boundary=x\r\n");
    client.exchange("POST", UPLOAD, &headers, &body).json()
}
