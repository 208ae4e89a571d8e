//! From a case to options and a request.

use serde_json::Value;
use xgpush::{Config, Request, Result};

use crate::case::{ApiName, Case};

pub(crate) const ACCESS_ID: &str = "1500001048";
pub(crate) const SECRET_KEY: &str = "1452fcebae9f3115ba794fb0fff2fd73";

/// The options of a case on top of those that every case has.
pub(crate) fn config(case: &Case, base_url: &str) -> Result<Config> {
    let mut config = Config::new();
    config.set("access_id", ACCESS_ID)?;
    config.set("secret_key", SECRET_KEY)?;
    if !["access_point", "base_url"]
        .iter()
        .any(|name| case.options.contains_key(*name))
    {
        config.set("base_url", base_url)?;
    }
    for (name, value) in &case.options {
        config.set(name, value)?;
    }
    Ok(config)
}

/// The bytes that the caller hands in.
pub(crate) fn input(value: Option<&Value>, text: Option<&String>) -> Vec<u8> {
    match (value, text) {
        (Some(value), None) => value.to_string().into_bytes(),
        (None, Some(text)) => text.clone().into_bytes(),
        _ => panic!("a case has either input or input_text"),
    }
}

pub(crate) fn request(api: ApiName, json: &[u8]) -> Result<Request> {
    match api {
        ApiName::Batch => Request::batch_from_json(json),
        ApiName::Query => Request::query_from_json(json),
    }
}
