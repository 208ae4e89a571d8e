//! In place of `shared_rate`, in a build without an engine for it.

use std::time::Duration;

use super::Limits;
use crate::model::error::{Error, Result};
use crate::model::outcome::Warning;
use crate::options::Config;
use crate::retry::StopReason;

/// There is none.
pub(super) enum SharedRate {}

impl SharedRate {
    pub(super) fn open(config: &Config) -> Result<Option<Self>> {
        if config.settings.quota_url.is_empty() {
            return Ok(None);
        }
        Err(Error::option(
            "quota_url is set, and this build of xgpush has no engine: build it with the feature \
             outbox-redis",
        ))
    }

    pub(super) fn wait(&self, _: &Limits, _: Duration) -> std::result::Result<(), StopReason> {
        match *self {}
    }

    pub(super) fn pause(&self, _: Duration) {
        match *self {}
    }

    pub(super) fn warning(&self) -> Option<Warning> {
        match *self {}
    }

    pub(super) fn close(&self) {
        match *self {}
    }
}
