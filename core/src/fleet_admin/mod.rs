//! Looking at the engine of a fleet from outside: who relays, what waits, and whether the
//! engine will do. What `xgpush outbox status`, `drain` and `check` show.

mod check;
mod info;
mod status;
#[cfg(test)]
mod tests;

use crate::fleet::engine::{EngineError, FleetEngine as _};
use crate::model::error::{Error, ErrorKind, Result};
use crate::options::Config;
use crate::over_redis::engine::RedisEngine;

use info::Info;

pub use check::{CheckLine, CheckState};
pub use status::{FleetGroup, FleetQuota, FleetRelay, FleetSender, FleetStatus};

/// A look at the engine of a fleet, over one connection that is made with the first question.
///
/// ```no_run
/// use xgpush::Config;
/// use xgpush::fleet_admin::FleetAdmin;
///
/// let mut config = Config::new();
/// config.access_id("1500001048")?.outbox_url("redis://10.0.0.5:6379")?;
/// let status = FleetAdmin::open(&config)?.status()?;
/// println!("{} wait, {:?} relays", status.backlog, status.relay);
/// # Ok::<(), xgpush::Error>(())
/// ```
#[derive(Debug)]
pub struct FleetAdmin {
    engine: RedisEngine,
    config: Config,
}

impl FleetAdmin {
    /// Takes `outbox_url`, `outbox_prefix` or `access_id`, and what else is about the engine;
    /// it needs no secret key. Nothing is sent yet.
    ///
    /// # Errors
    /// [`InvalidOption`](ErrorKind::InvalidOption).
    pub fn open(config: &Config) -> Result<Self> {
        if config.settings.outbox.url.is_empty() {
            return Err(Error::option(
                "outbox_url is not set: it names the engine of the fleet",
            ));
        }
        Ok(Self {
            engine: RedisEngine::of(config)?,
            config: config.clone(),
        })
    }

    /// How many operations wait.
    ///
    /// # Errors
    /// As [`status`](Self::status).
    pub fn backlog(&mut self) -> Result<u64> {
        self.engine.backlog().map_err(|error| engine_error(&error))
    }

    /// What the server says about itself; nothing where that is refused.
    fn info(&mut self) -> Info {
        let page = self.engine.link().command(&[b"INFO"]);
        let page = page.ok();
        Info::parse(
            page.as_ref()
                .and_then(|page| page.text())
                .unwrap_or_default(),
        )
    }
}

fn engine_error(error: &EngineError) -> Error {
    let told = Error::new(ErrorKind::Storage, error.to_string());
    let is_away = matches!(error, EngineError::Away(_));
    told.with_answer(None, None, is_away)
}
