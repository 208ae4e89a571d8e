//! A runner that reads over what it does not know proves nothing.

use serde_json::{Value, json};

use crate::case::Case;

/// Changes one thing of a case that can be read; each must make it unreadable.
pub(crate) fn run() -> Result<(), String> {
    let good = json!({
        "name": "n", "kind": "live", "source": "s", "api": "batch", "input": {},
        "expect": {"items": [{"state": "accepted"}], "log": {"requests": [1, 2]}}
    });
    Case::read("self-check", good.clone())?;
    let spoilt: [(&str, Value); 8] = [
        ("/kind", json!("lively")),
        ("/surprise", json!(1)),
        ("/options", json!({"max_attempts": 1})),
        ("/api", json!("push")),
        ("/expect/item", json!([])),
        ("/expect/items/0/status", json!("accepted")),
        ("/expect/log/request", json!(1)),
        ("/expect/log/requests", json!("one")),
    ];
    for (place, value) in spoilt {
        let mut case = good.clone();
        let (parent, field) = place.rsplit_once('/').unwrap_or(("", place));
        let parent = case.pointer_mut(parent).and_then(Value::as_object_mut);
        let parent = parent.ok_or_else(|| format!("self-check: no place {place}"))?;
        parent.insert(field.to_owned(), value);
        if Case::read("self-check", case).is_ok() {
            return Err(format!("self-check: a wrong {place} was read over"));
        }
    }
    Ok(())
}
