//! What is checked before Redis is used, and the sentence for each thing that is wrong.

use super::keys::Keys;
use super::resp::Reply;
use crate::fleet::engine::{EngineError, Result};
use crate::over_redis::engine::SCHEMA;

/// The layout and the application that `meta` names.
pub(super) fn schema(keys: &Keys, application: &str, schema: &Reply, owner: &Reply) -> Result<()> {
    let text = |reply: &Reply| reply.text().unwrap_or_default().to_owned();
    let (schema, owner) = (text(schema), text(owner));
    if schema != SCHEMA {
        return Err(EngineError::Refused(format!(
            "the keys at {} have the layout {schema:?} of another version of xgpush, and this one \
             knows layout {SCHEMA}: all processes of a fleet need versions that know the same one",
            keys.meta
        )));
    }
    if owner != application {
        return Err(EngineError::Refused(format!(
            "the keys at {} belong to the application {owner}, and access_id is {application}; \
             each application has an outbox_prefix of its own",
            keys.meta
        )));
    }
    Ok(())
}
