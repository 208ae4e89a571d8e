//! The description of the control API: its paths by hand, its values from their types.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use crate::config::Config;
use crate::faults::fault::Fault;
use crate::faults::schedule::RandomFaults;
use crate::response::http::HttpResponse;
use crate::service::log::{Counters, LogEntry};
use crate::state::pushes::Push;
use crate::state::snapshot::State;

/// What reads and takes POST too.
const ALSO_POST: [&str; 3] = ["state", "log", "counters"];

static DOCUMENT: LazyLock<String> = LazyLock::new(|| document().to_string());

pub(super) fn show() -> HttpResponse {
    HttpResponse::json(200, DOCUMENT.clone().into_bytes())
}

fn document() -> Value {
    let mut document: Value =
        serde_json::from_str(include_str!("openapi.json")).expect("a file of this crate is JSON");
    document["info"]["version"] = env!("CARGO_PKG_VERSION").into();
    if let Some(paths) = document["paths"].as_object_mut() {
        for name in ALSO_POST {
            if let Some(methods) = paths.get_mut(&format!("/_emulator/{name}")) {
                methods["post"] = methods["get"].clone();
            }
        }
    }
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        schemas.extend(types());
    }
    document
}

/// The types that the paths refer to, and those that they refer to.
fn types() -> Map<String, Value> {
    let mut generator = SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .into_generator();
    generator.subschema_for::<Config>();
    generator.subschema_for::<Fault>();
    generator.subschema_for::<RandomFaults>();
    generator.subschema_for::<LogEntry>();
    generator.subschema_for::<Counters>();
    generator.subschema_for::<State>();
    generator.subschema_for::<Push>();
    generator.take_definitions(true)
}

#[cfg(test)]
mod tests {
    use super::super::PATHS;
    use super::document;

    #[test]
    fn every_path_and_every_type_is_described() {
        let document = document();
        let paths = document["paths"].as_object().unwrap();
        for (name, methods) in PATHS {
            let Some(described) = paths.get(&format!("/_emulator/{name}")) else {
                assert_eq!(name, "openapi.json");
                continue;
            };
            let first = methods[0].to_ascii_lowercase();
            assert!(described.get(first).is_some(), "{name}");
        }
        assert_eq!(paths.len(), PATHS.len() - 1);
        let text = document.to_string();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        for reference in text.split("#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(schemas.contains_key(name), "{name}");
        }
    }
}
