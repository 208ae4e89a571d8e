//! What the control API answers.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::protocol::codes;
use crate::response::http::HttpResponse;

/// A response, or what is wrong with the request.
pub(super) type Answer = Result<HttpResponse, String>;

/// `{"ret_code":0}`
pub(super) fn done() -> HttpResponse {
    HttpResponse::json(200, br#"{"ret_code":0}"#.to_vec())
}

/// `{"ret_code":0,"name":value}`
pub(super) fn named<T: Serialize>(name: &str, value: &T) -> Answer {
    let text = serde_json::to_string(value).map_err(|error| error.to_string())?;
    let body = format!(r#"{{"ret_code":0,"{name}":{text}}}"#);
    Ok(HttpResponse::json(200, body.into()))
}

/// The fields of an object behind `"ret_code":0`.
pub(super) fn fields<T: Serialize>(value: &T) -> Answer {
    #[derive(Serialize)]
    struct Fields<'a, T> {
        ret_code: i64,
        #[serde(flatten)]
        value: &'a T,
    }
    let body = serde_json::to_vec(&Fields { ret_code: 0, value }).map_err(|e| e.to_string())?;
    Ok(HttpResponse::json(200, body))
}

pub(super) fn failed(status: u16, message: &str) -> HttpResponse {
    let message = serde_json::Value::from(message);
    let code = codes::INVALID;
    let body = format!(r#"{{"ret_code":{code},"err_msg":{message}}}"#);
    HttpResponse::json(status, body.into())
}

/// The JSON of a body.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

/// The JSON of a body that may be left out.
pub(super) fn read_or_default<T: DeserializeOwned + Default>(body: &[u8]) -> Result<T, String> {
    if body.trim_ascii().is_empty() {
        Ok(T::default())
    } else {
        read(body)
    }
}
