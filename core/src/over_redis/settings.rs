//! [`EngineSettings`]: what an engine is given beside its link.

use std::time::Duration;

use super::keys::Keys;

/// The layout of the keys. A newer one is refused.
pub(crate) const SCHEMA: &str = "1";

/// What has to survive before it is called durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Survives {
    /// What Redis itself keeps.
    #[default]
    Engine,
    /// The loss of the master: a replica has it.
    Master,
    /// The loss of power: the disk has it. From Redis 7.2.
    Power,
}

/// What an engine has to know beside its link.
#[derive(Debug, Clone)]
pub(crate) struct EngineSettings {
    pub(crate) keys: Keys,
    /// Whose operations they are: another application's under the same prefix are refused.
    pub(crate) application: String,
    pub(crate) survives: Survives,
    /// What nobody fetched for so long is dropped.
    pub(crate) report_ttl: Duration,
    /// A run that said nothing for so long is gone.
    pub(crate) gone: Duration,
}
